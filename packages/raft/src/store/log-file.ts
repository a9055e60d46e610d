import type { GroupId } from "../core/ids.ts";
import type { DiskFile } from "../env/disk.ts";
import type { EntryIndex } from "./entry-index.ts";
import type { Slab } from "./slab.ts";

/** Folder of the log's files. */
export const LOG_DIRECTORY = "log";

/**
 * hot: written batch by batch, in the order of all groups together. cold: entries copied out of mostly dead files, or
 * received with a snapshot, grouped by group.
 */
export type LogFileKind = "hot" | "cold";

/** A file of entries, as the store knows it. */
export class LogFile {
  /** Place in the order of all files; never used again. */
  readonly seq: number;
  readonly kind: LogFileKind;
  /** Where the last batch ends. */
  end = 0;
  firstBatchSeq = 0;
  lastBatchSeq = 0;
  lastHeadCrc = 0;
  /** Size on the disk. */
  size: number;
  /** Bytes of records in a cold file, without what surrounds them; of one from a former life, its size. */
  contentBytes = 0;
  /** No batch will be added: it can be indexed and, when dead, removed. */
  isSealed = false;
  /** The index file is durable, so that indexes can leave the memory. */
  isIndexed = false;
  /** The index file is damaged: what was found again by reading the whole file stays in memory. */
  isRebuilt = false;
  /** Records in it that count, by extents and snapshots: 0 means that it can go. */
  references = 0;
  /** Bytes of those records, roughly: dead entries between live ones are estimated. */
  liveBytes = 0;
  /** Readers at work: the file may not be removed under them. */
  pins = 0;
  /** Called when the last reader is done. */
  onUnpinned: (() => void) | undefined;
  handle: DiskFile | undefined;
  /** Written batches still in memory, ascending. */
  slabs: Slab[] = [];
  /** Places of entries, as far as they are in memory. */
  readonly indexes: Map<GroupId, EntryIndex> = new Map();
  /** Files that records in this one say are removed. */
  readonly droppedFiles: number[] = [];
  /** Directory of the index file, once it was read. */
  directory: Buffer | undefined;

  constructor(seq: number, kind: LogFileKind, size: number) {
    this.seq = seq;
    this.kind = kind;
    this.size = size;
  }

  get path(): string {
    return `${LOG_DIRECTORY}/${fileName(this.seq)}.${this.kind}`;
  }

  get indexPath(): string {
    return `${LOG_DIRECTORY}/${fileName(this.seq)}.idx`;
  }

  unpin(): void {
    this.pins--;
    if (this.pins === 0) this.onUnpinned?.();
  }

  /** The slab that has `size` bytes at `offset`; undefined if they have left the memory. */
  slabAt(offset: number, size: number): Slab | undefined {
    const slabs = this.slabs;
    let low = 0;
    let high = slabs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((slabs[middle]?.position ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    const slab = slabs[low - 1];
    if (slab === undefined || offset + size > slab.position + slab.used) return undefined;
    return slab;
  }
}

/** Number of a file as in its name: eight digits, more if they do not suffice. */
function fileName(seq: number): string {
  return String(seq).padStart(8, "0");
}

/** Number and kind of a file by its name; undefined for names that are none of ours. */
export function parseFileName(
  name: string,
): { readonly seq: number; readonly extension: "hot" | "cold" | "idx" } | undefined {
  const match = /^(\d{8,15})\.(hot|cold|idx)$/.exec(name);
  if (match === null) return undefined;
  const extension = match[2];
  if (extension !== "hot" && extension !== "cold" && extension !== "idx") return undefined;
  return { seq: Number(match[1]), extension };
}
