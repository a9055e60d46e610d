import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { chinese } from "../src/i18n/chinese.ts";

const SOURCES = join(import.meta.dirname, "../src");
const TEXT = String.raw`("(?:[^"\\]|\\.)*")`;

/** Every text that stands in a call of `t`, `tn` or `msg`. */
function textsInCode(): ReadonlySet<string> {
  const texts = new Set<string>();
  for (const entry of readdirSync(SOURCES, { recursive: true, withFileTypes: true })) {
    if (!/\.tsx?$/.test(entry.name) || entry.name === "chinese.ts") continue;
    const source = readFileSync(join(entry.parentPath, entry.name), "utf8");
    for (const [, text] of source.matchAll(new RegExp(String.raw`\b(?:t|msg)\(\s*${TEXT}`, "g"))) {
      texts.add(JSON.parse(text ?? ""));
    }
    for (const [, one, many] of source.matchAll(
      new RegExp(String.raw`\btn\(\s*[^,]+,\s*${TEXT},\s*${TEXT}`, "g"),
    )) {
      texts.add(JSON.parse(one ?? "")).add(JSON.parse(many ?? ""));
    }
  }
  return texts;
}

function places(text: string): readonly string[] {
  return [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();
}

describe("the Chinese catalogue", () => {
  it("has every text of the code, and no other", () => {
    const texts = textsInCode();
    expect(texts.size).toBeGreaterThan(500);
    expect([...texts].filter((text) => !Object.hasOwn(chinese, text))).toEqual([]);
    expect(Object.keys(chinese).filter((text) => !texts.has(text))).toEqual([]);
  });

  it("keeps the places for values", () => {
    const differing = Object.entries(chinese).filter(([english, text]) => {
      const wanted = places(english);
      // "1 queue" has no place for the number, and needs none in Chinese either.
      return JSON.stringify(wanted) !== JSON.stringify(places(text));
    });
    expect(differing).toEqual([]);
  });
});
