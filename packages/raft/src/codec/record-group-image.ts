import type { ConfState } from "../core/conf-state.ts";
import type { HardState, LogPosition } from "../core/hard-state.ts";
import type { GroupId, ReplicaId } from "../core/ids.ts";
import type { SnapshotMeta } from "../core/message.ts";
import { confStateSize, readConfState, writeConfState } from "./conf-state-codec.ts";
import { DecodeError } from "./decode-error.ts";
import type { RecordReader, RecordWriter } from "./record-bytes.ts";

/** Where a snapshot's state is. */
export type SnapshotPlace =
  /** There is no state: the group starts from nothing. */
  | { readonly kind: "none" }
  /** In a SNAPSHOT record: `size` is the record's. */
  | {
      readonly kind: "record";
      readonly fileSeq: number;
      readonly offset: number;
      readonly size: number;
    }
  /** In a file of its own; `fileSeq` is part of its name. */
  | { readonly kind: "file"; readonly fileSeq: number; readonly size: number };

/**
 * Everything the store knows about a group at one point of the log. The lists of numbers are flat:
 * `holes` and `live` are pairs of first and last index, `terms` pairs of first index and term (0: unknown), `extents` five numbers
 * each: first and last index, file, count of entries, bytes.
 */
export interface GroupImage {
  readonly groupId: GroupId;
  readonly epoch: number;
  readonly replicaId: ReplicaId;
  readonly isHardStateLost: boolean;
  readonly isSnapshotDamaged: boolean;
  readonly hardState: HardState;
  readonly snapshot: SnapshotMeta;
  readonly snapshotPlace: SnapshotPlace;
  readonly compactedIndex: number;
  readonly compactedTerm: number;
  readonly lastIndex: number;
  /** Index 0: none. */
  readonly promise: LogPosition;
  /** Number of the hot file with the newest record of the group's whole state. */
  readonly stateFile: number;
  /** Forced recovery: the snapshot's members hold up to here whatever the log says. 0: no. */
  readonly forcedIndex: number;
  readonly holes: readonly number[];
  readonly live: readonly number[];
  readonly terms: readonly number[];
  readonly extents: readonly number[];
}

/** Numbers of one extent in {@link GroupImage}. */
export const EXTENT_STRIDE = 5;

const IMAGE_VERSION = 1;
const FLAG_HARD_STATE_LOST = 1;
const FLAG_SNAPSHOT_DAMAGED = 2;

const PLACE_NONE = 0;
const PLACE_RECORD = 1;
const PLACE_FILE = 2;

export function writeGroupImage(writer: RecordWriter, image: GroupImage): void {
  writer.u8(IMAGE_VERSION);
  writer.varint(image.groupId);
  writer.u8(
    (image.isHardStateLost ? FLAG_HARD_STATE_LOST : 0) |
      (image.isSnapshotDamaged ? FLAG_SNAPSHOT_DAMAGED : 0),
  );
  writer.varint(image.epoch);
  writer.u32(image.replicaId);
  writer.varint(image.hardState.currentTerm);
  writer.u32(image.hardState.votedFor);
  writer.varint(image.hardState.commitIndex);
  writeSnapshotMeta(writer, image.snapshot);
  writePlace(writer, image.snapshotPlace);
  writer.varint(image.compactedIndex);
  writer.varint(image.compactedTerm);
  writer.varint(image.lastIndex);
  writer.varint(image.promise.index);
  writer.varint(image.promise.term);
  writer.varint(image.stateFile);
  writer.varint(image.forcedIndex);
  writeRanges(writer, image.holes);
  writeRanges(writer, image.live);
  writeNumbers(writer, image.terms, 2);
  writeNumbers(writer, image.extents, EXTENT_STRIDE);
}

/** @throws DecodeError */
export function readGroupImage(reader: RecordReader): GroupImage {
  const version = reader.u8();
  if (version !== IMAGE_VERSION) throw new DecodeError(`group state of version ${version}`);
  const groupId = reader.varint();
  const flags = reader.u8();
  return {
    groupId,
    isHardStateLost: (flags & FLAG_HARD_STATE_LOST) !== 0,
    isSnapshotDamaged: (flags & FLAG_SNAPSHOT_DAMAGED) !== 0,
    epoch: reader.varint(),
    replicaId: reader.u32(),
    hardState: {
      currentTerm: reader.varint(),
      votedFor: reader.u32(),
      commitIndex: reader.varint(),
    },
    snapshot: readSnapshotMeta(reader),
    snapshotPlace: readPlace(reader),
    compactedIndex: reader.varint(),
    compactedTerm: reader.varint(),
    lastIndex: reader.varint(),
    promise: readPromise(reader),
    stateFile: reader.varint(),
    forcedIndex: reader.varint(),
    holes: readRanges(reader),
    live: readRanges(reader),
    terms: readNumbers(reader, 2),
    extents: readNumbers(reader, EXTENT_STRIDE),
  };
}

function readPromise(reader: RecordReader): LogPosition {
  const index = reader.varint();
  return { index, term: reader.varint() };
}

export function writeSnapshotMeta(writer: RecordWriter, meta: SnapshotMeta): void {
  writer.varint(meta.index);
  writer.varint(meta.term);
  writeConf(writer, meta.conf);
}

/** @throws DecodeError */
export function readSnapshotMeta(reader: RecordReader): SnapshotMeta {
  const index = reader.varint();
  const term = reader.varint();
  return { index, term, conf: readConf(reader) };
}

function writeConf(writer: RecordWriter, conf: ConfState): void {
  const bytes = Buffer.allocUnsafe(confStateSize(conf));
  writeConfState(bytes, 0, conf);
  writer.varint(bytes.length);
  writer.bytes(bytes);
}

function readConf(reader: RecordReader): ConfState {
  const bytes = reader.bytes(reader.varint());
  return readConfState(bytes, 0, bytes.length);
}

function writePlace(writer: RecordWriter, place: SnapshotPlace): void {
  switch (place.kind) {
    case "none":
      writer.u8(PLACE_NONE);
      return;
    case "record":
      writer.u8(PLACE_RECORD);
      writer.varint(place.fileSeq);
      writer.varint(place.offset);
      writer.varint(place.size);
      return;
    case "file":
      writer.u8(PLACE_FILE);
      writer.varint(place.fileSeq);
      writer.varint(place.size);
      return;
    default:
      place satisfies never;
  }
}

/** @throws DecodeError */
function readPlace(reader: RecordReader): SnapshotPlace {
  const kind = reader.u8();
  switch (kind) {
    case PLACE_NONE:
      return { kind: "none" };
    case PLACE_RECORD:
      return {
        kind: "record",
        fileSeq: reader.varint(),
        offset: reader.varint(),
        size: reader.varint(),
      };
    case PLACE_FILE:
      return { kind: "file", fileSeq: reader.varint(), size: reader.varint() };
    default:
      throw new DecodeError(`snapshot place of kind ${kind}`);
  }
}

/** Ascending, disjoint ranges as distances, which are small. */
export function writeRanges(writer: RecordWriter, ranges: readonly number[]): void {
  writer.varint(ranges.length / 2);
  let last = 0;
  for (const bound of ranges) {
    writer.varint(bound - last);
    last = bound;
  }
}

/** @throws DecodeError unless ranges are ascending and disjoint */
export function readRanges(reader: RecordReader): number[] {
  const count = reader.count(2);
  const ranges: number[] = [];
  let last = 0;
  for (let position = 0; position < count * 2; position++) {
    const distance = reader.varint();
    const isOverlapping = position % 2 === 0 && position > 0 && distance === 0;
    last += distance;
    if (isOverlapping || last > Number.MAX_SAFE_INTEGER) throw new DecodeError("ranges overlap");
    ranges.push(last);
  }
  return ranges;
}

function writeNumbers(writer: RecordWriter, numbers: readonly number[], stride: number): void {
  writer.varint(numbers.length / stride);
  for (const value of numbers) writer.varint(value);
}

function readNumbers(reader: RecordReader, stride: number): number[] {
  const count = reader.count(stride) * stride;
  const numbers: number[] = [];
  for (let position = 0; position < count; position++) numbers.push(reader.varint());
  return numbers;
}
