import type { NodeId, Timer, Timers } from "@leveret/raft";
import type { MetadataStore } from "../../metadata/metadata-store.ts";
import { NODE_GONE_POLL_MS } from "../link/link-limits.ts";

export interface TransientCleanerOptions {
  readonly nodeId: NodeId;
  readonly metadata: Pick<MetadataStore, "machine" | "submit">;
  readonly timers: Timers;
  isReachable(nodeId: NodeId): boolean;
  /** Whether raft has heard of the node lately. */
  isAlive(nodeId: NodeId): boolean;
}

/**
 * Where the metadata are led: what lived in the memory of a node that is down is gone, and its names are free again (RabbitMQ:
 * rabbit_amqqueue:on_node_down).
 */
export class TransientCleaner {
  readonly #options: TransientCleanerOptions;
  /** Nodes that cannot be reached, until it is known whether they are down. */
  readonly #watched = new Set<NodeId>();
  #timer: Timer | undefined;
  #isRunning = false;

  constructor(options: TransientCleanerOptions) {
    this.#options = options;
  }

  /** This node leads the metadata. */
  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (const { nodeId } of this.#options.metadata.machine.members()) this.onUnreachable(nodeId);
  }

  stop(): void {
    this.#isRunning = false;
    this.#watched.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** The node cannot be reached; no matter if it can. */
  onUnreachable(nodeId: NodeId): void {
    if (!this.#isRunning || nodeId === this.#options.nodeId) return;
    this.#watched.add(nodeId);
    this.#look();
  }

  #look(): void {
    for (const nodeId of this.#watched) {
      if (this.#options.isReachable(nodeId)) this.#watched.delete(nodeId);
      else if (!this.#options.isAlive(nodeId)) this.#drop(nodeId);
    }
    if (this.#watched.size === 0 || this.#timer !== undefined) return;
    this.#timer = this.#options.timers.setTimer(NODE_GONE_POLL_MS, () => {
      this.#timer = undefined;
      this.#look();
    });
  }

  /** A refusal means that another node leads, which does the same, or that nobody does. */
  #drop(nodeId: NodeId): void {
    this.#watched.delete(nodeId);
    const { metadata } = this.#options;
    if (!metadata.machine.hasTransient(nodeId)) return;
    metadata.submit({ type: "dropTransient", nodeId }, () => undefined);
  }
}
