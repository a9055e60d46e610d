import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));
/** What runs, and what it is built with. */
const PARTS = ["package.json", "tsconfig.base.json", "tsconfig.json", "packages"];

/** The oldest commit whose data and nodes have to go on with this one: see README.md. */
export function baseCommit(): string {
  return readFileSync(new URL("base-commit", import.meta.url), "utf8").trim();
}

/**
 * Builds the broker as it was at a commit, with the dependencies of now, in an empty directory. Returns its main.js. @throws Error, also if
 * this clone does not have the commit
 */
export function buildOldVersion(commit: string, directory: string): string {
  requireCommit(commit);
  const archive = join(directory, "source.tar");
  run("git", ["archive", "--output", archive, commit, ...PARTS], ROOT);
  run("tar", ["--extract", "--file", archive], directory);
  linkDependencies(directory);
  const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
  run(process.execPath, [compiler, "--build", "packages/node", "packages/cli"], directory);
  return join(directory, "packages/node/dist/main.js");
}

function requireCommit(commit: string): void {
  try {
    run("git", ["cat-file", "-e", `${commit}^{commit}`], ROOT);
  } catch (error) {
    throw new Error(
      `commit ${commit}, from which an upgrade has to work, is not in this clone: git fetch --unshallow`,
      { cause: error },
    );
  }
}

/** Of what is installed here, all but our own packages. */
function linkDependencies(directory: string): void {
  const own = new Set(["@leveret", "leveret"]);
  const installed = join(ROOT, "node_modules");
  const target = join(directory, "node_modules");
  mkdirSync(join(target, "@leveret"), { recursive: true });
  for (const name of readdirSync(installed)) {
    if (!own.has(name)) symlinkSync(join(installed, name), join(target, name));
  }
  for (const name of readdirSync(join(directory, "packages"))) {
    const link = name === "node" ? "leveret" : `@leveret/${name}`;
    symlinkSync(join(directory, "packages", name), join(target, link));
  }
}

function run(command: string, parts: readonly string[], cwd: string): void {
  execFileSync(command, parts, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
