import { DecodeError } from "../codec/decode-error.ts";
import { RecordType, readControlRecord } from "../codec/record.ts";
import {
  BATCH_HEADER_SIZE,
  type BatchHeader,
  batchBodyCrc,
  readBatchHeader,
  SECTOR_SIZE,
} from "../codec/record-batch.ts";
import { decodeFileStart, type FileStart } from "../codec/record-file-start.ts";
import type { LogFile } from "./log-file.ts";
import type { ScanReader } from "./scan-reader.ts";
import type { Task } from "./task.ts";

/** A batch, or a part of the file where none can be found. */
export interface BatchSpan {
  readonly position: number;
  readonly size: number;
  readonly header: BatchHeader | undefined;
  /** Its checksum is right. */
  readonly isIntact: boolean;
}

/** What is in a file of batches, going by the batches alone. */
export interface FileScan {
  readonly file: LogFile;
  /** In order, without gaps, up to the end of the last batch with a header. */
  readonly spans: readonly BatchSpan[];
  /** What the first record says; undefined if it cannot be read. */
  readonly start: FileStart | undefined;
}

/** Finds all batches of a file. Damage only means that others are looked for behind it. */
export function* scanFile(file: LogFile, reader: ScanReader, stamp: number): Task<FileScan> {
  const spans: BatchSpan[] = [];
  let start: FileStart | undefined;
  let lastSeq = 0;
  let position = 0;
  let gapStart = 0;
  while (position + BATCH_HEADER_SIZE <= reader.size) {
    const place = { fileSeq: file.seq, stamp, position };
    const head = yield* reader.view(position, BATCH_HEADER_SIZE);
    const header = readBatchHeader(head, 0, place);
    const fits = header !== undefined && position + header.size <= reader.size;
    if (header === undefined || !fits || header.batchSeq <= lastSeq) {
      position += SECTOR_SIZE;
      continue;
    }
    if (position > gapStart) spans.push(gap(gapStart, position));
    const bytes = yield* reader.view(position, header.size);
    const isIntact = batchBodyCrc(bytes, 0, header.size) === header.bodyCrc;
    if (position === 0 && isIntact) start = fileStartOf(bytes);
    spans.push({ position, size: header.size, header, isIntact });
    lastSeq = header.batchSeq;
    position += header.size;
    gapStart = position;
  }
  return { file, spans, start };
}

/** What the first batch of a file says; undefined if it cannot be read. */
export function* readFileStart(
  file: LogFile,
  reader: ScanReader,
  stamp: number,
): Task<FileStart | undefined> {
  const head = yield* reader.view(0, BATCH_HEADER_SIZE);
  const header = readBatchHeader(head, 0, { fileSeq: file.seq, stamp, position: 0 });
  if (header === undefined || header.size > reader.size) return undefined;
  const bytes = yield* reader.view(0, header.size);
  return batchBodyCrc(bytes, 0, header.size) === header.bodyCrc ? fileStartOf(bytes) : undefined;
}

export function gap(position: number, end: number): BatchSpan {
  return { position, size: end - position, header: undefined, isIntact: false };
}

function fileStartOf(batch: Buffer): FileStart | undefined {
  const record = readControlRecord(batch, BATCH_HEADER_SIZE, batch.length);
  if (record?.type !== RecordType.FileStart) return undefined;
  try {
    return decodeFileStart(record.payload);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
