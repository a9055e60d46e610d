import { type ConfState, EMPTY_CONF } from "../../core/conf-state.ts";
import { type Entry, EntryType } from "../../core/entry.ts";
import { NONE, type ReplicaId, replicaIdOf } from "../../core/ids.ts";
import { DEFAULT_RAFT_LIMITS, type RaftConfig } from "../../core/raft-config.ts";
import { INITIAL_INDEX, INITIAL_TERM } from "../../store/log-store.ts";
import type { LogImage } from "./log-image.ts";
import { BLANK, bytesOf } from "./recorder.ts";

/** How a cluster starts. Nodes are small numbers; each has one replica, of generation 1 at first. */
export interface ClusterOptions {
  readonly voters?: readonly number[];
  readonly learners?: readonly number[];
  /** Nodes with a replica that waits to be added. */
  readonly spares?: readonly number[];
  /** Where all members start, as if compacted there. */
  readonly index?: number;
  /** Terms of the entries that each node has after `index`. */
  readonly logs?: Readonly<Record<number, readonly number[]>>;
  /** Current terms on disk; else that of the last entry. */
  readonly terms?: Readonly<Record<number, number>>;
  /** Commit indexes on disk; else `index`. */
  readonly commits?: Readonly<Record<number, number>>;
  readonly config?: Partial<RaftConfig>;
  /** Of the election jitter of all replicas, each of which has its own. */
  readonly seed?: number;
}

/** The group of all scenarios. */
export const GROUP_ID = 7;
/** Its epoch. */
export const EPOCH = 1;
/** Ticks: an election timeout is 10 to 19 of them, a heartbeat comes with each. */
export const ELECTION_TICKS = 10;

/** Any checksum will do here, as long as different entries differ. */
export function checksum(
  groupId: number,
  index: number,
  term: number,
  type: number,
  data: Uint8Array,
): number {
  let hash = 0x811c9dc5;
  for (const part of [groupId, index, term, type, ...data]) {
    hash = Math.imul(hash ^ part, 0x01000193) >>> 0;
  }
  return hash;
}

const createEntry: RaftConfig["createEntry"] = (groupId, index, term, type, data, command) => ({
  index,
  term,
  type,
  data,
  crc: checksum(groupId, index, term, type, data),
  command,
});

/** An entry that is in a log from the start. */
export function startEntry(index: number, term: number): Entry {
  const data = bytesOf(`${index}:${term}`);
  const crc = checksum(GROUP_ID, index, term, EntryType.Command, data);
  return { index, term, type: EntryType.Command, data, crc };
}

/** The members at the start. */
function startConf(options: ClusterOptions): ConfState {
  const ids = (nodes: readonly number[] | undefined): ReplicaId[] =>
    (nodes ?? []).map((node) => replicaIdOf(node, 1));
  return { ...EMPTY_CONF, voters: ids(options.voters), learners: ids(options.learners) };
}

/** The disk of a member at the start. */
export function memberImage(options: ClusterOptions, node: number): LogImage {
  const index = options.index ?? INITIAL_INDEX;
  const entries = (options.logs?.[node] ?? []).map((term, offset) =>
    startEntry(index + 1 + offset, term),
  );
  const lastTerm = entries.at(-1)?.term ?? INITIAL_TERM;
  const commitIndex = options.commits?.[node] ?? index;
  return {
    hardState: { currentTerm: options.terms?.[node] ?? lastTerm, votedFor: NONE, commitIndex },
    snapshot: {
      meta: { index, term: INITIAL_TERM, conf: startConf(options) },
      state: { index, commands: [] },
    },
    isSnapshotDamaged: false,
    compacted: { index, term: INITIAL_TERM },
    entries,
    promise: undefined,
  };
}

/** The disk of a replica that waits to be added. */
export function blankImage(): LogImage {
  return {
    hardState: { currentTerm: 0, votedFor: NONE, commitIndex: 0 },
    snapshot: { meta: { index: 0, term: 0, conf: EMPTY_CONF }, state: BLANK },
    isSnapshotDamaged: false,
    compacted: { index: 0, term: 0 },
    entries: [],
    promise: undefined,
  };
}

/** Settings of a replica; those of `options.config` win. */
export function configFor(
  self: ReplicaId,
  boot: number,
  isNodeAlive: (replica: ReplicaId) => boolean,
  options: Pick<ClusterOptions, "config" | "seed">,
): RaftConfig {
  return {
    ...DEFAULT_RAFT_LIMITS,
    electionTicks: ELECTION_TICKS,
    heartbeatTicks: 1,
    self,
    groupId: GROUP_ID,
    groupEpoch: EPOCH,
    seed: (options.seed ?? 0) * 7919 + self + boot,
    appliesBeforeDurable: false,
    noopData: new Uint8Array(0),
    createEntry,
    isNodeAlive,
    ...options.config,
  };
}
