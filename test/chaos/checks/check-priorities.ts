/** A message as it was published or delivered. */
export interface Prioritised {
  readonly message: string;
  readonly priority: number;
}

/**
 * A queue that had all of these messages before it was asked for the first gives them by priority, and those of one priority in
 * the order of publishing. Returns what is wrong with what came; undefined: nothing.
 */
export function explainPriorities(
  published: readonly Prioritised[],
  delivered: readonly string[],
): string | undefined {
  const wanted = published
    .map((each, nth) => ({ ...each, nth }))
    .sort((left, right) => right.priority - left.priority || left.nth - right.nth);
  const at = wanted.findIndex(({ message }, index) => message !== delivered[index]);
  if (at === -1 && delivered.length === wanted.length) return undefined;
  const place = at === -1 ? wanted.length : at;
  const expected = wanted[place];
  const text =
    expected === undefined ? "nothing" : `${expected.message} of priority ${expected.priority}`;
  return `place ${place + 1}: ${text} was due, ${delivered[place] ?? "nothing"} came`;
}
