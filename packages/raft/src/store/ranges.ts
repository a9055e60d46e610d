import type { IndexRange } from "../core/hard-state.ts";

/**
 * A set of log indexes as a flat list of pairs, first and last, ascending and disjoint: 16 bytes a range, where
 * an object would take several times as much. Lists are never changed in place.
 */
export type Ranges = readonly number[];

export const NO_RANGES: Ranges = [];

export function flatten(ranges: readonly IndexRange[]): Ranges {
  if (ranges.length === 0) return NO_RANGES;
  const flat: number[] = [];
  for (const { first, last } of ranges) append(flat, first, last);
  return flat;
}

export function unflatten(ranges: Ranges): IndexRange[] {
  const list: IndexRange[] = [];
  for (let at = 0; at < ranges.length; at += 2) {
    list.push({ first: numberAt(ranges, at), last: numberAt(ranges, at + 1) });
  }
  return list;
}

/** The range that has `index`; undefined if none has. */
export function rangeAt(ranges: Ranges, index: number): IndexRange | undefined {
  const at = search(ranges, index);
  if (at === ranges.length || numberAt(ranges, at) > index) return undefined;
  return { first: numberAt(ranges, at), last: numberAt(ranges, at + 1) };
}

export function includes(ranges: Ranges, index: number): boolean {
  const at = search(ranges, index);
  return at < ranges.length && numberAt(ranges, at) <= index;
}

/** How many indexes of `first`..`last` are in the set. */
export function countWithin(ranges: Ranges, first: number, last: number): number {
  let count = 0;
  for (
    let at = search(ranges, first);
    at < ranges.length && numberAt(ranges, at) <= last;
    at += 2
  ) {
    count += Math.min(last, numberAt(ranges, at + 1)) - Math.max(first, numberAt(ranges, at)) + 1;
  }
  return count;
}

/** The smallest range that has all of the set's indexes within `first`..`last`; undefined if there are none. */
export function boundsWithin(ranges: Ranges, first: number, last: number): IndexRange | undefined {
  const at = search(ranges, first);
  if (at === ranges.length || numberAt(ranges, at) > last) return undefined;
  let end = search(ranges, last);
  if (end === ranges.length || numberAt(ranges, end) > last) end -= 2;
  return {
    first: Math.max(first, numberAt(ranges, at)),
    last: Math.min(last, numberAt(ranges, end + 1)),
  };
}

/** The part of the set within `first`..`last`. */
export function within(ranges: Ranges, first: number, last: number): Ranges {
  const part: number[] = [];
  for (
    let at = search(ranges, first);
    at < ranges.length && numberAt(ranges, at) <= last;
    at += 2
  ) {
    append(part, Math.max(first, numberAt(ranges, at)), Math.min(last, numberAt(ranges, at + 1)));
  }
  return part;
}

/** Indexes of `a` that are not in `b`. */
export function difference(a: Ranges, b: Ranges): Ranges {
  const rest: number[] = [];
  let at = 0;
  for (let position = 0; position < a.length; position += 2) {
    let first = numberAt(a, position);
    const last = numberAt(a, position + 1);
    while (at < b.length && numberAt(b, at + 1) < first) at += 2;
    for (let other = at; other < b.length && numberAt(b, other) <= last; other += 2) {
      if (numberAt(b, other) > first) append(rest, first, numberAt(b, other) - 1);
      first = numberAt(b, other + 1) + 1;
    }
    if (first <= last) append(rest, first, last);
  }
  return rest.length === 0 ? NO_RANGES : rest;
}

/** How many indexes are in the set. */
export function countOf(ranges: Ranges): number {
  let count = 0;
  for (let at = 0; at < ranges.length; at += 2) {
    count += numberAt(ranges, at + 1) - numberAt(ranges, at) + 1;
  }
  return count;
}

/** The set without `first`..`last`. */
export function without(ranges: Ranges, first: number, last: number): Ranges {
  if (ranges.length === 0 || last < first) return ranges;
  const rest: number[] = [];
  for (let at = 0; at < ranges.length; at += 2) {
    const start = numberAt(ranges, at);
    const end = numberAt(ranges, at + 1);
    if (start < first) append(rest, start, Math.min(end, first - 1));
    if (end > last) append(rest, Math.max(start, last + 1), end);
  }
  return rest.length === 0 ? NO_RANGES : rest;
}

/** The set and `first`..`last`. */
export function withRange(ranges: Ranges, first: number, last: number): Ranges {
  if (last < first) return ranges;
  const union: number[] = [];
  let isAdded = false;
  for (let at = 0; at < ranges.length; at += 2) {
    if (!isAdded && numberAt(ranges, at) > first) {
      append(union, first, last);
      isAdded = true;
    }
    append(union, numberAt(ranges, at), numberAt(ranges, at + 1));
  }
  if (!isAdded) append(union, first, last);
  return union;
}

/** Adds a range that starts at or behind the start of the last one, joining the two if they touch. */
export function append(ranges: number[], first: number, last: number): void {
  const end = ranges.length - 1;
  const previousLast = ranges[end];
  if (previousLast !== undefined && first <= previousLast + 1) {
    if (last > previousLast) ranges[end] = last;
    return;
  }
  ranges.push(first, last);
}

/** Position of the first range that does not end before `index`. */
function search(ranges: Ranges, index: number): number {
  let low = 0;
  let high = ranges.length / 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numberAt(ranges, middle * 2 + 1) < index) low = middle + 1;
    else high = middle;
  }
  return low * 2;
}

function numberAt(ranges: Ranges, position: number): number {
  return ranges[position] ?? 0;
}
