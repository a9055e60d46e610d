import type { HardState } from "./hard-state.ts";
import { invariant } from "./invariant.ts";

/** An append handed to storage and not yet reported durable. */
export interface Outstanding {
  readonly seq: number;
  /** Last index of its entries that it may still mark durable; lowered when the log is cut meanwhile. */
  stableUpTo: number;
  readonly hardState: HardState | undefined;
  /** Lowest index that it repairs; Infinity: none. */
  readonly firstRepair: number;
  /** Index of the snapshot that it installs; 0: none. */
  readonly snapshotIndex: number;
}

/**
 * Appends on their way to the disk, oldest first. Entries may be replaced while an older append of them is still on its way;
 * its completion must not make the newer ones look durable (the ABA case of asynchronous storage).
 */
export class AppendPipeline {
  readonly #outstanding: Outstanding[] = [];
  #lastSeq = 0;

  get isEmpty(): boolean {
    return this.#outstanding.length === 0;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get outstanding(): readonly Outstanding[] {
    return this.#outstanding;
  }

  /** @returns the number of the append */
  add(append: Omit<Outstanding, "seq">): number {
    this.#lastSeq++;
    this.#outstanding.push({ seq: this.#lastSeq, ...append });
    return this.#lastSeq;
  }

  /** The log was cut: nothing handed out before may mark `from` or later durable. */
  truncate(from: number): void {
    for (const append of this.#outstanding) {
      append.stableUpTo = Math.min(append.stableUpTo, from - 1);
    }
  }

  /** The oldest append is durable. */
  complete(seq: number): Outstanding {
    const oldest = this.#outstanding.shift();
    invariant(oldest !== undefined && oldest.seq === seq, "appends are reported out of order");
    return oldest;
  }

  /** Lowest index of a repair that is not durable yet; Infinity: none. */
  firstRepair(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const append of this.#outstanding) first = Math.min(first, append.firstRepair);
    return first;
  }
}
