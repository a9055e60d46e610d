import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { numberOf, type ProgramReport } from "./raft/program-report.ts";
import { RaftProcess } from "./raft/raft-cluster.ts";

const ENTRY_SIZE = 1024;
const OUTSTANDING = 4;
const FILL_MAX_MS = 600_000;
const START_MAX_MS = 120_000;
const REPORT_MS = 200;

/** How long a node takes to come back. */
interface BootTimes {
  /** From the start of the program until the log is recovered, ms. */
  readonly openMs: number;
  /** Until all replicas run, so that they take part in their groups, ms. */
  readonly runningMs: number;
  /** Until all groups have elected their leader and replayed their log, ms. */
  readonly leadingMs: number;
}

export interface RaftBootReport {
  readonly groups: number;
  readonly logBytes: number;
  readonly afterStop: BootTimes;
  readonly afterKill: BootTimes;
}

/** Fills the log of a node alone, in `groups` groups of one member, and starts it again: after a stop, and after a kill. */
export async function measureRaftBoot(options: {
  readonly directory: string;
  readonly groups: number;
  readonly logBytes: number;
}): Promise<RaftBootReport> {
  const { groups, logBytes } = options;
  const directory = await mkdtemp(join(options.directory, "boot-"));
  try {
    await fill(directory, groups, Math.ceil(logBytes / groups / ENTRY_SIZE));
    const afterStop = await boot(directory, groups, (node) => node.kill());
    const afterKill = await boot(directory, groups, (node) => node.stop());
    return { groups, logBytes, afterStop, afterKill };
  } finally {
    await rm(directory, { recursive: true });
  }
}

function startNode(
  directory: string,
  groups: number,
  entriesPerGroup: number | undefined,
): RaftProcess {
  const load =
    entriesPerGroup === undefined
      ? undefined
      : { entrySize: ENTRY_SIZE, outstanding: OUTSTANDING, entriesPerGroup };
  const addresses = { 1: "127.0.0.1:0" };
  return new RaftProcess({
    nodeId: 1,
    directory,
    addresses,
    groups,
    load,
    keepsAll: true,
    reportMs: REPORT_MS,
  });
}

async function fill(directory: string, groups: number, entriesPerGroup: number): Promise<void> {
  const node = startNode(directory, groups, entriesPerGroup);
  await node.waitFor("ready");
  await node.waitUntil("a full log", (report) => report["isFinished"] === true, FILL_MAX_MS);
  await node.stop();
}

async function boot(
  directory: string,
  groups: number,
  end: (node: RaftProcess) => Promise<void>,
): Promise<BootTimes> {
  const startMs = performance.now();
  const node = startNode(directory, groups, undefined);
  await node.waitFor("open");
  const openMs = performance.now() - startMs;
  const isRunning = (report: ProgramReport): boolean =>
    "groupsStarting" in report && numberOf(report, "groupsStarting") === 0;
  await node.waitUntil("running of all groups", isRunning, START_MAX_MS);
  const runningMs = performance.now() - startMs;
  const isLeading = (report: ProgramReport): boolean =>
    "groupsLed" in report && numberOf(report, "groupsLed") === groups;
  await node.waitUntil("leadership of all groups", isLeading, START_MAX_MS);
  const leadingMs = performance.now() - startMs;
  await end(node);
  return { openMs, runningMs, leadingMs };
}

/** Lines for people. */
export function formatRaftBoot(report: RaftBootReport): string {
  const { groups, logBytes, afterStop, afterKill } = report;
  const line = (what: string, { openMs, runningMs, leadingMs }: BootTimes): string => {
    const running = `all replicas run after ${seconds(runningMs)}`;
    const leading = `all groups lead after ${seconds(leadingMs)}`;
    return `after ${what}: log recovered after ${seconds(openMs)}, ${running}, ${leading}`;
  };
  return [
    `${groups} groups, ${(logBytes / 1e6).toFixed(0)} MB of log:`,
    line("a stop", afterStop),
    line("kill -9", afterKill),
  ].join("\n");
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
