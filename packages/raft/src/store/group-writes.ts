import type { Batch } from "./batch.ts";
import type { SealJob } from "./seal-job.ts";

/** What the writer keeps with each group, so that it needs no table of groups per batch. */
export interface GroupWrites {
  /** Batch being built that has records of the group. */
  batch: Batch | undefined;
  /** Position among the groups of that batch. */
  slot: number;
  /** Lowest index of its entries in that batch; 0: none yet. */
  firstIndex: number;
  /** Flags of its row in that batch. */
  flags: number;
  /** Number of the newest hot file with records of the group. */
  touchedFile: number;
  /** A sealed file still needs to know how the group stood at its end: it is noted before the group changes. */
  seal: SealJob | undefined;
}

export function createGroupWrites(): GroupWrites {
  return {
    batch: undefined,
    slot: 0,
    firstIndex: 0,
    flags: 0,
    touchedFile: 0,
    seal: undefined,
  };
}
