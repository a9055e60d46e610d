import { readdirSync } from "node:fs";
import { join } from "node:path";

interface Rule {
  readonly pattern: RegExp;
  readonly isIncluding: boolean;
  readonly text: string;
}

/** The rules of a .dockerignore: paths are relative to the context, the last rule that matches counts. */
export class IgnoreRules {
  readonly #rules: readonly Rule[];

  constructor(text: string) {
    this.#rules = text
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => {
        const isIncluding = line.startsWith("!");
        const glob = (isIncluding ? line.slice(1) : line).replace(/^\/|\/$/g, "");
        return { isIncluding, text: glob, pattern: patternOf(glob) };
      });
  }

  isIgnored(path: string): boolean {
    let isIgnored = false;
    for (const { pattern, isIncluding } of this.#rules) {
      if (pattern.test(path)) isIgnored = !isIncluding;
    }
    return isIgnored;
  }

  /** Whether something below an ignored folder may be in the context all the same. */
  mayIncludeBelow(folder: string): boolean {
    return this.#rules.some(
      ({ isIncluding, text }) => isIncluding && text.startsWith(`${folder}/`),
    );
  }
}

/** A pattern stands for what it names and all below. */
function patternOf(glob: string): RegExp {
  const parts = glob.split("/").map((part) => {
    if (part === "**") return "(?:[^/]+/)*";
    return `${part.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^/]*")}/`;
  });
  const text = parts.join("");
  return new RegExp(`^(?:${glob === "**" ? "[^/]+/" : text})(?:[^/]+/)*$`);
}

/** Files of the context that are not ignored, relative to it. */
export function contextFiles(context: string, rules: IgnoreRules, folder = ""): string[] {
  return readdirSync(join(context, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    const isIgnored = rules.isIgnored(`${path}/`);
    if (!entry.isDirectory()) return isIgnored ? [] : [path];
    return isIgnored && !rules.mayIncludeBelow(path) ? [] : contextFiles(context, rules, path);
  });
}
