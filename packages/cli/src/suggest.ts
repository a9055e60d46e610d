/** As RabbitMQ's (Elixir's String.jaro_distance above 0.8): the name most like `word`; undefined: none is. */
export function suggest(word: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestScore = 0.8;
  for (const name of names) {
    const score = jaro(word, name);
    if (score <= bestScore) continue;
    bestScore = score;
    best = name;
  }
  return best;
}

/** Jaro similarity of two texts, 0 to 1. */
function jaro(left: string, right: string): number {
  if (left === right) return 1;
  const reach = Math.max(0, Math.floor(Math.max(left.length, right.length) / 2) - 1);
  const taken = new Set<number>();
  const matches: { readonly at: number; readonly char: string }[] = [];
  for (const [at, char] of [...left].entries()) {
    const match = findMatch(right, char, { from: at - reach, to: at + reach, taken });
    if (match === undefined) continue;
    taken.add(match);
    matches.push({ at: match, char });
  }
  const count = matches.length;
  if (count === 0) return 0;
  const inOrder = [...taken].sort((one, other) => one - other).map((at) => right[at]);
  const moved = matches.filter(({ char }, at) => char !== inOrder[at]).length / 2;
  return (count / left.length + count / right.length + (count - moved) / count) / 3;
}

function findMatch(
  text: string,
  char: string,
  { from, to, taken }: { readonly from: number; readonly to: number; readonly taken: Set<number> },
): number | undefined {
  for (let at = Math.max(0, from); at <= Math.min(text.length - 1, to); at++) {
    if (text[at] === char && !taken.has(at)) return at;
  }
  return undefined;
}
