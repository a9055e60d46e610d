/**
 * What the core costs: memory of idle groups, and proposals through a group of three whose messages and appends take no time. A plain
 * program, since the modules are not what runs in production under `vitest bench`.
 *
 *     node --expose-gc --conditions=@leveret/source --import tsx packages/raft/bench/core.ts
 */
import { createEntryMaker } from "../src/codec/entry-maker.ts";
import type { ConfState } from "../src/core/conf-state.ts";
import { type Entry, entrySize } from "../src/core/entry.ts";
import { type ReplicaId, replicaIdOf } from "../src/core/ids.ts";
import type { LogView } from "../src/core/log-view.ts";
import { MessageType, type RaftMessage } from "../src/core/message.ts";
import { DEFAULT_RAFT_LIMITS, type RaftConfig } from "../src/core/raft-config.ts";
import { RaftCore } from "../src/core/raft-core.ts";

const IDLE_GROUPS = 10_000;
const PROPOSALS = 200_000;
/** Proposals of one turn, as many queues with publishers give them. */
const BATCHES = [1, 32];
const BODY_SIZE = 256;
const ROUNDS = 5;
/** Entries after which the log is cut, as by a snapshot. */
const COMPACT_EVERY = 10_000;

const VOTERS: readonly ReplicaId[] = [1, 2, 3].map((node) => replicaIdOf(node, 1));
const CONF: ConfState = {
  voters: VOTERS,
  votersOutgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
};
const NO_BYTES = new Uint8Array(0);

/** Storage that has everything at once. */
class InstantLog implements LogView {
  compactedIndex = 1;
  compactedTerm = 1;
  snapshotIndex = 1;
  #entries: Entry[] = [];

  get lastIndex(): number {
    return this.compactedIndex + this.#entries.length;
  }

  term(index: number): number | undefined {
    if (index === this.compactedIndex) return this.compactedTerm;
    return this.#entries[index - this.compactedIndex - 1]?.term;
  }

  cached(from: number, to: number, maxBytes: number): readonly Entry[] {
    const start = from - this.compactedIndex - 1;
    let end = start;
    let bytes = 0;
    for (; end <= to - this.compactedIndex - 1; end++) {
      const entry = this.#entries[end];
      if (entry === undefined) break;
      bytes += entrySize(entry);
      if (bytes > maxBytes && end > start) break;
    }
    return this.#entries.slice(start, end);
  }

  push(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first !== undefined) this.#entries.length = first.index - this.compactedIndex - 1;
    for (const entry of entries) this.#entries.push(entry);
  }

  compact(index: number): void {
    if (index - this.compactedIndex < COMPACT_EVERY) return;
    this.compactedTerm = this.term(index) ?? this.compactedTerm;
    this.#entries = this.#entries.slice(index - this.compactedIndex);
    this.compactedIndex = index;
    this.snapshotIndex = index;
  }
}

interface Replica {
  readonly core: RaftCore;
  readonly log: InstantLog;
}

function start(self: ReplicaId, groupId: number): Replica {
  const log = new InstantLog();
  const config: RaftConfig = {
    ...DEFAULT_RAFT_LIMITS,
    self,
    groupId,
    groupEpoch: 1,
    seed: self + groupId,
    appliesBeforeDurable: false,
    noopData: NO_BYTES,
    createEntry: createEntryMaker(),
    isNodeAlive,
  };
  const hardState = { currentTerm: 1, votedFor: 0, commitIndex: 1 };
  const init = { hardState, conf: CONF, applied: 1, holes: [], promise: undefined };
  return { core: RaftCore.restore(config, init, log), log };
}

function isNodeAlive(): boolean {
  return true;
}

/** Three replicas and the messages between them. */
class Group {
  readonly #replicas = new Map(VOTERS.map((self) => [self, start(self, 1)]));
  readonly #queue: RaftMessage[] = [];
  readonly leader: RaftCore;
  committed = 0;

  constructor() {
    const first = this.#replicas.get(VOTERS[0] ?? 0);
    if (first === undefined) throw new Error("no replica");
    this.leader = first.core;
    this.leader.campaign();
    this.settle();
    if (this.leader.role !== "leader") throw new Error("no leader");
  }

  settle(): void {
    let isBusy = true;
    while (isBusy) {
      isBusy = false;
      for (const replica of this.#replicas.values()) isBusy = this.#turn(replica) || isBusy;
      for (const message of this.#queue.splice(0)) {
        this.#replicas.get(message.to)?.core.step(message);
        isBusy = true;
      }
    }
  }

  #turn({ core, log }: Replica): boolean {
    if (!core.hasReady()) return false;
    const { append, messages, committed } = core.ready();
    for (const message of messages) this.#queue.push(message);
    if (append !== undefined) {
      log.push(append.entries);
      core.onAppended(append.seq);
      for (const message of append.after) this.#queue.push(message);
    }
    const last = committed[committed.length - 1];
    if (last !== undefined) {
      core.onApplied(last.index);
      log.compact(last.index);
      if (core === this.leader) this.committed += committed.length;
    }
    return true;
  }
}

/** Proposals a second of the best round. */
function proposalsPerSecond(batch: number): number {
  let best = 0;
  const body = new Uint8Array(BODY_SIZE);
  for (let round = 0; round < ROUNDS; round++) {
    const group = new Group();
    const startedAt = process.hrtime.bigint();
    for (let done = 0; done < PROPOSALS; done += batch) {
      for (let at = 0; at < batch; at++) group.leader.propose(body);
      group.settle();
    }
    const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9;
    if (group.committed < PROPOSALS) throw new Error(`only ${group.committed} committed`);
    best = Math.max(best, PROPOSALS / seconds);
  }
  return best;
}

/** Bytes of heap that an idle follower takes, its log view not counted. */
function bytesPerIdleGroup(): number {
  const collect = globalThis.gc;
  if (collect === undefined) throw new Error("run with --expose-gc");
  const replicas: RaftCore[] = [];
  const shared = new InstantLog();
  const config: RaftConfig = {
    ...DEFAULT_RAFT_LIMITS,
    self: VOTERS[0] ?? 0,
    groupId: 0,
    groupEpoch: 1,
    seed: 1,
    appliesBeforeDurable: false,
    noopData: NO_BYTES,
    createEntry: createEntryMaker(),
    isNodeAlive,
  };
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let groupId = 1; groupId <= IDLE_GROUPS; groupId++) {
    const hardState = { currentTerm: 1, votedFor: 0, commitIndex: 1 };
    const init = { hardState, conf: CONF, applied: 1, holes: [], promise: undefined };
    const core = RaftCore.restore({ ...config, groupId, seed: groupId }, init, shared);
    core.step(heartbeat(groupId));
    core.ready();
    replicas.push(core);
  }
  collect();
  return (process.memoryUsage().heapUsed - before) / replicas.length;
}

function heartbeat(groupId: number): RaftMessage {
  return {
    type: MessageType.Heartbeat,
    groupId,
    epoch: 1,
    from: VOTERS[1] ?? 0,
    to: VOTERS[0] ?? 0,
    term: 1,
    index: 0,
    logTerm: 0,
    commit: 1,
    hint: 0,
    context: 0,
    reject: false,
    entries: [],
    snapshot: undefined,
  };
}

const perGroup = bytesPerIdleGroup();
process.stdout.write(`idle follower: ${(perGroup / 1024).toFixed(2)} KB of heap, goal < 3 KB\n`);
for (const batch of BATCHES) {
  const rate = proposalsPerSecond(batch);
  process.stdout.write(
    `group of three, ${batch} proposals a turn: ${Math.round(rate)} commits/s\n`,
  );
}
