import { mkdir, readFile, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ProgramOptions, runProgram } from "./processes/child-program.ts";

const HERE: string = fileURLToPath(new URL(".", import.meta.url));
const BUILD_MAX_MS = 600_000;

/** One language's program; `prepare` builds it and tells how it is run. */
export interface Suite {
  readonly name: string;
  readonly prepare: () => Promise<Pick<ProgramOptions, "command" | "arguments" | "environment">>;
}

/** What the suites are built into, outside of the work tree, so that linters and `npm ci` leave it alone. */
async function cacheDirectory(name: string): Promise<string> {
  // biome-ignore lint/style/noProcessEnv: where caches live is told by the environment
  const { XDG_CACHE_HOME: cacheHome = join(homedir(), ".cache") } = process.env;
  const directory = join(cacheHome, "leveret-clients", name);
  await mkdir(directory, { recursive: true });
  return directory;
}

/** A Python with pinned packages, in a virtual environment that is made anew when the pins change; pika for those that do not say. */
export async function preparePython(
  name = "python",
  requirements: string = join(HERE, "python", "requirements.txt"),
): Promise<string> {
  const directory = await cacheDirectory(name);
  const python = join(directory, "bin", "python");
  const stamp = join(directory, "requirements.installed");
  const pins = await readFile(requirements, "utf8");
  if ((await readIfPresent(stamp)) === pins) return python;
  await build("python3", ["-m", "venv", "--clear", directory]);
  await build(python, ["-m", "pip", "install", "--quiet", "--requirement", requirements]);
  await writeFile(stamp, pins);
  return python;
}

/** The four suites, in the order in which they run. */
export const SUITES: readonly Suite[] = [
  {
    name: "node",
    prepare: async () => ({
      command: process.execPath,
      arguments: ["--import", "tsx", join(HERE, "node", "suite.ts")],
    }),
  },
  {
    name: "python",
    prepare: async () => ({
      command: await preparePython(),
      arguments: [join(HERE, "python", "suite.py")],
      environment: { PYTHONDONTWRITEBYTECODE: "1" },
    }),
  },
  {
    name: "go",
    prepare: async () => {
      const program = join(await cacheDirectory("go"), "suite");
      await build("go", ["build", "-o", program, "."], join(HERE, "go"));
      return { command: program, arguments: [] };
    },
  },
  {
    name: "java",
    prepare: async () => {
      const target = await cacheDirectory("java");
      const flags = ["--batch-mode", "--quiet", `-Dsuite.target=${target}`];
      await build("mvn", [...flags, "compile"], join(HERE, "java"));
      const classPath = `${join(target, "classes")}:${join(target, "libraries")}/*`;
      return { command: "java", arguments: ["-cp", classPath, "leveret.clients.Suite"] };
    },
  },
];

async function build(command: string, args: readonly string[], cwd = HERE): Promise<void> {
  await runProgram({ command, arguments: args, cwd, timeoutMs: BUILD_MAX_MS });
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
