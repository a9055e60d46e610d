import {
  BATCH_HEADER_SIZE,
  BATCH_ROW_SIZE,
  BATCH_TRAILER_SIZE,
  batchSize,
  COPIED_ROWS_MAX,
  ROW_FLAG_DELETED,
  writeBatchHeader,
  writeBatchRow,
  writeBatchTrailer,
} from "../codec/record-batch.ts";
import type { Batch } from "./batch.ts";
import type { GroupLog } from "./group-log.ts";

/** Rows of a batch, to be copied into the next one. */
export interface RowsCopy {
  readonly bytes: Buffer;
  readonly count: number;
}

/**
 * Puts everything but the header behind the records of a batch: how its groups stand now, and the trailer. Returns its
 * rows for the next batch.
 */
export function closeBatch(
  batch: Batch,
  options: {
    readonly stamp: number;
    readonly align: number;
    readonly previousRows: RowsCopy | undefined;
  },
): RowsCopy {
  const { previousRows, align } = options;
  const copied =
    previousRows !== undefined && previousRows.count <= COPIED_ROWS_MAX ? previousRows : undefined;
  batch.recordsSize = batch.size - BATCH_HEADER_SIZE;
  batch.rowCount = batch.groups.length;
  batch.copiedRowCount = copied?.count ?? 0;
  const size = batchSize(batch.recordsSize, batch.rowCount, batch.copiedRowCount);
  const recordsEnd = batch.cursor;
  batch.size = Math.ceil(size / align) * align;
  const end = batch.start + batch.size;
  const rowsStart = end - BATCH_TRAILER_SIZE - batch.rowCount * BATCH_ROW_SIZE;
  const copiedStart = rowsStart - batch.copiedRowCount * BATCH_ROW_SIZE;
  batch.buffer.fill(0, recordsEnd, copiedStart);
  if (copied !== undefined) batch.buffer.set(copied.bytes, copiedStart);
  writeRows(batch, rowsStart);
  const place = {
    fileSeq: batch.file.seq,
    position: batch.position + batch.size,
    stamp: options.stamp,
  };
  writeBatchTrailer(batch.buffer, end, place, {
    batchSeq: batch.seq,
    rowCount: batch.rowCount,
    copiedRowCount: batch.copiedRowCount,
  });
  batch.slab.used = end;
  // A copy, and only if it will be used: the slab may be another batch's by then.
  const rowsEnd = batch.rowCount <= COPIED_ROWS_MAX ? end - BATCH_TRAILER_SIZE : rowsStart;
  return { bytes: Buffer.from(batch.buffer.subarray(rowsStart, rowsEnd)), count: batch.rowCount };
}

/** Writes the header, last of all, because it says what is durable at this moment. Returns its checksum. */
export function writeHeader(
  batch: Batch,
  facts: { readonly stamp: number; readonly durableSeq: number; readonly previousCrc: number },
): number {
  const place = { fileSeq: batch.file.seq, position: batch.position, stamp: facts.stamp };
  return writeBatchHeader(batch.buffer, batch.start, place, {
    flags: batch.flags,
    batchSeq: batch.seq,
    durableSeq: facts.durableSeq,
    size: batch.size,
    recordsSize: batch.recordsSize,
    recordCount: batch.recordCount,
    rowCount: batch.rowCount,
    copiedRowCount: batch.copiedRowCount,
    previousCrc: facts.previousCrc,
    bodyCrc: batch.bodyChecksum(),
  });
}

function writeRows(batch: Batch, start: number): void {
  let at = start;
  for (const group of batch.groups) {
    writeBatchRow(batch.buffer, at, rowOf(group));
    at += BATCH_ROW_SIZE;
    // The next batch starts afresh.
    group.writes.batch = undefined;
  }
}

function rowOf(group: GroupLog): Parameters<typeof writeBatchRow>[2] {
  const { writes } = group;
  return {
    groupId: group.groupId,
    flags: writes.flags | (group.isDeleted ? ROW_FLAG_DELETED : 0),
    firstIndex: writes.firstIndex,
    lastIndex: group.lastIndex,
    lastTerm: group.lastTerm,
    currentTerm: group.currentTerm,
    votedFor: group.votedFor,
    commitIndex: group.commitIndex,
    promiseIndex: group.promise.index,
    promiseTerm: group.promise.term,
    snapshotIndex: group.snapshot.index,
    snapshotTerm: group.snapshot.term,
  };
}
