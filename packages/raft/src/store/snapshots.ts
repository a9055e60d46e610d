import type { SnapshotRecord } from "../codec/record-snapshot.ts";
import type { IndexRange } from "../core/hard-state.ts";
import type { GroupId } from "../core/ids.ts";
import type { SnapshotMeta } from "../core/message.ts";
import type { Disk } from "../env/disk.ts";
import type { RaftLimits } from "../limits.ts";
import type { GroupLog } from "./group-log.ts";
import type { IndexCache } from "./index-cache.ts";
import type { LogAppender, ReceivedSnapshot } from "./log-appender.ts";
import type { LogFile } from "./log-file.ts";
import type { LogFiles } from "./log-files.ts";
import type { LoadedSnapshot } from "./log-store.ts";
import type { Slicer } from "./slicer.ts";
import { snapshotPath } from "./snapshot-files.ts";
import { loadSnapshot } from "./snapshot-loader.ts";
import { IncomingSnapshot } from "./snapshot-receiver.ts";
import { type SnapshotToSave, saveState } from "./snapshot-saver.ts";
import { runTask } from "./task.ts";

export interface SnapshotsDependencies {
  readonly disk: Disk;
  readonly files: LogFiles;
  readonly indexes: IndexCache;
  readonly slicer: Slicer;
  readonly stamp: number;
  readonly limits: RaftLimits;
  readonly appender: LogAppender;
  /** A record was queued outside of a turn of the host. */
  kick(): void;
  onSnapshotDamage(group: GroupLog): void;
  /** Something in the log died. */
  onGarbage(): void;
  onFatal(error: unknown): void;
  isStopped(): boolean;
}

/** Snapshots of all groups: taken here, given out, and coming in. */
export class Snapshots {
  readonly #deps: SnapshotsDependencies;
  readonly #saving = new Set<GroupId>();
  readonly #incoming = new Map<GroupId, IncomingSnapshot>();
  #working = 0;
  #onIdle: (() => void) | undefined;

  constructor(deps: SnapshotsDependencies) {
    this.#deps = deps;
  }

  save(
    group: GroupLog,
    snapshot: SnapshotToSave,
    done: (result: "saved" | "superseded" | "no-space") => void,
  ): void {
    const { groupId } = group;
    if (this.#saving.has(groupId)) {
      snapshot.source.close();
      // Not inside the call.
      this.#deps.slicer.defer(() => done("superseded"));
      return;
    }
    this.#saving.add(groupId);
    this.#start(
      saveState(group, snapshot, {
        ...this.#deps,
        inlineMaxBytes: this.#deps.limits.inlineSnapshotMaxBytes,
        isSuperseded: (of, meta) => this.#isSuperseded(of, meta),
      }),
      (result) => {
        this.#saving.delete(groupId);
        if (typeof result === "string") this.#deps.slicer.defer(() => done(result));
        else this.#record(group, result, () => done("saved"));
      },
    );
  }

  load(group: GroupLog, done: (result: LoadedSnapshot) => void): void {
    const { disk, files, stamp } = this.#deps;
    const task = loadSnapshot(group, {
      disk,
      files,
      stamp,
      onDamage: (damaged) => this.#deps.onSnapshotDamage(damaged),
      onFatal: (error) => {
        if (!this.#deps.isStopped()) this.#deps.onFatal(error);
      },
    });
    this.#start(task, (result) => this.#deps.slicer.defer(() => done(result)));
  }

  /** A transfer that was there before ends: there is only one leader at a time worth listening to. */
  receive(group: GroupLog, meta: SnapshotMeta, live: readonly IndexRange[]): IncomingSnapshot {
    this.#incoming.get(group.groupId)?.abort();
    const incoming = new IncomingSnapshot(
      group,
      { meta, live },
      {
        ...this.#deps,
        inlineMaxBytes: this.#deps.limits.inlineSnapshotMaxBytes,
        onFile: (file) => this.#adopt(file),
        onEnd: (ended) => this.#forget(ended),
      },
    );
    this.#incoming.set(group.groupId, incoming);
    return incoming;
  }

  /** What was received for this snapshot. @throws Error if it is not here completely */
  take(group: GroupLog, meta: SnapshotMeta): ReceivedSnapshot {
    const incoming = this.#incoming.get(group.groupId);
    const isRight =
      incoming?.isReady === true &&
      incoming.meta.index === meta.index &&
      incoming.meta.term === meta.term;
    if (!isRight) {
      throw new Error(`group ${group.groupId}: snapshot ${meta.index} was not received`);
    }
    return incoming.take();
  }

  /** The received snapshot is in the log. `oldPath` is what it replaces. */
  installed(group: GroupLog): void {
    const incoming = this.#incoming.get(group.groupId);
    this.#incoming.delete(group.groupId);
    incoming?.release();
  }

  /** Path of the file with the group's snapshot; undefined if it has none. */
  pathOf(group: GroupLog): string | undefined {
    const place = group.snapshotPlace;
    if (place.kind !== "file") return undefined;
    return snapshotPath(group.groupId, group.snapshot, place.fileSeq);
  }

  /** Removes a snapshot that was replaced; a failure leaves it to the next start. */
  remove(path: string | undefined): void {
    if (path === undefined || this.#deps.isStopped()) return;
    this.#deps.disk.remove(path, () => undefined);
  }

  /** The group is gone. */
  forget(group: GroupLog): void {
    this.#incoming.get(group.groupId)?.abort();
  }

  /** Calls back when nothing is being read or written. */
  whenIdle(done: () => void): void {
    for (const incoming of [...this.#incoming.values()]) incoming.abort();
    if (this.#working === 0) done();
    else this.#onIdle = done;
  }

  #start<T>(task: Parameters<typeof runTask<T>>[0], done: (value: T) => void): void {
    this.#working++;
    runTask(task, (error, value) => {
      this.#working--;
      if (this.#deps.isStopped()) return;
      if (error !== undefined || value === undefined) this.#deps.onFatal(error);
      else done(value);
      if (this.#working > 0) return;
      const onIdle = this.#onIdle;
      this.#onIdle = undefined;
      onIdle?.();
    });
  }

  #record(group: GroupLog, record: SnapshotRecord, done: () => void): void {
    const oldPath = this.pathOf(group);
    this.#deps.appender.snapshot(group, record, () => {
      this.remove(oldPath);
      this.#deps.onGarbage();
      done();
    });
    this.#deps.kick();
  }

  #isSuperseded(group: GroupLog, meta: SnapshotMeta): boolean {
    if (group.isDeleted || group.snapshot.index >= meta.index) return true;
    // What comes in relies on entries that this snapshot would let go.
    return this.#incoming.has(group.groupId);
  }

  #adopt(file: LogFile): void {
    this.#deps.files.add(file);
    this.#deps.indexes.adopt(file);
  }

  #forget(incoming: IncomingSnapshot): void {
    const { groupId } = incoming.group;
    if (this.#incoming.get(groupId) === incoming) this.#incoming.delete(groupId);
    this.#deps.onGarbage();
  }
}
