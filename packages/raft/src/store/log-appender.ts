import {
  ENTRY_FLAG_LIVE,
  ENTRY_FLAG_REPAIR,
  entryRecordSize,
  writeEntryRecord,
  writeEntryRecords,
} from "../codec/entry-record.ts";
import {
  RECORD_HEADER_SIZE,
  type RecordHead,
  RecordType,
  SNAPSHOT_FLAG_INSTALLED,
  SNAPSHOT_FLAG_KEEPS_SUFFIX,
  StateReason,
  writeRecord,
} from "../codec/record.ts";
import {
  ROW_FLAG_CREATED,
  ROW_FLAG_ENTRIES,
  ROW_FLAG_FORCED,
  ROW_FLAG_INSTALLED,
  ROW_FLAG_REWRITTEN,
} from "../codec/record-batch.ts";
import { RecordWriter } from "../codec/record-bytes.ts";
import { type SnapshotPlace, writeGroupImage } from "../codec/record-group-image.ts";
import { encodeSnapshotRecord, type SnapshotRecord } from "../codec/record-snapshot.ts";
import type { Entry } from "../core/entry.ts";
import type { LogPosition } from "../core/hard-state.ts";
import type { Append } from "../core/ready.ts";
import type { Batch } from "./batch.ts";
import type { BatchWriter } from "./batch-writer.ts";
import type { GroupLog } from "./group-log.ts";

const NO_PAYLOAD = new Uint8Array(0);

/** A snapshot from a peer, with the live entries that are not in a file of their own. */
export interface ReceivedSnapshot {
  readonly record: SnapshotRecord;
  readonly entries: readonly Entry[];
}

/** A change of a group that is written down with its whole state. */
export interface StateChange {
  /** Bytes by which the state may become larger. */
  readonly growth: number;
  apply(): void;
}

/** Turns what groups want written into records, and changes what the store knows of them accordingly. */
export class LogAppender {
  readonly #writer: BatchWriter;

  constructor(writer: BatchWriter) {
    this.#writer = writer;
  }

  /** `received` goes with `append.snapshot`; `done` is called when it is durable. */
  append(
    group: GroupLog,
    append: Append,
    received: ReceivedSnapshot | undefined,
    done?: () => void,
  ): void {
    const payload = received === undefined ? undefined : encodeSnapshotRecord(received.record);
    const batch = this.#writer.begin(group, sizeOf(append, payload, received));
    writeHardState(batch, group, append);
    if (received !== undefined && payload !== undefined) {
      this.#install(batch, group, { received, payload, keepsSuffix: append.keepsSuffix });
    }
    appendEntries(batch, group, append.entries);
    placeEntries(batch, group, append.repairs, ENTRY_FLAG_REPAIR);
    if (append.promise !== undefined) writePromise(batch, group, append.promise);
    batch.appendSeqs[group.writes.slot] = append.seq;
    if (done !== undefined) batch.callbacks.push(done);
  }

  /** A snapshot taken here; its state, if not in the record, is durable already. */
  snapshot(group: GroupLog, record: SnapshotRecord, done: () => void): void {
    const payload = encodeSnapshotRecord(record);
    const batch = this.#writer.begin(group, RECORD_HEADER_SIZE + payload.length);
    const { index, term } = record.meta;
    const head = headOf(group, RecordType.Snapshot, { index, term });
    const place = writeSnapshot(batch, head, { payload, record });
    group.compact(record, place);
    batch.callbacks.push(done);
  }

  /**
   * All that is known of the group, so that nothing written before is needed. `change` is made to the group first and
   * becomes durable with it; it makes the record larger by at most `growth` bytes.
   */
  state(
    group: GroupLog,
    reason: StateReason,
    options: { readonly change?: StateChange; readonly done?: () => void } = {},
  ): void {
    const { change, done } = options;
    const before = encodeImage(group);
    // Room for all of it before anything changes: no batch may end between the change and its record.
    const batch = this.#writer.begin(
      group,
      RECORD_HEADER_SIZE + before.length + (change?.growth ?? 0),
    );
    change?.apply();
    const payload = change === undefined ? before : encodeImage(group);
    const head = {
      ...headOf(group, RecordType.GroupState, { index: group.lastIndex, term: 0 }),
      extra: reason,
    };
    batch.advance(writeRecord(batch.buffer, batch.cursor, head, payload), 1);
    group.stateFile = batch.file.seq;
    if (reason === StateReason.Create) group.writes.flags |= ROW_FLAG_CREATED;
    else if (reason !== StateReason.Carry) group.writes.flags |= ROW_FLAG_FORCED;
    if (done !== undefined) batch.callbacks.push(done);
  }

  /** Returns the number of the file that says so. */
  delete(group: GroupLog, done: () => void): number {
    const batch = this.#writer.begin(group, RECORD_HEADER_SIZE);
    writeControl(batch, headOf(group, RecordType.GroupDelete, { index: 0, term: 0 }));
    group.delete();
    batch.callbacks.push(done);
    return batch.file.seq;
  }

  /** Says again that a group is gone, with a row, as one damaged record must not bring it back. */
  tombstone(deleted: GroupLog): number {
    return this.delete(deleted, () => undefined);
  }

  /** Files that are going to be removed. */
  dropFiles(fileSeqs: readonly number[], done: () => void): void {
    const batch = this.#writer.beginNode(fileSeqs.length * RECORD_HEADER_SIZE);
    for (const extra of fileSeqs) {
      const type = RecordType.FileDrop;
      writeControl(batch, { type, flags: 0, groupId: 0, index: 0, term: 0, extra });
    }
    batch.file.droppedFiles.push(...fileSeqs);
    batch.callbacks.push(done);
  }

  #install(
    batch: Batch,
    group: GroupLog,
    install: {
      readonly received: ReceivedSnapshot;
      readonly payload: Buffer;
      readonly keepsSuffix: boolean;
    },
  ): void {
    const { record, entries } = install.received;
    const { index, term } = record.meta;
    const head = {
      ...headOf(group, RecordType.Snapshot, { index, term }),
      flags: SNAPSHOT_FLAG_INSTALLED | (install.keepsSuffix ? SNAPSHOT_FLAG_KEEPS_SUFFIX : 0),
    };
    const place = writeSnapshot(batch, head, { payload: install.payload, record });
    group.install(record, place, install.keepsSuffix);
    group.writes.flags |= ROW_FLAG_INSTALLED;
    placeEntries(batch, group, entries, ENTRY_FLAG_LIVE);
  }
}

function encodeImage(group: GroupLog): Buffer {
  const content = new RecordWriter();
  writeGroupImage(content, group.image());
  return content.finish();
}

function sizeOf(
  append: Append,
  payload: Buffer | undefined,
  received: ReceivedSnapshot | undefined,
): number {
  let size = 2 * RECORD_HEADER_SIZE;
  for (const entry of append.entries) size += entryRecordSize(entry);
  for (const entry of append.repairs) size += entryRecordSize(entry);
  if (received === undefined || payload === undefined) return size;
  size += RECORD_HEADER_SIZE + payload.length;
  for (const entry of received.entries) size += entryRecordSize(entry);
  return size;
}

/** The commit index alone is no reason for a record: it stands in the batch's row of the group. */
function writeHardState(batch: Batch, group: GroupLog, append: Append): void {
  const { hardState } = append;
  if (hardState === undefined) return;
  const isNew =
    hardState.currentTerm !== group.currentTerm || hardState.votedFor !== group.votedFor;
  group.setHardState(hardState);
  if (!isNew) return;
  const head = headOf(group, RecordType.HardState, {
    index: hardState.commitIndex,
    term: hardState.currentTerm,
  });
  writeControl(batch, { ...head, extra: hardState.votedFor });
}

function writePromise(batch: Batch, group: GroupLog, promise: LogPosition): void {
  group.promise = promise;
  writeControl(batch, headOf(group, RecordType.Promise, promise));
}

function appendEntries(batch: Batch, group: GroupLog, entries: readonly Entry[]): void {
  const [first] = entries;
  if (first === undefined) return;
  const { writes, groupId } = group;
  const { file, buffer } = batch;
  if ((writes.flags & ROW_FLAG_ENTRIES) !== 0 && first.index <= group.lastIndex) {
    writes.flags |= ROW_FLAG_REWRITTEN;
  }
  writes.flags |= ROW_FLAG_ENTRIES;
  if (writes.firstIndex === 0 || first.index < writes.firstIndex) writes.firstIndex = first.index;
  const start = batch.cursor;
  const end = writeEntryRecords(buffer, start, groupId, entries);
  let at = start;
  for (const entry of entries) {
    at += entryRecordSize(entry);
    batch.noteEntry(groupId, entry, at);
  }
  group.appendEntries(entries, file, batch.positionOf(start));
  batch.advance(end, entries.length);
}

function placeEntries(
  batch: Batch,
  group: GroupLog,
  entries: readonly Entry[],
  flag: number,
): void {
  if (entries.length === 0) return;
  let at = batch.cursor;
  for (const entry of entries) {
    const end = writeEntryRecord(batch.buffer, at, group.groupId, entry, flag);
    batch.noteEntry(group.groupId, entry, end);
    group.placeEntry(entry.index, entry.term, {
      file: batch.file,
      offset: batch.positionOf(at),
      size: end - at,
    });
    at = end;
  }
  batch.advance(at, entries.length);
}

function writeSnapshot(
  batch: Batch,
  head: RecordHead,
  snapshot: { readonly payload: Buffer; readonly record: SnapshotRecord },
): SnapshotPlace {
  const start = batch.cursor;
  const end = writeRecord(batch.buffer, start, head, snapshot.payload);
  batch.advance(end, 1);
  return snapshotPlaceOf(snapshot.record, {
    fileSeq: batch.file.seq,
    offset: batch.positionOf(start),
    size: end - start,
  });
}

/** Where the state is of a snapshot whose record is at `place`. */
export function snapshotPlaceOf(
  record: SnapshotRecord,
  place: { readonly fileSeq: number; readonly offset: number; readonly size: number },
): SnapshotPlace {
  return record.state === undefined
    ? { kind: "file", fileSeq: record.stateFile, size: record.stateSize }
    : { kind: "record", ...place };
}

function writeControl(batch: Batch, head: RecordHead): void {
  batch.advance(writeRecord(batch.buffer, batch.cursor, head, NO_PAYLOAD), 1);
}

function headOf(group: GroupLog, type: RecordType, position: LogPosition): RecordHead {
  const { index, term } = position;
  return { type, flags: 0, groupId: group.groupId, index, term, extra: 0 };
}
