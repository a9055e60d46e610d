import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { formatTable, type Result, summarize } from "../clients/results.ts";
import { checkDeployment } from "./deployment-check.ts";
import { buildImage, type Image } from "./image/build-image.ts";
import { runTool } from "./run-tool.ts";
import { FAILURE_SCENARIOS } from "./scenarios/failures.ts";
import { FRONT_SCENARIOS, mirrorEverything } from "./scenarios/front.ts";
import { OPERATION_SCENARIOS } from "./scenarios/operations.ts";
import { POD_SCENARIOS } from "./scenarios/pods.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { prepareDeployment, Topology } from "./topology/topology.ts";

const SUITE = "system";
const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));
const TOOLS = ["ip", "unshare", "mount", "chroot", "haproxy", "keepalived", "openssl"];
const SCENARIOS: readonly Scenario[] = [
  ...FRONT_SCENARIOS,
  ...OPERATION_SCENARIOS,
  ...FAILURE_SCENARIOS,
  ...POD_SCENARIOS,
];

/** From outside: this process is not known there by the number that it knows itself. */
const ENTER = "nsenter --target $(pgrep --newest --full -- '--inside network') --mount --net bash";

const USAGE = `usage: npm run test:system -- [options]
What deploy/ describes, without Docker: the image is built by carrying out the Dockerfile in a chroot; three nodes of compose.yaml, and two
machines with HAProxy and keepalived, run in network namespaces of their own. Needs Linux, root, and ${TOOLS.join(", ")}.
All of it lives in namespaces that end with this program.
  --only TEXT        scenarios whose names contain it
  --stay             no scenarios: starts the topology, says how to enter it, and waits for Ctrl-C
  --json FILE        counts, for .ci/run
  --directory PATH   for data and logs, which stay if something fails (default: the system's for temporary files)`;

function readArguments() {
  return parseArgs({
    options: {
      only: { type: "string" },
      stay: { type: "boolean", default: false },
      json: { type: "string" },
      directory: { type: "string" },
      help: { type: "boolean", default: false },
      /** Of the inner processes: how far they are, and what the outer ones have made. */
      inside: { type: "string" },
      image: { type: "string" },
    },
  }).values;
}

type Arguments = ReturnType<typeof readArguments>;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Runs a step that is counted. */
async function counted(
  results: Result[],
  scenario: string,
  run: (say: (text: string) => void) => Promise<void>,
): Promise<boolean> {
  const startedMs = performance.now();
  let failure: string | undefined;
  try {
    await run((text) => print(`  ${text}`));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    failure = reason.replaceAll("\n", " | ");
  }
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const tail = failure === undefined ? "" : ` - ${failure}`;
  print(`${failure === undefined ? "ok" : "not ok"} ${SUITE} ${scenario} (${seconds} s)${tail}`);
  results.push({ suite: SUITE, scenario, failure });
  return failure === undefined;
}

function report(results: readonly Result[], json: string | undefined): number {
  const summary = summarize(results);
  print(formatTable(results));
  print(`system scenarios: ${summary.passed} passed, ${summary.failed} failed`);
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(summary)}\n`);
  return summary.failed === 0 && summary.passed > 0 ? 0 : 1;
}

/** @throws Error that says what is missing here */
function requireTools(): void {
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    throw new Error("network namespaces and mounts need Linux and root");
  }
  const missing = TOOLS.filter((tool) => {
    try {
      runTool("/bin/sh", ["-c", `command -v ${tool}`]);
      return false;
    } catch {
      return true;
    }
  });
  if (missing.length > 0) {
    throw new Error(`missing here: ${missing.join(", ")} (Debian: haproxy keepalived iproute2)`);
  }
}

/** This program once more, in new namespaces. Its end ends all that runs in them. undefined: it was stopped by a signal. */
async function runInside(
  stage: string,
  unshare: readonly string[],
  more: readonly string[],
): Promise<number | undefined> {
  const own = [...process.execArgv, ...process.argv.slice(1), "--inside", stage, ...more];
  const child = spawn("unshare", [...unshare, process.execPath, ...own], { stdio: "inherit" });
  const stopped = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      stopped.abort();
      child.kill("SIGKILL");
    });
  }
  const [code] = await once(child, "exit");
  if (stopped.signal.aborted) return undefined;
  return typeof code === "number" ? code : 1;
}

/** Outside of all namespaces. */
async function runOutside(values: Arguments): Promise<number> {
  requireTools();
  const directory = values.directory ?? mkdtempSync(join(tmpdir(), "leveret-system-"));
  const code = await runInside(
    "mounts",
    ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"],
    ["--directory", directory],
  );
  if (code === 0 || code === undefined) rmSync(directory, { recursive: true, force: true });
  else print(`data and logs are kept in ${directory}`);
  return code ?? 1;
}

/** Mounts are its own, the network is the machine's: npm needs it. */
async function runInMounts(values: Arguments): Promise<number> {
  const { directory = "" } = values;
  const scratch = join(directory, "scratch");
  mkdirSync(scratch, { recursive: true });
  runTool("mount", ["-t", "tmpfs", "-o", "size=3g", "tmpfs", scratch]);
  const results: Result[] = [];
  let image: Image | undefined;
  const isBuilt = await counted(results, "each step of the Dockerfile", async (say) => {
    image = await buildImage({
      dockerfile: join(ROOT, "deploy/Dockerfile"),
      context: ROOT,
      directory: join(scratch, "image"),
      onStep: () => undefined,
    });
    say(`${(image.size / 1e6).toFixed(0)} MB above the base image`);
  });
  if (!isBuilt) return report(results, values.json);
  return (await runInside("network", ["--net"], ["--image", JSON.stringify(image)])) ?? 1;
}

/** Everything is its own. */
async function runInNetwork(values: Arguments): Promise<number> {
  const { directory = "", image = "" } = values;
  const deploy = join(directory, "deploy");
  const results: Result[] = [
    { suite: SUITE, scenario: "each step of the Dockerfile", failure: undefined },
  ];
  prepareDeployment(join(ROOT, "deploy"), deploy);
  let topology: Topology | undefined;
  const hasStarted = await counted(results, "topology of compose.yaml starts", async () => {
    topology = await Topology.start({
      deploy,
      image: JSON.parse(image) as Image, // As runInMounts has made it.
      scratch: join(directory, "scratch"),
      directory: join(directory, "topology"),
    });
  });
  if (!hasStarted || topology === undefined) return report(results, values.json);
  const running = topology;
  if (values.stay) return stay(running);
  await counted(results, "deploy/ is consistent", async (say) => {
    for (const text of checkDeployment(deploy, running.compose, running.node(0).options.image))
      say(text);
  });
  await mirrorEverything(running);
  const { only = "" } = values;
  for (const { name, run } of SCENARIOS.filter((scenario) => scenario.name.includes(only))) {
    await counted(results, name, (say) => run(running, say));
  }
  running.saveLogs();
  return report(results, values.json);
}

async function stay(topology: Topology): Promise<number> {
  const management = `http://${topology.address}:15672`;
  print(`clients:      ${topology.url} and ${topology.tlsUrl}`);
  print(`management:   ${management}, statistics http://${topology.address}:8404`);
  print(`to enter it:  ${ENTER}`);
  print("to end it:    Ctrl-C");
  await Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
  return 0;
}

async function main(): Promise<number> {
  const values = readArguments();
  if (values.help) {
    print(USAGE);
    return 0;
  }
  switch (values.inside) {
    case undefined:
      return runOutside(values);
    case "mounts":
      return runInMounts(values);
    case "network":
      return runInNetwork(values);
    default:
      throw new Error(`there is no stage ${values.inside}`);
  }
}

try {
  process.exit(await main());
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : error}\n`);
  process.exit(1);
}
