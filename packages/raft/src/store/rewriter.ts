import { DecodeError } from "../codec/decode-error.ts";
import { readEntryRecord } from "../codec/entry-record.ts";
import { readControlRecord } from "../codec/record.ts";
import { EXTENT_STRIDE, type SnapshotPlace } from "../codec/record-group-image.ts";
import type { IndexRange } from "../core/hard-state.ts";
import type { ColdFileWriter } from "./cold-file-writer.ts";
import type { DamagePlace } from "./damage-notes.ts";
import { EntryIndex } from "./entry-index.ts";
import type { Extent } from "./extents.ts";
import type { GroupLog } from "./group-log.ts";
import type { IndexCache } from "./index-cache.ts";
import type { LogFile } from "./log-file.ts";
import type { LogFiles } from "./log-files.ts";
import { includes } from "./ranges.ts";
import { isDamage, readUpTo } from "./read-fully.ts";
import { type Span, spansOf } from "./read-spans.ts";
import { readSnapshotRecord } from "./snapshot-loader.ts";
import type { Task } from "./task.ts";

/** Bytes that are read at once. */
const PIECE_BYTES = 256 * 1024;

export interface RewriterDependencies {
  readonly files: LogFiles;
  readonly indexes: IndexCache;
  /** Called after each piece: waits as long as the limits of rate and load say, or throws to give up. */
  pace(bytes: number): Task<void>;
  onDamage(group: GroupLog, range: IndexRange, place: DamagePlace): void;
  onSnapshotDamage(group: GroupLog): void;
}

interface MovedSnapshot {
  readonly group: GroupLog;
  readonly from: SnapshotPlace;
  readonly to: SnapshotPlace;
}

/** Copies what is alive in some files into a new one, grouped by group. */
export class Rewriter {
  readonly #sources: ReadonlySet<number>;
  readonly #target: ColdFileWriter;
  readonly #deps: RewriterDependencies;
  readonly #groups: GroupLog[] = [];
  readonly #snapshots: MovedSnapshot[] = [];

  constructor(sources: readonly LogFile[], target: ColdFileWriter, deps: RewriterDependencies) {
    this.#sources = new Set(sources.map((file) => file.seq));
    this.#target = target;
    this.#deps = deps;
  }

  /** Copies the group's live records, if it has any in the sources. @throws DiskError */
  *copy(group: GroupLog): Task<void> {
    const extents = this.#extentsOf(group);
    for (const extent of extents) yield* this.#copyExtent(group, extent);
    const place = group.snapshotPlace;
    const hasSnapshot = place.kind === "record" && this.#sources.has(place.fileSeq);
    if (hasSnapshot) yield* this.#copySnapshot(group, place);
    if (extents.length > 0 || hasSnapshot) this.#groups.push(group);
  }

  /** The new file is durable: from now on the groups read from it. Returns the groups that changed. */
  adopt(): readonly GroupLog[] {
    for (const group of this.#groups) if (!group.isDeleted) this.#adoptGroup(group);
    for (const { group, from, to } of this.#snapshots) {
      if (!group.isDeleted && group.snapshotPlace === from) group.moveSnapshot(to);
    }
    return this.#groups.filter((group) => !group.isDeleted);
  }

  #adoptGroup(group: GroupLog): void {
    const { file } = this.#target;
    const index = file.indexes.get(group.groupId) ?? new EntryIndex();
    for (const extent of this.#extentsOf(group)) {
      const copied = copiedOf(index, group, extent);
      // What is not all there stays where it was.
      if (copied === undefined) continue;
      group.revision++;
      if (copied.count === 0) group.extents.cut(extent.first, extent.last);
      else group.extents.move(extent.first, { fileSeq: file.seq, ...copied });
    }
  }

  #extentsOf(group: GroupLog): Extent[] {
    const { list } = group.extents;
    const found: Extent[] = [];
    for (let at = 0; at < list.length; at += EXTENT_STRIDE) {
      if (this.#sources.has(list[at + 2] ?? 0)) found.push(group.extents.get(at / EXTENT_STRIDE));
    }
    return found;
  }

  *#copyExtent(group: GroupLog, extent: Extent): Task<void> {
    const file = this.#deps.files.get(extent.fileSeq);
    if (file === undefined) return;
    file.pins++;
    try {
      const index = yield* this.#deps.indexes.load(file, group.groupId);
      let next = extent.first;
      while (next <= extent.last && !group.isDeleted) {
        const run = nextRun(group, next, extent.last);
        if (run === undefined) return;
        const copied = yield* this.#copyRun(group, { file, index, run });
        next = copied + 1;
      }
    } finally {
      file.unpin();
    }
  }

  /** Copies the beginning of a run; returns the last index that is dealt with. */
  *#copyRun(
    group: GroupLog,
    source: {
      readonly file: LogFile;
      readonly index: EntryIndex | undefined;
      readonly run: IndexRange;
    },
  ): Task<number> {
    const { file, index, run } = source;
    const [span] = spansOf(index, run, PIECE_BYTES);
    if (span === undefined) {
      this.#damaged(group, file, { index: run.first, offset: 0 });
      return run.first;
    }
    const bytes = yield* this.#read(file, span);
    let last = run.first - 1;
    for (const wanted of span.entries) {
      const record = readEntryRecord(bytes, wanted.offset - span.position, bytes.length);
      last = wanted.index;
      const isRight =
        typeof record === "object" &&
        record.groupId === group.groupId &&
        record.entry.index === wanted.index;
      if (isRight) this.#target.addEntry(group.groupId, record.entry);
      else this.#damaged(group, file, wanted);
    }
    yield* this.#target.flush();
    yield* this.#deps.pace(span.size);
    return last;
  }

  /** Nothing if it cannot be read: then all of it counts as damaged. */
  *#read(file: LogFile, span: Span): Task<Buffer> {
    const slab = file.slabAt(span.position, span.size);
    if (slab !== undefined) {
      const start = span.position - slab.position;
      return slab.share().subarray(start, start + span.size);
    }
    try {
      const handle = yield* this.#deps.files.open(file);
      return yield* readUpTo(handle, span.position, span.size);
    } catch (error) {
      if (isDamage(error)) return Buffer.alloc(0);
      throw error;
    }
  }

  /** Only if the group still has the entry there. */
  #damaged(
    group: GroupLog,
    file: LogFile,
    wanted: { readonly index: number; readonly offset: number },
  ): void {
    const { index, offset } = wanted;
    const counts = index > group.compactedIndex || includes(group.live, index);
    if (!counts || group.extents.find(index)?.fileSeq !== file.seq) return;
    group.loseEntries(index, index);
    const place: DamagePlace = { kind: "entry", path: file.path, offset, size: 0 };
    this.#deps.onDamage(group, { first: index, last: index }, place);
  }

  *#copySnapshot(group: GroupLog, place: Extract<SnapshotPlace, { kind: "record" }>): Task<void> {
    try {
      const bytes = yield* readSnapshotRecord(place, this.#deps.files);
      const record = readControlRecord(bytes, 0, bytes.length);
      if (record?.groupId !== group.groupId) throw new DecodeError("a damaged snapshot");
      if (group.snapshotPlace !== place) return;
      const { offset, size } = this.#target.addRecord(bytes);
      const to: SnapshotPlace = { kind: "record", fileSeq: this.#target.file.seq, offset, size };
      this.#snapshots.push({ group, from: place, to });
      yield* this.#deps.pace(size);
    } catch (error) {
      if (!isDamage(error)) throw error;
      if (group.snapshotPlace === place) this.#deps.onSnapshotDamage(group);
    }
  }
}

/** Indexes from `from` on that count, up to the first that does not. */
function nextRun(group: GroupLog, from: number, last: number): IndexRange | undefined {
  let first = from;
  while (first <= last && !counts(group, first)) first++;
  if (first > last) return undefined;
  let end = first;
  while (end < last && counts(group, end + 1)) end++;
  return { first, last: end };
}

function counts(group: GroupLog, index: number): boolean {
  return index > group.compactedIndex || includes(group.live, index);
}

/** Count and bytes of an extent's entries in the new file; undefined if some of them are not there. */
function copiedOf(
  index: EntryIndex,
  group: GroupLog,
  extent: Extent,
): { readonly count: number; readonly bytes: number } | undefined {
  let count = 0;
  let bytes = 0;
  for (let entry = extent.first; entry <= extent.last; entry++) {
    if (!counts(group, entry)) continue;
    const position = index.positionOf(entry);
    if (position < 0) return undefined;
    count++;
    bytes += index.sizeAt(position);
  }
  return { count, bytes };
}
