import { RECORD_HEADER_SIZE, RecordType, writeRecord } from "../codec/record.ts";
import {
  BATCH_FLAG_AFTER_MARKER,
  BATCH_FLAG_MARKER,
  batchSize,
  COPIED_ROWS_MAX,
} from "../codec/record-batch.ts";
import { encodeFileStart, type FileStart } from "../codec/record-file-start.ts";
import type { Timers } from "../env/clock.ts";
import type { DiskError } from "../env/disk.ts";
import type { RaftLimits } from "../limits.ts";
import { Batch } from "./batch.ts";
import { closeBatch, type RowsCopy, writeHeader } from "./batch-layout.ts";
import type { BodyCache } from "./body-cache.ts";
import { EvidenceTimer } from "./evidence-timer.ts";
import type { GroupLog } from "./group-log.ts";
import type { LogFile } from "./log-file.ts";
import { captureImage, SealJob } from "./seal-job.ts";
import type { Slab } from "./slab.ts";

/** What the writer needs from the rest of the store. */
export interface BatchWriterDependencies {
  readonly stamp: number;
  readonly incarnation: number;
  readonly limits: RaftLimits;
  readonly timers: Timers;
  readonly cache: BodyCache;
  /** The hot file to go on with. It may not be on the disk yet: then `pump` is called when it is. */
  nextFile(): LogFile;
  /** Numbers of all hot files, ascending. */
  hotFiles(): readonly number[];
  onDurable(batch: Batch): void;
  /** All batches of a file are durable, and no other will be added. */
  onSealed(job: SealJob): void;
  onFatal(error: Error): void;
}

/** Where a former life of the node left off. */
export interface LogEnd {
  /** Undefined: there was none. */
  readonly file: { readonly seq: number; readonly end: number } | undefined;
  readonly batchSeq: number;
  /** That batch is a marker: nothing is lost if it cannot be found any more. */
  readonly isMarker: boolean;
}

/**
 * Collects records into batches and writes them, one write at a time: while one is on its way, the next one fills. The
 * place of every record is known from the moment it is encoded, so that indexes never change afterwards.
 */
export class BatchWriter {
  readonly #deps: BatchWriterDependencies;
  readonly #evidence: EvidenceTimer;
  #building: Batch;
  #queue: Batch[] = [];
  #queueBytes = 0;
  #writing: Batch | undefined;
  #durableSeq: number;
  #nextSeq: number;
  #lastHeadCrc = 0;
  #lastRows: RowsCopy | undefined;
  #lastSize = 0;
  #isAfterMarker = false;
  #touched: GroupLog[] = [];
  /** Files whose last batch is not durable yet. */
  #sealing: SealJob[] = [];
  #isStopped = false;
  #isHolding = true;
  #onIdle: (() => void) | undefined;

  constructor(deps: BatchWriterDependencies, end: LogEnd) {
    this.#deps = deps;
    this.#evidence = new EvidenceTimer(deps.timers, deps.limits.evidenceDelayMs, () =>
      this.#writeMarker(),
    );
    this.#durableSeq = end.batchSeq;
    this.#nextSeq = end.batchSeq + 1;
    this.#isAfterMarker = end.isMarker;
    this.#building = this.#startFile(deps.nextFile(), end.file);
  }

  /** Bytes that wait behind the batch being written. */
  get queuedBytes(): number {
    return this.#queueBytes + (this.#building.isEmpty ? 0 : this.#building.size);
  }

  /** The hot file to which records go now. */
  get file(): LogFile {
    return this.#building.file;
  }

  /**
   * Makes room for records of `group` of `size` bytes in all, which the caller then writes at the batch's cursor. Has to be
   * called before the group's state is changed.
   */
  begin(group: GroupLog, size: number): Batch {
    const batch = this.#room(size);
    const { writes } = group;
    if (writes.seal !== undefined) captureImage(group);
    if (writes.touchedFile !== batch.file.seq) {
      writes.touchedFile = batch.file.seq;
      this.#touched.push(group);
    }
    if (writes.batch !== batch) {
      writes.batch = batch;
      writes.slot = batch.groups.length;
      writes.firstIndex = 0;
      writes.flags = 0;
      batch.groups.push(group);
      batch.appendSeqs.push(0);
    }
    return batch;
  }

  /** Until this is called, everything goes into the first batch, however large: all of it counts, or nothing. */
  release(): void {
    this.#isHolding = false;
  }

  /** As `begin`, for records that belong to no group. */
  beginNode(size: number): Batch {
    return this.#room(size);
  }

  /** Starts a write if none is under way and there is something to write. */
  pump(): void {
    if (this.#writing !== undefined || this.#isStopped || this.#isHolding) return;
    if (this.#queue.length === 0 && !this.#building.isEmpty) this.#close();
    const batch = this.#queue[0];
    if (batch === undefined) {
      this.#reportIdle();
      return;
    }
    if (batch.file.handle === undefined) return;
    this.#queue.shift();
    this.#queueBytes -= batch.size;
    this.#write(batch);
  }

  /** Nothing is being written or waits to be. */
  get isIdle(): boolean {
    return this.#writing === undefined && this.#queue.length === 0 && this.#building.isEmpty;
  }

  /** The file to write to next is not there yet. */
  get isBlocked(): boolean {
    const [next] = this.#queue;
    return this.#writing === undefined && next !== undefined && next.file.handle === undefined;
  }

  /** Calls back when everything handed over so far is durable. */
  whenIdle(done: () => void): void {
    this.#onIdle = done;
    this.pump();
  }

  /** Ends the present file, without starting another: for a clean stop, when all is durable. */
  seal(): SealJob {
    const { file } = this.#building;
    file.isSealed = true;
    const job = new SealJob(file, this.#touched);
    this.#touched = [];
    return job;
  }

  /** No write is started any more, no callback follows. */
  stop(): void {
    this.#isStopped = true;
    this.#evidence.stop();
  }

  #room(size: number): Batch {
    const { batchMaxBytes, batchMaxRecords } = this.#deps.limits;
    const { size: bytes, recordCount } = this.#building;
    const isFull = bytes + size > batchMaxBytes || recordCount >= batchMaxRecords;
    if (isFull && !this.#isHolding && this.#building.groups.length > 0) this.#close();
    if (!this.#isHolding && !this.#fits(size)) this.#switchFile();
    this.#reserve(size);
    return this.#building;
  }

  #fits(size: number): boolean {
    const batch = this.#building;
    const needed = this.#alignedSize(batch, size);
    if (batch.position + needed <= batch.file.size) return true;
    // Larger than any file: it gets one of its own, which grows.
    return batch.position === 0 && batch.groups.length === 0;
  }

  /** Size of the batch with `more` bytes of one more group. */
  #alignedSize(batch: Batch, more: number): number {
    const align = this.#deps.limits.batchAlignBytes;
    const size = batchSize(batch.recordsSizeSoFar + more, batch.groups.length + 1, COPIED_ROWS_MAX);
    return Math.ceil(size / align) * align;
  }

  /** Moves the batch to a larger slab if it would not fit into what is left of this one. */
  #reserve(size: number): void {
    const batch = this.#building;
    const needed = this.#alignedSize(batch, size);
    const room = batch.slab.buffer.length - batch.start;
    // Batches under load are alike: one that is likely not to fit starts in a new slab, instead of being moved there later.
    const isFirst = batch.recordCount === 0 && size > 0;
    const isMisfit = isFirst && batch.start > 0 && room < this.#lastSize;
    if (needed <= room && !isMisfit) return;
    const old = batch.slab;
    const slab = this.#deps.cache.add(batch.file, batch.position, needed);
    slab.buffer.set(old.buffer.subarray(batch.start, batch.cursor));
    // Of the batch, and as the slab in use.
    old.pins -= 2;
    slab.pins++;
    old.used = batch.start;
    slab.used = batch.size;
    if (batch.start === 0) this.#deps.cache.remove(old);
    batch.slab = slab;
    batch.start = 0;
  }

  /** Completes the batch being built, queues it and starts the next one behind it. */
  #close(flags = 0): void {
    const batch = this.#building;
    batch.flags = flags | (this.#isAfterMarker ? BATCH_FLAG_AFTER_MARKER : 0);
    this.#isAfterMarker = (flags & BATCH_FLAG_MARKER) !== 0;
    this.#reserve(0);
    this.#lastRows = closeBatch(batch, {
      stamp: this.#deps.stamp,
      align: this.#deps.limits.batchAlignBytes,
      previousRows: this.#lastRows,
    });
    this.#lastSize = batch.size;
    batch.file.end = batch.position + batch.size;
    batch.file.lastBatchSeq = batch.seq;
    batch.file.size = Math.max(batch.file.size, batch.file.end);
    this.#queue.push(batch);
    this.#queueBytes += batch.size;
    this.#building = this.#startBatch(batch.file, batch.slab);
  }

  #startBatch(file: LogFile, slab: Slab): Batch {
    return new Batch(this.#nextSeq++, file, slab.position + slab.used, slab);
  }

  #switchFile(): void {
    if (!this.#building.isEmpty) this.#close();
    const { file } = this.#building;
    const last = this.#queue.at(-1) ?? this.#writing;
    file.isSealed = true;
    const job = new SealJob(file, this.#touched);
    this.#touched = [];
    this.#building.slab.pins -= 2;
    this.#nextSeq--;
    this.#building = this.#startFile(this.#deps.nextFile(), file);
    if (last?.file === file) {
      last.isLastInFile = true;
      this.#sealing.push(job);
    } else {
      this.#sealed(job);
    }
  }

  #startFile(
    file: LogFile,
    previous: { readonly seq: number; readonly end: number } | undefined,
  ): Batch {
    const batch = this.#startBatch(file, this.#deps.cache.add(file, 0, 0));
    file.firstBatchSeq = batch.seq;
    this.#building = batch;
    const start: FileStart = {
      incarnation: this.#deps.incarnation,
      previousFileSeq: previous?.seq ?? 0,
      previousEnd: previous?.end ?? 0,
      previousBatchSeq: batch.seq - 1,
      hotFiles: this.#deps.hotFiles().filter((seq) => seq < file.seq),
    };
    const payload = encodeFileStart(start);
    this.#reserve(RECORD_HEADER_SIZE + payload.length);
    const head = { type: RecordType.FileStart, flags: 0, groupId: 0, index: 0, term: 0, extra: 0 };
    batch.advance(writeRecord(batch.buffer, batch.cursor, head, payload), 1);
    return batch;
  }

  #write(batch: Batch): void {
    this.#writing = batch;
    this.#lastHeadCrc = writeHeader(batch, {
      stamp: this.#deps.stamp,
      durableSeq: this.#durableSeq,
      previousCrc: this.#lastHeadCrc,
    });
    batch.file.lastHeadCrc = this.#lastHeadCrc;
    const bytes = batch.buffer.subarray(batch.start, batch.start + batch.size);
    const { handle } = batch.file;
    if (handle === undefined) return;
    handle.write(bytes, batch.position, (writeError) => {
      if (this.#hasFailed(writeError)) return;
      // A marker is there to be seen if it happens to be: nothing is lost with it.
      if ((batch.flags & BATCH_FLAG_MARKER) === 0) this.#durableSeq = batch.seq;
      this.#finish(batch);
    });
  }

  #hasFailed(error: DiskError | undefined): boolean {
    if (this.#isStopped) return true;
    if (error === undefined) return false;
    this.stop();
    this.#deps.onFatal(error);
    return true;
  }

  #finish(batch: Batch): void {
    this.#writing = undefined;
    batch.slab.pins--;
    // The disk works on while the groups are told.
    this.pump();
    this.#deps.onDurable(batch);
    if (batch.isLastInFile) this.#sealedThrough(batch.file);
    if ((batch.flags & BATCH_FLAG_MARKER) === 0) this.#evidence.arm();
    this.#reportIdle();
  }

  #sealedThrough(file: LogFile): void {
    const position = this.#sealing.findIndex((job) => job.file === file);
    const [job] = position < 0 ? [] : this.#sealing.splice(position, 1);
    if (job !== undefined) this.#sealed(job);
  }

  #sealed(job: SealJob): void {
    job.isDurable = true;
    this.#deps.onSealed(job);
  }

  #writeMarker(): void {
    if (!this.isIdle || this.#isStopped) return;
    // At the end of a file, the start of the next one serves as evidence.
    if (this.#fits(0)) this.#close(BATCH_FLAG_MARKER);
    else this.#switchFile();
    this.pump();
  }

  #reportIdle(): void {
    if (!this.isIdle || this.#onIdle === undefined) return;
    const done = this.#onIdle;
    this.#onIdle = undefined;
    done();
  }
}
