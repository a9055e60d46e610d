import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runProgram } from "../test/clients/processes/child-program.ts";
import { LeveretProcess } from "../test/clients/processes/leveret-process.ts";
import { median } from "./median.ts";

const PACKAGE: string = fileURLToPath(new URL("../packages/cli", import.meta.url));
const COOKIE = "bench";
const NODE_NAME = "bench@localhost";
const BUNDLE_MAX_MS = 60_000;

/** Milliseconds from the start of a process to its end, medians. */
export interface CliReport {
  readonly runs: number;
  /** Node.js itself, with an empty program. */
  readonly emptyMs: number;
  /** `leveretctl list_queues` as `npm run build` leaves it. */
  readonly builtMs: number;
  /** ... and as it is packed: one file. */
  readonly packedMs: number;
}

/** Runs `leveretctl list_queues` against an idle node, in fresh processes, in turn with an empty program. */
export async function measureCli(runs: number): Promise<CliReport> {
  const directory = await mkdtemp(join(tmpdir(), "leveret-cli-"));
  const flags = ["--cluster-port", "0", "--cookie", COOKIE, "--node-name", NODE_NAME];
  const broker = new LeveretProcess(directory, { flags });
  try {
    await broker.ready();
    const port = clusterPort(broker.lines);
    const packed = await pack(directory);
    const command = ["-n", `${NODE_NAME}:${port}`, "--cookie", COOKIE, "list_queues"];
    const times = { empty: [] as number[], built: [] as number[], packed: [] as number[] };
    for (let run = 0; run < runs; run++) {
      times.empty.push(await timeOf(["-e", "0"]));
      times.built.push(await timeOf([join(PACKAGE, "dist/main.js"), ...command]));
      times.packed.push(await timeOf([packed, ...command]));
    }
    return {
      runs,
      emptyMs: median(times.empty),
      builtMs: median(times.built),
      packedMs: median(times.packed),
    };
  } finally {
    await broker.stop();
    await rm(directory, { recursive: true });
  }
}

/** A copy of the package with its bundle; says where its program is. */
async function pack(directory: string): Promise<string> {
  const place = join(directory, "packed");
  await mkdir(place);
  await cp(join(PACKAGE, "dist"), join(place, "dist"), { recursive: true });
  await cp(join(PACKAGE, "package.json"), join(place, "package.json"));
  await runProgram({
    command: "npm",
    arguments: ["run", "--silent", "bundle", "--", `--outfile=${join(place, "dist/bundle.js")}`],
    cwd: PACKAGE,
    timeoutMs: BUNDLE_MAX_MS,
  });
  return join(place, "dist/main.js");
}

function clusterPort(lines: readonly string[]): number {
  for (const line of lines) {
    const found = /"clustering":(\d+)/.exec(line)?.[1];
    if (found !== undefined) return Number(found);
  }
  throw new Error("the node does not say its cluster port");
}

function timeOf(args: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => {
      if (code === 0) resolve(performance.now() - startedAt);
      else reject(new Error(`${args.join(" ")} ended with ${code}`));
    });
  });
}
