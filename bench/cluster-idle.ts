import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { runAmqploadAt } from "./amqpload.ts";
import { type Contestant, withContestants } from "./compare.ts";
import { startLeveretCluster } from "./leveret-cluster.ts";
import { MIRRORED_PREFIX } from "./loads.ts";
import { cpuMs, residentKb } from "./machine.ts";

/** Until all groups have fallen asleep, and garbage of the start is collected or not. */
const SETTLE_MS = 15_000;
const DECLARE_MAX_MS = 300_000;

/** What a node takes when nothing happens. */
interface IdleNode {
  /** Of one core, 0 to 1. */
  readonly cpuShare: number;
  readonly residentMb: number;
}

export interface ClusterIdleReport {
  readonly queues: number;
  readonly seconds: number;
  /** Without any queue. */
  readonly empty: readonly IdleNode[];
  readonly idle: readonly IdleNode[];
}

/** Measures three nodes without queues, and then with queues of which each node has a replica. */
export async function measureClusterIdle(options: {
  readonly directory: string;
  readonly queues: number;
  readonly seconds: number;
}): Promise<ClusterIdleReport> {
  const { queues, seconds } = options;
  const directory = await mkdtemp(join(options.directory, "cluster-idle-"));
  try {
    return await withContestants([() => startLeveretCluster(directory)], async ([cluster]) => {
      if (cluster === undefined) throw new Error("no cluster");
      const empty = await measure(cluster, seconds);
      await declareQueues(cluster, queues);
      return { queues, seconds, empty, idle: await measure(cluster, seconds) };
    });
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Over connections to all nodes, with as many leaders on each. */
async function declareQueues({ nodes }: Contestant, queues: number): Promise<void> {
  const target = {
    ports: nodes.map(({ amqpPort }) => amqpPort),
    pids: nodes.map(({ pid }) => pid),
  };
  const kind = ["--prefix", MIRRORED_PREFIX, "--queue-args", "x-queue-leader-locator=balanced"];
  const mode = ["--mode", "queues", "--queues", String(queues), "--parallel", "6"];
  await runAmqploadAt(target, [...mode, "--durable", ...kind, "--duration", "1"], DECLARE_MAX_MS);
}

async function measure({ nodes }: Contestant, seconds: number): Promise<IdleNode[]> {
  await delay(SETTLE_MS);
  const before = await Promise.all(nodes.map(({ pid }) => cpuMs(pid)));
  await delay(seconds * 1000);
  const after = await Promise.all(nodes.map(({ pid }) => cpuMs(pid)));
  const resident = await Promise.all(nodes.map(({ pid }) => residentKb(pid)));
  return resident.map((kb, node) => ({
    cpuShare: ((after[node] ?? 0) - (before[node] ?? 0)) / 1000 / seconds,
    residentMb: kb / 1024,
  }));
}

/** Lines for people. */
export function formatClusterIdle({ queues, seconds, empty, idle }: ClusterIdleReport): string {
  const lines = [`${queues} idle queues with ha-mode all on ${idle.length} nodes, ${seconds} s:`];
  for (const [node, { cpuShare, residentMb }] of idle.entries()) {
    const base = empty[node] ?? { cpuShare: Number.NaN, residentMb: Number.NaN };
    const cpu = `${(cpuShare * 100).toFixed(2)} % of a core (without: ${(base.cpuShare * 100).toFixed(2)} %)`;
    const memory = `RSS ${residentMb.toFixed(0)} MB (without: ${base.residentMb.toFixed(0)} MB)`;
    lines.push(`node ${node + 1}: ${cpu}, ${memory}`);
  }
  return lines.join("\n");
}
