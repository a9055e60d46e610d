import { readEntryRecord, viewEntryRecord } from "../codec/entry-record.ts";
import type { Entry } from "../core/entry.ts";
import type { IndexRange } from "../core/hard-state.ts";
import type { DiskFile } from "../env/disk.ts";
import type { DamagePlace } from "./damage-notes.ts";
import type { Extent } from "./extents.ts";
import type { EntryBodies, GroupLog } from "./group-log.ts";
import type { IndexCache } from "./index-cache.ts";
import { LogFile } from "./log-file.ts";
import type { LogFiles } from "./log-files.ts";
import type { ReadResult } from "./log-store.ts";
import { rangeAt } from "./ranges.ts";
import { isDamage, readUpTo } from "./read-fully.ts";
import { type Span, spansOf } from "./read-spans.ts";
import { runTask, type Task } from "./task.ts";

/** Times a read starts over because the log changed under it. */
const ATTEMPTS_MAX = 16;
const NOTHING: ReadResult = { kind: "compacted" };

export interface LogReaderDependencies {
  readonly files: LogFiles;
  readonly indexes: IndexCache;
  /** Entries that cannot be read any more: already a hole in the group's log. `place`: where they are, or should be. */
  onDamage(group: GroupLog, range: IndexRange, place: DamagePlace): void;
}

export interface ReadOptions {
  readonly maxBytes: number;
  isStopped(): boolean;
  defer(callback: () => void): void;
  done(result: ReadResult): void;
  /** Reading fails, and not because the entries are damaged: there will be no answer. */
  onFatal(error: unknown): void;
}

/** Finds entries: in memory at once, or on the disk. */
export class LogReader implements EntryBodies {
  readonly #deps: LogReaderDependencies;

  constructor(deps: LogReaderDependencies) {
    this.#deps = deps;
  }

  get indexes(): IndexCache {
    return this.#deps.indexes;
  }

  cached(
    group: GroupLog,
    from: number,
    to: number,
    maxBytes: number,
  ): readonly Entry[] | undefined {
    const found: Found = { entries: [], bytes: 0, maxBytes };
    let next = from;
    while (next <= to) {
      const extent = group.extents.find(next);
      const file = extent === undefined ? undefined : this.#deps.files.get(extent.fileSeq);
      if (extent === undefined || file === undefined) break;
      const last = Math.min(to, extent.last);
      next = collect(group, file, { first: next, last }, found);
      if (next <= last) break;
    }
    return found.entries.length === 0 ? undefined : found.entries;
  }

  /** `done` is called in a later turn, or at the end of this one. */
  read(group: GroupLog, from: number, to: number, options: ReadOptions): void {
    let isInside = true;
    runTask(this.#read(group, { first: from, last: to }, options.maxBytes), (error, result) => {
      if (options.isStopped()) return;
      if (error !== undefined) {
        options.onFatal(error);
        return;
      }
      const answer = result ?? NOTHING;
      if (isInside) options.defer(() => options.done(answer));
      else options.done(answer);
    });
    isInside = false;
  }

  *#read(group: GroupLog, range: IndexRange, maxBytes: number): Task<ReadResult> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const last = Math.min(range.last, group.lastIndex);
      if (group.isDeleted || last < range.first) return NOTHING;
      const entries = this.cached(group, range.first, last, maxBytes);
      if (entries !== undefined) return { kind: "entries", entries };
      const refusal = refusalOf(group, range.first, last);
      if (refusal !== undefined) return refusal;
      const result = yield* this.#readFile(group, { first: range.first, last }, maxBytes);
      if (result !== "changed") return result;
    }
    return NOTHING;
  }

  *#readFile(group: GroupLog, range: IndexRange, maxBytes: number): Task<ReadResult | "changed"> {
    const extent = group.extents.find(range.first);
    const file = extent === undefined ? undefined : this.#deps.files.get(extent.fileSeq);
    if (extent === undefined || file === undefined) {
      return this.#damaged(group, range.first, missingFile(extent));
    }
    const { revision } = group;
    const { path, size } = file;
    let place: DamagePlace = { kind: "entry", path, offset: 0, size };
    file.pins++;
    try {
      const index = yield* this.#deps.indexes.load(file, group.groupId);
      if (group.revision !== revision) return "changed";
      const end = endOfRun(group, extent, range);
      const spans = spansOf(index, { first: range.first, last: end }, maxBytes);
      const [wanted] = spans;
      if (wanted === undefined) return this.#damaged(group, range.first, place);
      place = { ...place, offset: wanted.entries[0]?.offset ?? wanted.position, size: wanted.size };
      const handle = yield* this.#deps.files.open(file);
      const entries: Entry[] = [];
      for (const span of spans) yield* readSpan(handle, span, { group, entries });
      if (group.revision !== revision) return "changed";
      return this.#checked(group, entries, { index: range.first, place });
    } catch (error) {
      if (!isDamage(error)) throw error;
      return this.#damaged(group, range.first, place);
    } finally {
      file.unpin();
    }
  }

  /** Only entries that are what the log has at their index: others are as good as damaged. */
  #checked(
    group: GroupLog,
    entries: readonly Entry[],
    first: { readonly index: number; readonly place: DamagePlace },
  ): ReadResult {
    const wrong = entries.findIndex(
      (entry) => entry.index > group.compactedIndex && group.term(entry.index) !== entry.term,
    );
    const right = wrong < 0 ? entries : entries.slice(0, wrong);
    if (right.length === 0) return this.#damaged(group, first.index, first.place);
    return { kind: "entries", entries: right };
  }

  #damaged(group: GroupLog, index: number, place: DamagePlace): ReadResult {
    const range = { first: index, last: index };
    if (group.isDeleted) return NOTHING;
    group.loseEntries(index, index);
    this.#deps.onDamage(group, range, place);
    return { kind: "damaged", range };
  }
}

function missingFile(extent: Extent | undefined): DamagePlace {
  if (extent === undefined) return { kind: "unknown", path: "", offset: 0, size: 0 };
  return { kind: "file", path: new LogFile(extent.fileSeq, "hot", 0).path, offset: 0, size: 0 };
}

interface Found {
  readonly entries: Entry[];
  bytes: number;
  readonly maxBytes: number;
}

/** Adds entries of one file as far as they are in memory; returns the first index that it did not add. */
function collect(group: GroupLog, file: LogFile, range: IndexRange, found: Found): number {
  const index = file.indexes.get(group.groupId);
  if (index === undefined) return range.first;
  index.isReferenced = true;
  let next = range.first;
  for (let at = index.positionOf(next); at >= 0 && next <= range.last; at++) {
    if (index.indexAt(at) !== next) break;
    const offset = index.offsetAt(at);
    const size = index.sizeAt(at);
    const slab = file.slabAt(offset, size);
    if (slab === undefined) break;
    if (found.entries.length > 0 && found.bytes + size > found.maxBytes) break;
    slab.isReferenced = true;
    found.entries.push(viewEntryRecord(slab.share(), offset - slab.position));
    found.bytes += size;
    next++;
  }
  return next;
}

/** Reads a span; entries are added up to the first one that is not as it was written. */
function* readSpan(
  handle: DiskFile,
  span: Span,
  target: { readonly group: GroupLog; readonly entries: Entry[] },
): Task<void> {
  const { group, entries } = target;
  const bytes = yield* readUpTo(handle, span.position, span.size);
  for (const wanted of span.entries) {
    const isNext = entries.length === 0 || wanted.index === (entries.at(-1)?.index ?? 0) + 1;
    if (!isNext) return;
    const record = readEntryRecord(bytes, wanted.offset - span.position, bytes.length);
    if (typeof record === "string") return;
    if (record.groupId !== group.groupId || record.entry.index !== wanted.index) return;
    entries.push(record.entry);
  }
}

/** Why an entry cannot be had from the disk, if it is known already. */
function refusalOf(group: GroupLog, first: number, last: number): ReadResult | undefined {
  const hole = rangeAt(group.holes, first);
  if (hole !== undefined) {
    return { kind: "damaged", range: { first, last: Math.min(last, hole.last) } };
  }
  if (first > group.compactedIndex) return undefined;
  const live = rangeAt(group.live, first);
  if (live === undefined) return NOTHING;
  if (group.extents.find(first) !== undefined) return undefined;
  return { kind: "damaged", range: { first, last: first } };
}

/** Where a run of entries ends that can be read together. */
function endOfRun(group: GroupLog, extent: Extent, range: IndexRange): number {
  const end = Math.min(range.last, extent.last);
  if (range.first > group.compactedIndex) return end;
  const live = rangeAt(group.live, range.first);
  // Behind the live run, entries above the compacted index follow at the earliest.
  return live === undefined || live.last >= group.compactedIndex ? end : Math.min(end, live.last);
}
