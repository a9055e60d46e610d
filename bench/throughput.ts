import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { startLeveret } from "../test/clients/processes/leveret-process.ts";
import { commandLine } from "./amqpload.ts";
import {
  type Contestant,
  compare,
  type LoadComparison,
  medianOf,
  type RoundOptions,
  ratioOf,
  timeArguments,
} from "./compare.ts";
import { LOADS, type Load } from "./loads.ts";
import { startRabbitmq } from "./rabbitmq-process.ts";

const OURS = "leveret";
const THEIRS = "rabbitmq";
/** A broker that stores says so before it ends. */
const STOP_MAX_MS = 60_000;

export interface ThroughputOptions extends RoundOptions {
  /** Names of loads; all when empty. */
  readonly loads: readonly string[];
  /** RabbitMQ's start script; undefined: not measured. */
  readonly rabbitmq: string | undefined;
  /** false: RabbitMQ alone, to check the benchmark itself. */
  readonly isOursMeasured: boolean;
  /** An existing folder, on the disk on which both store in durable loads. */
  readonly directory: string;
}

export interface ThroughputReport {
  readonly rabbitmqVersion: string | undefined;
  readonly rows: readonly Row[];
}

/** One load with the medians of its rounds. */
export interface Row {
  readonly title: string;
  readonly command: string;
  readonly figures: readonly Figures[];
  /** Ours divided by RabbitMQ's; undefined unless both were measured. */
  readonly ratio: Ratio | undefined;
}

interface Figures {
  readonly broker: string;
  readonly messagesPerSecond: number;
  readonly brokerCpuUs: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** NaN without confirms. */
  readonly confirmP99Us: number;
}

type Ratio = Omit<Figures, "broker">;

/** Runs the loads against ours and, when told where it is, RabbitMQ. */
export async function measureThroughput(
  options: ThroughputOptions,
  onRow: (row: Row) => void,
): Promise<ThroughputReport> {
  const wanted = wantedLoads(options.loads);
  let rabbitmqVersion: string | undefined;
  const rows: Row[] = [];
  for (const isDurable of [false, true]) {
    const loads = wanted.filter((load) => (load.isDurable ?? false) === isDurable);
    if (loads.length === 0) continue;
    const directory = await mkdtemp(join(options.directory, "throughput-"));
    try {
      const brokers = await startContestants(options, directory, isDurable);
      rabbitmqVersion = brokers.rabbitmqVersion;
      rows.push(...(await measureLoads(loads, brokers.contestants, options, onRow)));
    } finally {
      await rm(directory, { recursive: true });
    }
  }
  return { rabbitmqVersion, rows };
}

async function startContestants(
  options: ThroughputOptions,
  directory: string,
  isDurable: boolean,
): Promise<{ contestants: Contestant[]; rabbitmqVersion: string | undefined }> {
  const contestants: Contestant[] = [];
  if (options.isOursMeasured) {
    const broker = await startLeveret(
      isDurable ? { dataDirectory: join(directory, "leveret"), stopMaxMs: STOP_MAX_MS } : {},
    );
    contestants.push({ name: OURS, broker });
  }
  if (options.rabbitmq === undefined) return { contestants, rabbitmqVersion: undefined };
  try {
    const broker = await startRabbitmq(options.rabbitmq, { parent: directory });
    contestants.push({ name: THEIRS, broker });
    return { contestants, rabbitmqVersion: broker.version };
  } catch (error) {
    for (const { broker } of contestants) await broker.stop();
    throw error;
  }
}

async function measureLoads(
  loads: readonly Load[],
  contestants: readonly Contestant[],
  options: ThroughputOptions,
  onRow: (row: Row) => void,
): Promise<Row[]> {
  try {
    const rows: Row[] = [];
    for (const load of loads) {
      const row = toRow(await compare(load, contestants, options), contestants, options);
      onRow(row);
      rows.push(row);
    }
    return rows;
  } finally {
    for (const { broker } of contestants) await broker.stop();
  }
}

function wantedLoads(names: readonly string[]): readonly Load[] {
  if (names.length === 0) return LOADS;
  return names.map((name) => {
    const load = LOADS.find((each) => each.name === name);
    if (load === undefined) {
      throw new Error(`no load ${name}; there are ${LOADS.map((each) => each.name).join(", ")}`);
    }
    return load;
  });
}

function toRow(
  comparison: LoadComparison,
  contestants: readonly Contestant[],
  options: RoundOptions,
): Row {
  const { load } = comparison;
  return {
    title: load.title,
    command: commandLine([...load.arguments, ...timeArguments(options)]),
    figures: contestants.map(({ name }) => ({
      broker: name,
      messagesPerSecond: medianOf(comparison, name, "messagesPerSecond"),
      brokerCpuUs: medianOf(comparison, name, "brokerCpuUs"),
      p50Us: medianOf(comparison, name, "p50Us"),
      p99Us: medianOf(comparison, name, "p99Us"),
      confirmP99Us: medianOf(comparison, name, "confirmP99Us"),
    })),
    ratio: contestants.length < 2 ? undefined : ratios(comparison),
  };
}

function ratios(comparison: LoadComparison): Ratio {
  const pair = [OURS, THEIRS] as const;
  return {
    messagesPerSecond: ratioOf(comparison, pair, "messagesPerSecond"),
    brokerCpuUs: ratioOf(comparison, pair, "brokerCpuUs"),
    p50Us: ratioOf(comparison, pair, "p50Us"),
    p99Us: ratioOf(comparison, pair, "p99Us"),
    confirmP99Us: ratioOf(comparison, pair, "confirmP99Us"),
  };
}

/** The rows as lines of a Markdown table, without its head. */
export function formatRow(row: Row): string {
  const lines = row.figures.map((figures) => {
    const { messagesPerSecond, brokerCpuUs } = figures;
    const rate = Math.round(messagesPerSecond).toLocaleString("en");
    const latency = formatLatency(figures, (us) => String(Math.round(us)));
    return `| ${row.title} | ${figures.broker} | ${rate} | ${brokerCpuUs.toFixed(2)} | ${latency} |`;
  });
  if (row.ratio !== undefined) {
    const { messagesPerSecond, brokerCpuUs } = row.ratio;
    const times = `${messagesPerSecond.toFixed(1)} x | 1/${(1 / brokerCpuUs).toFixed(1)}`;
    const latency = formatLatency(row.ratio, (ratio) => `${ratio.toFixed(2)} x`);
    lines.push(`| ${row.title} | ratio | ${times} | ${latency} |`);
  }
  return lines.join("\n");
}

/** What was not measured stays empty. */
function formatLatency(
  { p50Us, p99Us, confirmP99Us }: Ratio,
  format: (figure: number) => string,
): string {
  return [p50Us, p99Us, confirmP99Us]
    .map((figure) => (Number.isFinite(figure) ? format(figure) : ""))
    .join(" | ");
}

/** Head of the table that `formatRow` fills. */
export const TABLE_HEAD = `| load | broker | messages/s | CPU us per message | p50 us | p99 us | confirm p99 us |
| --- | --- | --- | --- | --- | --- | --- |`;
