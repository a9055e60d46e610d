import type { Entry } from "../../core/entry.ts";
import type { HardState, IndexRange, LogPosition } from "../../core/hard-state.ts";
import type { SnapshotMeta } from "../../core/message.ts";
import type { Append } from "../../core/ready.ts";
import type { RecordedState } from "./recorder.ts";

/** A snapshot and the state that it holds. */
export interface StoredSnapshot {
  readonly meta: SnapshotMeta;
  readonly state: RecordedState;
}

/** All that one group has on a disk, as a value: writing makes a new one, so a crash is to go back to an old one. */
export interface LogImage {
  readonly hardState: HardState;
  readonly snapshot: StoredSnapshot;
  readonly isSnapshotDamaged: boolean;
  /** Entries up to here are gone. */
  readonly compacted: LogPosition;
  /** What follows `compacted`; undefined where it cannot be read. */
  readonly entries: readonly (Entry | undefined)[];
  readonly promise: LogPosition | undefined;
}

/** Last index of the log, damaged entries included. */
export function lastIndexOf(image: LogImage): number {
  return image.compacted.index + image.entries.length;
}

/** The entry at an index; undefined if there is none, it is gone or damaged. */
export function entryAt(image: LogImage, index: number): Entry | undefined {
  return image.entries[index - image.compacted.index - 1];
}

/** Term at an index; undefined outside the log and where it is damaged. */
export function termAt(image: LogImage, index: number): number | undefined {
  if (index === image.compacted.index) {
    return image.isSnapshotDamaged ? undefined : image.compacted.term;
  }
  return entryAt(image, index)?.term;
}

/**
 * Whether a disk makes sure that nobody is elected without an entry: it has it, or it had it and knows that it is damaged, and
 * then votes by what it promised.
 */
export function vouchesFor(image: LogImage | undefined, index: number, term: number): boolean {
  if (image === undefined) return false;
  if (image.snapshot.meta.index >= index) return true;
  const isDamaged = index <= lastIndexOf(image) && entryAt(image, index) === undefined;
  return isDamaged || termAt(image, index) === term;
}

/** The image after one write of a core. `installed` is the contents of `append.snapshot`. */
export function written(
  image: LogImage,
  append: Append,
  installed: RecordedState | undefined,
): LogImage {
  let next: LogImage = { ...image, hardState: append.hardState ?? image.hardState };
  if (append.promise !== undefined) {
    next = { ...next, promise: append.promise.index === 0 ? undefined : append.promise };
  }
  if (append.snapshot !== undefined) {
    if (installed === undefined) throw new Error("a snapshot is installed that never arrived");
    next = withSnapshot(next, { meta: append.snapshot, state: installed }, append.keepsSuffix);
  }
  return withEntries(withRepairs(next, append.repairs), append.entries);
}

function withSnapshot(image: LogImage, snapshot: StoredSnapshot, keepsSuffix: boolean): LogImage {
  const { index, term } = snapshot.meta;
  return {
    ...image,
    snapshot,
    isSnapshotDamaged: false,
    compacted: { index, term },
    entries: keepsSuffix ? image.entries.slice(Math.max(0, index - image.compacted.index)) : [],
  };
}

function withRepairs(image: LogImage, repairs: readonly Entry[]): LogImage {
  if (repairs.length === 0) return image;
  const entries = [...image.entries];
  for (const repair of repairs) {
    const at = repair.index - image.compacted.index - 1;
    // Compacted while the repair was on its way.
    if (at < 0) continue;
    if (at >= entries.length) throw new Error(`repair of ${repair.index} behind the log`);
    const present = entries[at];
    if (present !== undefined && present.term !== repair.term) {
      throw new Error(`repair of ${repair.index} would replace an entry`);
    }
    entries[at] = repair;
  }
  return { ...image, entries };
}

function withEntries(image: LogImage, added: readonly Entry[]): LogImage {
  const first = added[0];
  if (first === undefined) return image;
  const keep = first.index - image.compacted.index - 1;
  if (keep < 0 || keep > image.entries.length) {
    throw new Error(`append at ${first.index} leaves a gap after ${lastIndexOf(image)}`);
  }
  added.forEach((entry, offset) => {
    if (entry.index !== first.index + offset) throw new Error("entries of an append have a gap");
  });
  return { ...image, entries: [...image.entries.slice(0, keep), ...added] };
}

/** A snapshot taken here; the log is forgotten up to `compactTo` at most. */
export function withOwnSnapshot(
  image: LogImage,
  snapshot: StoredSnapshot,
  compactTo: number,
): LogImage {
  if (snapshot.meta.index < image.snapshot.meta.index) return image;
  return compactedTo({ ...image, snapshot, isSnapshotDamaged: false }, compactTo);
}

function compactedTo(image: LogImage, index: number): LogImage {
  const end = Math.min(index, image.snapshot.meta.index);
  if (end <= image.compacted.index) return image;
  const term = termAt(image, end) ?? image.snapshot.meta.term;
  return {
    ...image,
    compacted: { index: end, term },
    entries: image.entries.slice(end - image.compacted.index),
  };
}

/**
 * The image with a range that cannot be read any more; the snapshot too if `snapshot`. Recovery knows where the log ended, so
 * damage at its end becomes a promise.
 */
export function damaged(image: LogImage, range: IndexRange, snapshot: boolean): LogImage {
  const last = lastIndexOf(image);
  const end = entryAt(image, last);
  const isEndLost = end !== undefined && range.first <= last && last <= range.last;
  return {
    ...image,
    promise: isEndLost ? { term: end.term, index: last } : image.promise,
    isSnapshotDamaged: image.isSnapshotDamaged || snapshot,
    entries: image.entries.map((entry, offset) => {
      const index = image.compacted.index + 1 + offset;
      return index >= range.first && index <= range.last ? undefined : entry;
    }),
  };
}

/** What recovery reports as unreadable: a damaged snapshot makes everything up to its index a hole. */
export function holesOf(image: LogImage): IndexRange[] {
  const holes: IndexRange[] = [];
  if (image.isSnapshotDamaged) holes.push({ first: 1, last: image.snapshot.meta.index });
  image.entries.forEach((entry, offset) => {
    if (entry !== undefined) return;
    const index = image.compacted.index + 1 + offset;
    const previous = holes.at(-1);
    if (previous !== undefined && previous.last >= index - 1) {
      holes[holes.length - 1] = { first: previous.first, last: Math.max(previous.last, index) };
    } else {
      holes.push({ first: index, last: index });
    }
  });
  return holes;
}
