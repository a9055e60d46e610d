import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { FINDER_KINDS, type FinderKind, type Mutation } from "./mutation.ts";
import { findersOf, MUTATION_LISTS } from "./mutations.ts";

/** Who found a bug first, as last measured. */
export interface Finding {
  readonly id: string;
  readonly finder: FinderKind;
  /** The scenario, or the seed. */
  readonly label: string;
  /** Scenarios or seeds tried until then, and steps made in all of them. */
  readonly tried: number;
  readonly steps: number;
  /** Steps of the attempt that found it. */
  readonly lastSteps: number;
  /** The first line of what it said. */
  readonly says: string;
}

const HERE = dirname(fileURLToPath(import.meta.url));
/** Written by tools/mutations.ts. */
export const FINDINGS_PATH: string = join(HERE, "findings.json");
export const README_PATH: string = join(HERE, "README.md");

/** By the id of the mutation. @throws Error if the file is not one that the tool has written */
export function readFindings(): Map<string, Finding> {
  // Written by the tool, and checked by the tests.
  const list = JSON.parse(readFileSync(FINDINGS_PATH, "utf8")) as readonly Finding[];
  for (const { id, finder } of list) {
    if (!FINDER_KINDS.includes(finder)) throw new Error(`${id}: no finder ${finder}`);
  }
  return new Map(list.map((finding) => [finding.id, finding]));
}

/** Finders in the order in which they are asked: first the one that found it last time. */
export function finderOrder(mutation: Mutation, last: Finding | undefined): readonly FinderKind[] {
  const all = findersOf(mutation);
  return last === undefined ? all : [last.finder, ...all.filter((kind) => kind !== last.finder)];
}

/** The table of all deliberate bugs, in Markdown. */
function renderTable(findings: ReadonlyMap<string, Finding>): string {
  const lines: string[] = [];
  for (const { part, mutations } of MUTATION_LISTS) {
    lines.push("", `## ${part[0]?.toUpperCase()}${part.slice(1)}`, "");
    lines.push("| bug | checklist | found by | first by | tried | steps | it says |");
    lines.push("| --- | --- | --- | --- | ---: | ---: | --- |");
    for (const mutation of mutations) lines.push(rowOf(mutation, findings.get(mutation.id)));
  }
  return lines.join("\n");
}

function rowOf({ id, checklist }: Mutation, finding: Finding | undefined): string {
  if (finding === undefined) return `| ${id} | ${checklist} | nobody | | | | |`;
  const { finder, label, tried, steps, says } = finding;
  const first = finder === "scenarios" ? label : `seed ${label}`;
  const cells = [id, checklist, finder, first, String(tried), String(steps), says];
  return `| ${cells.map(cell).join(" | ")} |`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

const INTRODUCTION = `# Deliberate bugs

Each row is a bug that somebody could make in \`src\`: an edit of the real source, applied while the source is bundled for a
finder. Finders are the scenarios (\`test/scenarios\`), the simulator (seeds 1 to 200 with 8,000 steps, which the tests of the
simulator run without any bug) and random lives of one store, compared with a model. A bug that nobody finds means that a
check is missing: then the check is added, not the bug dropped.

The tests replay what found each bug last (\`findings.json\`) and search on if the source has changed since. The table is
written by \`npm run sim:mutations\`; \`-- --all\` measures anew. Steps are calls into cores (simulator), operations (store lives)
or scenarios. Numbers are those of the checklist of known bugs of Raft implementations; \`-\`: not on it.
`;

export function renderReadme(findings: ReadonlyMap<string, Finding>): string {
  const count = MUTATION_LISTS.reduce((sum, { mutations }) => sum + mutations.length, 0);
  const ids = MUTATION_LISTS.flatMap(({ mutations }) => mutations.map(({ id }) => id));
  const found = ids.filter((id) => findings.has(id)).length;
  return `${INTRODUCTION}\n${found} of ${count} bugs are found.\n${renderTable(findings)}\n`;
}
