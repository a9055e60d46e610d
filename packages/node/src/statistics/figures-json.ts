import type { JsonObject, SampleRange, SampleWindows, WindowName } from "@leveret/management";
import type { FigureNames } from "./figures.ts";
import { type Reading, WINDOW_NAMES } from "./history.ts";

/** `deliver_get` of RabbitMQ: deliveries by whatever means. */
const DELIVER_GET: readonly string[] = ["deliver", "deliver_no_ack", "get", "get_no_ack"];
const LENGTHS: readonly string[] = ["messages_ready", "messages_unacknowledged"];

/** A reading with what is needed to show it. */
export interface ShownReading {
  readonly names: FigureNames;
  readonly reading: Reading;
  readonly windows: SampleWindows;
}

/** Adds up readings of the same figures and windows, of several nodes. */
export function addReadings(readings: readonly Reading[]): Reading | undefined {
  const [first, ...others] = readings;
  if (first === undefined) return undefined;
  return others.reduce(
    (sum, next) => ({
      values: addRows(sum.values, next.values),
      rates: addRows(sum.rates, next.rates),
      samples: addSamples(sum.samples, next.samples),
    }),
    first,
  );
}

function addSamples(left: Reading["samples"], right: Reading["samples"]): Reading["samples"] {
  const sum: Partial<Record<WindowName, readonly (readonly number[])[]>> = {};
  for (const name of WINDOW_NAMES) {
    const rows = left[name];
    if (rows === undefined) continue;
    sum[name] = rows.map((row, at) => addRows(row, right[name]?.[at] ?? []));
  }
  return sum;
}

function addRows(left: readonly number[], right: readonly number[]): number[] {
  return left.map((value, at) => value + (right[at] ?? 0));
}

/** RabbitMQ's `message_stats`: each count with its details. Names are those that the figures have. */
export function messageStats(shown: ShownReading, names: readonly string[]): JsonObject {
  const stats: Record<string, JsonObject[string]> = {};
  for (const name of names) addDetailed(stats, shown, { name, parts: [name], window: "msg_rates" });
  if (names.includes("deliver")) {
    addDetailed(stats, shown, { name: "deliver_get", parts: DELIVER_GET, window: "msg_rates" });
  }
  return stats;
}

/** `messages`, `messages_ready`, `messages_unacknowledged` with their details. */
export function lengthStats(shown: ShownReading): JsonObject {
  const stats: Record<string, JsonObject[string]> = {};
  addDetailed(stats, shown, { name: "messages", parts: LENGTHS, window: "lengths" });
  for (const name of LENGTHS) {
    addDetailed(stats, shown, { name, parts: [name], window: "lengths" });
  }
  return stats;
}

/** Counts with their details, each under its name. */
export function detailed(
  shown: ShownReading,
  names: readonly string[],
  window: WindowName,
): JsonObject {
  const stats: Record<string, JsonObject[string]> = {};
  for (const name of names) addDetailed(stats, shown, { name, parts: [name], window });
  return stats;
}

interface DetailedFigure {
  readonly name: string;
  /** The figures whose sum it is. */
  readonly parts: readonly string[];
  readonly window: WindowName;
}

function addDetailed(
  into: Record<string, JsonObject[string]>,
  { names, reading, windows }: ShownReading,
  { name, parts, window }: DetailedFigure,
): void {
  const places = parts.map((part) => names.indexOf(part)).filter((place) => place >= 0);
  const sumOf = (row: readonly number[]): number => {
    let sum = 0;
    for (const place of places) sum += row[place] ?? 0;
    return sum;
  };
  into[name] = sumOf(reading.values);
  const rows = reading.samples[window];
  const range = windows[window];
  const details: JsonObject = { rate: sumOf(reading.rates) };
  into[`${name}_details`] =
    rows === undefined || range === undefined
      ? details
      : { ...details, ...history(rows.map(sumOf), range) };
}

/** Samples, the newest first, and what they are on average. */
function history(samples: readonly number[], { endMs, stepMs, ageMs }: SampleRange): JsonObject {
  const newest = samples[0] ?? 0;
  const oldest = samples.at(-1) ?? 0;
  const sum = samples.reduce((left, right) => left + right, 0);
  return {
    samples: samples.map((sample, back) => ({ sample, timestamp: endMs - back * stepMs })),
    avg_rate: ageMs === 0 ? 0 : (newest - oldest) / (ageMs / 1000),
    avg: samples.length === 0 ? 0 : sum / samples.length,
  };
}
