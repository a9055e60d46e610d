import { entryRecordSize, writeEntryRecord } from "../codec/entry-record.ts";
import {
  BATCH_FLAG_COLD,
  BATCH_HEADER_SIZE,
  batchBodyCrc,
  batchSize,
  SECTOR_SIZE,
  writeBatchHeader,
  writeBatchTrailer,
} from "../codec/record-batch.ts";
import type { Entry } from "../core/entry.ts";
import type { GroupId } from "../core/ids.ts";
import type { Disk, DiskFile } from "../env/disk.ts";
import { EntryIndex } from "./entry-index.ts";
import { writeIndexFile } from "./index-files.ts";
import { LogFile } from "./log-file.ts";
import type { Slicer } from "./slicer.ts";
import { call, type Task } from "./task.ts";

/** Size at which a batch is written. */
const BATCH_BYTES = 256 * 1024;

/**
 * Writes a cold file: entries grouped by group, in the batches of the hot files, but without anything about the groups. The
 * file does not count before it is finished.
 */
export class ColdFileWriter {
  readonly file: LogFile;
  readonly #tools: { readonly disk: Disk; readonly slicer: Slicer; readonly stamp: number };
  readonly #full: { readonly bytes: Buffer; readonly position: number }[] = [];
  #handle: DiskFile | undefined;
  #buffer: Buffer = Buffer.alloc(0);
  #size = BATCH_HEADER_SIZE;
  #recordCount = 0;
  #position = 0;
  #batchSeq = 0;
  #lastHeadCrc = 0;
  #bufferedBytes = 0;

  constructor(
    seq: number,
    tools: { readonly disk: Disk; readonly slicer: Slicer; readonly stamp: number },
  ) {
    this.file = new LogFile(seq, "cold", 0);
    this.#tools = tools;
  }

  /** Bytes of complete batches that are not written yet. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  addEntry(groupId: GroupId, entry: Entry): void {
    const size = entryRecordSize(entry);
    this.#reserve(size);
    const index = this.file.indexes.get(groupId) ?? new EntryIndex();
    this.file.indexes.set(groupId, index);
    index.place(entry.index, this.#position + this.#size, size);
    writeEntryRecord(this.#buffer, this.#size, groupId, entry);
    this.#advance(size);
  }

  /** Any other record, as it is; returns its place. */
  addRecord(record: Uint8Array): { readonly offset: number; readonly size: number } {
    this.#reserve(record.length);
    const offset = this.#position + this.#size;
    this.#buffer.set(record, this.#size);
    this.#advance(record.length);
    return { offset, size: record.length };
  }

  /** Writes out complete batches. @throws DiskError */
  *flush(): Task<void> {
    for (let full = this.#full.shift(); full !== undefined; full = this.#full.shift()) {
      const { bytes, position } = full;
      const handle = yield* this.#open();
      yield* call((done) => handle.write(bytes, position, done));
      this.#bufferedBytes -= bytes.length;
    }
  }

  /** Makes file and index durable. @throws DiskError */
  *finish(): Task<LogFile> {
    if (this.#recordCount > 0) this.#close();
    yield* this.flush();
    const { file } = this;
    const { disk } = this.#tools;
    const handle = yield* this.#open();
    yield* call((done) => handle.sync(done));
    yield* call((done) => disk.rename(temporaryPath(file), file.path, done));
    file.end = this.#position;
    file.size = this.#position;
    file.firstBatchSeq = 1;
    file.lastBatchSeq = this.#batchSeq;
    file.lastHeadCrc = this.#lastHeadCrc;
    file.isSealed = true;
    handle.close(() => undefined);
    this.#handle = undefined;
    // It syncs the folder for both names.
    yield* writeIndexFile(file, [], this.#tools);
    return file;
  }

  /** Removes what was written, under whatever name it has. */
  *abandon(): Task<void> {
    const { disk } = this.#tools;
    this.#handle?.close(() => undefined);
    this.#handle = undefined;
    for (const path of [temporaryPath(this.file), this.file.path, this.file.indexPath]) {
      yield* call((done) => disk.remove(path, () => done(undefined)));
    }
  }

  *#open(): Task<DiskFile> {
    this.#handle ??= yield* call<DiskFile>((done) =>
      this.#tools.disk.open(temporaryPath(this.file), "create", done),
    );
    return this.#handle;
  }

  #advance(size: number): void {
    this.file.contentBytes += size;
    this.#size += size;
    this.#recordCount++;
  }

  #reserve(size: number): void {
    if (this.#recordCount > 0 && this.#size + size > BATCH_BYTES) this.#close();
    const needed = alignedSize(this.#size + size - BATCH_HEADER_SIZE);
    if (needed <= this.#buffer.length) return;
    const buffer = Buffer.alloc(Math.max(BATCH_BYTES + SECTOR_SIZE, needed));
    buffer.set(this.#buffer.subarray(0, this.#size));
    this.#buffer = buffer;
  }

  #close(): void {
    const recordsSize = this.#size - BATCH_HEADER_SIZE;
    const size = alignedSize(recordsSize);
    const { stamp } = this.#tools;
    const { seq: fileSeq } = this.file;
    this.#batchSeq++;
    const batch = { batchSeq: this.#batchSeq, rowCount: 0, copiedRowCount: 0 };
    const end = { fileSeq, stamp, position: this.#position + size };
    writeBatchTrailer(this.#buffer, size, end, batch);
    this.#lastHeadCrc = writeBatchHeader(
      this.#buffer,
      0,
      { fileSeq, stamp, position: this.#position },
      {
        ...batch,
        flags: BATCH_FLAG_COLD,
        durableSeq: 0,
        size,
        recordsSize,
        recordCount: this.#recordCount,
        previousCrc: this.#lastHeadCrc,
        bodyCrc: batchBodyCrc(this.#buffer, 0, size),
      },
    );
    this.#full.push({ bytes: this.#buffer.subarray(0, size), position: this.#position });
    this.#bufferedBytes += size;
    this.#position += size;
    this.#buffer = Buffer.alloc(0);
    this.#size = BATCH_HEADER_SIZE;
    this.#recordCount = 0;
  }
}

function alignedSize(recordsSize: number): number {
  return Math.ceil(batchSize(recordsSize, 0, 0) / SECTOR_SIZE) * SECTOR_SIZE;
}

function temporaryPath(file: LogFile): string {
  return `${file.path}.tmp`;
}
