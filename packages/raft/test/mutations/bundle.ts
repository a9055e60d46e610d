import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import type { Edit, FinderKind, FinderModule, Mutation } from "./mutation.ts";

const HERE = dirname(fileURLToPath(import.meta.url));
export const SOURCE_ROOT: string = resolve(HERE, "../../src");

const ENTRIES: Readonly<Record<FinderKind, string>> = {
  scenarios: "finders/scenarios.ts",
  simulator: "finders/simulator.ts",
  "store lives": "finders/store-lives.ts",
};

/** The text with the bug in it. @throws Error unless the text to replace occurs exactly once */
export function mutate(source: string, edit: Edit): string {
  const first = source.indexOf(edit.find);
  if (first < 0 || source.indexOf(edit.find, first + 1) >= 0) {
    throw new Error(`not exactly once in ${edit.file}: ${edit.find}`);
  }
  return source.replace(edit.find, () => edit.replace);
}

/** Loads a finder with all that it runs, with the bug in it. @throws Error if the bug is not part of what the finder runs */
export async function loadFinder(kind: FinderKind, mutation: Mutation): Promise<FinderModule> {
  const folder = mkdtempSync(join(tmpdir(), "leveret-mutation-"));
  try {
    const target = join(folder, "finder.cjs");
    await build({
      entryPoints: [join(HERE, ENTRIES[kind])],
      bundle: true,
      platform: "node",
      format: "cjs",
      target: "node20",
      outfile: target,
      logLevel: "silent",
      plugins: mutation.edits.length === 0 ? [] : [mutationPlugin(mutation)],
    });
    // Not by import: test runners would transform it once more. It is what the entry exports.
    const finder = createRequire(target)(target) as FinderModule;
    return finder;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function mutationPlugin(mutation: Mutation): Plugin {
  const files = new Set(mutation.edits.map(({ file }) => file));
  const unused = new Set(files);
  // Only these are read here: the rest of the bundle is built without a detour.
  const escaped = [...files].map((file) => file.replaceAll(".", "\\."));
  return {
    name: "mutation",
    setup(setup): void {
      setup.onLoad({ filter: new RegExp(`/src/(${escaped.join("|")})$`) }, ({ path }) => {
        const edits = mutation.edits.filter(({ file }) => join(SOURCE_ROOT, file) === path);
        if (edits.length === 0) return undefined;
        let contents = readFileSync(path, "utf8");
        for (const edit of edits) {
          contents = mutate(contents, edit);
          unused.delete(edit.file);
        }
        return { contents, loader: "ts" };
      });
      setup.onEnd(({ errors }) => {
        if (errors.length > 0) return;
        for (const file of unused) throw new Error(`${file} is not part of the bundle`);
      });
    },
  };
}
