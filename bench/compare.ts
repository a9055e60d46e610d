import { setTimeout as delay } from "node:timers/promises";
import type { BrokerProcess } from "../test/clients/processes/leveret-process.ts";
import { type LoadTarget, type Measurement, runAmqploadAt } from "./amqpload.ts";
import type { Load } from "./loads.ts";
import { median } from "./median.ts";

const EXTRA_TIME_MS = 90_000;

/** What runs as one broker: a node, or the nodes of a cluster. */
export interface Contestant {
  readonly name: "leveret" | "rabbitmq";
  readonly nodes: readonly Pick<BrokerProcess, "pid" | "amqpPort">[];
  readonly version?: string;
  stop(): Promise<void>;
}

export interface RoundOptions {
  readonly rounds: number;
  /** Seconds measured in each run. */
  readonly duration: number;
  /** Seconds before that are not measured. */
  readonly warmup: number;
  /** Between the end of a standstill and the load. */
  readonly settleMs?: number;
}

/** All rounds of one load. */
export interface LoadComparison {
  readonly load: Load;
  /** By contestant's name; one measurement for each round. */
  readonly measurements: ReadonlyMap<string, readonly Measurement[]>;
}

/** The options of amqpload that belong to every run. */
export function timeArguments({ duration, warmup }: RoundOptions): string[] {
  return ["--duration", String(duration), "--warmup", String(warmup), "--delete-queues"];
}

/** Starts contestants one after the other, uses them, and stops them. */
export async function withContestants<T>(
  starters: readonly (() => Promise<Contestant>)[],
  use: (contestants: readonly Contestant[]) => Promise<T>,
): Promise<T> {
  const contestants: Contestant[] = [];
  try {
    for (const start of starters) contestants.push(await start());
    return await use(contestants);
  } finally {
    for (const contestant of contestants) await contestant.stop();
  }
}

/** Measures the contestants in turn, round by round; all but the measured one stand still meanwhile. */
export async function compare(
  load: Load,
  contestants: readonly Contestant[],
  options: RoundOptions,
): Promise<LoadComparison> {
  const measurements = new Map<string, Measurement[]>();
  for (let round = 0; round < options.rounds; round++) {
    for (const contestant of contestants) {
      const others = contestants.filter((each) => each !== contestant);
      for (const other of others) signalAll(other, "SIGSTOP");
      try {
        await delay(options.settleMs ?? 0);
        const { name } = contestant;
        const args = [...load.arguments, ...(load.own?.[name] ?? []), ...timeArguments(options)];
        const timeoutMs = (options.duration + options.warmup) * 1000 + EXTRA_TIME_MS;
        const measurement = await runAmqploadAt(targetOf(contestant, load), args, timeoutMs);
        measurements.set(name, [...(measurements.get(name) ?? []), measurement]);
      } finally {
        for (const other of others) signalAll(other, "SIGCONT");
      }
    }
  }
  return { load, measurements };
}

function signalAll({ nodes }: Contestant, signal: "SIGSTOP" | "SIGCONT"): void {
  for (const { pid } of nodes) process.kill(pid, signal);
}

function targetOf({ nodes }: Contestant, { places = [0] }: Load): LoadTarget {
  return {
    ports: places.flatMap((place) => nodes[place]?.amqpPort ?? []),
    pids: nodes.map(({ pid }) => pid),
  };
}

/** The median of one figure over the rounds of one contestant. */
export function medianOf(
  comparison: LoadComparison,
  contestant: string,
  figure: keyof Measurement,
): number {
  const all = comparison.measurements.get(contestant) ?? [];
  return median(all.map((measurement) => measurement[figure]));
}

/** The median over the rounds of first divided by second, each round compared with itself. */
export function ratioOf(
  comparison: LoadComparison,
  [first, second]: readonly [string, string],
  figure: keyof Measurement,
): number {
  const ours = comparison.measurements.get(first) ?? [];
  const theirs = comparison.measurements.get(second) ?? [];
  const ratios = ours.flatMap((measurement, round) => {
    const other = theirs[round];
    return other === undefined ? [] : [measurement[figure] / other[figure]];
  });
  return median(ratios);
}
