import { StateReason } from "../codec/record.ts";
import { ROW_FLAG_ENTRIES } from "../codec/record-batch.ts";
import type { BatchWriter } from "./batch-writer.ts";
import type { GroupLog } from "./group-log.ts";
import type { LogAppender } from "./log-appender.ts";
import type { UnprovenTail } from "./recovery.ts";
import type { Replay } from "./replay.ts";

/**
 * Writes the last batch again, into the new file: what was read of it may have come from the page cache only, so
 * that it may be gone after the next loss of power (Can applications recover from fsync failures, ATC 2020). Its entries
 * are copied, and each of its groups is written down whole.
 */
export function moveTail(
  tail: UnprovenTail,
  replay: Replay,
  output: { readonly writer: BatchWriter; readonly appender: LogAppender; readonly stamp: number },
): void {
  const { table } = replay;
  const tombstones = new Set(table.tombstones.keys());
  replay.touched.clear();
  replay.batch(tail, tail.recordsSize, output.stamp);
  for (const groupId of replay.touched) {
    const group = table.get(groupId);
    if (group === undefined) continue;
    moveGroup(group, tail, output.writer);
    output.appender.state(group, StateReason.Carry);
    // It is written down as it is.
    replay.harmed.delete(group);
  }
  for (const groupId of table.tombstones.keys()) {
    if (tombstones.has(groupId)) continue;
    table.tombstones.set(groupId, output.appender.tombstone(table.deletedGroup(groupId)));
  }
}

/** Copies what the log has of the group in the tail. */
function moveGroup(group: GroupLog, tail: UnprovenTail, writer: BatchWriter): void {
  const index = tail.file.indexes.get(group.groupId);
  for (let at = 0; at < (index?.count ?? 0); at++) {
    const offset = index?.offsetAt(at) ?? 0;
    const entryIndex = index?.indexAt(at) ?? 0;
    const isInLog = group.extents.find(entryIndex)?.fileSeq === tail.file.seq;
    if (offset < tail.position || !isInLog) continue;
    const size = index?.sizeAt(at) ?? 0;
    const copy = copyRecord(group, tail, writer, { offset, size });
    const { fileSeq } = copy;
    group.extents.place({ first: entryIndex, last: entryIndex, fileSeq, count: 1, bytes: size });
    copy.place(entryIndex);
    noteInRow(group, entryIndex);
  }
  const place = group.snapshotPlace;
  const isSnapshotInTail =
    place.kind === "record" && place.fileSeq === tail.file.seq && place.offset >= tail.position;
  if (!isSnapshotInTail) return;
  const copy = copyRecord(group, tail, writer, place);
  group.moveSnapshot({ ...place, fileSeq: copy.fileSeq, offset: copy.offset });
}

/** The row of the new batch tells, as the one of the old batch did, from where on entries were written. */
function noteInRow(group: GroupLog, index: number): void {
  if (index <= group.compactedIndex) return;
  const { writes } = group;
  const isFirst = (writes.flags & ROW_FLAG_ENTRIES) === 0;
  writes.flags |= ROW_FLAG_ENTRIES;
  if (isFirst || index < writes.firstIndex) writes.firstIndex = index;
}

function copyRecord(
  group: GroupLog,
  tail: UnprovenTail,
  writer: BatchWriter,
  record: { readonly offset: number; readonly size: number },
): { readonly fileSeq: number; readonly offset: number; place(index: number): void } {
  const { size } = record;
  const start = record.offset - tail.position;
  const batch = writer.begin(group, size);
  const { cursor, file } = batch;
  batch.buffer.set(tail.bytes.subarray(start, start + size), cursor);
  batch.advance(cursor + size, 1);
  const offset = batch.positionOf(cursor);
  return {
    fileSeq: file.seq,
    offset,
    place: (index) => group.noteEntry(index, { file, offset, size }),
  };
}
