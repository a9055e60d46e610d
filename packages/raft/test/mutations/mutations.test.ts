import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { STEPS } from "../sim/check-seeds.ts";
import { mutate, SOURCE_ROOT } from "./bundle.ts";
import { SIMULATOR_STEPS } from "./finders/simulator.ts";
import { run } from "./finders/store-lives.ts";
import { README_PATH, readFindings, renderReadme } from "./findings.ts";
import { MUTATIONS } from "./mutations.ts";

describe("the list of deliberate bugs", () => {
  it.each(MUTATIONS)("applies to the source as it is: $id", ({ edits }) => {
    const texts = new Map<string, string>();
    for (const edit of edits) {
      const text = texts.get(edit.file) ?? readFileSync(join(SOURCE_ROOT, edit.file), "utf8");
      const changed = mutate(text, edit);
      expect(changed).not.toBe(text);
      texts.set(edit.file, changed);
    }
  });

  it("names each bug once", () => {
    expect(new Set(MUTATIONS.map(({ id }) => id)).size).toBe(MUTATIONS.length);
  });

  it("has a finder for each bug: npm run sim:mutations -- --missing", () => {
    const findings = readFindings();
    expect(MUTATIONS.filter(({ id }) => !findings.has(id)).map(({ id }) => id)).toEqual([]);
  });

  it("stands in README.md, row by row, as measured: npm run sim:mutations", () => {
    expect(readFileSync(README_PATH, "utf8")).toBe(renderReadme(readFindings()));
  });

  it("is found by store lives that pass without any bug", () => {
    const labels = [...readFindings().values()]
      .filter(({ finder }) => finder === "store lives")
      .map(({ label }) => label);
    for (const label of new Set(labels))
      expect([label, run(label).violation]).toEqual([label, undefined]);
  }, 60_000);

  it("is looked for in runs that pass without any bug", () => {
    expect(SIMULATOR_STEPS).toBe(STEPS);
  });
});
