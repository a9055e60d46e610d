import { ENTRY_FLAG_LIVE, ENTRY_FLAG_REPAIR, readEntryRecord } from "../codec/entry-record.ts";
import {
  type ControlRecord,
  RecordType,
  readControlRecord,
  recordEndAt,
  SNAPSHOT_FLAG_INSTALLED,
} from "../codec/record.ts";
import {
  BATCH_HEADER_SIZE,
  BATCH_ROW_SIZE,
  BATCH_TRAILER_SIZE,
  type BatchRow,
  ROW_FLAG_CREATED,
  ROW_FLAG_DELETED,
  ROW_FLAG_ENTRIES,
  ROW_FLAG_FORCED,
  ROW_FLAG_INSTALLED,
  ROW_FLAG_REWRITTEN,
  readBatchTrailer,
  SECTOR_SIZE,
} from "../codec/record-batch.ts";
import type { GroupId } from "../core/ids.ts";
import type { GroupLog, RecordPlace } from "./group-log.ts";
import type { LogFile } from "./log-file.ts";
import { type BatchBytes, intactRecords, type Replay, raisePromise } from "./replay.ts";

/** What is known of a batch that was durable and is damaged now. */
export interface DamagedBatch extends BatchBytes {
  readonly batchSeq: number;
  /** Size of its records; undefined if its header is lost. */
  readonly recordsSize: number | undefined;
  /** Its rows, from its own trailer or the next batch's copy. */
  readonly rows: readonly BatchRow[] | undefined;
}

interface SalvagedEntry {
  readonly index: number;
  readonly term: number;
  readonly flags: number;
  readonly place: RecordPlace;
}

interface SalvagedControl {
  readonly record: ControlRecord;
  readonly place: RecordPlace;
}

/**
 * Takes from a damaged batch what is whole. What is not becomes a hole of the groups concerned, so that they get it from
 * others; nothing is cut off.
 */
export function salvage(replay: Replay, batch: DamagedBatch): void {
  const end = endOfRecords(batch);
  const { offsets, prefixCount, isComplete } = intactRecords(batch.bytes, end);
  // Without the header nobody knows how many there were.
  if (isComplete && batch.recordsSize !== undefined) {
    for (const offset of offsets) replay.record(batch, offset, end);
    for (const row of batch.rows ?? []) replay.row(row);
    return;
  }
  if (batch.rows === undefined) {
    forgetUnproven(replay, batch, offsets, end);
    // In order up to the first damaged one: what comes later may rest on what is missing.
    for (const offset of offsets.slice(0, prefixCount)) replay.record(batch, offset, end);
    replay.loseTrack();
    return;
  }
  const found = sort(batch, offsets, end);
  for (const { record, place } of found.node) replay.control(record, place);
  for (const row of batch.rows) applyRow(replay, row, found);
}

/**
 * Before a peer's snapshot is installed by a damaged batch: what the group has below it and does not know to be committed
 * may be another version of an entry that came with the snapshot and is lost.
 */
function forgetUnproven(
  replay: Replay,
  batch: DamagedBatch,
  offsets: readonly number[],
  end: number,
): void {
  for (const offset of offsets) {
    if (batch.bytes[offset] !== RecordType.Snapshot) continue;
    const record = readControlRecord(batch.bytes, offset, end);
    const group = record === undefined ? undefined : replay.table.get(record.groupId);
    if (record !== undefined && group !== undefined) forgetBelow(group, record);
  }
}

function forgetBelow(group: GroupLog, snapshot: ControlRecord): void {
  if ((snapshot.flags & SNAPSHOT_FLAG_INSTALLED) === 0) return;
  const { isSuspect, trustedIndex, commitIndex } = group;
  group.extents.cut((isSuspect ? trustedIndex : commitIndex) + 1, snapshot.index);
}

/**
 * The batches in a part of a file without headers, told apart by their trailers. Between two trailers there may have been
 * more than one batch: those come without bytes, and with rows only if the next one has a copy. `marker` is the number of a
 * marker behind them, of which nothing else than the copy matters.
 */
export function damagedBatches(
  region: BatchBytes,
  seqs: { readonly first: number; readonly last: number; readonly marker: number | undefined },
  stamp: number,
): DamagedBatch[] {
  const batches: DamagedBatch[] = [];
  const { bytes, file, position } = region;
  let start = 0;
  let expected = seqs.first;
  const add = (batchSeq: number, end: number, rows: DamagedBatch["rows"]): void => {
    const part = { bytes: bytes.subarray(start, end), file, position: position + start };
    batches.push({ ...part, batchSeq, recordsSize: undefined, rows });
    start = end;
    expected = batchSeq + 1;
  };
  for (let end = SECTOR_SIZE; end <= bytes.length; end += SECTOR_SIZE) {
    const place = { fileSeq: file.seq, stamp, position: position + end };
    const trailer = readBatchTrailer(bytes, start, end, place);
    const lastTrailer = seqs.marker ?? seqs.last;
    if (trailer === undefined || trailer.batchSeq < expected || trailer.batchSeq > lastTrailer) {
      continue;
    }
    const isSingle = trailer.batchSeq === expected;
    if (isSingle) giveRows(batches, trailer);
    // Where one ends and the next begins is not known: only rows can tell what was in them.
    else
      addLost(add, { expected, before: trailer.batchSeq, copiedRows: trailer.copiedRows }, start);
    if (!isSingle) start = end;
    add(trailer.batchSeq, end, trailer.rows);
  }
  // What is left may be of several batches; the one behind it may still have the rows of the last of them.
  if (expected <= seqs.last) add(expected, bytes.length, undefined);
  if (expected <= seqs.last) add(seqs.last, bytes.length, undefined);
  return batches;
}

/** The rows of a batch as the next one has them, of which the header is lost. */
export function copiedRowsIn(
  region: BatchBytes,
  batchSeq: number,
  stamp: number,
): readonly BatchRow[] | undefined {
  const { bytes, file, position } = region;
  for (let end = SECTOR_SIZE; end <= bytes.length; end += SECTOR_SIZE) {
    const place = { fileSeq: file.seq, stamp, position: position + end };
    const trailer = readBatchTrailer(bytes, 0, end, place);
    if (trailer !== undefined)
      return trailer.batchSeq === batchSeq + 1 ? trailer.copiedRows : undefined;
  }
  return undefined;
}

/** Batches of which nothing is left; without rows, one stands for all. */
function addLost(
  add: (batchSeq: number, end: number, rows: DamagedBatch["rows"]) => void,
  lost: {
    readonly expected: number;
    readonly before: number;
    readonly copiedRows: DamagedBatch["rows"];
  },
  at: number,
): void {
  const last = lost.before - 1;
  if (lost.expected < last) add(last - 1, at, undefined);
  add(last, at, lost.copiedRows);
}

/** Copies of rows help the batch before, if its own are lost. */
function giveRows(
  batches: DamagedBatch[],
  trailer: { readonly batchSeq: number; readonly copiedRows: readonly BatchRow[] | undefined },
): void {
  const last = batches.at(-1);
  if (last === undefined || last.rows !== undefined || trailer.copiedRows === undefined) return;
  if (last.batchSeq !== trailer.batchSeq - 1) return;
  batches[batches.length - 1] = { ...last, rows: trailer.copiedRows };
}

/** Where the records end at the latest. */
function endOfRecords(batch: DamagedBatch): number {
  if (batch.recordsSize !== undefined) return BATCH_HEADER_SIZE + batch.recordsSize;
  const rowCount = batch.rows?.length ?? 0;
  const end = batch.bytes.length - BATCH_TRAILER_SIZE - rowCount * BATCH_ROW_SIZE;
  return Math.max(BATCH_HEADER_SIZE, end);
}

interface Found {
  readonly file: LogFile;
  readonly entries: Map<GroupId, SalvagedEntry[]>;
  readonly controls: Map<GroupId, SalvagedControl[]>;
  readonly node: SalvagedControl[];
}

function sort(batch: DamagedBatch, offsets: readonly number[], end: number): Found {
  const found: Found = {
    file: batch.file,
    entries: new Map(),
    controls: new Map(),
    node: [],
  };
  for (const offset of offsets) {
    const size = (recordEndAt(batch.bytes, offset, end) ?? end) - offset;
    const place = { file: batch.file, offset: batch.position + offset, size };
    const entry = readEntryRecord(batch.bytes, offset, end);
    if (typeof entry === "object") {
      const { index, term } = entry.entry;
      addTo(found.entries, entry.groupId, { index, term, flags: entry.flags, place });
      continue;
    }
    const record = readControlRecord(batch.bytes, offset, end);
    if (record === undefined) continue;
    if (record.groupId === 0) found.node.push({ record, place });
    else addTo(found.controls, record.groupId, { record, place });
  }
  return found;
}

function addTo<T>(lists: Map<GroupId, T[]>, groupId: GroupId, item: T): void {
  const list = lists.get(groupId);
  if (list === undefined) lists.set(groupId, [item]);
  else list.push(item);
}

/** Brings a group to where the row says it stood, with holes where its records are not whole. */
function applyRow(replay: Replay, row: BatchRow, found: Found): void {
  const controls = found.controls.get(row.groupId) ?? [];
  if ((row.flags & ROW_FLAG_DELETED) !== 0) {
    replay.delete(row.groupId, found.file);
    return;
  }
  restoreState(replay, row, controls);
  const group = replay.group(row.groupId);
  restoreSnapshot(replay, group, { row, controls });
  if (group.isSuspect) replay.clear(group, row);
  if (row.lastIndex < group.lastIndex) {
    group.truncateFrom(Math.max(row.lastIndex, group.compactedIndex) + 1);
  }
  restoreEntries(replay, group, { row, entries: found.entries.get(row.groupId) ?? [] });
  group.setHardState(row);
  if (row.promiseIndex > 0) {
    raisePromise(group, { index: row.promiseIndex, term: row.promiseTerm });
  }
  replay.harmed.add(group);
}

/** The last GROUP_STATE record that is whole; one that is missing leaves a group with which nothing can be done. */
function restoreState(replay: Replay, row: BatchRow, controls: readonly SalvagedControl[]): void {
  const state = controls.findLast(({ record }) => record.type === RecordType.GroupState);
  if (state !== undefined) {
    replay.control(state.record, state.place);
    return;
  }
  const isMissing = (row.flags & (ROW_FLAG_CREATED | ROW_FLAG_FORCED)) !== 0;
  if (!isMissing) return;
  replay.group(row.groupId).isHardStateLost = true;
  replay.notes.loseState(row.groupId);
}

function restoreSnapshot(
  replay: Replay,
  group: GroupLog,
  batch: { readonly row: BatchRow; readonly controls: readonly SalvagedControl[] },
): void {
  const { row, controls } = batch;
  let isInstalled = false;
  for (const { record, place } of controls) {
    if (record.type !== RecordType.Snapshot) continue;
    isInstalled ||= (record.flags & SNAPSHOT_FLAG_INSTALLED) !== 0;
    forgetBelow(group, record);
    replay.control(record, place);
  }
  // A snapshot beyond the end of the log can only have come from a peer.
  const wasInstalled =
    (row.flags & ROW_FLAG_INSTALLED) !== 0 || row.snapshotIndex > group.lastIndex;
  if (!wasInstalled || isInstalled) return;
  const position = { index: row.snapshotIndex, term: row.snapshotTerm };
  group.installDamaged(position, row.lastIndex);
  const { groupId, snapshotIndex: last } = row;
  replay.notes.lose({ groupId, what: "snapshot", first: 1, last });
  raisePromise(group, { index: row.lastIndex, term: row.lastTerm });
}

function restoreEntries(
  replay: Replay,
  group: GroupLog,
  batch: { readonly row: BatchRow; readonly entries: readonly SalvagedEntry[] },
): void {
  const { row, entries } = batch;
  const { firstIndex: first, lastIndex: last, lastTerm } = row;
  const hasEntries = (row.flags & ROW_FLAG_ENTRIES) !== 0;
  // Also covers entries before the first one, if an earlier batch is lost, too.
  const holeStart = hasEntries ? Math.min(first, group.lastIndex + 1) : group.lastIndex + 1;
  if (holeStart <= last) {
    if (hasEntries) group.truncateFrom(Math.max(first, group.compactedIndex + 1));
    replay.damage(group, { first: holeStart, last }, lastTerm);
  }
  // Which of two versions of an entry was the last one cannot be told without the ones in between.
  const isOrderKnown = (row.flags & ROW_FLAG_REWRITTEN) === 0;
  for (const entry of entries) {
    const isPlaced = (entry.flags & (ENTRY_FLAG_LIVE | ENTRY_FLAG_REPAIR)) !== 0;
    const isOwn = hasEntries && isOrderKnown && entry.index >= first && entry.index <= last;
    if (isPlaced || isOwn) group.placeEntry(entry.index, entry.term, entry.place);
  }
}
