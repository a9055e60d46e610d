import { strict as assert } from "node:assert";
import type { NodeId } from "@leveret/raft";
import type { EntryOrigin } from "./codec/entry-codec.ts";

/** The last submission of a node that was applied, in the newest life of it that was seen. */
export type OriginRecord = EntryOrigin;

/**
 * Which submissions of which nodes were applied: each once, in order. What comes again, too early, or from an earlier life of its node
 * is not taken. Part of the replicated state.
 */
export class SubmissionOrigins {
  readonly #last = new Map<NodeId, OriginRecord>();

  /** Whether the submission is the next one of its node; then it is taken. */
  take(origin: EntryOrigin): boolean {
    if (origin.seq !== this.applied(origin) + 1) return false;
    this.#last.set(origin.nodeId, origin);
    return true;
  }

  /** How many submissions of this life of the node were applied; Infinity: a newer life of it has begun. */
  applied({ nodeId, incarnation }: Omit<EntryOrigin, "seq">): number {
    const last = this.#last.get(nodeId);
    if (last === undefined || last.incarnation < incarnation) return 0;
    return last.incarnation === incarnation ? last.seq : Number.POSITIVE_INFINITY;
  }

  /** The node was removed: nothing of it is taken any more, which others see to. */
  forget(nodeId: NodeId): void {
    this.#last.delete(nodeId);
  }

  /** Sorted by node id. */
  records(): OriginRecord[] {
    return Array.from(this.#last.values()).sort((left, right) => left.nodeId - right.nodeId);
  }

  /** @throws Error if a node is there twice */
  replace(records: readonly OriginRecord[]): void {
    const last = new Map(records.map((record) => [record.nodeId, record]));
    assert(last.size === records.length, "a snapshot must hold the origin of a node once");
    this.#last.clear();
    for (const record of records) this.#last.set(record.nodeId, record);
  }
}
