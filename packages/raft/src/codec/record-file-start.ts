import { DecodeError } from "./decode-error.ts";
import { RecordReader, RecordWriter } from "./record-bytes.ts";

/** What the first record of a hot file says: how the one before ended, and which others there are. */
export interface FileStart {
  /** Life of the node that wrote it. */
  readonly incarnation: number;
  /** 0: there is none. */
  readonly previousFileSeq: number;
  /** Where the log ends in the file before: what is behind was cut off by a recovery and never counts again. */
  readonly previousEnd: number;
  readonly previousBatchSeq: number;
  /** All hot files that there are, ascending, without this one. Others in the folder are remains. */
  readonly hotFiles: readonly number[];
}

const VERSION = 1;

export function encodeFileStart(start: FileStart): Buffer {
  const writer = new RecordWriter(64 + start.hotFiles.length * 2);
  writer.u8(VERSION);
  writer.varint(start.incarnation);
  writer.varint(start.previousFileSeq);
  writer.varint(start.previousEnd);
  writer.varint(start.previousBatchSeq);
  writer.varint(start.hotFiles.length);
  let last = 0;
  for (const fileSeq of start.hotFiles) {
    writer.varint(fileSeq - last);
    last = fileSeq;
  }
  return writer.finish();
}

/** @throws DecodeError */
export function decodeFileStart(payload: Uint8Array): FileStart {
  const reader = new RecordReader(payload);
  const version = reader.u8();
  if (version !== VERSION) throw new DecodeError(`file start of version ${version}`);
  const incarnation = reader.varint();
  const previousFileSeq = reader.varint();
  const previousEnd = reader.varint();
  const previousBatchSeq = reader.varint();
  const count = reader.count(1);
  const hotFiles: number[] = [];
  let last = 0;
  for (let position = 0; position < count; position++) {
    last += reader.varint();
    hotFiles.push(last);
  }
  reader.finish();
  return { incarnation, previousFileSeq, previousEnd, previousBatchSeq, hotFiles };
}
