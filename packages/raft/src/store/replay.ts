import { DecodeError } from "../codec/decode-error.ts";
import {
  ENTRY_FLAG_LIVE,
  ENTRY_FLAG_REPAIR,
  readEntryRecord,
  viewEntryRecord,
} from "../codec/entry-record.ts";
import {
  type ControlRecord,
  isIntactRecord,
  peekRecord,
  RecordType,
  readControlRecord,
  recordEndAt,
  SNAPSHOT_FLAG_INSTALLED,
  SNAPSHOT_FLAG_KEEPS_SUFFIX,
} from "../codec/record.ts";
import {
  BATCH_HEADER_SIZE,
  type BatchRow,
  ROW_FLAG_DELETED,
  ROW_FLAG_ENTRIES,
  readBatchTrailer,
} from "../codec/record-batch.ts";
import { RecordReader } from "../codec/record-bytes.ts";
import { readGroupImage } from "../codec/record-group-image.ts";
import { decodeSnapshotRecord } from "../codec/record-snapshot.ts";
import type { LogPosition } from "../core/hard-state.ts";
import type { GroupId } from "../core/ids.ts";
import { DamageNotes } from "./damage-notes.ts";
import { type GroupLog, NO_PROMISE, type RecordPlace } from "./group-log.ts";
import type { GroupTable } from "./group-table.ts";
import { snapshotPlaceOf } from "./log-appender.ts";
import type { LogFile } from "./log-file.ts";

/** A batch in memory. */
export interface BatchBytes {
  readonly bytes: Buffer;
  readonly file: LogFile;
  /** Of the first byte in the file. */
  readonly position: number;
}

/** Applies records to the groups in the order in which they were written. */
export class Replay {
  readonly table: GroupTable;
  /** Groups with records in the file at hand. */
  readonly touched: Set<GroupId> = new Set();
  /** Files that were removed on purpose. */
  readonly droppedFiles: Set<number> = new Set();
  /** Groups of which something was lost: how they stand now has to be written down. */
  readonly harmed: Set<GroupLog> = new Set();

  /** Files of which some batch is lost: an older version of an entry may be found in them where the lost one was. */
  readonly damagedFiles: Set<LogFile> = new Set();
  readonly notes: DamageNotes = new DamageNotes();

  constructor(table: GroupTable) {
    this.table = table;
  }

  /** A batch that is as it was written. */
  batch(batch: BatchBytes, recordsSize: number, stamp: number): void {
    const { bytes, position, file } = batch;
    const end = BATCH_HEADER_SIZE + recordsSize;
    for (let at = BATCH_HEADER_SIZE; at < end; ) at = this.record(batch, at, end);
    const place = { fileSeq: file.seq, stamp, position: position + bytes.length };
    const trailer = readBatchTrailer(bytes, 0, bytes.length, place);
    for (const row of trailer?.rows ?? []) this.row(row);
  }

  /** Only notes which files a batch says are removed. */
  noteDrops(batch: BatchBytes, recordsSize: number): void {
    const end = BATCH_HEADER_SIZE + recordsSize;
    for (let at: number | undefined = BATCH_HEADER_SIZE; at !== undefined && at < end; ) {
      const record = readControlRecord(batch.bytes, at, end);
      if (record?.type === RecordType.FileDrop) this.droppedFiles.add(record.extra);
      at = recordEndAt(batch.bytes, at, end);
    }
  }

  /** Applies the record at `at`; returns where it ends. */
  record(batch: BatchBytes, at: number, end: number): number {
    const { bytes, file } = batch;
    const entry = readEntryRecord(bytes, at, end);
    if (typeof entry === "object") {
      const place = { file, offset: batch.position + at, size: entry.end - at };
      this.#entry(entry.groupId, entry.flags, { ...entry.entry, place });
      return entry.end;
    }
    if (entry === "damaged" && bytes[at] === RecordType.Entry)
      return this.#spoiltEntry(batch, at, end);
    const record = readControlRecord(bytes, at, end);
    // The batch's checksum was right, so this is a record of a version that we do not know.
    if (record === undefined) throw new DecodeError(`no record at ${batch.position + at}`);
    const recordEnd = recordEndAt(bytes, at, end) ?? end;
    this.control(record, { file, offset: batch.position + at, size: recordEnd - at });
    return recordEnd;
  }

  control(record: ControlRecord, place: RecordPlace): void {
    const kind = record.type;
    switch (kind) {
      case RecordType.FileStart:
      case RecordType.Padding:
      case RecordType.Entry:
        return;
      case RecordType.FileDrop:
        this.droppedFiles.add(record.extra);
        return;
      case RecordType.GroupState:
        this.#state(record, place.file);
        return;
      case RecordType.GroupDelete:
        this.delete(record.groupId, place.file);
        return;
      case RecordType.HardState:
      case RecordType.Promise:
      case RecordType.Snapshot:
        this.#change(record, place);
        return;
      default:
        kind satisfies never;
    }
  }

  /** Where the group stood at the end of an intact batch: tells what got lost before. */
  row(row: BatchRow): void {
    if ((row.flags & ROW_FLAG_DELETED) !== 0) return;
    const group = this.group(row.groupId);
    if (group.isSuspect) this.clear(group, row);
    this.#alignEnd(group, row);
    group.commitIndex = row.commitIndex;
  }

  /** Entries up to `last` are lost, though they were acknowledged. */
  damage(group: GroupLog, range: { first: number; last: number }, endTerm: number): void {
    if (range.last < range.first) return;
    this.harmed.add(group);
    this.notes.loseEntries(group.groupId, range.first, range.last);
    for (const file of this.damagedFiles) {
      file.indexes.get(group.groupId)?.cut(range.first, range.last);
    }
    if (range.last <= group.compactedIndex) {
      // Only live entries: Raft does not count them any more.
      group.addHole(range.first, range.last);
      return;
    }
    const last = Math.max(range.last, group.lastIndex);
    const term = last === range.last ? endTerm : group.lastTerm;
    group.addHole(range.first, range.last);
    raisePromise(group, { term: Math.max(term, 1), index: last });
  }

  /** One that nothing is known of, or that is known to be deleted, becomes a lost one: its beginning is missing. */
  group(groupId: GroupId): GroupLog {
    this.table.tombstones.delete(groupId);
    this.touched.add(groupId);
    return this.table.get(groupId) ?? this.lose(groupId);
  }

  /** Nothing is known of the group but that it is here. */
  lose(groupId: GroupId): GroupLog {
    const group = this.table.putLost(groupId);
    this.harmed.add(group);
    this.notes.loseState(groupId);
    return group;
  }

  delete(groupId: GroupId, file: LogFile): void {
    this.touched.add(groupId);
    this.table.get(groupId)?.delete();
    this.table.remove(groupId, file.seq);
  }

  /** Part of the log is gone and nobody knows what was in it. */
  loseTrack(): void {
    for (const group of this.table.all()) {
      if (!group.isSuspect) group.trustedIndex = group.commitIndex;
      group.isSuspect = true;
    }
  }

  /** All of the log was applied: what could not be cleared up is settled. */
  finish(): void {
    for (const group of this.table.all()) {
      // The lost part may have had a vote of the group.
      if (group.isSuspect) {
        group.isHardStateLost = true;
        this.harmed.add(group);
        this.notes.loseState(group.groupId);
      }
      group.isSuspect = false;
      const isWhole = group.holes.length === 0 && !group.isSnapshotDamaged;
      const last = { term: group.lastTerm, index: group.lastIndex };
      if (isWhole && !isBelow(last, group.promise)) group.promise = NO_PROMISE;
    }
  }

  #entry(
    groupId: GroupId,
    flags: number,
    entry: { readonly index: number; readonly term: number; readonly place: RecordPlace },
  ): void {
    const group = this.group(groupId);
    const { index, term, place } = entry;
    if ((flags & (ENTRY_FLAG_REPAIR | ENTRY_FLAG_LIVE)) !== 0) {
      group.placeEntry(index, term, place);
      return;
    }
    if (index > group.lastIndex + 1) {
      this.damage(group, { first: group.lastIndex + 1, last: index - 1 }, term);
    }
    group.appendEntry(index, term, place);
  }

  /**
   * An entry that is on the disk as it was written, but not as its leader made it: it was spoilt in memory. Group, index
   * and term are those that the log went by.
   */
  #spoiltEntry(batch: BatchBytes, at: number, end: number): number {
    const { file, bytes } = batch;
    const entry = viewEntryRecord(bytes, at);
    const recordEnd = recordEndAt(bytes, at, end) ?? end;
    const { groupId, flags } = peekRecord(bytes, at);
    const group = this.group(groupId);
    // One that was to fill a hole leaves it open.
    const isPlaced = (flags & (ENTRY_FLAG_LIVE | ENTRY_FLAG_REPAIR)) !== 0;
    if (isPlaced) return recordEnd;
    const { index, term } = entry;
    const place = { file, offset: batch.position + at, size: recordEnd - at };
    this.#entry(groupId, 0, { index, term, place });
    this.damage(group, { first: index, last: index }, term);
    return recordEnd;
  }

  #state(record: ControlRecord, file: LogFile): void {
    // Behind its deletion, a group's records are those of a later replica on this node.
    this.table.tombstones.delete(record.groupId);
    this.touched.add(record.groupId);
    const group = this.table.put(readGroupImage(new RecordReader(record.payload)));
    group.stateFile = file.seq;
  }

  #change(record: ControlRecord, place: RecordPlace): void {
    const group = this.group(record.groupId);
    if (record.type === RecordType.Promise) {
      group.promise = { index: record.index, term: record.term };
    } else if (record.type === RecordType.HardState) {
      group.setHardState({
        currentTerm: record.term,
        votedFor: record.extra,
        commitIndex: record.index,
      });
    } else {
      const snapshot = decodeSnapshotRecord(record.payload);
      const { offset, size, file } = place;
      const snapshotPlace = snapshotPlaceOf(snapshot, { fileSeq: file.seq, offset, size });
      if ((record.flags & SNAPSHOT_FLAG_INSTALLED) === 0) group.compact(snapshot, snapshotPlace);
      else {
        const keepsSuffix = (record.flags & SNAPSHOT_FLAG_KEEPS_SUFFIX) !== 0;
        if (group.isSuspect) group.extents.cut(group.trustedIndex + 1, record.index);
        group.install(snapshot, snapshotPlace, keepsSuffix);
      }
    }
  }

  /**
   * The group took part in a batch after the lost part. If nothing proves that its uncommitted entries are still the
   * ones in the log, they are fetched again.
   */
  clear(group: GroupLog, row: BatchRow): void {
    group.isSuspect = false;
    const known = (row.flags & ROW_FLAG_ENTRIES) !== 0 ? row.firstIndex - 1 : row.lastIndex;
    const last = Math.min(known, group.lastIndex);
    const isSameTerm =
      row.currentTerm === group.currentTerm && group.term(last) === row.currentTerm;
    if (!isSameTerm) {
      this.damage(group, { first: group.trustedIndex + 1, last }, row.lastTerm);
    }
    group.setHardState(row);
    if (row.promiseIndex > 0) {
      raisePromise(group, { index: row.promiseIndex, term: row.promiseTerm });
    }
  }

  /** A batch that is lost may have made the log longer or shorter. */
  #alignEnd(group: GroupLog, row: BatchRow): void {
    if (row.lastIndex > group.lastIndex) {
      this.damage(group, { first: group.lastIndex + 1, last: row.lastIndex }, row.lastTerm);
    } else if (row.lastIndex < group.lastIndex) {
      group.truncateFrom(Math.max(row.lastIndex, group.compactedIndex) + 1);
    }
  }
}

/** The records of a batch that are whole, and whether that is all there were if they took all bytes up to `end`. */
export function intactRecords(
  bytes: Buffer,
  end: number,
): {
  readonly offsets: readonly number[];
  readonly prefixCount: number;
  readonly isComplete: boolean;
} {
  const offsets: number[] = [];
  let prefixCount = 0;
  let isComplete = true;
  let at = BATCH_HEADER_SIZE;
  while (at < end && bytes[at] !== RecordType.Padding) {
    const isIntact = isIntactRecord(bytes, at, end);
    if (isIntact) {
      offsets.push(at);
      if (isComplete) prefixCount++;
    } else {
      isComplete = false;
    }
    const next = recordEndAt(bytes, at, end);
    // Without a right length, the next record cannot be found.
    if (next === undefined) break;
    at = next;
  }
  return { offsets, prefixCount, isComplete: isComplete && at === end };
}

/** The group owes it to others not to vote or lead below this position. */
export function raisePromise(group: GroupLog, position: LogPosition): void {
  if (isBelow(group.promise, position)) group.promise = position;
}

function isBelow(a: LogPosition, b: LogPosition): boolean {
  return a.term < b.term || (a.term === b.term && a.index < b.index);
}
