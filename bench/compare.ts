import type { BrokerProcess } from "../test/clients/processes/leveret-process.ts";
import { type Measurement, runAmqpload } from "./amqpload.ts";
import type { Load } from "./loads.ts";
import { median } from "./median.ts";

const EXTRA_TIME_MS = 90_000;

/** A broker to measure. */
export interface Contestant {
  readonly name: string;
  readonly broker: BrokerProcess;
}

export interface RoundOptions {
  readonly rounds: number;
  /** Seconds measured in each run. */
  readonly duration: number;
  /** Seconds before that are not measured. */
  readonly warmup: number;
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

/** Measures the contestants in turn, round by round; all but the measured one stand still meanwhile. */
export async function compare(
  load: Load,
  contestants: readonly Contestant[],
  options: RoundOptions,
): Promise<LoadComparison> {
  const measurements = new Map<string, Measurement[]>();
  for (let round = 0; round < options.rounds; round++) {
    for (const { name, broker } of contestants) {
      const others = contestants.filter((each) => each.broker !== broker);
      for (const other of others) process.kill(other.broker.pid, "SIGSTOP");
      try {
        const args = [...load.arguments, ...timeArguments(options)];
        const timeoutMs = (options.duration + options.warmup) * 1000 + EXTRA_TIME_MS;
        const measurement = await runAmqpload(broker, args, timeoutMs);
        measurements.set(name, [...(measurements.get(name) ?? []), measurement]);
      } finally {
        for (const other of others) process.kill(other.broker.pid, "SIGCONT");
      }
    }
  }
  return { load, measurements };
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
