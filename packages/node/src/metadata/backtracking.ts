import { BACKTRACKING_STEPS_MAX } from "./metadata-limits.ts";

/** One unit of a pattern: escape, character class, group start, quantifier or any other character. */
const TOKEN =
  /\\[\s\S]|\[\^?\]?(?:\\[\s\S]|[^\]\\])*\]|\(\?<?[=!:]|\(\?<\w+>|\(|\)|[*+?][+?]?|\{\d+(?:,\d*)?\}[+?]?|[\s\S]/g;
const COUNTED = /^\{(\d+)(?:(,)(\d*))?\}/;
/** Names end here, so nothing matches more often. */
const NAME_LENGTH_MAX = 255;

/** An upper bound of what a part of a pattern can cost on the worst name, not counting what follows it. */
interface Effort {
  /** Different ways to match from one place: what follows is tried once for each. */
  readonly ways: number;
  readonly steps: number;
}

const ONE: Effort = { ways: 1, steps: 1 };
const NONE: Effort = { ways: 1, steps: 0 };

/** An open group, or the whole pattern. */
interface Group {
  /** Lookaround keeps its first match: what follows is tried once. */
  readonly isLookaround: boolean;
  /** Alternatives that are complete. */
  alternatives: Effort;
  /** The alternative being read, without `last`. */
  sequence: Effort;
  /** Its last element: a quantifier may follow. */
  last: Effort;
}

/**
 * Whether JavaScript's backtracking engine answers in bounded time for every name: the ways to match are multiplied along
 * a pattern. A repeated group that can itself match in several ways counts as endless.
 */
export function isSafeToBacktrack(pattern: string): boolean {
  const groups: Group[] = [openGroup(false)];
  for (const [token] of pattern.matchAll(TOKEN)) {
    if (token === ")") closeGroup(groups);
    else if (token.startsWith("(")) groups.push(openGroup(/^\(\?<?[=!]/.test(token)));
    else addToken(groups.at(-1) ?? openGroup(false), token);
  }
  while (groups.length > 1) closeGroup(groups); // Not a valid pattern; the engine will say so.
  const [whole = openGroup(false)] = groups;
  const { steps } = effortOf(whole);
  const isAnchored = pattern.startsWith("^") && whole.alternatives.ways === 0;
  const starts = isAnchored ? 1 : NAME_LENGTH_MAX + 1;
  return steps * starts <= BACKTRACKING_STEPS_MAX;
}

function openGroup(isLookaround: boolean): Group {
  return { isLookaround, alternatives: { ways: 0, steps: 0 }, sequence: NONE, last: NONE };
}

function closeGroup(groups: Group[]): void {
  const group = groups.pop();
  const outer = groups.at(-1);
  if (group === undefined || outer === undefined) return;
  const effort = effortOf(group);
  append(outer, group.isLookaround ? { ways: 1, steps: effort.steps } : effort);
}

function effortOf(group: Group): Effort {
  return either(group.alternatives, inSequence(group.sequence, group.last));
}

function addToken(group: Group, token: string): void {
  if (token === "|") {
    group.alternatives = effortOf(group);
    group.sequence = NONE;
    group.last = NONE;
  } else if (/^[*+]/.test(token)) {
    group.last = repeated(group.last, 0, NAME_LENGTH_MAX);
  } else if (token.startsWith("?")) {
    group.last = repeated(group.last, 0, 1);
  } else if (COUNTED.test(token)) {
    const [, low = "", comma, high = ""] = COUNTED.exec(token) ?? [];
    const most = comma === undefined ? Number(low) : Number(high || NAME_LENGTH_MAX);
    group.last = repeated(group.last, Number(low), most);
  } else {
    // A back reference compares up to a whole name.
    append(group, /^\\[1-9k]/.test(token) ? { ways: 1, steps: NAME_LENGTH_MAX } : ONE);
  }
}

function append(group: Group, next: Effort): void {
  group.sequence = inSequence(group.sequence, group.last);
  group.last = next;
}

function inSequence(first: Effort, second: Effort): Effort {
  return { ways: first.ways * second.ways, steps: first.steps + first.ways * second.steps };
}

function either(left: Effort, right: Effort): Effort {
  return { ways: left.ways + right.ways, steps: left.steps + right.steps };
}

function repeated(effort: Effort, low: number, high: number): Effort {
  if (high <= 1) return { ways: effort.ways + 1 - low, steps: effort.steps + 1 };
  if (effort.ways > 1) return { ways: Number.POSITIVE_INFINITY, steps: Number.POSITIVE_INFINITY };
  return { ways: high - low + 1, steps: high * (effort.steps + 1) };
}
