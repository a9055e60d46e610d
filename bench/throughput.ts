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

export interface ThroughputOptions extends RoundOptions {
  /** Names of loads; all when empty. */
  readonly loads: readonly string[];
  /** RabbitMQ's start script; undefined: not measured. */
  readonly rabbitmq: string | undefined;
  /** false: RabbitMQ alone, to check the benchmark itself. */
  readonly isOursMeasured: boolean;
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
}

type Ratio = Omit<Figures, "broker">;

/** Runs the loads against ours and, when told where it is, RabbitMQ. */
export async function measureThroughput(
  options: ThroughputOptions,
  onRow: (row: Row) => void,
): Promise<ThroughputReport> {
  const contestants: Contestant[] = [];
  try {
    if (options.isOursMeasured) contestants.push({ name: OURS, broker: await startLeveret() });
    let rabbitmqVersion: string | undefined;
    if (options.rabbitmq !== undefined) {
      const broker = await startRabbitmq(options.rabbitmq);
      rabbitmqVersion = broker.version;
      contestants.push({ name: THEIRS, broker });
    }
    const rows: Row[] = [];
    for (const load of wantedLoads(options.loads)) {
      const row = toRow(await compare(load, contestants, options), contestants, options);
      onRow(row);
      rows.push(row);
    }
    return { rabbitmqVersion, rows };
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
  };
}

/** The rows as lines of a Markdown table, without its head. */
export function formatRow(row: Row): string {
  const lines = row.figures.map((figures) => {
    const { messagesPerSecond, brokerCpuUs, p50Us, p99Us } = figures;
    const rate = Math.round(messagesPerSecond).toLocaleString("en");
    const latency = `${Math.round(p50Us)} | ${Math.round(p99Us)}`;
    return `| ${row.title} | ${figures.broker} | ${rate} | ${brokerCpuUs.toFixed(2)} | ${latency} |`;
  });
  if (row.ratio !== undefined) {
    const { messagesPerSecond, brokerCpuUs, p50Us, p99Us } = row.ratio;
    const times = `${messagesPerSecond.toFixed(1)} x | 1/${(1 / brokerCpuUs).toFixed(1)}`;
    lines.push(
      `| ${row.title} | ratio | ${times} | ${p50Us.toFixed(2)} x | ${p99Us.toFixed(2)} x |`,
    );
  }
  return lines.join("\n");
}

/** Head of the table that `formatRow` fills. */
export const TABLE_HEAD = `| load | broker | messages/s | CPU us per message | p50 us | p99 us |
| --- | --- | --- | --- | --- | --- |`;
