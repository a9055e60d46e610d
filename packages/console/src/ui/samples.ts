import type { Details, Sample } from "../api/types.ts";

/** A chart's data: times in seconds, ascending, then one list of values for each line. A value that is not known is null. */
export type ChartData = readonly (readonly (number | null)[])[];

/** The levels (message counts, bytes in use) in `lines`, as they were sampled. */
export function levelsOf(lines: readonly (Details | undefined)[]): ChartData {
  return aligned(
    lines.map((line) =>
      ascending(line?.samples).map(({ timestamp, sample }) => [timestamp, sample] as const),
    ),
  );
}

/** The rates per second between the samples of counters. A counter that fell (its node restarted) has no rate there. */
export function ratesOf(lines: readonly (Details | undefined)[]): ChartData {
  return aligned(lines.map((line) => ratePoints(ascending(line?.samples))));
}

type Point = readonly [number, number | null];

function ratePoints(samples: readonly Sample[]): readonly Point[] {
  const points: Point[] = [];
  for (let at = 1; at < samples.length; at += 1) {
    const [before, now] = [samples[at - 1], samples[at]];
    if (before !== undefined && now !== undefined && now.timestamp > before.timestamp) {
      const grown = now.sample - before.sample;
      points.push([
        now.timestamp,
        grown < 0 ? null : (grown * 1000) / (now.timestamp - before.timestamp),
      ]);
    }
  }
  return points;
}

function ascending(samples: readonly Sample[] | undefined): readonly Sample[] {
  return samples === undefined ? [] : [...samples].sort((a, b) => a.timestamp - b.timestamp);
}

function aligned(lines: readonly (readonly Point[])[]): ChartData {
  const times = [...new Set(lines.flatMap((line) => line.map(([time]) => time)))].sort(
    (a, b) => a - b,
  );
  const values = lines.map((line) => {
    const byTime = new Map(line);
    return times.map((time) => byTime.get(time) ?? null);
  });
  return [times.map((time) => time / 1000), ...values];
}

/** `data` with one more point, without those older than `age` seconds. */
export function appended(
  data: ChartData,
  time: number,
  values: readonly (number | null)[],
  age: number,
): ChartData {
  const times = data[0] ?? [];
  if ((times.at(-1) ?? 0) >= time) {
    return data;
  }
  const from = times.findIndex((at) => at !== null && at > time - age);
  const kept = from < 0 ? times.length : from;
  return [time, ...values].map((value, line) => [...(data[line] ?? []).slice(kept), value]);
}
