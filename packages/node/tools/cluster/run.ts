import { execFile } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { CLUSTER_FILE, DEFAULT_DIRECTORY, type RunningNode } from "./cluster-file.ts";
import { freePorts } from "./free-ports.ts";
import { LocalNode } from "./local-node.ts";

const NODES_MAX = 9;
const READY_MAX_MS = 120_000;
const AMQP_PORT = 5672;
/** From a node's port for clients to its others, as RabbitMQ has them. */
const TO_CLUSTER_PORT = 20_000;
const TO_MANAGEMENT_PORT = 10_000;
const TO_PROMETHEUS_PORT = 10_020;
const MAIN: string = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const LEVERETCTL: string = fileURLToPath(new URL("../../../cli/dist/main.js", import.meta.url));
const POLICY = JSON.stringify({ "ha-mode": "all", "ha-sync-mode": "automatic" });

const USAGE = `usage: npm run cluster -- [options]
Runs the nodes of one cluster on this machine, each in a process of its own, until Ctrl-C. All durable queues are mirrored on all nodes by a
policy (ha-all). A node that ends otherwise is started again after a while, as a supervisor would.
  --nodes N          how many (default 3)
  --directory PATH   data, logs and the cookie (default ${DEFAULT_DIRECTORY}); the next start goes on with them
  --amqp-port N      of the first node (default ${AMQP_PORT}); ports that are taken are replaced by others
  --restart-after N  seconds after which a node that has ended is started again (default 10); never: not at all`;

function readArguments() {
  return parseArgs({
    options: {
      nodes: { type: "string", default: "3" },
      directory: { type: "string", default: DEFAULT_DIRECTORY },
      "amqp-port": { type: "string", default: String(AMQP_PORT) },
      "restart-after": { type: "string", default: "10" },
      help: { type: "boolean", default: false },
    },
  }).values;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function makeNodes(count: number, directory: string, firstPort: number) {
  const first = Array.from({ length: count }, (_, index) => firstPort + index);
  const amqp = await freePorts(first);
  const cluster = await freePorts(first.map((port) => port + TO_CLUSTER_PORT));
  const management = await freePorts(first.map((port) => port + TO_MANAGEMENT_PORT));
  const prometheus = await freePorts(first.map((port) => port + TO_PROMETHEUS_PORT));
  const names = first.map((_, index) => `rabbit${index + 1}@localhost`);
  const peers = names.map((name, index) => `${name}:${cluster[index]}`);
  return names.map((name, index) => {
    return new LocalNode({
      name,
      main: MAIN,
      dataDir: join(directory, `rabbit${index + 1}`),
      cookieFile: join(directory, "cookie"),
      logFile: join(directory, `rabbit${index + 1}.log`),
      amqpPort: amqp[index] ?? 0,
      clusterPort: cluster[index] ?? 0,
      managementPort: management[index] ?? 0,
      prometheusPort: prometheus[index] ?? 0,
      peers,
    });
  });
}

async function setPolicy(node: LocalNode): Promise<void> {
  const command = ["set_policy", "--apply-to", "queues", "ha-all", ".*", POLICY];
  const { name, cookieFile, clusterPort } = node.options;
  const target = ["-n", `${name}:${clusterPort}`, "--cookie-file", cookieFile];
  await promisify(execFile)(process.execPath, [LEVERETCTL, ...target, ...command]);
}

function introduce(nodes: readonly LocalNode[], directory: string): void {
  const [first] = nodes;
  print(`\n${nodes.length} nodes of one cluster run; data, logs and cookie are in ${directory}\n`);
  for (const { options, url, pid } of nodes) {
    const management = `http://127.0.0.1:${options.managementPort}`;
    print(`  ${options.name}  ${url}  management ${management}  process ${pid}`);
  }
  print(`
  who is there:    npm run leveretctl -- -n ${first?.options.name} cluster_status
  does it lose:    npm run cluster:check         (in another terminal: publishes, consumes, counts)
  kill a node:     kill -9 ${nodes.at(-1)?.pid}
  stop:            Ctrl-C here
`);
}

/** Starts a node again each time that it ends, until it is over. */
async function keepRunning(
  node: LocalNode,
  restartAfterMs: number,
  over: AbortSignal,
): Promise<void> {
  const { name, logFile } = node.options;
  const isOver = (): boolean => over.aborted;
  while (!isOver()) {
    const how = await node.exited;
    if (isOver()) return;
    const isRestarted = Number.isFinite(restartAfterMs);
    const then = isRestarted ? `; it is started again in ${restartAfterMs / 1000} s` : "";
    print(`${name} has ended (${how})${then}`);
    if (!isRestarted) return;
    await delay(restartAfterMs);
    if (isOver()) return;
    node.start();
    try {
      await node.ready(READY_MAX_MS);
      print(`${name} is back: process ${node.pid}`);
    } catch (error) {
      print(`${error instanceof Error ? error.message : String(error)} (${logFile})`);
    }
  }
}

/** One after the other: each hands over to those that are left. */
async function stopAll(nodes: readonly LocalNode[]): Promise<void> {
  for (const node of [...nodes].reverse()) {
    if (!node.isRunning) continue;
    node.signal("SIGTERM");
    print(`${node.options.name} has stopped (${await node.exited})`);
  }
}

/** Aborted by the first signal. Whoever asks twice does not want to wait. */
function stopOnSignal(nodes: readonly LocalNode[]): AbortSignal {
  const over = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (over.signal.aborted) for (const node of nodes) node.signal("SIGKILL");
      over.abort();
    });
  }
  return over.signal;
}

function aborted(over: AbortSignal): Promise<void> {
  if (over.aborted) return Promise.resolve();
  return new Promise((resolveAborted) => {
    over.addEventListener("abort", () => resolveAborted(), { once: true });
  });
}

/** Until it is over. @throws Error if a node does not start */
async function serve(
  nodes: readonly LocalNode[],
  { directory, restartAfterMs }: { readonly directory: string; readonly restartAfterMs: number },
  over: AbortSignal,
): Promise<void> {
  const isNew = !existsSync(join(directory, "rabbit1"));
  print(`starting ${nodes.length} nodes ...`);
  for (const node of nodes) node.start();
  const ready = Promise.all(nodes.map((node) => node.ready(READY_MAX_MS)));
  await Promise.race([ready, aborted(over)]);
  if (over.aborted) return;
  const [first] = nodes;
  if (isNew && first !== undefined) await setPolicy(first);
  const running = nodes.map(({ options: { name }, url }): RunningNode => ({ name, url }));
  writeFileSync(join(directory, CLUSTER_FILE), `${JSON.stringify(running, undefined, 2)}\n`);
  introduce(nodes, directory);
  for (const node of nodes) void keepRunning(node, restartAfterMs, over);
  await aborted(over);
}

async function main(): Promise<number> {
  const values = readArguments();
  const count = Number(values.nodes);
  if (values.help || !(count >= 1 && count <= NODES_MAX)) {
    print(USAGE);
    return values.help ? 0 : 64;
  }
  const directory = resolve(values.directory);
  mkdirSync(directory, { recursive: true });
  const nodes = await makeNodes(count, directory, Number(values["amqp-port"]));
  const over = stopOnSignal(nodes);
  const restartAfterMs = Number(values["restart-after"]) * 1000;
  let exitCode = 0;
  try {
    await serve(nodes, { directory, restartAfterMs }, over);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    exitCode = 1;
  }
  rmSync(join(directory, CLUSTER_FILE), { force: true });
  await stopAll(nodes);
  return exitCode;
}

process.exit(await main());
