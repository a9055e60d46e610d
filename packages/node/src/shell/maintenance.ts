import type { BrokerNode } from "../broker/broker-node.ts";
import type { Logger } from "../logger.ts";
import type { ClusterStores } from "./cluster-stores.ts";
import { handOverLeaders } from "./hand-over.ts";
import { HAND_OVER_AGAIN_MS } from "./shell-limits.ts";

export interface MaintenanceParts {
  readonly broker: BrokerNode;
  /** undefined: a node alone. */
  readonly stores: ClusterStores | undefined;
  readonly log: Logger;
  /** Names of other nodes under maintenance, as they say themselves. */
  askOthers(): Promise<ReadonlySet<string>>;
}

/**
 * Maintenance mode of a running node (RabbitMQ: `rabbitmq-upgrade drain`): no clients, and it leads nothing that another node can lead. Its
 * replicas go on storing and voting, so that draining costs no copy; stopping the node is a step of its own. Ends with the app.
 */
export class Maintenance {
  readonly #parts: MaintenanceParts;
  #isOn = false;
  #isEnded = false;
  #timer: NodeJS.Timeout | undefined;
  #handingOver: Promise<number> | undefined;

  constructor(parts: MaintenanceParts) {
    this.#parts = parts;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** Resolves when the clients are gone and others lead. Again: hands over what has come back. */
  async drain(): Promise<void> {
    const { broker, log } = this.#parts;
    log.warn("This node is being put into maintenance (drain) mode");
    this.#isOn = true;
    await broker.drainClients();
    const left = await this.#handOver();
    // It may have been revived meanwhile.
    if (!this.isOn) return;
    if (left > 0) log.warn({ count: left }, "this node still leads queues that others could lead");
    log.warn("Node is ready to be shut down for maintenance or upgrade");
    this.#armTimer();
  }

  /** @throws ListenError if a port was taken meanwhile */
  async revive(): Promise<void> {
    const { broker, log } = this.#parts;
    log.info("This node is being revived from maintenance (drain) mode");
    this.#isOn = false;
    clearTimeout(this.#timer);
    await broker.resumeListeners();
    log.info("Marked this node as back from maintenance and ready to serve clients");
  }

  /** The app stops. */
  end(): void {
    this.#isEnded = true;
    clearTimeout(this.#timer);
  }

  /** What comes back is handed over again: a queue that was declared to be led here, or whose other leader has died. */
  #armTimer(): void {
    clearTimeout(this.#timer);
    if (this.#isEnded) return;
    this.#timer = setTimeout(() => {
      void this.#handOver().finally(() => {
        if (this.#isOn) this.#armTimer();
      });
    }, HAND_OVER_AGAIN_MS);
  }

  #handOver(): Promise<number> {
    this.#handingOver ??= this.#handOverNow().finally(() => {
      this.#handingOver = undefined;
    });
    return this.#handingOver;
  }

  async #handOverNow(): Promise<number> {
    const { stores, askOthers } = this.#parts;
    if (stores === undefined) return 0;
    const { book, storage } = stores;
    const drained = await askOthers();
    const isFit = (nodeId: number): boolean =>
      book.record.running.includes(nodeId) && storage.node.isAlive(nodeId);
    return handOverLeaders({
      groups: () => storage.node.groups(),
      canLead: (nodeId) => isFit(nodeId) && !drained.has(book.nameOf(nodeId)),
      isOver: () => !this.#isOn || this.#isEnded,
    });
  }
}
