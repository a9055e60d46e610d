import type { SnapshotMeta } from "../core/message.ts";
import { DecodeError } from "./decode-error.ts";
import { RecordReader, RecordWriter } from "./record-bytes.ts";
import {
  readRanges,
  readSnapshotMeta,
  writeRanges,
  writeSnapshotMeta,
} from "./record-group-image.ts";

/*
 * Payload of a SNAPSHOT record, numbers as varints:
 *   version u8 | meta | compactTo | compactTerm | stateSize | stateFile | live ranges | fetched ranges | fetched file, bytes | state
 * The state itself follows only if stateFile is 0; it ends with the record.
 */

const VERSION = 1;

/** A snapshot that was taken, or came from a peer. */
export interface SnapshotRecord {
  readonly meta: SnapshotMeta;
  /** Entries up to here are gone unless live. */
  readonly compactTo: number;
  readonly compactTerm: number;
  /** Pairs of first and last index. */
  readonly live: readonly number[];
  readonly stateSize: number;
  /** Number in the name of the file with the state; 0: the state is in the record. */
  readonly stateFile: number;
  /** Only in the record if `stateFile` is 0. */
  readonly state: Uint8Array | undefined;
  /** Live entries that came with a peer's snapshot, in a file of their own. */
  readonly fetched: FetchedEntries | undefined;
}

/** Entries in a rewritten file. */
interface FetchedEntries {
  readonly fileSeq: number;
  /** Pairs of first and last index. */
  readonly ranges: readonly number[];
  readonly bytes: number;
}

export function encodeSnapshotRecord(record: SnapshotRecord): Buffer {
  const writer = new RecordWriter(256 + (record.state?.length ?? 0));
  writer.u8(VERSION);
  writeSnapshotMeta(writer, record.meta);
  writer.varint(record.compactTo);
  writer.varint(record.compactTerm);
  writer.varint(record.stateSize);
  writer.varint(record.stateFile);
  writeRanges(writer, record.live);
  writeRanges(writer, record.fetched?.ranges ?? []);
  if (record.fetched !== undefined) {
    writer.varint(record.fetched.fileSeq);
    writer.varint(record.fetched.bytes);
  }
  if (record.state !== undefined) writer.bytes(record.state);
  return writer.finish();
}

/** `state` is a view of the payload. @throws DecodeError */
export function decodeSnapshotRecord(payload: Uint8Array): SnapshotRecord {
  const reader = new RecordReader(payload);
  const version = reader.u8();
  if (version !== VERSION) throw new DecodeError(`snapshot record of version ${version}`);
  const meta = readSnapshotMeta(reader);
  const compactTo = reader.varint();
  const compactTerm = reader.varint();
  const stateSize = reader.varint();
  const stateFile = reader.varint();
  const live = readRanges(reader);
  const ranges = readRanges(reader);
  const fetched =
    ranges.length === 0 ? undefined : { ranges, fileSeq: reader.varint(), bytes: reader.varint() };
  const state = stateFile === 0 ? reader.bytes(stateSize) : undefined;
  reader.finish();
  return { meta, compactTo, compactTerm, live, stateSize, stateFile, state, fetched };
}
