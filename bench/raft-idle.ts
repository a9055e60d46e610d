import { setTimeout as delay } from "node:timers/promises";
import { numberOf, type ProgramReport } from "./raft/program-report.ts";
import { type RaftProcess, withCluster } from "./raft/raft-cluster.ts";

const NODES = 3;
const ASLEEP_MAX_MS = 180_000;
const REPORT_MS = 1000;
/** After the last group fell asleep, until garbage of the start is collected or not. */
const SETTLE_MS = 10_000;

/** What a node takes when nothing happens. */
interface IdleNode {
  /** Of one core, 0 to 1. */
  readonly cpuShare: number;
  readonly residentMb: number;
}

export interface RaftIdleReport {
  readonly groups: number;
  readonly seconds: number;
  /** Without any group. */
  readonly empty: readonly IdleNode[];
  readonly idle: readonly IdleNode[];
}

/** Measures three nodes without groups, and then with `groups` that have all fallen asleep. */
export async function measureRaftIdle(options: {
  readonly directory: string;
  readonly groups: number;
  readonly seconds: number;
}): Promise<RaftIdleReport> {
  const { directory, groups, seconds } = options;
  const cluster = {
    nodes: NODES,
    directory,
    load: undefined,
    keepsAll: false,
    reportMs: REPORT_MS,
  };
  const empty = await withCluster({ ...cluster, groups: 0 }, (nodes) => measure(nodes, seconds));
  const idle = await withCluster({ ...cluster, groups }, async (nodes) => {
    const isAsleep = (report: ProgramReport): boolean => isAllAsleep(report, groups);
    for (const node of nodes) await node.waitUntil("sleep", isAsleep, ASLEEP_MAX_MS);
    return measure(nodes, seconds);
  });
  return { groups, seconds, empty, idle };
}

function isAllAsleep(report: ProgramReport, groups: number): boolean {
  if (!("groups" in report)) return false;
  const isComplete = numberOf(report, "groups") === groups;
  return isComplete && numberOf(report, "groupsAwake") + numberOf(report, "groupsStarting") === 0;
}

async function measure(nodes: readonly RaftProcess[], seconds: number): Promise<IdleNode[]> {
  await delay(SETTLE_MS);
  const before = await Promise.all(nodes.map((node) => node.cpuMs()));
  await delay(seconds * 1000);
  const after = await Promise.all(nodes.map((node) => node.cpuMs()));
  const resident = await Promise.all(nodes.map((node) => node.residentMb()));
  return resident.map((residentMb, node) => ({
    cpuShare: ((after[node] ?? 0) - (before[node] ?? 0)) / 1000 / seconds,
    residentMb,
  }));
}

/** Lines for people. */
export function formatRaftIdle({ groups, seconds, empty, idle }: RaftIdleReport): string {
  const lines = [`${groups} idle groups on ${idle.length} nodes, ${seconds} s:`];
  for (const [node, { cpuShare, residentMb }] of idle.entries()) {
    const base = empty[node] ?? { cpuShare: Number.NaN, residentMb: Number.NaN };
    const cpu = `${(cpuShare * 100).toFixed(2)} % of a core (empty: ${(base.cpuShare * 100).toFixed(2)} %)`;
    const above = residentMb - base.residentMb;
    lines.push(
      `node ${node + 1}: ${cpu}, RSS ${residentMb.toFixed(0)} MB, ${above.toFixed(0)} MB above the empty node`,
    );
  }
  return lines.join("\n");
}
