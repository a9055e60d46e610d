import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  anchorsOf,
  fencesOf,
  type MarkdownFile,
  markdownFiles,
  ROOT,
  relativeLinksOf,
} from "./markdown-files.ts";

const files = markdownFiles();

/** What npm does without a script of ours. */
const BUILT_IN: ReadonlySet<string> = new Set(["ci", "install"]);

/** undefined: the link leads to a file, and to a heading if it names one. */
function faultOf(file: MarkdownFile, link: string): string | undefined {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? file.path : join(dirname(file.path), path);
  if (target.startsWith("..")) return `${link} leaves the repository`;
  if (!existsSync(join(ROOT, target))) return `${link}: there is no ${target}`;
  if (anchor === undefined || !target.endsWith(".md")) return undefined;
  const anchors = anchorsOf(readFileSync(join(ROOT, target), "utf8"));
  return anchors.includes(anchor) ? undefined : `${link}: no such heading in ${target}`;
}

/** The npm scripts that a line of shell runs: `npm ci && npm start -- --help` runs ci and start. */
function npmCommandsOf(line: string): string[] {
  const [code = ""] = line.split(" #");
  return [...code.matchAll(/\bnpm (?:run )?(?:--silent )?([\w:-]+)/g)].map(([, name = ""]) => name);
}

function scriptNames(): Set<string> {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    scripts: Record<string, string>; // Our own file.
  };
  return new Set(Object.keys(scripts));
}

describe("documents", () => {
  test("are found: the README and a page for each concept", () => {
    const paths = files.map(({ path }) => path);
    expect(paths).toContain("README.md");
    expect(paths).toContain("docs/queues.md");
    expect(paths).toContain("packages/amqp/README.md");
    expect(paths.filter((path) => path.includes("node_modules"))).toEqual([]);
  });

  test.each(files)("$path: each relative link leads to a file and a heading", (file) => {
    const faults = relativeLinksOf(file.text).map((link) => faultOf(file, link));
    expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
  });

  test("docs/README.md names every page of docs", () => {
    const index = files.find(({ path }) => path === "docs/README.md");
    const named = new Set(relativeLinksOf(index?.text ?? "").map((link) => `docs/${link}`));
    const pages = files.filter(({ path }) => /^docs\/[^/]+\.md$/.test(path));
    const missing = pages.map(({ path }) => path).filter((path) => !named.has(path));
    expect(missing).toEqual(["docs/README.md"]);
  });
});

describe("shell commands", () => {
  const fences = files.flatMap(({ path, text }) =>
    fencesOf(text)
      .filter(({ language }) => language === "sh")
      .map(({ lines }) => ({ path, lines })),
  );
  const scripts = scriptNames();

  test.each(fences)("$path runs only npm scripts that exist: $lines.0", ({ path, lines }) => {
    const commands = lines.flatMap(npmCommandsOf);
    if (path === "README.md") expect(commands).not.toEqual([]);
    expect(commands.filter((name) => !scripts.has(name) && !BUILT_IN.has(name))).toEqual([]);
  });

  test("the README tells how to start and how to test in one line each", () => {
    const lines = fences.filter(({ path }) => path === "README.md").flatMap((fence) => fence.lines);
    expect(lines.some((line) => line.startsWith("npm ci && npm start"))).toBe(true);
    expect(lines.some((line) => line.startsWith("npm ci && npm test"))).toBe(true);
  });
});
