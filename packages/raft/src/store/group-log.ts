import { entryRecordSize } from "../codec/entry-record.ts";
import type { GroupImage, SnapshotPlace } from "../codec/record-group-image.ts";
import type { SnapshotRecord } from "../codec/record-snapshot.ts";
import { type ConfState, EMPTY_CONF } from "../core/conf-state.ts";
import type { Entry } from "../core/entry.ts";
import type { HardState, LogPosition } from "../core/hard-state.ts";
import type { GroupId, ReplicaId } from "../core/ids.ts";
import type { LogView } from "../core/log-view.ts";
import type { SnapshotMeta } from "../core/message.ts";
import { EntryIndex } from "./entry-index.ts";
import { Extents, type FileUse } from "./extents.ts";
import type { GroupWrites } from "./group-writes.ts";
import type { LogFile } from "./log-file.ts";
import {
  append,
  countOf,
  includes,
  NO_RANGES,
  type Ranges,
  within,
  without,
  withRange,
} from "./ranges.ts";
import { TermRuns, UNKNOWN_TERM } from "./term-runs.ts";

/** Finds entries in memory. */
export interface EntryBodies {
  cached(group: GroupLog, from: number, to: number, maxBytes: number): readonly Entry[] | undefined;
}

/** Where the record of an entry was written. */
export interface RecordPlace {
  readonly file: LogFile;
  readonly offset: number;
  readonly size: number;
}

export const NO_PROMISE: LogPosition = { index: 0, term: 0 };

/**
 * What the store knows of one group: everything but the entries themselves. Changes here are made by writing a record
 * or by reading one back, and by nothing else, so that recovery arrives at the same state.
 */
export class GroupLog implements LogView {
  readonly groupId: GroupId;
  epoch: number;
  replicaId: ReplicaId;
  currentTerm: number;
  votedFor: ReplicaId;
  commitIndex: number;
  isHardStateLost: boolean;
  snapshot: SnapshotMeta;
  snapshotPlace: SnapshotPlace;
  isSnapshotDamaged: boolean;
  compactedIndex: number;
  compactedTerm: number;
  lastIndex: number;
  promise: LogPosition;
  forcedIndex: number;
  holes: Ranges;
  /** Indexes at or below the snapshot whose entries are still needed. */
  live: Ranges;
  terms: TermRuns;
  extents: Extents;
  isDeleted = false;
  /** Raised when entries go or move: who looked before must look again. */
  revision = 0;
  /** File with the newest GROUP_STATE record: it and the ones after it hold everything about the group. */
  stateFile: number;
  /** Only during recovery: records of the group may have been in a part of the log that is lost. */
  isSuspect = false;
  /** While it is suspect: entries up to here were known to be committed before, so that they cannot have been replaced. */
  trustedIndex = 0;
  /** What the writer keeps with the group. */
  readonly writes: GroupWrites;
  readonly #bodies: EntryBodies;
  readonly #files: FileUse;
  #index: EntryIndex | undefined;
  #indexFile: LogFile | undefined;

  constructor(image: GroupImage, dependencies: GroupDependencies) {
    this.groupId = image.groupId;
    this.epoch = image.epoch;
    this.replicaId = image.replicaId;
    this.currentTerm = image.hardState.currentTerm;
    this.votedFor = image.hardState.votedFor;
    this.commitIndex = image.hardState.commitIndex;
    this.isHardStateLost = image.isHardStateLost;
    this.snapshot = image.snapshot;
    this.snapshotPlace = image.snapshotPlace;
    this.isSnapshotDamaged = image.isSnapshotDamaged;
    this.compactedIndex = image.compactedIndex;
    this.compactedTerm = image.compactedTerm;
    this.lastIndex = image.lastIndex;
    this.promise = image.promise;
    this.stateFile = image.stateFile;
    this.forcedIndex = image.forcedIndex;
    this.holes = image.holes.length === 0 ? NO_RANGES : image.holes;
    this.live = image.live.length === 0 ? NO_RANGES : image.live;
    this.terms = TermRuns.of(image.terms);
    this.extents = new Extents(dependencies.files, image.extents);
    this.writes = dependencies.writes;
    this.#bodies = dependencies.bodies;
    this.#files = dependencies.files;
    useSnapshot(this.#files, this.snapshotPlace, 1);
  }

  get snapshotIndex(): number {
    return this.snapshot.index;
  }

  get hardState(): HardState {
    return {
      currentTerm: this.currentTerm,
      votedFor: this.votedFor,
      commitIndex: this.commitIndex,
    };
  }

  get lastTerm(): number {
    return this.lastIndex === this.compactedIndex
      ? this.compactedTerm
      : this.terms.at(this.lastIndex);
  }

  term(index: number): number | undefined {
    if (index === this.compactedIndex) {
      return this.isSnapshotDamaged ? undefined : this.compactedTerm;
    }
    if (index < this.compactedIndex || index > this.lastIndex) return undefined;
    const term = this.terms.at(index);
    return term === UNKNOWN_TERM ? undefined : term;
  }

  cached(from: number, to: number, maxBytes: number): readonly Entry[] | undefined {
    return this.#bodies.cached(this, from, to, maxBytes);
  }

  /** Indexes up to `last` whose entries are here, in the log or alive below it, as far as is known. */
  presentThrough(last: number): Ranges {
    const present: number[] = [];
    for (let position = 0; position < this.extents.length; position++) {
      const extent = this.extents.get(position);
      const end = Math.min(extent.last, last);
      const alive = within(this.live, extent.first, Math.min(end, this.compactedIndex));
      for (let at = 0; at < alive.length; at += 2) {
        append(present, alive[at] ?? 0, alive[at + 1] ?? 0);
      }
      const first = Math.max(extent.first, this.compactedIndex + 1);
      if (first <= end) append(present, first, end);
    }
    return present;
  }

  image(): GroupImage {
    return {
      groupId: this.groupId,
      epoch: this.epoch,
      replicaId: this.replicaId,
      isHardStateLost: this.isHardStateLost,
      isSnapshotDamaged: this.isSnapshotDamaged,
      hardState: this.hardState,
      snapshot: this.snapshot,
      snapshotPlace: this.snapshotPlace,
      compactedIndex: this.compactedIndex,
      compactedTerm: this.compactedTerm,
      lastIndex: this.lastIndex,
      promise: this.promise,
      stateFile: this.stateFile,
      forcedIndex: this.forcedIndex,
      holes: this.holes,
      live: this.live,
      terms: this.terms.list,
      extents: this.extents.list,
    };
  }

  setHardState(state: HardState): void {
    this.currentTerm = state.currentTerm;
    this.votedFor = state.votedFor;
    this.commitIndex = state.commitIndex;
  }

  /** An entry at the end of the log; what is there from its index on is replaced. */
  appendEntry(index: number, term: number, place: RecordPlace): void {
    if (index <= this.lastIndex) this.truncateFrom(index);
    // Entries between went missing with a damaged batch; the normal path never leaves a gap.
    else if (index > this.lastIndex + 1) this.addHole(this.lastIndex + 1, index - 1);
    this.terms.append(index, term);
    this.lastIndex = index;
    this.extents.append(index, place.file.seq, place.size);
    this.#indexOf(place.file).append(index, place.offset, place.size);
  }

  /**
   * Entries at the end of the log, one behind the other there and in the file, at `offset`; what is there from the first one's index on
   * is replaced.
   */
  appendEntries(entries: readonly Entry[], file: LogFile, offset: number): void {
    const [first] = entries;
    if (first === undefined) return;
    const size = entryRecordSize(first);
    this.appendEntry(first.index, first.term, { file, offset, size });
    const index = this.#indexOf(file);
    let at = offset + size;
    for (let next = 1; next < entries.length; next++) {
      const entry = entries[next];
      if (entry === undefined) break;
      const nextSize = entryRecordSize(entry);
      this.terms.append(entry.index, entry.term);
      index.append(entry.index, at, nextSize);
      at += nextSize;
    }
    const added = entries.length - 1;
    this.lastIndex += added;
    this.extents.extend(file.seq, added, at - offset - size);
  }

  /** A repaired or received entry: the others stay. One that belongs nowhere is dead at once. */
  placeEntry(index: number, term: number, place: RecordPlace): void {
    const isInLog = index > this.compactedIndex && index <= this.lastIndex;
    this.#indexOf(place.file).place(index, place.offset, place.size);
    if (!isInLog && !includes(this.live, index)) return;
    const fileSeq = place.file.seq;
    this.extents.place({ first: index, last: index, fileSeq, count: 1, bytes: place.size });
    if (!isInLog) return;
    this.holes = without(this.holes, index, index);
    this.terms.set(index, index, { term, lastIndex: this.lastIndex });
  }

  /** Where the record of an entry is; what is in the log is decided elsewhere. */
  noteEntry(index: number, place: RecordPlace): void {
    this.#indexOf(place.file).place(index, place.offset, place.size);
  }

  /** A snapshot was taken here. */
  compact(record: SnapshotRecord, place: SnapshotPlace): void {
    this.#setSnapshot(record.meta, place);
    this.live = record.live;
    const to = Math.max(record.compactTo, this.compactedIndex);
    if (to > this.compactedIndex) this.compactedTerm = record.compactTerm;
    // Only in recovery, where what came before may be lost.
    this.lastIndex = Math.max(this.lastIndex, to);
    this.#forgetThrough(to);
  }

  /** A snapshot of a peer replaces what is here. */
  install(record: SnapshotRecord, place: SnapshotPlace, keepsSuffix: boolean): void {
    const { meta, fetched } = record;
    this.#setSnapshot(meta, place);
    this.live = record.live;
    this.compactedTerm = meta.term;
    if (!keepsSuffix || this.lastIndex <= meta.index) {
      this.truncateFrom(meta.index + 1);
      this.lastIndex = meta.index;
    }
    this.#forgetThrough(meta.index);
    this.commitIndex = Math.max(this.commitIndex, meta.index);
    if (fetched === undefined) return;
    const bytesPerEntry = fetched.bytes / Math.max(1, countOf(fetched.ranges));
    for (const extent of joinFree(fetched.ranges, this.extents)) {
      const bytes = Math.ceil(extent.count * bytesPerEntry);
      this.extents.place({ ...extent, fileSeq: fetched.fileSeq, bytes });
    }
  }

  /** A peer's snapshot was installed, but what came with it is lost. */
  installDamaged(position: LogPosition, lastIndex: number): void {
    this.truncateFrom(this.compactedIndex + 1);
    this.moveSnapshot({ kind: "none" });
    this.snapshot = { ...position, conf: EMPTY_CONF };
    this.isSnapshotDamaged = true;
    this.live = NO_RANGES;
    this.compactedTerm = position.term;
    this.lastIndex = Math.max(position.index, this.lastIndex);
    this.#forgetThrough(position.index);
    this.lastIndex = position.index;
    if (lastIndex > position.index) this.addHole(position.index + 1, lastIndex);
  }

  /** The log ends before `index`. */
  truncateFrom(index: number): void {
    if (index > this.lastIndex) return;
    this.revision++;
    this.terms.truncateFrom(index);
    this.extents.truncateFrom(index);
    this.holes = without(this.holes, index, Number.MAX_SAFE_INTEGER);
    this.lastIndex = index - 1;
  }

  /** Entries of the log cannot be read, or went missing at its end. */
  addHole(first: number, last: number): void {
    this.revision++;
    this.extents.cut(first, last);
    const start = Math.max(first, this.compactedIndex + 1);
    if (last < start) return;
    this.lastIndex = Math.max(this.lastIndex, last);
    this.terms.set(start, last, { term: UNKNOWN_TERM, lastIndex: this.lastIndex });
    this.holes = withRange(this.holes, start, last);
  }

  /** Entries were found unreadable while the node runs. At the end of the log they must not be forgotten about. */
  loseEntries(first: number, last: number): void {
    const { lastIndex: index, lastTerm: term } = this;
    this.addHole(first, last);
    const isAbove =
      term > this.promise.term || (term === this.promise.term && index > this.promise.index);
    if (last >= index && index > this.compactedIndex && isAbove) this.promise = { term, index };
  }

  /** The snapshot's state is in another place now. */
  moveSnapshot(place: SnapshotPlace): void {
    useSnapshot(this.#files, this.snapshotPlace, -1);
    this.snapshotPlace = place;
    useSnapshot(this.#files, place, 1);
  }

  /** The group is gone. */
  delete(): void {
    this.isDeleted = true;
    this.revision++;
    this.extents.clear();
    this.moveSnapshot({ kind: "none" });
    this.#index = undefined;
    this.#indexFile = undefined;
  }

  /** The places of its entries in `file` need not be at hand any more. */
  releaseIndex(file: LogFile): void {
    if (this.#indexFile !== file) return;
    this.#index = undefined;
    this.#indexFile = undefined;
  }

  /** The operator gives up what cannot be read: the log ends before the first hole. */
  acceptLoss(): void {
    this.promise = NO_PROMISE;
    if (this.isSnapshotDamaged) {
      // Nothing is left; it waits for a snapshot, as a new replica does.
      this.truncateFrom(this.compactedIndex + 1);
      this.moveSnapshot({ kind: "none" });
      this.extents.clear();
      this.snapshot = { index: 0, term: 0, conf: EMPTY_CONF };
      this.isSnapshotDamaged = false;
      this.compactedIndex = 0;
      this.compactedTerm = 0;
      this.lastIndex = 0;
      this.live = NO_RANGES;
    }
    const [firstHole] = this.holes;
    if (firstHole !== undefined) this.truncateFrom(firstHole);
    this.commitIndex = Math.min(this.commitIndex, this.lastIndex);
  }

  /** A new configuration by decree; see LogStore.forceConf. */
  forceConf(conf: ConfState, epoch: number): void {
    this.epoch = epoch;
    this.snapshot = { ...this.snapshot, conf };
    this.forcedIndex = this.lastIndex;
    this.commitIndex = this.lastIndex;
  }

  #setSnapshot(meta: SnapshotMeta, place: SnapshotPlace): void {
    this.moveSnapshot(place);
    this.snapshot = meta;
    this.isSnapshotDamaged = false;
    if (this.forcedIndex <= meta.index) this.forcedIndex = 0;
  }

  #forgetThrough(index: number): void {
    this.revision++;
    this.compactedIndex = index;
    this.terms.dropThrough(index, this.lastIndex);
    this.extents.retain(index, this.live);
    this.holes = without(this.holes, 0, index);
  }

  #indexOf(file: LogFile): EntryIndex {
    if (this.#indexFile === file && this.#index !== undefined) return this.#index;
    const index = file.indexes.get(this.groupId) ?? new EntryIndex();
    file.indexes.set(this.groupId, index);
    this.#index = index;
    this.#indexFile = file;
    return index;
  }
}

export interface GroupDependencies {
  readonly files: FileUse;
  readonly bodies: EntryBodies;
  readonly writes: GroupWrites;
}

/** Joins ranges as far as the group has nothing between them, so that many small ones do not make many extents. */
function* joinFree(
  ranges: Ranges,
  extents: Extents,
): Generator<{ readonly first: number; readonly last: number; readonly count: number }> {
  let [first = 0, last = 0] = ranges;
  let count = last - first + 1;
  for (let at = 2; at < ranges.length; at += 2) {
    const nextFirst = ranges[at] ?? 0;
    const nextLast = ranges[at + 1] ?? 0;
    if (!extents.isFree(first, nextLast)) {
      yield { first, last, count };
      first = nextFirst;
      count = 0;
    }
    last = nextLast;
    count += nextLast - nextFirst + 1;
  }
  yield { first, last, count };
}

function useSnapshot(files: FileUse, place: SnapshotPlace, references: 1 | -1): void {
  if (place.kind === "record") files.use(place.fileSeq, references, references * place.size);
}
