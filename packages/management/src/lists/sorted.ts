import type { JsonObject } from "../model/json.ts";
import type { Slices } from "./slices.ts";

/** A value of a row, as it is compared. */
export type SortValue = JsonObject[string];

/**
 * Values in Erlang's order of terms, as RabbitMQ sorts: numbers, then null, true and false (its atoms, by name), then lists and objects, then
 * text; what is missing first of all, as RabbitMQ takes it for 0 or "".
 */
export function compareValues(left: SortValue, right: SortValue): number {
  const byKind = kindOf(left) - kindOf(right);
  if (byKind !== 0) return byKind;
  if (typeof left === "number" && typeof right === "number") return left - right;
  const leftText = textOf(left);
  const rightText = textOf(right);
  return leftText < rightText ? -1 : leftText > rightText ? 1 : 0;
}

function kindOf(value: SortValue): number {
  if (value === undefined) return 0;
  if (typeof value === "number") return 1;
  if (value === null || typeof value === "boolean") return 2;
  return typeof value === "object" ? 3 : 4;
}

function textOf(value: SortValue): string {
  if (typeof value === "string") return value;
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

export interface Keyed<Row> {
  readonly row: Row;
  readonly keys: readonly SortValue[];
}

/** Sorts by merging, a step at a time, so that other work gets its turn; rows that compare equal keep their order. */
export async function sortRows<Row>(
  rows: readonly Keyed<Row>[],
  isReverse: boolean,
  slices: Slices,
): Promise<Row[]> {
  const sign = isReverse ? -1 : 1;
  const compare = (left: Keyed<Row>, right: Keyed<Row>): number => sign * compareKeys(left, right);
  let runs = await sortedRuns(rows, compare, slices);
  while (runs.length > 1) runs = await mergePairs(runs, compare, slices);
  return (runs[0] ?? []).map(({ row }) => row);
}

/** Rows that are sorted in one go: less than a millisecond. */
const RUN_LENGTH = 512;

type Compare<Row> = (left: Keyed<Row>, right: Keyed<Row>) => number;
type Run<Row> = readonly Keyed<Row>[];

async function sortedRuns<Row>(
  rows: Run<Row>,
  compare: Compare<Row>,
  slices: Slices,
): Promise<Run<Row>[]> {
  const runs: Run<Row>[] = [];
  for (let at = 0; at < rows.length; at += RUN_LENGTH) {
    runs.push(rows.slice(at, at + RUN_LENGTH).sort(compare));
    await slices.pause();
  }
  return runs;
}

async function mergePairs<Row>(
  runs: readonly Run<Row>[],
  compare: Compare<Row>,
  slices: Slices,
): Promise<Run<Row>[]> {
  const merged: Run<Row>[] = [];
  for (let at = 0; at < runs.length; at += 2) {
    const left = runs[at] ?? [];
    const right = runs[at + 1];
    merged.push(right === undefined ? left : await merge(left, right, compare, slices));
  }
  return merged;
}

async function merge<Row>(
  left: Run<Row>,
  right: Run<Row>,
  compare: Compare<Row>,
  slices: Slices,
): Promise<Run<Row>> {
  const merged: Keyed<Row>[] = [];
  let fromLeft = 0;
  let fromRight = 0;
  for (;;) {
    const first = left[fromLeft];
    const second = right[fromRight];
    if (first === undefined && second === undefined) return merged;
    if (second === undefined || (first !== undefined && compare(first, second) <= 0)) {
      if (first !== undefined) merged.push(first);
      fromLeft++;
    } else {
      merged.push(second);
      fromRight++;
    }
    if (slices.isDue()) await slices.pause();
  }
}

function compareKeys<Row>(left: Keyed<Row>, right: Keyed<Row>): number {
  for (const [index, key] of left.keys.entries()) {
    const order = compareValues(key, right.keys[index]);
    if (order !== 0) return order;
  }
  return 0;
}
