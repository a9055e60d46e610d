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
  /** Seeds of the simulator that are tried; the other finders try all they have. */
  readonly seedsMax: number;
  /** The first seed tried. Default 1 */
  readonly firstSeed?: number | undefined;
  /** Whether also what found it last is compared with a run without the bug. Default: no */
  readonly comparesLast?: boolean;
}

/** Looks for the bug with all its finders; undefined: nobody found it. */
export async function search(
  mutation: Mutation,
  options: SearchOptions,
): Promise<Finding | undefined> {
  for (const kind of finderOrder(mutation, options.last)) {
    const finder = await loadFinder(kind, mutation);
    const found = await ask(mutation.id, { kind, finder }, options);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function ask(
  id: string,
  { kind, finder }: { readonly kind: FinderKind; readonly finder: FinderModule },
  options: SearchOptions,
): Promise<Finding | undefined> {
  const { last } = options;
  if (last?.finder === kind && finder.labels.includes(last.label)) {
    const { violation, steps } = finder.run(last.label);
    const isFound = violation !== undefined && (await isBug(violation, kind, last.label, options));
    if (isFound) return { ...last, lastSteps: steps, says: shorten(violation) };
  }
  let steps = 0;
  const labels = kind === "simulator" ? seedsOf(finder, options) : finder.labels;
  for (const [position, label] of labels.entries()) {
    const outcome = finder.run(label);
    const { violation, steps: lastSteps } = outcome;
    steps += lastSteps;
    if (violation === undefined || !(await isBug(violation, kind, label, options))) continue;
    const says = shorten(violation);
    return { id, finder: kind, label, tried: position + 1, steps, lastSteps, says };
  }
  return undefined;
}

/** Whether the code without the bug does not fail in the same way. What was found last was compared then. */
async function isBug(
  violation: string,
  kind: FinderKind,
  label: string,
  { last, comparesLast }: SearchOptions,
): Promise<boolean> {
  const isLast = last?.finder === kind && last.label === label;
  if (isLast && comparesLast !== true) return true;
  const without = (await loadFinder(kind, UNCHANGED)).run(label).violation;
  if (without === undefined) return true;
  return kind === "simulator" && nameOf(without) !== nameOf(violation);
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

/** Violations of the simulator start with the name of what does not hold. */
function nameOf(violation: string): string | undefined {
  return violation.split(":", 1)[0];
}
