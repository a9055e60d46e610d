import type { ConfState } from "../../src/core/conf-state.ts";
import { type Entry, entrySize } from "../../src/core/entry.ts";
import type { HardState, IndexRange } from "../../src/core/hard-state.ts";
import type { GroupId, ReplicaId } from "../../src/core/ids.ts";
import type { LogView } from "../../src/core/log-view.ts";
import type { SnapshotMeta } from "../../src/core/message.ts";
import type { Append } from "../../src/core/ready.ts";
import type { Timers } from "../../src/env/clock.ts";
import {
  INITIAL_INDEX,
  INITIAL_TERM,
  type LoadedSnapshot,
  type LogStore,
  type LogStoreListener,
  type ReadResult,
  type RecoveredGroup,
  type SnapshotReceiver,
  type SnapshotSource,
  type SpaceState,
} from "../../src/store/log-store.ts";

interface StoredSnapshot {
  readonly meta: SnapshotMeta;
  readonly live: readonly IndexRange[];
  readonly state: Uint8Array;
}

/** A group as it is on the disk, or as it will be when all writes are done. */
class Image implements LogView {
  epoch: number;
  forcedIndex = 0;
  readonly replicaId: ReplicaId;
  hardState: HardState;
  meta: SnapshotMeta;
  snapshot: StoredSnapshot | undefined;
  compactedIndex: number;
  compactedTerm: number;
  entries: Entry[] = [];
  readonly live = new Map<number, Entry>();

  constructor(group: { epoch: number; replicaId: ReplicaId; conf: ConfState }) {
    const isWaiting = group.conf.voters.length === 0;
    const index = isWaiting ? 0 : INITIAL_INDEX;
    const term = isWaiting ? 0 : INITIAL_TERM;
    this.epoch = group.epoch;
    this.replicaId = group.replicaId;
    this.hardState = { currentTerm: term, votedFor: 0, commitIndex: index };
    this.meta = { index, term, conf: group.conf };
    this.compactedIndex = index;
    this.compactedTerm = term;
  }

  get lastIndex(): number {
    return this.entries.at(-1)?.index ?? this.compactedIndex;
  }

  get snapshotIndex(): number {
    return this.meta.index;
  }

  term(index: number): number | undefined {
    if (index === this.compactedIndex) return this.compactedTerm;
    return this.entries[index - this.compactedIndex - 1]?.term;
  }

  cached(from: number, to: number, maxBytes: number): readonly Entry[] | undefined {
    const found: Entry[] = [];
    let size = 0;
    for (let index = from; index <= to; index++) {
      const entry = this.entries[index - this.compactedIndex - 1] ?? this.live.get(index);
      if (entry === undefined) break;
      size += entrySize(entry);
      if (found.length > 0 && size > maxBytes) break;
      found.push(entry);
    }
    return found.length === 0 ? undefined : found;
  }

  write(append: Append, arrived: Arrived | undefined): void {
    if (append.hardState !== undefined) this.hardState = append.hardState;
    if (append.snapshot !== undefined) this.#install(append, arrived);
    const first = append.entries[0];
    if (first === undefined) return;
    this.entries.length = first.index - this.compactedIndex - 1;
    this.entries.push(...append.entries);
  }

  #install(append: Append, arrived: Arrived | undefined): void {
    const meta = append.snapshot;
    if (meta === undefined || arrived === undefined) throw new Error("nothing to install");
    for (const entry of arrived.entries) this.live.set(entry.index, entry);
    this.keepLive(arrived.snapshot.live, meta.index);
    if (append.keepsSuffix) this.compact(meta.index);
    else this.entries = [];
    this.compactedIndex = meta.index;
    this.compactedTerm = meta.term;
    this.meta = meta;
    this.snapshot = arrived.snapshot;
  }

  save(snapshot: StoredSnapshot, compactTo: number): void {
    this.keepLive(snapshot.live, snapshot.meta.index);
    this.snapshot = snapshot;
    this.meta = snapshot.meta;
    if (compactTo > this.compactedIndex) this.compact(compactTo);
  }

  compact(to: number): void {
    const term = this.term(to);
    if (term === undefined) throw new Error(`no term at ${to}`);
    this.entries = this.entries.filter((entry) => entry.index > to);
    this.compactedIndex = to;
    this.compactedTerm = term;
  }

  keepLive(ranges: readonly IndexRange[], upTo: number): void {
    const isLive = (index: number): boolean =>
      ranges.some((range) => range.first <= index && index <= range.last);
    for (const entry of this.entries) {
      if (entry.index <= upTo && isLive(entry.index)) this.live.set(entry.index, entry);
    }
    for (const index of [...this.live.keys()]) if (!isLive(index)) this.live.delete(index);
  }
}

interface Arrived {
  readonly snapshot: StoredSnapshot;
  readonly entries: readonly Entry[];
}

/** What survives a crash. */
export class MemoryDisk {
  readonly groups = new Map<GroupId, Image>();
  incarnation = 0;
}

type Write = () => void;

/** A log store without files, for tests of the host: writes are durable some time after `kick`, all at once. */
export class MemoryStore implements LogStore {
  readonly nodeId: number;
  readonly incarnation: number;
  space: SpaceState = "ok";
  isBacklogged = false;
  queuedBytes = 0;
  /** Time a batch takes, ms. */
  batchMs = 1;
  /** While true nothing becomes durable. */
  isStuck = false;
  readonly #disk: MemoryDisk;
  readonly #timers: Timers;
  readonly #listener: LogStoreListener;
  readonly #images = new Map<GroupId, Image>();
  readonly #arrived = new Map<GroupId, Arrived>();
  #waiting: Write[] = [];
  #isWriting = false;

  constructor(disk: MemoryDisk, nodeId: number, timers: Timers, listener: LogStoreListener) {
    this.nodeId = nodeId;
    this.#disk = disk;
    this.#timers = timers;
    this.#listener = listener;
    disk.incarnation++;
    this.incarnation = disk.incarnation;
    for (const [groupId, image] of disk.groups) this.#images.set(groupId, copyOf(image));
  }

  recovered(groupId: GroupId): RecoveredGroup | undefined {
    return this.groups().find((group) => group.groupId === groupId);
  }

  groups(): readonly RecoveredGroup[] {
    return [...this.#disk.groups].map(([groupId, image]) => ({
      groupId,
      epoch: image.epoch,
      replicaId: image.replicaId,
      hardState: image.hardState,
      snapshot: image.meta,
      holes: [],
      isSnapshotDamaged: false,
      promise: undefined,
      forcedIndex: image.forcedIndex,
    }));
  }

  createGroup(
    group: { groupId: GroupId; epoch: number; replicaId: ReplicaId; conf: ConfState },
    done: () => void,
  ): void {
    this.#images.set(group.groupId, new Image(group));
    this.#write(() => {
      this.#disk.groups.set(group.groupId, new Image(group));
      done();
    });
    this.kick();
  }

  deleteGroup(groupId: GroupId, done: () => void): void {
    this.#images.delete(groupId);
    this.#write(() => {
      this.#disk.groups.delete(groupId);
      done();
    });
    this.kick();
  }

  log(groupId: GroupId): LogView {
    return this.#image(groupId);
  }

  append(groupId: GroupId, append: Append): void {
    const arrived = append.snapshot === undefined ? undefined : this.#arrived.get(groupId);
    this.#image(groupId).write(append, arrived);
    this.#write(() => {
      this.#disk.groups.get(groupId)?.write(append, arrived);
      this.#listener.onAppended(groupId, append.seq);
    });
  }

  kick(): void {
    if (this.#isWriting || this.isStuck || this.#waiting.length === 0) return;
    this.#isWriting = true;
    const batch = this.#waiting;
    this.#waiting = [];
    this.#timers.setTimer(this.batchMs, () => {
      this.#isWriting = false;
      for (const write of batch) write();
      this.#listener.onBatchEnd();
      this.kick();
    });
  }

  read(
    groupId: GroupId,
    from: number,
    to: number,
    maxBytes: number,
    done: (result: ReadResult) => void,
  ): void {
    this.#timers.defer(() => {
      const entries = this.#images.get(groupId)?.cached(from, to, maxBytes);
      done(entries === undefined ? { kind: "compacted" } : { kind: "entries", entries });
    });
  }

  saveSnapshot(
    groupId: GroupId,
    save: { meta: SnapshotMeta; source: SnapshotSource; compactTo: number },
    done: (result: "saved" | "superseded" | "no-space") => void,
  ): void {
    const pieces: Uint8Array[] = [];
    for (let piece = save.source.next(16); piece !== undefined; piece = save.source.next(16)) {
      pieces.push(Buffer.from(piece));
    }
    save.source.close();
    const snapshot = { meta: save.meta, live: save.source.live, state: Buffer.concat(pieces) };
    this.#write(() => {
      const image = this.#images.get(groupId);
      const durable = this.#disk.groups.get(groupId);
      if (image === undefined || durable === undefined || image.meta.index >= save.meta.index) {
        done("superseded");
        return;
      }
      image.save(snapshot, save.compactTo);
      durable.save(snapshot, save.compactTo);
      done("saved");
    });
    this.kick();
  }

  loadSnapshot(groupId: GroupId, done: (result: LoadedSnapshot) => void): void {
    this.#timers.defer(() => {
      const snapshot = this.#images.get(groupId)?.snapshot;
      if (snapshot === undefined) {
        done({ kind: "none" });
        return;
      }
      done({
        kind: "snapshot",
        meta: snapshot.meta,
        live: snapshot.live,
        size: snapshot.state.length,
        read: (position, maxBytes, onBytes): void => {
          const bytes = snapshot.state.subarray(position, position + maxBytes);
          this.#timers.defer(() => onBytes(bytes));
        },
        close: (): void => {},
      });
    });
  }

  receiveSnapshot(
    groupId: GroupId,
    meta: SnapshotMeta,
    live: readonly IndexRange[],
  ): SnapshotReceiver {
    const image = this.#image(groupId);
    const missing = live.filter((range) => image.cached(range.first, range.first, 1) === undefined);
    const entries: Entry[] = [];
    const pieces: Uint8Array[] = [];
    return {
      missing,
      bufferedBytes: 0,
      addEntries: (more): void => {
        entries.push(...more);
      },
      addState: (bytes): void => {
        pieces.push(Buffer.from(bytes));
      },
      finish: (done): void => {
        const wanted = missing.reduce((sum, range) => sum + range.last - range.first + 1, 0);
        this.#write(() => {
          if (entries.length < wanted) return done("incomplete");
          const snapshot = { meta, live, state: Buffer.concat(pieces) };
          this.#arrived.set(groupId, { snapshot, entries });
          return done("ready");
        });
        this.kick();
      },
      abort: (): void => {},
    };
  }

  acceptLoss(_groupId: GroupId, done: () => void): void {
    this.#write(done);
    this.kick();
  }

  forceConf(groupId: GroupId, conf: ConfState, epoch: number, done: () => void): void {
    for (const image of [this.#image(groupId), this.#disk.groups.get(groupId)]) {
      if (image === undefined) continue;
      image.epoch = epoch;
      image.forcedIndex = image.lastIndex;
      image.meta = { ...image.meta, conf };
      if (image.snapshot !== undefined) image.snapshot = { ...image.snapshot, meta: image.meta };
    }
    this.#write(done);
    this.kick();
  }

  close(done: () => void): void {
    this.kick();
    if (this.#isWriting && !this.isStuck) {
      this.#timers.setTimer(this.batchMs, () => this.close(done));
    } else {
      this.#timers.defer(done);
    }
  }

  /** The disk breaks. */
  fail(): void {
    this.isStuck = true;
    this.#waiting = [];
    this.#listener.onFatal(new Error("disk failed"));
  }

  setSpace(space: SpaceState): void {
    this.space = space;
    this.#listener.onSpaceChange(space);
  }

  #write(write: Write): void {
    this.#waiting.push(write);
  }

  #image(groupId: GroupId): Image {
    const image = this.#images.get(groupId);
    if (image === undefined) throw new Error(`no group ${groupId}`);
    return image;
  }
}

function copyOf(image: Image): Image {
  const { epoch, replicaId, meta } = image;
  const copy = new Image({ epoch, replicaId, conf: meta.conf });
  copy.hardState = image.hardState;
  copy.meta = meta;
  copy.forcedIndex = image.forcedIndex;
  copy.snapshot = image.snapshot;
  copy.compactedIndex = image.compactedIndex;
  copy.compactedTerm = image.compactedTerm;
  copy.entries = [...image.entries];
  for (const [index, entry] of image.live) copy.live.set(index, entry);
  return copy;
}
