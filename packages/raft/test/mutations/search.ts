import { loadFinder } from "./bundle.ts";
import { type Finding, finderOrder } from "./findings.ts";
import type { FinderKind, FinderModule, Mutation } from "./mutation.ts";

/** Longest text kept of what a finder said. */
const SAYS_MAX = 100;

/** No bug. */
const UNCHANGED: Mutation = { id: "none", checklist: "-", edits: [] };

export interface SearchOptions {
  /** Who found it last time: asked first. */
  readonly last?: Finding | undefined;
  /** Seeds tried by each finder that has seeds; scenarios are tried all. */
  readonly seedsMax: number;
  /** The first seed tried. Default 1 */
  readonly firstSeed?: number | undefined;
  /** Whether to make sure, by a run without the bug, that it does not fail in the same way. */
  readonly compares?: boolean;
}

/** Looks for the bug with all its finders; undefined: nobody found it. */
export async function search(
  mutation: Mutation,
  options: SearchOptions,
): Promise<Finding | undefined> {
  for (const kind of finderOrder(mutation, options.last)) {
    const finder = await loadFinder(kind, mutation);
    const unchanged = options.compares === true ? await loadFinder(kind, UNCHANGED) : undefined;
    const found = ask(mutation.id, { kind, finder, unchanged }, options);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A finder with the bug, and without it if that is of interest. */
interface Asked {
  readonly kind: FinderKind;
  readonly finder: FinderModule;
  readonly unchanged: FinderModule | undefined;
}

function ask(
  id: string,
  { kind, finder, unchanged }: Asked,
  options: SearchOptions,
): Finding | undefined {
  const { last } = options;
  let steps = 0;
  let lastSteps = 0;
  const attempt = (label: string): string | undefined => {
    const outcome = finder.run(label);
    lastSteps = outcome.steps;
    steps += lastSteps;
    const { violation } = outcome;
    const isBug =
      violation !== undefined && nameOf(violation) !== nameOf(unchanged?.run(label).violation);
    return isBug ? violation : undefined;
  };
  if (last?.finder === kind && finder.labels.includes(last.label)) {
    const violation = attempt(last.label);
    if (violation !== undefined) return { ...last, lastSteps, says: shorten(violation) };
  }
  steps = 0;
  const labels = kind === "scenarios" ? finder.labels : seedsOf(finder, options);
  for (const [position, label] of labels.entries()) {
    const violation = attempt(label);
    if (violation === undefined) continue;
    const says = shorten(violation);
    return { id, finder: kind, label, tried: position + 1, steps, lastSteps, says };
  }
  return undefined;
}

function shorten(violation: string): string {
  const line = violation.split("\n").find((text) => text.trim() !== "") ?? "";
  return line.length > SAYS_MAX ? `${line.slice(0, SAYS_MAX)}...` : line;
}

function seedsOf(
  { labels }: FinderModule,
  { firstSeed = 1, seedsMax }: SearchOptions,
): readonly string[] {
  return labels.slice(firstSeed - 1, firstSeed - 1 + seedsMax);
}

/** Violations start with the name of what does not hold. */
function nameOf(violation: string | undefined): string | undefined {
  return violation?.split(":", 1)[0];
}
