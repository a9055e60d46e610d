import type { Disk } from "../../env/disk.ts";
import type { Slicer } from "../slicer.ts";
import type { recover } from "../store-opening.ts";
import type { Task } from "../task.ts";

type Returned<T> = T extends Task<infer R> ? R : never;

/** A log that was read back, over a disk on which nothing is changed. */
export interface InspectedLog {
  readonly disk: Disk;
  readonly stamp: number;
  readonly slicer: Slicer;
  readonly recovered: Returned<ReturnType<typeof recover>>;
}
