import { median } from "./median.ts";
import { measureBareLoop } from "./raft/bare-loop.ts";
import type { Load } from "./raft/node-program-options.ts";
import { numberOf, type ProgramReport } from "./raft/program-report.ts";
import { type RaftProcess, withCluster } from "./raft/raft-cluster.ts";

const NODES = 3;
const LEADER_MAX_MS = 30_000;
const REPORT_MS = 250;

/**
 * Enough under way that batches fill while one is being written, within what the core takes uncommitted. Smaller entries twice: as many as
 * a publisher with a thousand confirms has, and as many as make the batches large.
 */
const LOADS: readonly Load[] = [
  { entrySize: 100, outstanding: 1024, entriesPerGroup: undefined },
  { entrySize: 100, outstanding: 8192, entriesPerGroup: undefined },
  { entrySize: 1024, outstanding: 1024, entriesPerGroup: undefined },
  { entrySize: 1024, outstanding: 4096, entriesPerGroup: undefined },
  { entrySize: 16_384, outstanding: 512, entriesPerGroup: undefined },
];

/** One group of three nodes under load, and what the disk gives for the same batches without it. */
export interface RaftThroughputRow {
  readonly entrySize: number;
  /** Proposals under way at any time. */
  readonly outstanding: number;
  readonly entriesPerSecond: number;
  readonly bytesPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the leader's log: bytes of a write, entries in it, writes a second. */
  readonly batchSize: number;
  readonly entriesPerBatch: number;
  readonly batchesPerSecond: number;
  /** Mean time until a write of the leader's log is durable, and the share of the time in which it waited for one. */
  readonly writeMs: number;
  readonly diskShare: number;
  /** Bytes a second that the leader wrote beside its log: files filled with zeros, indexes, snapshots. */
  readonly otherBytesPerSecond: number;
  /** Of the leader, in cores; and of all three nodes. */
  readonly leaderCores: number;
  readonly allCores: number;
  /** Entries a second that the bare loop would have written, in one file and in each of three at once. */
  readonly bareOneFile: number;
  readonly bareThreeFiles: number;
  /** Ours divided by these. */
  readonly ratioOneFile: number;
  readonly ratioThreeFiles: number;
}

export interface RaftThroughputOptions {
  readonly directory: string;
  /** Each measures the cluster and then the bare loops; disks change their mind from one minute to the next. */
  readonly rounds: number;
  readonly warmupS: number;
  readonly durationS: number;
}

/** Measures each size of entries, each time on a new cluster. Figures are medians of the rounds, also the ratios. */
export async function measureRaftThroughput(
  options: RaftThroughputOptions,
  onRow: (row: RaftThroughputRow) => void,
): Promise<readonly RaftThroughputRow[]> {
  const rows: RaftThroughputRow[] = [];
  for (const load of LOADS) {
    const rounds: RaftThroughputRow[] = [];
    for (let round = 0; round < options.rounds; round++) {
      rounds.push(await measureLoad(load, options));
    }
    const row = mediansOf(rounds);
    onRow(row);
    rows.push(row);
  }
  return rows;
}

function mediansOf(rounds: readonly RaftThroughputRow[]): RaftThroughputRow {
  const [first] = rounds;
  if (first === undefined) throw new Error("no rounds");
  const middle = (name: keyof RaftThroughputRow): number =>
    median(rounds.map((each) => each[name]));
  const names = Object.keys(first).map((name) => [name, middle(name as keyof RaftThroughputRow)]);
  // The names are those of a row, and all of its values are numbers.
  return Object.fromEntries(names) as RaftThroughputRow;
}

type Loaded = Omit<
  RaftThroughputRow,
  "bareOneFile" | "bareThreeFiles" | "ratioOneFile" | "ratioThreeFiles"
>;

async function measureLoad(load: Load, options: RaftThroughputOptions): Promise<RaftThroughputRow> {
  const { directory, durationS: seconds } = options;
  const cluster = {
    nodes: NODES,
    directory,
    groups: 1,
    load,
    keepsAll: false,
    reportMs: REPORT_MS,
  };
  const loaded = await withCluster(cluster, (nodes) => measureCluster(nodes, load, options));
  const { batchSize, entriesPerBatch, entriesPerSecond } = loaded;
  const bare = { directory, batchSize, seconds };
  const bareOneFile = (await measureBareLoop({ ...bare, files: 1 })) * entriesPerBatch;
  const bareThreeFiles = (await measureBareLoop({ ...bare, files: NODES })) * entriesPerBatch;
  return {
    ...loaded,
    bareOneFile,
    bareThreeFiles,
    ratioOneFile: entriesPerSecond / bareOneFile,
    ratioThreeFiles: entriesPerSecond / bareThreeFiles,
  };
}

async function measureCluster(
  nodes: readonly RaftProcess[],
  load: Load,
  { warmupS, durationS }: RaftThroughputOptions,
): Promise<Loaded> {
  const leader = await Promise.any(
    nodes.map(async (node) => {
      await node.waitUntil("leadership", isLoaded, LEADER_MAX_MS);
      return node;
    }),
  );
  const before = await reportAfter(leader, warmupS);
  const cpuBefore = await Promise.all(nodes.map((node) => node.cpuMs()));
  const after = await reportAfter(leader, durationS);
  const cpuAfter = await Promise.all(nodes.map((node) => node.cpuMs()));
  const grown = (name: string): number => numberOf(after, name) - numberOf(before, name);
  const seconds = grown("atMs") / 1000;
  const cores = cpuAfter.map((ms, node) => (ms - (cpuBefore[node] ?? 0)) / 1000 / seconds);
  const entries = grown("applied");
  const { p50, p99 } = latenciesOf(after);
  return {
    entrySize: load.entrySize,
    outstanding: load.outstanding,
    entriesPerSecond: entries / seconds,
    bytesPerSecond: (entries * load.entrySize) / seconds,
    p50Ms: p50,
    p99Ms: p99,
    batchSize: Math.round(grown("writtenBytes") / grown("writes")),
    entriesPerBatch: entries / grown("writes"),
    batchesPerSecond: grown("writes") / seconds,
    writeMs: grown("writeMs") / grown("writes"),
    otherBytesPerSecond: grown("otherBytes") / seconds,
    diskShare: grown("writeMs") / grown("atMs"),
    leaderCores: cores[nodes.indexOf(leader)] ?? Number.NaN,
    allCores: cores.reduce((sum, each) => sum + each, 0),
  };
}

function isLoaded(report: ProgramReport): boolean {
  return "applied" in report && numberOf(report, "applied") > 0;
}

/** The first report that comes `seconds` after the present one. */
async function reportAfter(node: RaftProcess, seconds: number): Promise<ProgramReport> {
  const from = numberOf(node.latest, "atMs");
  const isDue = (report: ProgramReport): boolean =>
    numberOf(report, "atMs") >= from + seconds * 1000;
  return node.waitUntil("a report", isDue, seconds * 1000 + LEADER_MAX_MS);
}

function latenciesOf(report: ProgramReport): { readonly p50: number; readonly p99: number } {
  const { latencies } = report;
  if (typeof latencies !== "object" || latencies === null) throw new Error("no latencies");
  const figures = { ...latencies };
  return { p50: numberOf(figures, "p50"), p99: numberOf(figures, "p99") };
}

/** Head of the table that `formatRaftRow` fills. */
export const RAFT_TABLE_HEAD = `| entry | under way | entries/s | MB/s | p50 ms | p99 ms | batch KiB | batches/s | disk busy | cores: leader, all | bare, 1 file | ratio | bare, 3 files | ratio |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |`;

/** The row as a line of a Markdown table. */
export function formatRaftRow(row: RaftThroughputRow): string {
  const count = (value: number): string => Math.round(value).toLocaleString("en");
  const share = (ratio: number): string => `${Math.round(ratio * 100)} %`;
  const cells = [
    `${count(row.entrySize)} B`,
    count(row.outstanding),
    count(row.entriesPerSecond),
    (row.bytesPerSecond / 1e6).toFixed(1),
    row.p50Ms.toFixed(1),
    row.p99Ms.toFixed(1),
    (row.batchSize / 1024).toFixed(1),
    count(row.batchesPerSecond),
    share(row.diskShare),
    `${row.leaderCores.toFixed(2)}, ${row.allCores.toFixed(2)}`,
    count(row.bareOneFile),
    share(row.ratioOneFile),
    count(row.bareThreeFiles),
    share(row.ratioThreeFiles),
  ];
  return `| ${cells.join(" | ")} |`;
}
