import type { Timers } from "../env/clock.ts";
import { type Disk, DiskError } from "../env/disk.ts";
import type { IndexCache } from "./index-cache.ts";
import { writeIndexFile } from "./index-files.ts";
import { encodeDropsRow } from "./index-images.ts";
import type { LogFile } from "./log-file.ts";
import { captureImage, type SealJob } from "./seal-job.ts";
import type { Slicer } from "./slicer.ts";
import { runTask, type Task } from "./task.ts";

/** A full disk is tried again after this time: the index stays in memory meanwhile. */
const RETRY_MS = 1000;

export interface IndexWriterDependencies {
  readonly disk: Disk;
  readonly timers: Timers;
  readonly slicer: Slicer;
  readonly stamp: number;
  readonly cache: IndexCache;
  /** A file's index is durable. */
  onIndexed(file: LogFile): void;
  onFatal(error: unknown): void;
}

interface IndexJob {
  readonly file: LogFile;
  readonly seal: SealJob | undefined;
  readonly images: readonly Buffer[];
}

/** Writes the indexes of sealed files, one after the other, in the background. */
export class IndexWriter {
  readonly #deps: IndexWriterDependencies;
  readonly #jobs: IndexJob[] = [];
  #isWorking = false;
  #isStopped = false;
  #onIdle: (() => void) | undefined;

  constructor(deps: IndexWriterDependencies) {
    this.#deps = deps;
  }

  /** A file that was written in this life. */
  addSealed(seal: SealJob): void {
    this.#jobs.push({ file: seal.file, seal, images: seal.images });
    this.#work();
  }

  /** A file that recovery scanned. */
  addScanned(file: LogFile, images: readonly Buffer[]): void {
    this.#jobs.push({ file, seal: undefined, images });
    this.#work();
  }

  /** Calls back once all indexes are written. */
  whenIdle(done: () => void): void {
    this.#onIdle = done;
    this.#work();
  }

  stop(): void {
    this.#isStopped = true;
  }

  #work(): void {
    if (this.#isWorking || this.#isStopped) return;
    const [job] = this.#jobs;
    if (job === undefined) {
      const done = this.#onIdle;
      this.#onIdle = undefined;
      done?.();
      return;
    }
    this.#isWorking = true;
    runTask(this.#write(job), (error) => {
      if (this.#isStopped) return;
      if (error === undefined) this.#finish(job);
      else if (error instanceof DiskError && error.code === "no-space") this.#retryLater();
      else this.#deps.onFatal(error);
    });
  }

  *#write(job: IndexJob): Task<void> {
    const { slicer } = this.#deps;
    // Nothing in it counts any more: it is about to be removed, and a full disk must not keep it from that.
    if (job.file.references === 0 && this.#onIdle === undefined) {
      for (const group of job.seal?.groups ?? []) {
        if (group.writes.seal === job.seal) group.writes.seal = undefined;
        group.releaseIndex(job.file);
      }
      return;
    }
    for (const group of job.seal?.groups ?? []) {
      if (group.writes.seal === job.seal) captureImage(group);
      yield* slicer.pause(16);
    }
    const drops = encodeDropsRow(job.file.droppedFiles);
    yield* writeIndexFile(job.file, [drops, ...job.images], this.#deps);
  }

  #finish(job: IndexJob): void {
    this.#isWorking = false;
    this.#jobs.shift();
    this.#deps.cache.adopt(job.file);
    this.#deps.onIndexed(job.file);
    this.#work();
  }

  #retryLater(): void {
    // Someone who waits for the end must not wait for space. Otherwise the others get their turn.
    if (this.#onIdle !== undefined) this.#jobs.length = 0;
    const job = this.#jobs.shift();
    if (job !== undefined) this.#jobs.push(job);
    this.#deps.timers.setTimer(RETRY_MS, () => {
      this.#isWorking = false;
      this.#work();
    });
  }
}
