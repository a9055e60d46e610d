import { entryChecksum } from "../../src/codec/entry-record.ts";
import { type Entry, EntryType } from "../../src/core/entry.ts";
import type { IndexRange } from "../../src/core/hard-state.ts";
import type { Append } from "../../src/core/ready.ts";
import type { Disk } from "../../src/env/disk.ts";
import { DEFAULT_LIMITS, type RaftLimits } from "../../src/limits.ts";
import { Random } from "../../src/sim/random.ts";
import { HONEST_DISK, SimDisk } from "../../src/sim/sim-disk.ts";
import { SimProcess } from "../../src/sim/sim-process.ts";
import { SimScheduler } from "../../src/sim/sim-scheduler.ts";
import type {
  LogStoreListener,
  ReadResult,
  SnapshotSource,
  SpaceState,
} from "../../src/store/log-store.ts";
import { NodeLogStore } from "../../src/store/node-log-store.ts";

const SMALL_LIMITS: RaftLimits = {
  ...DEFAULT_LIMITS,
  hotFileBytes: 16 * 1024,
  batchAlignBytes: 512,
  batchMaxBytes: 8 * 1024,
  batchMaxRecords: 64,
  bodyCacheBytes: 32 * 1024,
  indexCacheBytes: 4 * 1024,
  freeSpaceMinBytes: 0,
  inlineSnapshotMaxBytes: 1024,
  rewriteBytesPerSecond: 1 << 30,
};

export const CONF = {
  voters: [65537, 131073, 196609],
  votersOutgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
} as const;

/** What a store told its host. */
class RecordingListener implements LogStoreListener {
  readonly appended: [groupId: number, seq: number][] = [];
  readonly damage: [groupId: number, range: IndexRange][] = [];
  readonly spaces: SpaceState[] = [];
  batchEnds = 0;
  fatal: Error | undefined;
  onAppendedCall: ((groupId: number, seq: number) => void) | undefined;

  onAppended(groupId: number, seq: number): void {
    if (this.fatal !== undefined) throw new Error("onAppended after onFatal");
    this.appended.push([groupId, seq]);
    this.onAppendedCall?.(groupId, seq);
  }

  onBatchEnd(): void {
    this.batchEnds++;
  }

  onFatal(error: Error): void {
    if (this.fatal !== undefined) throw new Error("onFatal twice");
    this.fatal = error;
  }

  onSpaceChange(space: SpaceState): void {
    this.spaces.push(space);
  }

  onDamage(groupId: number, range: IndexRange): void {
    this.damage.push([groupId, range]);
  }
}

/** A machine with one disk on which stores are opened, one life after the other. */
export class Machine {
  readonly random: Random;
  readonly scheduler: SimScheduler;
  readonly disk: SimDisk;
  readonly limits: RaftLimits;
  readonly errors: unknown[] = [];
  process: SimProcess;
  listener = new RecordingListener();
  /** For tests that look at, or into, what a store does to its disk. */
  wrapDisk: (disk: Disk) => Disk = (disk) => disk;
  /** Called after everything that happened. */
  onStep: (() => void) | undefined;
  #store: NodeLogStore | undefined;

  constructor(seed = 1, limits: Partial<RaftLimits> = {}) {
    this.random = new Random(seed);
    this.scheduler = new SimScheduler(this.random.fork());
    this.limits = { ...SMALL_LIMITS, ...limits };
    this.disk = new SimDisk(this.scheduler, this.random.fork(), {
      faults: { ...HONEST_DISK, crash: { ...HONEST_DISK.crash } },
      watcher: {
        onDiskEvent: () => undefined,
        onWrite: () => 0,
        onDurable: () => undefined,
        onDiskMisuse: (what) => {
          throw new Error(what);
        },
      },
    });
    this.process = this.#newProcess();
  }

  get store(): NodeLogStore {
    if (this.#store === undefined) throw new Error("no store is open");
    return this.#store;
  }

  get isOpen(): boolean {
    return this.#store !== undefined;
  }

  /** Opens a store; throws what it fails with. */
  open(options: { nodeId?: number; clusterId?: string } = {}): NodeLogStore {
    this.listener = new RecordingListener();
    const result = this.tryOpen(options);
    if (result instanceof Error) throw result;
    return result;
  }

  tryOpen(options: { nodeId?: number; clusterId?: string } = {}): NodeLogStore | Error {
    const result = this.beginOpen(options);
    this.runUntil(() => result.value !== undefined);
    if (result.value === undefined) throw new Error("open did not come back");
    return result.value;
  }

  /** Starts to open a store; `isOpen` and the result tell when it is. */
  beginOpen(options: { nodeId?: number; clusterId?: string } = {}): {
    value: NodeLogStore | Error | undefined;
  } {
    const result: { value: NodeLogStore | Error | undefined } = { value: undefined };
    this.process.run(() =>
      NodeLogStore.open(
        this.wrapDisk(this.disk.attach(this.process)),
        this.process,
        this.process,
        { nodeId: 1, clusterId: "test", limits: this.limits, ...options },
        this.listener,
        (error, store) => {
          result.value = error ?? store;
          this.#store = store;
        },
      ),
    );
    return result;
  }

  /** Ends the process without warning; with `power`, the machine, too. */
  kill(power = true): void {
    this.process.kill();
    this.disk.kill(this.process);
    if (power) this.disk.crash();
    this.process = this.#newProcess();
    this.#store = undefined;
  }

  /** The present process goes on; what is opened from now on is another one's. */
  startOtherProcess(): void {
    this.process = this.#newProcess();
    this.#store = undefined;
  }

  restart(power = true): NodeLogStore {
    this.kill(power);
    return this.open();
  }

  close(): void {
    this.wait<void>((done) => this.store.close(() => done()));
    this.kill(false);
  }

  /** Runs until `start` called back. */
  wait<T>(start: (done: (value: T) => void) => void): T {
    let results: [T] | undefined;
    this.process.run(() =>
      start((value) => {
        if (results !== undefined) throw new Error("called back twice");
        results = [value];
      }),
    );
    this.runUntil(() => results !== undefined);
    if (results === undefined) throw new Error("no call came back");
    return results[0];
  }

  runUntil(condition: () => boolean, maxMs = 60_000): void {
    const end = this.scheduler.nowMs + maxMs;
    while (!condition() && this.scheduler.runNext(end)) {
      this.#throwErrors();
      this.onStep?.();
    }
    this.#throwErrors();
  }

  runFor(ms: number): void {
    const end = this.scheduler.nowMs + ms;
    this.runUntil(() => false, ms);
    this.scheduler.advanceTo(end);
  }

  create(groupId: number, conf = CONF): void {
    const group = { groupId, epoch: 1, replicaId: 65537, conf: { ...conf } };
    this.wait<void>((done) => this.store.createGroup(group, () => done()));
  }

  /** Appends and waits until it is durable. */
  append(groupId: number, append: Partial<Append>): void {
    const seq = this.submit(groupId, append);
    this.store.kick();
    const { listener } = this;
    this.runUntil(
      () =>
        listener.appended.some(([group, done]) => group === groupId && done >= seq) ||
        listener.fatal !== undefined,
    );
  }

  /** Appends without waiting. */
  submit(groupId: number, append: Partial<Append>): number {
    const seq = append.seq ?? ++this.#seq;
    this.process.run(() => this.store.append(groupId, makeAppend({ ...append, seq })));
    return seq;
  }
  #seq = 0;

  read(groupId: number, from: number, to = from, maxBytes = 1 << 20): ReadResult {
    return this.wait((done) => this.store.read(groupId, from, to, maxBytes, done));
  }

  /** All entries from..to, by as many reads as it takes; throws if one cannot be read. */
  readAll(groupId: number, from: number, to: number): Entry[] {
    const entries: Entry[] = [];
    while (from + entries.length <= to) {
      const result = this.read(groupId, from + entries.length, to, 4096);
      if (result.kind !== "entries") {
        throw new Error(`${result.kind} at ${from + entries.length} of group ${groupId}`);
      }
      entries.push(...result.entries);
    }
    return entries;
  }

  save(
    groupId: number,
    snapshot: { index: number; term: number; state: Uint8Array; live?: IndexRange[] },
    compactTo = snapshot.index,
  ): string {
    const { index, term, state, live = [] } = snapshot;
    const meta = { index, term, conf: { ...CONF } };
    const source = sourceOf(state, live);
    return this.wait((done) => this.store.saveSnapshot(groupId, { meta, source, compactTo }, done));
  }

  loadState(groupId: number): Buffer | string {
    const loaded = this.wait<Parameters<Parameters<NodeLogStore["loadSnapshot"]>[1]>[0]>((done) =>
      this.store.loadSnapshot(groupId, done),
    );
    if (loaded.kind !== "snapshot") return loaded.kind;
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < loaded.size; ) {
      const piece = this.wait<Uint8Array | "damaged">((done) => loaded.read(at, 777, done));
      if (piece === "damaged") return "damaged";
      pieces.push(piece);
      at += piece.length;
    }
    loaded.close();
    return Buffer.concat(pieces);
  }

  #newProcess(): SimProcess {
    const clock = { wallSkewMs: 0, driftPpm: 0 };
    return new SimProcess(this.scheduler, this.random.fork(), clock, (error) =>
      this.errors.push(error),
    );
  }

  #throwErrors(): void {
    if (this.errors.length > 0) throw this.errors[0];
  }
}

export function makeAppend(parts: Partial<Append>): Append {
  return {
    seq: 1,
    hardState: undefined,
    entries: [],
    repairs: [],
    snapshot: undefined,
    keepsSuffix: false,
    promise: undefined,
    after: [],
    ...parts,
  };
}

/** An entry whose contents follow from group, index and term. */
export function entry(groupId: number, index: number, term: number, size = 20): Entry {
  const text = `${groupId}/${index}/${term} `;
  const data = Buffer.alloc(size, text);
  const crc = entryChecksum(groupId, index, term, EntryType.Command, data);
  return { index, term, type: EntryType.Command, data, crc };
}

export function entries(groupId: number, range: IndexRange, term: number, size?: number): Entry[] {
  const list: Entry[] = [];
  for (let index = range.first; index <= range.last; index++) {
    list.push(entry(groupId, index, term, size));
  }
  return list;
}

export function sourceOf(state: Uint8Array, live: readonly IndexRange[] = []): SnapshotSource {
  let at = 0;
  return {
    live,
    next(maxBytes) {
      if (at >= state.length) return undefined;
      const piece = state.subarray(at, at + Math.min(maxBytes, 500));
      at += piece.length;
      return piece;
    },
    close() {},
  };
}
