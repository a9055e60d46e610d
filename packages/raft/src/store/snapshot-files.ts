import { crc32 } from "../codec/crc32.ts";
import { DecodeError } from "../codec/decode-error.ts";
import {
  decodeSnapshotEnd,
  encodeSnapshotEnd,
  SNAPSHOT_BLOCK_SIZE,
  type SnapshotDescription,
  snapshotBlockCount,
} from "../codec/record-snapshot-file.ts";
import type { GroupId } from "../core/ids.ts";
import type { SnapshotMeta } from "../core/message.ts";
import type { Disk, DiskFile } from "../env/disk.ts";
import { readFully } from "./read-fully.ts";
import { call, type Task } from "./task.ts";

/** Folder of snapshots that are too large for the log. */
export const SNAPSHOT_DIRECTORY = "snap";

/** Bytes collected before they are written. */
const PIECE_BYTES = 4 * SNAPSHOT_BLOCK_SIZE;

/** One flat folder: a folder for each group would have to be listed at each start, and could not be removed. */
export function snapshotPath(groupId: GroupId, meta: SnapshotMeta, fileSeq: number): string {
  return `${SNAPSHOT_DIRECTORY}/${groupId}-${meta.index}-${meta.term}-${fileSeq}.snap`;
}

/** The file's number in the name of a snapshot; undefined for other names. */
export function parseSnapshotName(name: string): number | undefined {
  const match = /^\d+-\d+-\d+-(\d+)\.snap$/.exec(name);
  return match === null ? undefined : Number(match[1]);
}

/** Writes the state of a snapshot piece by piece. The file does not count before a record in the log names it. */
export class SnapshotFileWriter {
  /** Number of the file, from the same sequence as those of the log. */
  readonly fileSeq: number;
  readonly #disk: Disk;
  readonly #description: Omit<SnapshotDescription, "stateSize">;
  readonly #path: string;
  readonly #checksums: number[] = [];
  #pieces: Uint8Array[] = [];
  #pieceBytes = 0;
  #blockCrc = 0;
  #blockSize = 0;
  #size = 0;
  #written = 0;
  #handle: DiskFile | undefined;

  constructor(disk: Disk, fileSeq: number, description: Omit<SnapshotDescription, "stateSize">) {
    this.fileSeq = fileSeq;
    this.#disk = disk;
    this.#description = description;
    this.#path = snapshotPath(description.groupId, description.meta, fileSeq);
  }

  /** Bytes of the state so far. */
  get size(): number {
    return this.#size;
  }

  get bufferedBytes(): number {
    return this.#pieceBytes;
  }

  /** Whether enough is collected that `flush` should be called. */
  get isFull(): boolean {
    return this.#pieceBytes >= PIECE_BYTES;
  }

  /** `bytes` must not change afterwards. */
  add(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
    this.#pieceBytes += bytes.length;
    this.#size += bytes.length;
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + SNAPSHOT_BLOCK_SIZE - this.#blockSize);
      this.#blockCrc = crc32(part, this.#blockCrc);
      this.#blockSize += part.length;
      at += part.length;
      if (this.#blockSize === SNAPSHOT_BLOCK_SIZE) this.#endBlock();
    }
  }

  /** @throws DiskError */
  *flush(): Task<void> {
    if (this.#pieceBytes === 0) return;
    const bytes = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#pieceBytes = 0;
    const handle = yield* this.#open();
    const position = this.#written;
    this.#written += bytes.length;
    yield* call((done) => handle.write(bytes, position, done));
  }

  /** Makes contents and name durable. @throws DiskError */
  *finish(): Task<void> {
    yield* this.flush();
    if (this.#blockSize > 0) this.#endBlock();
    const handle = yield* this.#open();
    const end = encodeSnapshotEnd(this.#checksums, { ...this.#description, stateSize: this.#size });
    yield* call((done) => handle.write(end, this.#size, done));
    yield* call((done) => handle.sync(done));
    handle.close(() => undefined);
    this.#handle = undefined;
    yield* call((done) => this.#disk.rename(`${this.#path}.tmp`, this.#path, done));
    yield* call((done) => this.#disk.syncDirectory(SNAPSHOT_DIRECTORY, done));
  }

  /** Removes what was written, under whatever name it has. */
  *abandon(): Task<void> {
    this.#handle?.close(() => undefined);
    this.#handle = undefined;
    for (const path of [`${this.#path}.tmp`, this.#path]) {
      yield* call((done) => this.#disk.remove(path, () => done(undefined)));
    }
  }

  #endBlock(): void {
    this.#checksums.push(this.#blockCrc);
    this.#blockCrc = 0;
    this.#blockSize = 0;
  }

  *#open(): Task<DiskFile> {
    if (this.#handle !== undefined) return this.#handle;
    const path = `${this.#path}.tmp`;
    yield* call((done) => this.#disk.remove(path, () => done(undefined)));
    this.#handle = yield* call<DiskFile>((done) => this.#disk.open(path, "create", done));
    return this.#handle;
  }
}

/** A snapshot file that was opened and whose description is right. */
export class SnapshotFileReader {
  readonly #handle: DiskFile;
  readonly #checksums: readonly number[];
  readonly size: number;
  #runningReads = 0;
  #isClosing = false;

  constructor(handle: DiskFile, checksums: readonly number[], size: number) {
    this.#handle = handle;
    this.#checksums = checksums;
    this.size = size;
  }

  /** @throws DecodeError if it is damaged or another one; DiskError */
  static *open(
    disk: Disk,
    fileSeq: number,
    expected: SnapshotDescription,
  ): Task<SnapshotFileReader> {
    const { stateSize } = expected;
    const path = snapshotPath(expected.groupId, expected.meta, fileSeq);
    const handle = yield* call<DiskFile>((done) => disk.open(path, "read", done));
    try {
      const fileSize = yield* call<number>((done) => handle.size(done));
      const least = stateSize + snapshotBlockCount(stateSize) * 4;
      if (fileSize < least) throw new DecodeError("a snapshot is cut short");
      const end = yield* readFully(handle, stateSize, fileSize - stateSize);
      const { checksums, description } = decodeSnapshotEnd(end, stateSize);
      if (!isSame(description, expected)) throw new DecodeError("another snapshot");
      return new SnapshotFileReader(handle, checksums, stateSize);
    } catch (error) {
      handle.close(() => undefined);
      throw error;
    }
  }

  /** Up to `maxBytes` of the state; fewer only at the end. @throws DecodeError if they are damaged; DiskError */
  *read(position: number, maxBytes: number): Task<Uint8Array> {
    const end = Math.min(this.size, position + maxBytes);
    if (position >= end) return new Uint8Array(0);
    const firstBlock = Math.floor(position / SNAPSHOT_BLOCK_SIZE);
    const start = firstBlock * SNAPSHOT_BLOCK_SIZE;
    const blocksEnd = Math.min(
      this.size,
      Math.ceil(end / SNAPSHOT_BLOCK_SIZE) * SNAPSHOT_BLOCK_SIZE,
    );
    const bytes = yield* this.#readBlocks(start, blocksEnd - start);
    for (let at = 0, block = firstBlock; at < bytes.length; at += SNAPSHOT_BLOCK_SIZE, block++) {
      const checksum = crc32(bytes.subarray(at, at + SNAPSHOT_BLOCK_SIZE));
      if (checksum !== this.#checksums[block]) throw new DecodeError("a snapshot is damaged");
    }
    return bytes.subarray(position - start, end - start);
  }

  /** Reads that are running come to their end before. */
  close(): void {
    this.#isClosing = true;
    if (this.#runningReads === 0) this.#handle.close(() => undefined);
  }

  *#readBlocks(start: number, size: number): Task<Buffer> {
    this.#runningReads++;
    try {
      return yield* readFully(this.#handle, start, size);
    } finally {
      this.#runningReads--;
      if (this.#isClosing) this.close();
    }
  }
}

function isSame(a: SnapshotDescription, b: SnapshotDescription): boolean {
  return (
    a.stamp === b.stamp &&
    a.groupId === b.groupId &&
    a.stateSize === b.stateSize &&
    a.meta.index === b.meta.index &&
    a.meta.term === b.meta.term
  );
}
