import type { GroupId } from "../../core/ids.ts";
import { type BatchFact, factsOf } from "./batch-facts.ts";
import type { ReplicaRecord } from "./replica-record.ts";

interface PendingBatch {
  readonly order: number;
  readonly facts: readonly BatchFact[];
}

/**
 * What of the log of one node is on its disk. It does not believe the store: it reads the batches that are given to the disk, and
 * counts them when a successful sync covered them.
 */
export class NodeDurability {
  #order = 0;
  #pending: PendingBatch[] = [];
  readonly #replicas = new Map<GroupId, ReplicaRecord>();

  /** From now on records of the group are this replica's. */
  onReplica(replica: ReplicaRecord): void {
    this.#replicas.set(replica.groupId, replica);
  }

  /** A batch is being written; the number comes back when it is on the disk. */
  onBatchWrite(bytes: Uint8Array): number {
    this.#order++;
    this.#pending.push({ order: this.#order, facts: factsOf(bytes) });
    return this.#order;
  }

  /** A batch, and all before it, is on the disk. */
  onBatchDurable(order: number): void {
    let done = 0;
    for (const batch of this.#pending) {
      if (batch.order > order) break;
      for (const fact of batch.facts) this.#replicas.get(fact.groupId)?.becomesDurable(fact);
      done++;
    }
    if (done > 0) this.#pending.splice(0, done);
  }

  /** The process died: what is not surely on the disk may be there or not; recovery will tell. */
  onDeath(): void {
    this.#pending = [];
    this.#replicas.clear();
  }
}
