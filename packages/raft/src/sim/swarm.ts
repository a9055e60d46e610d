import { DEFAULT_LIMITS, type RaftLimits } from "../limits.ts";
import type { Random } from "./random.ts";
import type { NetFaults } from "./sim-connection.ts";
import type { DiskFaults } from "./sim-disk.ts";

/** Kinds of faults, each of which a run may have or not; shrinking takes them away one by one. */
export const FAULT_CLASSES = [
  "kill",
  "power-loss",
  "pause",
  "clock",
  "partition",
  "reset",
  "loss",
  "clog",
  "slow-disk",
  "disk-stall",
  "fsync-error",
  "write-error",
  "read-error",
  "disk-full",
  "damage",
  "wipe",
  "membership",
  "transfer",
  "snapshot",
  "delete-group",
  "stop",
] as const;
export type FaultClass = (typeof FAULT_CLASSES)[number];

/** What one run is like: drawn from its seed, so that different runs stress different things. */
export interface Swarm {
  readonly seed: number;
  readonly nodes: number;
  readonly groups: number;
  readonly votersPerGroup: number;
  readonly clients: number;
  readonly limits: RaftLimits;
  readonly faults: ReadonlySet<FaultClass>;
  readonly net: NetFaults;
  /** Mean disk latency differs from node to node: each node's is this times a factor of its own. */
  readonly disk: DiskFaults;
  /** Mean ms between events of each class, over the whole cluster. */
  readonly meanMsBetween: Readonly<Record<FaultClass, number>>;
  readonly proposalMeanMs: number;
  /** Share of the requests that go to any replica instead of the one thought to lead. */
  readonly guessShare: number;
  /** Share of the time in which clients rest, so that groups fall asleep. */
  readonly restShare: number;
  readonly readShare: number;
  readonly maxPayload: number;
  readonly keptShare: number;
  readonly crashLostShare: number;
  readonly driftPpm: number;
  readonly skewMs: number;
  /** Groups of one apply before their entries are durable. */
  readonly appliesBeforeDurable: boolean;
}

const KIB = 1024;
/** Share of the runs, at least, that have a class: of those that meet what they are for less often than others. */
const LEAST_SHARES: Partial<Record<FaultClass, number>> = { damage: 0.85, membership: 0.7 };
/** Faults of a class follow each other no faster than this on average. */
const MIN_INTERVAL_MS = 400;

/** Draws the parameters of a run (ranges of fault-testing 4.2 of the design documents, tiny limits often). */
export function drawSwarm(seed: number, steps: number, random: Random): Swarm {
  const nodes = random.pick([1, 2, 3, 3, 3, 3, 3, 4, 5, 5, 6, 7]);
  const groups = random.pick([1, 1, 1, 1, 2, 2, 3, 3, 5, 8, 16, 32]);
  const votersPerGroup = Math.min(nodes, random.pick([1, 2, 3, 3, 3, 3, 5, 5, 7]));
  const isTiny = random.chance(0.6);
  const limits = drawLimits(random, isTiny, groups);
  const proposalMeanMs = random.logBetween(5, 500);
  const stepsPerMs =
    (groups * votersPerGroup * 1.6) / limits.tickMs + (votersPerGroup * 6) / proposalMeanMs;
  const maxPayload = Math.floor(Math.min(limits.maxEntryBytes, limits.hotFileBytes / 8) / 2);
  return {
    seed,
    nodes,
    groups,
    votersPerGroup,
    clients: random.between(1, 10),
    limits,
    faults: drawFaultClasses(random),
    net: drawNet(random),
    disk: drawDisk(random, limits),
    meanMsBetween: drawIntervals(random, steps / stepsPerMs),
    proposalMeanMs,
    guessShare: random.pick([0.02, 0.3, 0.8]),
    restShare: random.pick([0, 0.2, 0.5, 0.8]),
    readShare: random.pick([0.05, 0.2, 0.5]),
    maxPayload,
    keptShare: random.pick([0, 0.3, 0.7, 1]),
    crashLostShare: random.pick([0, 0.3, 0.7, 1]),
    driftPpm: random.between(0, 500),
    skewMs: random.between(0, 10_000),
    appliesBeforeDurable: random.chance(0.5),
  };
}

/** The same run without some classes of faults. */
export function withoutFaults(swarm: Swarm, removed: Iterable<FaultClass>): Swarm {
  const faults = new Set(swarm.faults);
  for (const fault of removed) faults.delete(fault);
  return { ...swarm, faults };
}

function drawFaultClasses(random: Random): Set<FaultClass> {
  const share = random.pick([0.15, 0.4, 0.6, 0.9]);
  return new Set(
    FAULT_CLASSES.filter((fault) => random.chance(Math.max(share, LEAST_SHARES[fault] ?? 0))),
  );
}

/** So that each class that a run has happens some two to a hundred times in it, however long it takes. */
function drawIntervals(random: Random, expectedMs: number): Record<FaultClass, number> {
  const interval = (most: number): number =>
    Math.max(MIN_INTERVAL_MS, expectedMs / random.logBetween(1.5, most));
  return {
    kill: interval(10),
    "power-loss": interval(10),
    pause: interval(12),
    clock: interval(20),
    partition: interval(25),
    reset: interval(50),
    loss: 0,
    clog: 0,
    "slow-disk": 0,
    "disk-stall": 0,
    "fsync-error": 0,
    "write-error": 0,
    "read-error": 0,
    "disk-full": interval(25),
    damage: interval(2500),
    wipe: interval(8),
    membership: interval(150),
    transfer: interval(50),
    snapshot: interval(100),
    "delete-group": interval(6),
    stop: interval(6),
  };
}

function drawNet(random: Random): NetFaults {
  return {
    delayMeanMs: random.logBetween(0.2, 60),
    delayMinMs: random.logBetween(0.02, 2),
    lossChance: random.float() * 0.3,
    resetChance: random.pick([0, 0, 0.0005, 0.005]),
    clogChance: random.float() * 0.02,
    clogMaxMs: random.logBetween(50, 5000),
    sendBufferBytes: random.pick([512, 4 * KIB, 64 * KIB]),
  };
}

function drawDisk(random: Random, limits: RaftLimits): DiskFaults {
  const meanMs = random.logBetween(0.05, 100);
  return {
    writeMeanMs: meanMs,
    syncMeanMs: meanMs * random.logBetween(1, 5),
    readMeanMs: meanMs / 2,
    stallChance: random.logBetween(0.0001, 0.01),
    stallMaxMs: random.logBetween(100, 10_000),
    syncErrorChance: random.logBetween(0.0001, 0.01),
    writeErrorChance: random.logBetween(0.00005, 0.003),
    readErrorChance: random.logBetween(0.0005, 0.02),
    capacityBytes: limits.hotFileBytes * 400,
    crash: {
      lost: random.pick([0, 0.2, 0.5, 0.9, 1]),
      garbage: random.pick([0, 0, 0.1, 0.3]),
    },
  };
}

function drawLimits(random: Random, isTiny: boolean, groups: number): RaftLimits {
  // A file has to hold much more than the state of all groups, or the store would do nothing but carry that along.
  const smallest = 2 ** Math.ceil(Math.log2(groups * 2 * KIB));
  const hotFileBytes = isTiny
    ? Math.max(random.pick([4 * KIB, 8 * KIB, 16 * KIB]), smallest)
    : Math.max(64 * KIB, smallest);
  const maxEntryBytes = hotFileBytes / 4;
  const tickMs = random.pick([50, 50, 50, 20, 100]);
  const electionTicks = random.pick([10, 20, 20]);
  const electionMs = tickMs * electionTicks;
  return {
    ...DEFAULT_LIMITS,
    tickMs,
    electionTicks,
    heartbeatTicks: Math.max(1, Math.floor(electionTicks / 5)),
    maxEntriesBytesPerMessage: isTiny ? random.pick([64, 512, 4 * KIB]) : 16 * KIB,
    maxInflightMessages: random.pick([1, 2, 4, 64]),
    maxInflightBytes: random.pick([256, 4 * KIB, 64 * KIB]),
    maxUncommittedBytes: random.pick([2 * KIB, 16 * KIB, 64 * KIB]) + maxEntryBytes,
    maxApplyingBytes: random.pick([64, KIB, 16 * KIB]),
    maxEntryBytes,
    hotFileBytes,
    batchAlignBytes: isTiny ? 512 : random.pick([512, 4 * KIB]),
    spareFiles: random.pick([1, 2, 3]),
    batchMaxBytes: hotFileBytes / 2,
    batchMaxRecords: random.pick([2, 8, 64, 1024]),
    backlogBytes: hotFileBytes,
    bodyCacheBytes: random.pick([hotFileBytes / 2, hotFileBytes * 4]),
    indexCacheBytes: random.pick([4 * KIB, 64 * KIB]),
    evidenceDelayMs: random.pick([5, 50, 200]),
    freeSpaceMinBytes: hotFileBytes * 4,
    rewriteLiveRatio: random.pick([0.3, 0.5, 0.8]),
    rewriteBytesPerSecond: random.pick([16 * KIB, 256 * KIB, 1024 * KIB]),
    inlineSnapshotMaxBytes: random.pick([64, 512, 4 * KIB]),
    applySliceEntries: random.pick([1, 2, 16, 256]),
    turnCompletions: isTiny ? 1 : 16,
    hibernateAfterMs: random.pick([500, 1000, 3000]),
    snapshotMinIntervalMs: random.pick([50, 200, 1000]),
    snapshotReclaimBytes: random.pick([200, 2 * KIB, 16 * KIB]),
    lagKeepBytes: random.pick([0, KIB, 16 * KIB]),
    linkHeartbeatMs: 200,
    suspectMs: Math.max(1500, electionMs),
    downMs: Math.max(3000, 2 * electionMs),
    digestMs: random.pick([2000, 10_000, 30_000]),
    appendLaneBytes: random.pick([maxEntryBytes * 2, 64 * KIB]),
    controlLaneBytes: random.pick([8 * KIB, 64 * KIB]),
    frameMaxBytes: random.pick([KIB, 16 * KIB]),
    snapshotChunkBytes: random.pick([64, 512, 8 * KIB]),
    snapshotInflightBytes: random.pick([512, 8 * KIB, 64 * KIB]),
    reconnectMaxMs: 2000,
  };
}
