import type { NodeId, Timer, Timers } from "@leveret/raft";
import { METADATA_SPREAD_MS } from "../limits.ts";

interface Waiting {
  readonly seq: number;
  /** Nodes that have not applied it. */
  readonly nodes: Set<NodeId>;
  readonly done: () => void;
  readonly timer: Timer;
}

/**
 * How far the other nodes have applied what this one has submitted. A change is answered when all that can be reached have it, so that
 * who hears of it finds it on any of them (RabbitMQ: the transaction ends on all nodes).
 */
export class AppliedElsewhere {
  readonly #timers: Timers;
  readonly #incarnation: number;
  readonly #heard = new Map<NodeId, number>();
  /** Nodes that were too slow, and have not caught up: by the leader they may not be reached at all. */
  readonly #late = new Set<NodeId>();
  #waiting: Waiting[] = [];

  /** `incarnation`: of this node. */
  constructor(timers: Timers, incarnation: number) {
    this.#timers = timers;
    this.#incarnation = incarnation;
  }

  /** Calls `done` when these nodes have applied submission `seq`; those that are lost meanwhile, or too slow, are not waited for, until they have caught up. */
  whenApplied(seq: number, nodeIds: Iterable<NodeId>, done: () => void): void {
    const behind = [...nodeIds].filter(
      (nodeId) => !this.#late.has(nodeId) && (this.#heard.get(nodeId) ?? 0) < seq,
    );
    if (behind.length === 0) {
      done();
      return;
    }
    const waiting: Waiting = {
      seq,
      nodes: new Set(behind),
      done,
      timer: this.#timers.setTimer(METADATA_SPREAD_MS, () => {
        for (const nodeId of [...waiting.nodes]) {
          this.#late.add(nodeId);
          this.lost(nodeId);
        }
      }),
    };
    this.#waiting.push(waiting);
  }

  /** The node has applied so many submissions of that life of this one. */
  heard(nodeId: NodeId, incarnation: number, seq: number): void {
    if (incarnation !== this.#incarnation || seq <= (this.#heard.get(nodeId) ?? 0)) return;
    this.#heard.set(nodeId, seq);
    this.#late.delete(nodeId);
    for (const waiting of this.#waiting) if (waiting.seq <= seq) waiting.nodes.delete(nodeId);
    this.#endReady();
  }

  /** Nothing is heard of the node any more. */
  lost(nodeId: NodeId): void {
    for (const { nodes } of this.#waiting) nodes.delete(nodeId);
    this.#endReady();
  }

  /** Waits for nobody any more. */
  close(): void {
    for (const { nodes } of this.#waiting) nodes.clear();
    this.#endReady();
  }

  #endReady(): void {
    const ready = this.#waiting.filter(({ nodes }) => nodes.size === 0);
    if (ready.length === 0) return;
    this.#waiting = this.#waiting.filter(({ nodes }) => nodes.size > 0);
    for (const { timer, done } of ready) {
      timer.cancel();
      done();
    }
  }
}
