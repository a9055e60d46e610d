import { EMPTY_TABLE } from "@leveret/amqp";
import { vi } from "vitest";
import { YieldingPublishers } from "../../../src/broker/backlog.ts";
import { DeferredWork } from "../../../src/broker/deferred-work.ts";
import type { NodeLinks } from "../../../src/cluster/link/node-links.ts";
import { ClusterQueue } from "../../../src/cluster/queue/cluster-queue.ts";
import { QueueHub } from "../../../src/cluster/queue/queue-hub.ts";
import { SILENT_LOGGING } from "../../../src/logger.ts";
import type { QueueRecord } from "../../../src/metadata/records.ts";
import type {
  BrokerQueue,
  ConsumerHandle,
  ConsumerOutlet,
  FoundMessage,
} from "../../../src/queue/broker-queue.ts";
import type { ConsumerSpec } from "../../../src/queue/consumer.ts";
import type { LiveQueue, QueueHost } from "../../../src/queue/live-queue.ts";
import { LogTraffic } from "../../../src/queue/log/log-traffic.ts";
import type { Message } from "../../../src/queue/message.ts";
import type { PublishReceipt } from "../../../src/queue/publish-receipt.ts";
import type { QueueConfig } from "../../../src/queue/queue-config.ts";
import { SlabStore } from "../../../src/queue/slab-store.ts";
import { REAL_TIMERS } from "../../../src/runtime/real-raft-clock.ts";
import { VirtualClock } from "../../../src/runtime/virtual-clock.ts";
import { CLASSIC } from "../../queue/machine-rig.ts";
import { storedMessage } from "../../queue/stored-message.ts";
import { LinkedNodes } from "../link/linked-nodes.ts";

/** The node where the queue is. */
export const HOME = 2;
/** Of a queue in memory. */
const QUEUE_ID = 7;

/** The broker of one node, as far as its queue needs one. */
class Host implements QueueHost {
  readonly clock = new VirtualClock(0);
  readonly lines: string[] = [];
  readonly timers = REAL_TIMERS;
  readonly deferred = new DeferredWork((error) => this.lines.push(`error ${String(error)}`));
  readonly yielding = new YieldingPublishers();

  deadLetter(_queue: LiveQueue, message: Message, reason: string): void {
    this.lines.push(`dead ${message.copyBody()} ${reason}`);
    message.release();
  }
  noteBacklog(): void {
    this.lines.push("backlog");
  }
  holdPublisher(): void {
    this.lines.push("hold");
  }
  deleteQueue(_queue: BrokerQueue, why: string): void {
    this.lines.push(`delete ${why}`);
  }
}

/** A channel's consumer: writes down what it is told. */
export class Outlet implements ConsumerOutlet {
  readonly lines: string[] = [];
  isCongested = false;

  deliver(number: number, message: Message, redelivered: boolean): void {
    this.lines.push(`${number} ${message.copyBody()}${redelivered ? " again" : ""}`);
  }
  paused(): void {
    this.lines.push("paused");
  }
  creditWanted(): void {
    this.lines.push("credit wanted");
  }
  creditUnused(): void {
    this.lines.push("credit unused");
  }
  queueDeleted(): void {
    this.lines.push("deleted");
  }
}

/** A queue in memory of node 2, as nodes 1, 2 and 3 have it, linked without sockets. */
export class LinkedQueues {
  readonly nodes = new LinkedNodes();
  readonly hosts = new Map<number, Host>();
  readonly #queues = new Map<number, ClusterQueue>();
  readonly #links = new Map<number, NodeLinks>();
  readonly #slabs = new SlabStore();
  /** Receipts that were told: `sequence ok` or `sequence refused`. */
  readonly told: string[] = [];
  readonly receipt: PublishReceipt = {
    settle: (sequence, isAccepted) => {
      this.told.push(`${sequence} ${isAccepted ? "ok" : "refused"}`);
    },
  };

  constructor(config: Partial<QueueConfig> = {}) {
    for (const nodeId of [1, HOME, 3]) this.#add(nodeId, { ...CLASSIC, ...config });
  }

  /** Resolves when all know that the queue is on node 2. */
  async connect(): Promise<void> {
    this.nodes.connect();
    await vi.waitFor(async () => {
      for (const nodeId of [1, 3]) {
        if (this.#links.get(nodeId)?.peer(HOME) === undefined) throw new Error("not linked");
        await this.counted(nodeId);
      }
    });
  }

  /** The link from the node to the queue's is lost until `nodes.mend`. */
  async cut(nodeId: number): Promise<void> {
    this.nodes.cut(nodeId, HOME);
    await vi.waitFor(() => {
      if (this.#links.get(nodeId)?.peer(HOME) !== undefined) throw new Error("still linked");
    });
  }

  /** @throws RangeError */
  at(nodeId: number): ClusterQueue {
    const queue = this.#queues.get(nodeId);
    if (queue === undefined) throw new RangeError(`there is no node ${nodeId}`);
    return queue;
  }

  publish(nodeId: number, body: string, sequence = 0): void {
    const message = storedMessage(this.#slabs, NO_PROPERTIES, Buffer.from(body));
    this.at(nodeId).publish(0, message, sequence === 0 ? undefined : this.receipt, sequence);
    message.release();
  }

  /** A consumer that is started. @throws Error if it is refused */
  async consume(
    nodeId: number,
    spec: Partial<ConsumerSpec<Outlet>> = {},
  ): Promise<{ readonly outlet: Outlet; readonly handle: ConsumerHandle }> {
    const outlet = new Outlet();
    const full = { ...CONSUMER, sessionId: nodeId, ...spec, context: outlet };
    const outcome = await new Promise<ConsumerHandle | string>((resolve) => {
      this.at(nodeId).consume(0, full, resolve);
    });
    if (typeof outcome === "string") throw new Error(outcome);
    this.at(nodeId).start(0, outcome);
    return { outlet, handle: outcome };
  }

  get(nodeId: number, noAck: boolean): Promise<FoundMessage | undefined> {
    const session = { sessionId: nodeId, isReleased: false };
    return new Promise((resolve) => this.at(nodeId).get(0, session, noAck, resolve));
  }

  detach(nodeId: number, handle: ConsumerHandle): Promise<void> {
    return new Promise((resolve) => this.at(nodeId).detach(0, handle, resolve));
  }

  /** Ready and unacknowledged messages, consumers, when all that the node has said is done. */
  async counted(nodeId: number): Promise<string> {
    const queue = this.at(nodeId);
    await new Promise<void>((resolve) => queue.whenReady(resolve));
    return `${queue.readyCount} ready, ${queue.unackedCount} unacked, ${queue.consumerCount} consumers`;
  }

  close(): void {
    for (const queue of this.#queues.values()) queue.stop();
    this.nodes.close();
  }

  #add(nodeId: number, config: QueueConfig): void {
    const links = this.nodes.add(nodeId);
    const host = new Host();
    const hub = new QueueHub({
      nodeId,
      incarnation: nodeId * 10,
      links,
      timers: REAL_TIMERS,
      isNodeAlive: () => true,
      isNodeSilent: () => false,
      nodeName: (id) => `node ${id}`,
    });
    this.hosts.set(nodeId, host);
    this.#links.set(nodeId, links);
    const queue = new ClusterQueue(RECORD, config, {
      host,
      hub,
      traffic: new LogTraffic(),
      slabs: this.#slabs,
      log: SILENT_LOGGING.root,
      queueText: "queue 'q'",
      group: undefined,
    });
    this.#queues.set(nodeId, queue);
  }
}

/** No property flags. */
const NO_PROPERTIES = Buffer.from([0, 0]);

const CONSUMER = {
  sessionId: 0,
  noAck: false,
  exclusive: false,
  prefetch: 0,
  priority: 0,
  needsCredit: false,
};

const RECORD: QueueRecord = {
  vhost: "/",
  name: "q",
  type: "classic",
  durable: false,
  autoDelete: false,
  exclusiveOwner: undefined,
  arguments: EMPTY_TABLE,
  memoryId: QUEUE_ID,
  home: HOME,
};
