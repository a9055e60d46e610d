import { StateReason } from "../codec/record.ts";
import type { Clock, Timer, Timers } from "../env/clock.ts";
import { type Disk, DiskError } from "../env/disk.ts";
import type { RaftLimits } from "../limits.ts";
import type { BodyCache } from "./body-cache.ts";
import { ColdFileWriter } from "./cold-file-writer.ts";
import { deadFiles, filesToRewrite } from "./file-choice.ts";
import type { GroupLog } from "./group-log.ts";
import type { GroupTable } from "./group-table.ts";
import type { HotFilePool } from "./hot-file-pool.ts";
import type { IndexCache } from "./index-cache.ts";
import type { LogAppender } from "./log-appender.ts";
import type { LogFile } from "./log-file.ts";
import type { LogFiles } from "./log-files.ts";
import { Rewriter, type RewriterDependencies } from "./rewriter.ts";
import type { Slicer } from "./slicer.ts";
import { call, runTask, type Task, until } from "./task.ts";

/** Wait before looking again, after something died or after a full disk. */
const REST_MS = 200;
const FULL_DISK_MS = 5000;
/** Wait while the log itself needs the disk. */
const BUSY_MS = 20;
/** Weight of writing down one group, for the slicer. */
const STEPS_PER_GROUP = 32;

export interface CompactorDependencies {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly slicer: Slicer;
  readonly stamp: number;
  readonly limits: RaftLimits;
  readonly files: LogFiles;
  readonly table: GroupTable;
  readonly cache: BodyCache;
  readonly indexes: IndexCache;
  readonly appender: LogAppender;
  readonly pool: HotFilePool;
  readonly damage: Pick<RewriterDependencies, "onDamage" | "onSnapshotDamage">;
  /** Writes out what was appended. */
  kick(): void;
  /** The log has more to write than is good. */
  isBusy(): boolean;
  isSpaceShort(): boolean;
  onFatal(error: unknown): void;
}

/** The store is being closed: what is half done is given up. */
class Stopped extends Error {}

/**
 * Gives space back: removes files in which nothing is alive, and copies what is alive out of mostly dead ones. Before a file
 * goes, all groups that rest on records in it are written down again, idle ones too.
 */
export class Compactor {
  readonly #deps: CompactorDependencies;
  #timer: Timer | undefined;
  #isWorking = false;
  #isStopping = false;
  #onIdle: (() => void) | undefined;
  #removedFiles = 0;
  #rewrittenBytes = 0;

  constructor(deps: CompactorDependencies) {
    this.#deps = deps;
  }

  get removedFiles(): number {
    return this.#removedFiles;
  }

  get rewrittenBytes(): number {
    return this.#rewrittenBytes;
  }

  /** Something died: looks for garbage before long. */
  wake(): void {
    if (!this.#isStopping) this.#timer ??= this.#startTimer(REST_MS);
  }

  /** Ends what is being done; `done` is called when nothing is. */
  stop(done: () => void): void {
    this.#isStopping = true;
    this.#timer?.cancel();
    if (this.#isWorking) this.#onIdle = done;
    else done();
  }

  #startTimer(delayMs: number): Timer {
    return this.#deps.timers.setTimer(delayMs, () => {
      this.#timer = undefined;
      this.#work();
    });
  }

  #work(): void {
    if (this.#isWorking || this.#isStopping) return;
    this.#isWorking = true;
    runTask(this.#round(), (error, hasWorked) => {
      this.#isWorking = false;
      if (error instanceof DiskError && error.code === "no-space") {
        this.#timer ??= this.#startTimer(FULL_DISK_MS);
      } else if (error !== undefined && !(error instanceof Stopped)) {
        this.#deps.onFatal(error);
      } else if (hasWorked === true) {
        this.wake();
      }
      this.#onIdle?.();
      this.#onIdle = undefined;
    });
  }

  /** Returns whether there was something to do. */
  *#round(): Task<boolean> {
    const { files, limits } = this.#deps;
    const dead = deadFiles(files.all());
    if (dead.length > 0) yield* this.#drop(dead, []);
    const sources = filesToRewrite(files.all(), limits, this.#deps.isSpaceShort());
    if (sources.length === 0) return dead.length > 0;
    const changed = yield* this.#rewrite(sources);
    yield* this.#drop(deadFiles(sources), changed);
    // If nothing came free, another attempt would not help before something else changes.
    return sources.some((file) => files.get(file.seq) === undefined);
  }

  *#rewrite(sources: readonly LogFile[]): Task<readonly GroupLog[]> {
    const { files, table, slicer, damage, indexes } = this.#deps;
    const target = new ColdFileWriter(files.takeSeq(), this.#deps);
    const pace = (bytes: number): Task<void> => this.#pace(bytes);
    const rewriter = new Rewriter(sources, target, { files, indexes, pace, ...damage });
    let file: LogFile;
    try {
      for (const group of [...table.all()]) {
        if (!group.isDeleted) yield* rewriter.copy(group);
        yield* slicer.pause(1);
      }
      file = yield* target.finish();
    } catch (error) {
      yield* target.abandon();
      throw error;
    }
    this.#rewrittenBytes += file.size;
    files.add(file);
    const changed = rewriter.adopt();
    // Only now: the cache may forget at once where the entries are.
    indexes.adopt(file);
    return changed;
  }

  /** Keeps to the rate, and out of the way of the log. */
  *#pace(bytes: number): Task<void> {
    const { timers, limits } = this.#deps;
    let waitMs = (bytes / limits.rewriteBytesPerSecond) * 1000;
    do {
      if (this.#isStopping) throw new Stopped();
      if (waitMs >= 1) yield* until((done) => timers.setTimer(waitMs, done));
      waitMs = BUSY_MS;
    } while (this.#deps.isBusy());
    yield* this.#deps.slicer.pause(bytes / 64);
  }

  /** Removes files. `changed` are groups whose records have moved, which must be written down before. */
  *#drop(dead: readonly LogFile[], changed: readonly GroupLog[]): Task<void> {
    const { files, appender, kick } = this.#deps;
    const hotSeqs = dead.filter((file) => file.kind === "hot").map((file) => file.seq);
    const newest = Math.max(0, ...hotSeqs);
    yield* this.#writeDown(newest, changed);
    if (this.#isStopping) throw new Stopped();
    this.#moveTombstones(hotSeqs);
    // From here on no list of files has them, so that their absence is known to be no loss.
    for (const file of dead) files.remove(file);
    yield* until((done) => {
      appender.dropFiles(hotSeqs, done);
      kick();
    });
    for (const file of dead) yield* this.#remove(file);
  }

  /** Writes down all groups whose last complete record goes with a file up to `newest`, and those that changed. */
  *#writeDown(newest: number, changed: readonly GroupLog[]): Task<void> {
    const { appender, table, slicer, kick } = this.#deps;
    const moved = new Set(changed);
    for (const group of [...table.all()]) {
      if (this.#isStopping) throw new Stopped();
      if (group.isDeleted || (group.stateFile > newest && !moved.has(group))) continue;
      appender.state(group, StateReason.Carry);
      yield* slicer.pause(STEPS_PER_GROUP);
      kick();
      yield* this.#waitWhileBusy();
    }
  }

  *#waitWhileBusy(): Task<void> {
    const { timers } = this.#deps;
    while (this.#deps.isBusy()) {
      if (this.#isStopping) throw new Stopped();
      yield* until((done) => timers.setTimer(BUSY_MS, done));
    }
  }

  /** A deleted group must stay deleted as long as an older file may have records of it. */
  #moveTombstones(hotSeqs: readonly number[]): void {
    const { table, files, appender } = this.#deps;
    if (hotSeqs.length === 0) return;
    const going = new Set(hotSeqs);
    const oldest = files.hotSeqs().find((seq) => !going.has(seq)) ?? 0;
    for (const [groupId, fileSeq] of table.tombstones) {
      if (!going.has(fileSeq)) continue;
      if (oldest > fileSeq) table.tombstones.delete(groupId);
      else table.tombstones.set(groupId, appender.tombstone(table.deletedGroup(groupId)));
    }
  }

  *#remove(file: LogFile): Task<void> {
    const { disk, cache, indexes, files } = this.#deps;
    if (file.pins > 0) {
      yield* until((done) => {
        file.onUnpinned = done;
      });
      file.onUnpinned = undefined;
    }
    files.close(file);
    cache.removeFile(file);
    indexes.remove(file);
    this.#removedFiles++;
    // The index first: it must not be found with other contents of the file.
    yield* call((done) => disk.remove(file.indexPath, () => done(undefined)));
    const isTaken =
      file.kind === "hot" &&
      (yield* call<boolean>((done) =>
        this.#deps.pool.offer(file, (taken) => done(undefined, taken)),
      ));
    if (!isTaken) yield* call((done) => disk.remove(file.path, () => done(undefined)));
  }
}
