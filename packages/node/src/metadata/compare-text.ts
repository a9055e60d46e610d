/** Order of UTF-16 code units: the same on every node and Node version, unlike localeCompare. */
export function compareText(left: string, right: string): number {
  if (left < right) return -1;
  return left > right ? 1 : 0;
}

/** The values of a map in the order of their keys: iteration order depends on history, this does not. */
export function valuesByKey<V>(map: ReadonlyMap<string, V>): V[] {
  const entries = Array.from(map);
  entries.sort((left, right) => compareText(left[0], right[0]));
  return entries.map((entry) => entry[1]);
}
