import { confStateSize } from "../codec/conf-state-codec.ts";
import { StateReason } from "../codec/record.ts";
import { nodeStamp } from "../codec/record-node-meta.ts";
import type { ConfState } from "../core/conf-state.ts";
import type { IndexRange } from "../core/hard-state.ts";
import type { GroupId, NodeId, ReplicaId } from "../core/ids.ts";
import type { LogView } from "../core/log-view.ts";
import type { SnapshotMeta } from "../core/message.ts";
import type { Append } from "../core/ready.ts";
import type { Clock, Timers } from "../env/clock.ts";
import { type Disk, DiskError } from "../env/disk.ts";
import type { RaftLimits } from "../limits.ts";
import type { Batch } from "./batch.ts";
import { BatchWriter } from "./batch-writer.ts";
import { BodyCache } from "./body-cache.ts";
import { Compactor } from "./compactor.ts";
import type { StoreDamage } from "./damage-notes.ts";
import type { GroupLog } from "./group-log.ts";
import { HotFilePool } from "./hot-file-pool.ts";
import { IndexCache } from "./index-cache.ts";
import { rebuildIndexes } from "./index-rebuild.ts";
import { IndexWriter } from "./index-writer.ts";
import { LogAppender } from "./log-appender.ts";
import type { LogFiles } from "./log-files.ts";
import { LogReader } from "./log-reader.ts";
import type {
  LoadedSnapshot,
  LogStore,
  LogStoreListener,
  ReadResult,
  RecoveredGroup,
  SnapshotReceiver,
  SnapshotSource,
  SpaceState,
} from "./log-store.ts";
import { newGroupImage } from "./new-group.ts";
import type { NodeLogStoreOptions, OpenDone, Platform } from "./node-log-store-options.ts";
import { PatientDisk } from "./patient-disk.ts";
import { recoveredGroup } from "./recovered-group.ts";
import { Slicer } from "./slicer.ts";
import { Snapshots } from "./snapshots.ts";
import {
  type OpenedDirectory,
  openDirectory,
  removeFiles,
  settle,
  snapshotDamageOf,
} from "./store-opening.ts";
import { fileStatistics, type LogStoreStatistics } from "./store-statistics.ts";
import { moveTail } from "./tail-mover.ts";
import { call, runTask, type Task, until } from "./task.ts";

/** Bytes by which numbers in a group's state may grow when the operator changes it. */
const STATE_GROWTH = 128;
const DRAIN_POLL_MS = 5;

/**
 * The log of all groups of a node in one ordered stream of files, so that one sync serves thousands of groups. Layout and
 * rules of recovery are in docs/log-format.md.
 */
export class NodeLogStore implements LogStore {
  readonly nodeId: NodeId;
  readonly incarnation: number;
  readonly #platform: Platform;
  readonly #limits: RaftLimits;
  readonly #listener: LogStoreListener;
  readonly #opened: OpenedDirectory;
  readonly #stamp: number;
  readonly #slicer: Slicer;
  readonly #cache: BodyCache;
  readonly #pool: HotFilePool;
  readonly #writer: BatchWriter;
  readonly #appender: LogAppender;
  readonly #indexWriter: IndexWriter;
  readonly #snapshots: Snapshots;
  readonly #compactor: Compactor;
  #batches = 0;
  #records = 0;
  #bytes = 0;
  /** Set while the log is made durable again: a failure is the opener's to hear. */
  #failOpening: ((error: DiskError) => void) | undefined;
  /** Set while the store is being closed. */
  #onClosed: (() => void) | undefined;
  #hasFailed = false;
  #isClosed = false;

  private constructor(
    platform: Platform,
    options: NodeLogStoreOptions,
    listener: LogStoreListener,
    opened: OpenedDirectory,
  ) {
    this.nodeId = options.nodeId;
    this.incarnation = opened.incarnation;
    this.#platform = platform;
    this.#limits = options.limits;
    this.#listener = listener;
    this.#opened = opened;
    this.#stamp = nodeStamp(options.clusterId, options.nodeId);
    this.#slicer = new Slicer(platform.clock, platform.timers);
    this.#cache = new BodyCache(options.limits);
    this.#pool = this.#createPool();
    this.#writer = this.#createWriter();
    this.#appender = new LogAppender(this.#writer);
    this.#indexWriter = this.#createIndexWriter();
    this.#snapshots = this.#createSnapshots();
    this.#compactor = this.#createCompactor();
  }

  /**
   * Opens the data directory, recovering what is in it. `error` is a StoreOpenError if the directory cannot be used: another
   * node's, in use, of a newer format.
   */
  static open(
    disk: Disk,
    clock: Clock,
    timers: Timers,
    options: NodeLogStoreOptions,
    listener: LogStoreListener,
    done: OpenDone,
  ): void {
    const platform = { disk: new PatientDisk(disk, timers), clock, timers };
    runTask(NodeLogStore.#open(platform, options, listener), (error, store) => {
      if (store !== undefined) done(undefined, store);
      else done(error instanceof Error ? error : new Error(String(error)), undefined);
    });
  }

  static *#open(
    platform: Platform,
    options: NodeLogStoreOptions,
    listener: LogStoreListener,
  ): Task<NodeLogStore> {
    const { disk, clock, timers } = platform;
    const { limits, nodeId, clusterId } = options;
    const stamp = nodeStamp(clusterId, nodeId);
    const slicer = new Slicer(clock, timers);
    const { hotFileBytes, indexCacheBytes } = limits;
    const createReader = (files: LogFiles): LogReader =>
      new LogReader({
        files,
        indexes: new IndexCache({
          disk,
          stamp,
          maxBytes: indexCacheBytes,
          rebuild: (file) => rebuildIndexes(file, { files, slicer, stamp }),
        }),
        onDamage: (group, range, place) => listener.onDamage(group.groupId, range, place),
      });
    const identity = { nodeId, clusterId, stamp };
    const opened = yield* openDirectory({ disk, ...identity, hotFileBytes, createReader });
    const store = new NodeLogStore(platform, options, listener, opened);
    try {
      yield* store.#start();
      return store;
    } catch (error) {
      store.#stop();
      yield* call((done) => opened.lock.release(() => done(undefined)));
      throw error;
    }
  }

  get space(): SpaceState {
    return this.#pool.space;
  }

  get queuedBytes(): number {
    return this.#writer.queuedBytes;
  }

  get isBacklogged(): boolean {
    return this.#writer.queuedBytes > this.#limits.backlogBytes;
  }

  get statistics(): LogStoreStatistics {
    return {
      batches: this.#batches,
      records: this.#records,
      bytes: this.#bytes,
      ...fileStatistics(this.#opened.files.all()),
      bodyCacheBytes: this.#cache.bytes,
      indexCacheBytes: this.#opened.reader.indexes.bytes,
      removedFiles: this.#compactor.removedFiles,
      rewrittenBytes: this.#compactor.rewrittenBytes,
    };
  }

  /** What was found damaged when the log was read back, and where. */
  get damage(): readonly StoreDamage[] {
    return this.#opened.log.replay.notes.list;
  }

  groups(): readonly RecoveredGroup[] {
    return [...this.#opened.table.all()].map(recoveredGroup);
  }

  recovered(groupId: GroupId): RecoveredGroup | undefined {
    const group = this.#opened.table.get(groupId);
    return group === undefined ? undefined : recoveredGroup(group);
  }

  createGroup(
    group: { groupId: GroupId; epoch: number; replicaId: ReplicaId; conf: ConfState },
    done: () => void,
  ): void {
    const { groupId } = group;
    if (this.#opened.table.get(groupId) !== undefined) {
      throw new Error(`group ${groupId} exists already`);
    }
    // A replica may come back to a node: what is written from now on outweighs the deletion.
    this.#opened.table.tombstones.delete(groupId);
    const created = this.#opened.table.put(newGroupImage(group));
    this.#appender.state(created, StateReason.Create, { done });
    this.#kickLater();
  }

  deleteGroup(groupId: GroupId, done: () => void): void {
    const group = this.#group(groupId);
    const path = this.#snapshots.pathOf(group);
    this.#snapshots.forget(group);
    const fileSeq = this.#appender.delete(group, () => {
      this.#snapshots.remove(path);
      this.#compactor.wake();
      done();
    });
    this.#opened.table.remove(groupId, fileSeq);
    this.#kickLater();
  }

  log(groupId: GroupId): LogView {
    return this.#group(groupId);
  }

  append(groupId: GroupId, append: Append): void {
    const group = this.#group(groupId);
    const { snapshot } = append;
    if (snapshot === undefined) {
      this.#appender.append(group, append, undefined);
      return;
    }
    const oldPath = this.#snapshots.pathOf(group);
    this.#appender.append(group, append, this.#snapshots.take(group, snapshot), () => {
      this.#snapshots.remove(oldPath);
      this.#compactor.wake();
    });
    this.#snapshots.installed(group);
  }

  kick(): void {
    this.#writer.pump();
  }

  read(
    groupId: GroupId,
    from: number,
    to: number,
    maxBytes: number,
    done: (result: ReadResult) => void,
  ): void {
    const group = this.#group(groupId);
    this.#opened.reader.read(group, from, to, {
      maxBytes,
      isStopped: () => this.#isStopped,
      // What is in memory is found at once, but callers rely on an answer after the call.
      defer: (callback) => this.#platform.timers.defer(callback),
      done,
      onFatal: (error) => this.#fail(error),
    });
  }

  saveSnapshot(
    groupId: GroupId,
    snapshot: { meta: SnapshotMeta; source: SnapshotSource; compactTo: number },
    done: (result: "saved" | "superseded" | "no-space") => void,
  ): void {
    this.#snapshots.save(this.#group(groupId), snapshot, done);
  }

  loadSnapshot(groupId: GroupId, done: (result: LoadedSnapshot) => void): void {
    this.#snapshots.load(this.#group(groupId), done);
  }

  receiveSnapshot(
    groupId: GroupId,
    meta: SnapshotMeta,
    live: readonly IndexRange[],
  ): SnapshotReceiver {
    return this.#snapshots.receive(this.#group(groupId), meta, live);
  }

  acceptLoss(groupId: GroupId, done: () => void): void {
    const group = this.#group(groupId);
    const change = { growth: STATE_GROWTH, apply: (): void => group.acceptLoss() };
    this.#appender.state(group, StateReason.AcceptLoss, { change, done });
    this.#kickLater();
  }

  forceConf(groupId: GroupId, conf: ConfState, epoch: number, done: () => void): void {
    const group = this.#group(groupId);
    const change = {
      growth: STATE_GROWTH + confStateSize(conf),
      apply: (): void => group.forceConf(conf, epoch),
    };
    this.#appender.state(group, StateReason.ForceConf, { change, done });
    this.#kickLater();
  }

  /** Writes out what is queued and leaves an index, so that the next start is quick. */
  close(done: () => void): void {
    if (this.#isStopped) {
      done();
      return;
    }
    this.#onClosed = done;
    runTask(this.#close(), (error) => {
      if (error !== undefined) this.#fail(error);
      this.#endClosing();
    });
  }

  get #isStopped(): boolean {
    return this.#hasFailed || this.#isClosed;
  }

  *#close(): Task<void> {
    yield* until((done) => this.#compactor.stop(done));
    yield* until((done) => this.#snapshots.whenIdle(done));
    const isWritten = yield* this.#drain();
    if (this.#hasFailed) return;
    this.#writer.stop();
    this.#pool.stop();
    if (isWritten) {
      this.#indexWriter.addSealed(this.#writer.seal());
      yield* until((done) => this.#indexWriter.whenIdle(done));
    }
    this.#indexWriter.stop();
    this.#isClosed = true;
    this.#opened.files.closeAll();
    yield* call((done) => this.#opened.lock.release(done));
  }

  /** Waits until all is durable. False: the disk is full, so that it never will be. Nobody was told that it was. */
  *#drain(): Task<boolean> {
    for (;;) {
      this.#writer.pump();
      if (this.#writer.isIdle) return true;
      if (this.#hasFailed) return false;
      if (this.#writer.isBlocked && this.#pool.space !== "ok") return false;
      yield* until((done) => this.#platform.timers.setTimer(DRAIN_POLL_MS, done));
    }
  }

  #group(groupId: GroupId): GroupLog {
    const group = this.#opened.table.get(groupId);
    if (group === undefined) throw new RangeError(`group ${groupId} is not here`);
    return group;
  }

  /** Makes what was recovered durable again, before anybody relies on it. */
  *#start(): Task<void> {
    const { log } = this.#opened;
    // Before anything else, as the disk may be full.
    yield* removeFiles(this.#platform.disk, log.remains);
    if (log.tail !== undefined) {
      const { tail } = log;
      const output = { writer: this.#writer, appender: this.#appender, stamp: this.#stamp };
      moveTail(tail, log.replay, output);
    }
    // Only now is all of the log applied.
    const orphans = settle(this.#opened);
    for (const group of log.replay.harmed) {
      if (!group.isDeleted) this.#appender.state(group, StateReason.Carry);
    }
    this.#writer.release();
    yield* call<void>((done) => {
      this.#failOpening = done;
      this.#writer.whenIdle(() => done(undefined));
    });
    this.#failOpening = undefined;
    yield* removeFiles(this.#platform.disk, [...log.emptied, ...orphans]);
    for (const { file, images } of log.scanned) this.#indexWriter.addScanned(file, images);
    this.#compactor.wake();
  }

  #kickLater(): void {
    this.#platform.timers.defer(() => this.#writer.pump());
  }

  #onDurable(batch: Batch): void {
    this.#batches++;
    this.#records += batch.recordCount;
    this.#bytes += batch.size;
    for (let slot = 0; slot < batch.groups.length; slot++) {
      const group = batch.groups[slot];
      const seq = batch.appendSeqs[slot] ?? 0;
      if (group === undefined || seq === 0 || group.isDeleted) continue;
      this.#listener.onAppended(group.groupId, seq);
    }
    for (const callback of batch.callbacks) callback();
    this.#listener.onBatchEnd();
  }

  #createCompactor(): Compactor {
    const { files, table, reader } = this.#opened;
    return new Compactor({
      ...this.#platform,
      slicer: this.#slicer,
      stamp: this.#stamp,
      limits: this.#limits,
      files,
      table,
      cache: this.#cache,
      indexes: reader.indexes,
      appender: this.#appender,
      pool: this.#pool,
      damage: {
        onDamage: (group, range, place) => this.#listener.onDamage(group.groupId, range, place),
        onSnapshotDamage: (group) => this.#onSnapshotDamage(group),
      },
      kick: () => this.#writer.pump(),
      isBusy: () => this.#writer.queuedBytes > this.#limits.batchMaxBytes,
      isSpaceShort: () => this.#pool.space !== "ok",
      onFatal: (error) => this.#fail(error),
    });
  }

  #fail(error: unknown): void {
    if (this.#isStopped) return;
    this.#stop();
    if (this.#failOpening !== undefined && error instanceof DiskError) {
      this.#failOpening(error);
      return;
    }
    const cause = error instanceof Error ? error : new Error(String(error));
    this.#listener.onFatal(cause);
    // What closing waits for does not come any more.
    this.#endClosing();
  }

  #endClosing(): void {
    const done = this.#onClosed;
    this.#onClosed = undefined;
    done?.();
  }

  /** Nothing is written any more, and nobody is told anything. */
  #stop(): void {
    this.#hasFailed = true;
    this.#writer.stop();
    this.#pool.stop();
    this.#indexWriter.stop();
  }

  #createPool(): HotFilePool {
    const pool = new HotFilePool({
      ...this.#platform,
      limits: this.#limits,
      files: this.#opened.files,
      onReady: () => this.#writer.pump(),
      onSpaceChange: (space) => this.#listener.onSpaceChange(space),
      onFatal: (error) => this.#fail(error),
    });
    for (const file of this.#opened.log.spares) pool.addSpare(file);
    return pool;
  }

  #createWriter(): BatchWriter {
    const { files } = this.#opened;
    return new BatchWriter(
      {
        stamp: this.#stamp,
        incarnation: this.incarnation,
        limits: this.#limits,
        timers: this.#platform.timers,
        cache: this.#cache,
        nextFile: () => this.#pool.next(),
        hotFiles: () => files.hotSeqs(),
        onDurable: (batch) => this.#onDurable(batch),
        onSealed: (job) => this.#indexWriter.addSealed(job),
        onFatal: (error) => this.#fail(error),
      },
      this.#opened.log.end,
    );
  }

  #createIndexWriter(): IndexWriter {
    return new IndexWriter({
      ...this.#platform,
      slicer: this.#slicer,
      stamp: this.#stamp,
      cache: this.#opened.reader.indexes,
      onIndexed: () => this.#compactor.wake(),
      onFatal: (error) => this.#fail(error),
    });
  }

  #createSnapshots(): Snapshots {
    return new Snapshots({
      disk: this.#platform.disk,
      files: this.#opened.files,
      indexes: this.#opened.reader.indexes,
      slicer: this.#slicer,
      stamp: this.#stamp,
      limits: this.#limits,
      appender: this.#appender,
      kick: () => this.#writer.pump(),
      onSnapshotDamage: (group) => this.#onSnapshotDamage(group),
      onGarbage: () => this.#compactor.wake(),
      onFatal: (error) => this.#fail(error),
      isStopped: () => this.#isStopped,
    });
  }

  #onSnapshotDamage(group: GroupLog): void {
    group.isSnapshotDamaged = true;
    const range = { first: 1, last: group.snapshot.index };
    this.#listener.onDamage(group.groupId, range, snapshotDamageOf(group));
  }
}
