import { commandLine } from "./amqpload.ts";
import {
  type Contestant,
  type LoadComparison,
  medianOf,
  type RoundOptions,
  ratioOf,
  timeArguments,
} from "./compare.ts";

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

/** Medians and ratios of one load. */
export function toRow(
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
  const pair = ["leveret", "rabbitmq"] as const;
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
