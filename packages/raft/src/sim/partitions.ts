import type { Random } from "./random.ts";

/** Directions, as pairs of hosts, that a partition cuts. */
export type Cut = readonly (readonly [number, number])[];

export const PARTITION_KINDS = [
  "halves",
  "minority",
  "isolate",
  "ring",
  "bridge",
  "asymmetric",
  "one-way",
  "flapping",
] as const;
export type PartitionKind = (typeof PARTITION_KINDS)[number];

/** Which directions a partition of this kind cuts among `hosts` (fault-testing 4.2 of the design documents). */
export function cutOf(
  kind: PartitionKind,
  hosts: readonly number[],
  random: Random,
  /** Comes first: cut off, or on the smaller side. */
  victim?: number,
): Cut {
  const shuffled = random.shuffle(hosts);
  const order =
    victim === undefined ? shuffled : [victim, ...shuffled.filter((host) => host !== victim)];
  const half = Math.floor(order.length / 2);
  switch (kind) {
    case "halves":
    case "flapping":
      return between(order.slice(0, half), order.slice(half));
    case "minority": {
      const size = 1 + random.below(Math.max(1, Math.ceil(order.length / 2) - 1));
      return between(order.slice(0, size), order.slice(size));
    }
    case "isolate":
      return between(order.slice(0, 1), order.slice(1));
    case "ring":
      return ringOf(order);
    case "bridge":
      // Everyone reaches the first; the rest is in two halves that do not reach each other.
      return between(order.slice(1, half + 1), order.slice(half + 1));
    case "asymmetric":
      return oneWay(order.slice(0, half), order.slice(half));
    case "one-way":
      return oneWay(order.slice(0, 1), order.slice(1, 2));
    default:
      return kind satisfies never;
  }
}

/** Each host reaches a majority, but each another one: those next to it on a ring. */
function ringOf(order: readonly number[]): [number, number][] {
  const cut: [number, number][] = [];
  const majority = Math.floor(order.length / 2) + 1;
  const reach = Math.max(1, Math.ceil((majority - 1) / 2));
  order.forEach((from, position) => {
    order.forEach((to, other) => {
      const distance = Math.abs(position - other);
      const around = Math.min(distance, order.length - distance);
      if (around > reach) cut.push([from, to]);
    });
  });
  return cut;
}

function between(left: readonly number[], right: readonly number[]): [number, number][] {
  return [...oneWay(left, right), ...oneWay(right, left)];
}

function oneWay(left: readonly number[], right: readonly number[]): [number, number][] {
  return left.flatMap((from) => right.map((to): [number, number] => [from, to]));
}
