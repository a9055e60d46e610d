import { crc32 } from "../codec/crc32.ts";
import { continueWithEntry } from "../codec/entry-record.ts";
import { BATCH_HEADER_SIZE } from "../codec/record-batch.ts";
import type { Entry } from "../core/entry.ts";
import type { GroupId } from "../core/ids.ts";
import type { GroupLog } from "./group-log.ts";
import type { LogFile } from "./log-file.ts";
import type { Slab } from "./slab.ts";

/** From this size of data on, going on with an entry's checksum is quicker than another pass over its bytes. */
const KNOWN_CHECKSUM_BYTES = 4096;

/** Records that are, or will be, written together; built in place, in a slab. */
export class Batch {
  readonly seq: number;
  readonly file: LogFile;
  /** In the file. */
  readonly position: number;
  slab: Slab;
  /** Where it starts in the slab. */
  start: number;
  /** Bytes so far, with the header; the whole size once it is closed. */
  size: number = BATCH_HEADER_SIZE;
  recordCount = 0;
  recordsSize = 0;
  /** For the header, when closed. */
  rowCount = 0;
  copiedRowCount = 0;
  flags = 0;
  /** It is the last one of its file. */
  isLastInFile = false;
  readonly groups: GroupLog[] = [];
  /** The newest append of each group, in the order of `groups`; 0: none. */
  readonly appendSeqs: number[] = [];
  /** To be called when it is durable. */
  readonly callbacks: (() => void)[] = [];
  /** Checksum of the body's first bytes, up to `#checkedSize` of the batch. */
  #checksum = 0;
  #checkedSize = BATCH_HEADER_SIZE;

  constructor(seq: number, file: LogFile, position: number, slab: Slab) {
    this.seq = seq;
    this.file = file;
    this.position = position;
    this.slab = slab;
    this.start = slab.used;
    slab.pins++;
  }

  /** Nothing to write and nobody waiting. */
  get isEmpty(): boolean {
    return this.recordCount === 0 && this.groups.length === 0 && this.callbacks.length === 0;
  }

  get buffer(): Buffer {
    return this.slab.buffer;
  }

  /** Bytes of its records, while it is being built. */
  get recordsSizeSoFar(): number {
    return this.size - BATCH_HEADER_SIZE;
  }

  /** Where the next record goes in the slab. */
  get cursor(): number {
    return this.start + this.size;
  }

  /** Position in the file of an offset in the slab. */
  positionOf(offset: number): number {
    return this.position + offset - this.start;
  }

  /** Records were written up to `end` of the slab. */
  advance(end: number, count: number): void {
    this.size = end - this.start;
    this.recordCount += count;
    this.slab.used = end;
  }

  /** The record of `entry` was written up to `end` of the slab: its own checksum spares a pass over its data later. */
  noteEntry(groupId: GroupId, entry: Entry, end: number): void {
    const { length } = entry.data;
    if (length < KNOWN_CHECKSUM_BYTES) return;
    const before = this.#checksumTo(end - length);
    this.#checksum = continueWithEntry(before, groupId, entry);
    this.#checkedSize = end - this.start;
  }

  /** Of all behind the header, when that is complete. */
  bodyChecksum(): number {
    return this.#checksumTo(this.start + this.size);
  }

  #checksumTo(end: number): number {
    return crc32(this.buffer.subarray(this.start + this.#checkedSize, end), this.#checksum);
  }
}
