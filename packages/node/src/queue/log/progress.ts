import { COMMAND_PROGRESS, refuseVersion } from "./command-type.ts";
import { VarintReader, VarintWriter } from "./varint.ts";

/** What became of messages of a durable queue since the last one: a command of its log. Proposed by the leader. */
export interface Progress {
  /** Left the queue: all live messages of the level with first <= ref <= last. */
  readonly removed: readonly RefRange[];
  /** Every message of the level up to `ref` was handed out at least once. */
  readonly delivered: readonly DeliveredMark[];
  /** One message came back, and `count` times in all. Without effect if it left in the meantime. */
  readonly returned: readonly ReturnedMessage[];
}

export interface RefRange {
  readonly level: number;
  readonly first: number;
  readonly last: number;
}

export interface DeliveredMark {
  readonly level: number;
  readonly ref: number;
}

export interface ReturnedMessage {
  readonly level: number;
  readonly ref: number;
  readonly count: number;
}

/** Most that a return count can say. */
export const RETURN_COUNT_MAX: number = 2 ** 32 - 2;

const PROGRESS_VERSION = 1;
/** A range takes a level and two numbers, a mark one, a return two: at least. */
const RANGE_SIZE_MIN = 3;
const MARK_SIZE_MIN = 2;
const RETURN_SIZE_MIN = 3;

/**
 * type u8 = 2, version u8 = 1, then three lists, each after its length: removed (level u8, first, last - first), delivered (level u8,
 * ref), returned (level u8, ref, count). Numbers are varints; first and ref stand as the signed difference to the last ref before.
 * @throws RangeError if it says what no progress can say
 */
export function encodeProgress(progress: Progress): Uint8Array {
  const writer = new VarintWriter();
  writer.byte(COMMAND_PROGRESS);
  writer.byte(PROGRESS_VERSION);
  let previous = 0;
  writer.unsigned(progress.removed.length);
  for (const { level, first, last } of progress.removed) {
    writeRef(writer, level, first, previous);
    writer.unsigned(last - first);
    previous = last;
  }
  writer.unsigned(progress.delivered.length);
  for (const { level, ref } of progress.delivered) {
    writeRef(writer, level, ref, previous);
    previous = ref;
  }
  writer.unsigned(progress.returned.length);
  for (const { level, ref, count } of progress.returned) {
    writeRef(writer, level, ref, previous);
    if (count > RETURN_COUNT_MAX) throw new RangeError(`a return count of ${count}`);
    writer.unsigned(count);
    previous = ref;
  }
  return writer.take();
}

/** @throws Error if the bytes are no progress, or one of a newer version */
export function decodeProgress(bytes: Uint8Array): Progress {
  const reader = new VarintReader(bytes);
  const type = reader.byte();
  if (type !== COMMAND_PROGRESS) throw new Error(`command ${type} of the queue log is no progress`);
  const version = reader.byte();
  if (version !== PROGRESS_VERSION) refuseVersion(COMMAND_PROGRESS, version);
  const refs = new RefReader(reader);
  const removed = readList(reader, RANGE_SIZE_MIN, () => refs.range());
  const delivered = readList(reader, MARK_SIZE_MIN, () => refs.mark());
  const returned = readList(reader, RETURN_SIZE_MIN, (): ReturnedMessage => {
    const { level, ref } = refs.mark();
    const count = reader.unsigned();
    if (count > RETURN_COUNT_MAX) throw new Error(`a return count of ${count}`);
    return { level, ref, count };
  });
  if (reader.rest > 0) throw new Error(`${reader.rest} bytes follow a progress`);
  return { removed, delivered, returned };
}

function writeRef(writer: VarintWriter, level: number, ref: number, previous: number): void {
  if (!Number.isInteger(level) || level < 0 || level > 255) {
    throw new RangeError(`level ${level}`);
  }
  if (!Number.isSafeInteger(ref) || ref < 0) throw new RangeError(`ref ${ref}`);
  writer.byte(level);
  writer.signed(ref - previous);
}

/** Follows the differences between refs. */
class RefReader {
  readonly #reader: VarintReader;
  #previous = 0;

  constructor(reader: VarintReader) {
    this.#reader = reader;
  }

  mark(): DeliveredMark {
    const level = this.#reader.byte();
    return { level, ref: this.#move(this.#reader.signed()) };
  }

  range(): RefRange {
    const { level, ref: first } = this.mark();
    return { level, first, last: this.#move(this.#reader.unsigned()) };
  }

  #move(by: number): number {
    const ref = this.#previous + by;
    if (!Number.isSafeInteger(ref) || ref < 0) throw new Error(`a ref of ${ref}`);
    this.#previous = ref;
    return ref;
  }
}

function readList<T>(reader: VarintReader, itemSizeMin: number, read: () => T): T[] {
  const count = reader.unsigned();
  if (count * itemSizeMin > reader.rest) throw new Error(`${count} items in ${reader.rest} bytes`);
  return Array.from({ length: count }, read);
}
