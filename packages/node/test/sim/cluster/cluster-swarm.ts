import type { RaftLimits } from "@leveret/raft";
import {
  CALM_NET,
  type DiskFaults,
  HONEST_DISK,
  type NetFaults,
  type Random,
} from "@leveret/raft/sim";

/** What may happen to a cluster, besides that clients use it. */
export const HARMS = [
  "kill",
  "power-loss",
  "kill-minority",
  "kill-all",
  "partition",
  "slow-link",
  "reset",
  "leave",
  "stop-all",
  "join",
  "remove",
  "policy",
  "transfer",
  "snapshot",
] as const;
export type Harm = (typeof HARMS)[number];

/** Parameters of one run, drawn from its seed so that different runs stress different things. */
export interface ClusterSwarm {
  readonly nodes: number;
  readonly harms: ReadonlySet<Harm>;
  /** Between two of them, mean. */
  readonly harmMeanMs: number;
  /** How long a partition or a slow link lasts, mean. */
  readonly healMeanMs: number;
  /** How long a node that crashed, or left, stays away, mean. */
  readonly awayMeanMs: number;
  readonly publishers: number;
  readonly consumers: number;
  readonly getters: number;
  readonly administrators: number;
  readonly publishMeanMs: number;
  /** Messages in one go, at most. */
  readonly burstMax: number;
  readonly bodyMax: number;
  readonly net: NetFaults;
  readonly disk: DiskFaults;
  readonly limits: Partial<RaftLimits>;
}

const KIB = 1024;

export function drawClusterSwarm(random: Random, harms: readonly Harm[] = HARMS): ClusterSwarm {
  const share = random.pick([0.2, 0.5, 0.9]);
  return {
    nodes: random.pick([3, 3, 4, 5]),
    harms: new Set(harms.filter(() => random.chance(share))),
    harmMeanMs: random.logBetween(400, 4000),
    healMeanMs: random.logBetween(300, 8000),
    awayMeanMs: random.logBetween(100, 8000),
    publishers: random.between(1, 5),
    consumers: random.between(2, 10),
    getters: random.between(0, 2),
    administrators: random.between(1, 3),
    publishMeanMs: random.logBetween(20, 300),
    burstMax: random.pick([1, 5, 30]),
    bodyMax: random.pick([20, 400, 5000]),
    net: drawNet(random),
    disk: drawDisk(random),
    limits: drawLimits(random),
  };
}

/** All is calm, for tests of the simulation itself and for the end of a run. */
export function withoutHarms(swarm: ClusterSwarm, without: readonly Harm[]): ClusterSwarm {
  return { ...swarm, harms: new Set([...swarm.harms].filter((harm) => !without.includes(harm))) };
}

function drawNet(random: Random): NetFaults {
  return {
    ...CALM_NET,
    delayMeanMs: random.logBetween(0.2, 20),
    delayMinMs: random.logBetween(0.02, 1),
    lossChance: random.pick([0, 0, 0.01, 0.05]),
    sendBufferBytes: random.pick([4 * KIB, 64 * KIB]),
  };
}

function drawDisk(random: Random): DiskFaults {
  const meanMs = random.logBetween(0.05, 5);
  return {
    ...HONEST_DISK,
    writeMeanMs: meanMs,
    syncMeanMs: meanMs * random.logBetween(1, 4),
    readMeanMs: meanMs / 2,
    stallChance: random.pick([0, 0, 0.0005]),
    stallMaxMs: 2000,
    crash: { lost: random.pick([0, 0.5, 1]), garbage: random.pick([0, 0.1]) },
  };
}

function drawLimits(random: Random): Partial<RaftLimits> {
  return {
    hotFileBytes: 1024 * KIB,
    freeSpaceMinBytes: 0,
    batchMaxBytes: 512 * KIB,
    maxEntryBytes: 256 * KIB,
    snapshotReclaimBytes: random.pick([3 * KIB, 30 * KIB, 1024 * KIB]),
    snapshotMinIntervalMs: random.pick([100, 1000]),
    lagKeepBytes: random.pick([KIB, 100 * KIB]),
    hibernateAfterMs: random.pick([500, 3000]),
    snapshotChunkBytes: random.pick([512, 8 * KIB]),
  };
}
