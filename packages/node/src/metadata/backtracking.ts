import { BACKTRACKING_REPETITION_MAX } from "./metadata-limits.ts";

/** Matches one unit of a pattern: escape, character class, group start, quantifier or any other character. */
const TOKEN =
  /\\[\s\S]|\[\^?\]?(?:\\[\s\S]|[^\]\\])*\]|\(\?<?[=!:]|\(\?<\w+>|\(|\)|[*+][?+]?|\?[?+]?|\{\d*,?\d*\}[?+]?|[\s\S]/g;

/**
 * false: a name could make JavaScript's engine try exponentially many ways, or very many. Conservative: refuses a
 * repeated group that itself repeats or chooses, and more than a few repetitions in all.
 */
export function isSafeToBacktrack(pattern: string): boolean {
  const groups: boolean[] = [];
  let ambiguous = false; // Does the group being read contain a repetition or a choice?
  let afterAmbiguousGroup = false;
  let repetitions = 0;
  for (const [token] of pattern.matchAll(TOKEN)) {
    const repeats = isRepetition(token);
    if (repeats && (afterAmbiguousGroup || ++repetitions > BACKTRACKING_REPETITION_MAX))
      return false;
    afterAmbiguousGroup = false;
    if (token.startsWith("(")) {
      groups.push(ambiguous);
      ambiguous = false;
    } else if (token === ")") {
      afterAmbiguousGroup = ambiguous;
      ambiguous = (groups.pop() ?? false) || ambiguous;
    } else if (repeats || token === "|" || token.startsWith("?")) {
      ambiguous = true;
    }
  }
  return true;
}

function isRepetition(token: string): boolean {
  return /^(?:[*+][?+]?|\{\d+(?:,\d*)?\}[?+]?)$/.test(token);
}
