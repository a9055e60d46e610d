import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { connect } from "amqplib";
import { Checker } from "../../packages/node/tools/cluster/checker.ts";
import { freePorts } from "../../packages/node/tools/cluster/free-ports.ts";
import { LocalNode } from "../../packages/node/tools/cluster/local-node.ts";
import { until } from "../system/until.ts";
import { changeEverywhere, expectKnown } from "./node-changes.ts";
import { baseCommit, buildOldVersion } from "./old-version.ts";

const NODES = 3;
const READY_MAX_MS = 60_000;
const PATIENCE_MS = 60_000;
const MESSAGES_PER_SECOND = 100;
/** As many have to go through in each state of the cluster. */
const STEADY = 100;
const NEW_MAIN: string = fileURLToPath(
  new URL("../../packages/node/dist/main.js", import.meta.url),
);
const LEVERETCTL: string = fileURLToPath(
  new URL("../../packages/cli/dist/main.js", import.meta.url),
);
/** Classic and mirrored; quorum: declared by the test, so that the checker finds it as it is. */
const QUEUES = [
  { name: "mirrored", arguments: {} },
  { name: "quorum", arguments: { "x-queue-type": "quorum" } },
] as const;

const USAGE = `usage: npm run test:upgrade -- [options]
A cluster of three nodes of an older commit is upgraded to this one, node by node, under load: old and new nodes work together, and nothing
that was confirmed is lost. One node goes back in between. Needs this repository's history; npm run build before.
  --from COMMIT      the older one (default: ${baseCommit().slice(0, 7)}, the oldest that has to work)
  --json FILE        counts, for .ci/run`;

const { values } = parseArgs({
  options: {
    from: { type: "string", default: baseCommit() },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function makeNodes(directory: string, main: string): Promise<readonly LocalNode[]> {
  const ports = await freePorts(Array.from({ length: 2 * NODES }, () => 0));
  const clusterPorts = ports.slice(NODES);
  const peers = clusterPorts.map((port, index) => `rabbit${index + 1}@localhost:${port}`);
  return clusterPorts.map((clusterPort, index) => {
    return new LocalNode({
      name: `rabbit${index + 1}@localhost`,
      main,
      dataDir: join(directory, `rabbit${index + 1}`),
      cookieFile: join(directory, "cookie"),
      logFile: join(directory, `rabbit${index + 1}.log`),
      amqpPort: ports[index] ?? 0,
      clusterPort,
      managementPort: "off",
      prometheusPort: "off",
      peers,
    });
  });
}

function leveretctl(node: LocalNode, ...command: readonly string[]): string {
  const { name, clusterPort, cookieFile } = node.options;
  const target = ["-n", `${name}:${clusterPort}`, "--cookie-file", cookieFile];
  return execFileSync(process.execPath, [LEVERETCTL, ...target, ...command], { encoding: "utf8" });
}

/** What has to be there at the end. */
async function prepare(nodes: readonly LocalNode[]): Promise<void> {
  const [first] = nodes;
  if (first === undefined) throw new Error("there are no nodes");
  const policy = JSON.stringify({ "ha-mode": "all", "ha-sync-mode": "automatic" });
  leveretctl(first, "set_policy", "--apply-to", "queues", "ha-all", "^mirrored$", policy);
  leveretctl(first, "add_user", "keeper", "kept");
  const connection = await connect(first.url);
  const channel = await connection.createChannel();
  for (const queue of QUEUES) {
    await channel.assertQueue(queue.name, { durable: true, arguments: queue.arguments });
  }
  await connection.close();
}

/** Stops a node in order, and starts it as another version, on its data. */
async function replace(node: LocalNode, main: string, what: string): Promise<void> {
  node.signal("SIGTERM");
  const how = await node.exited;
  if (how !== "exit code 0") throw new Error(`${node.options.name} has ended: ${how}`);
  node.start(main);
  await node.ready(READY_MAX_MS);
  print(`  ${node.options.name} is ${what} now`);
}

/** Confirms and deliveries of all queues go on. */
async function goesOn(checkers: readonly Checker[], state: string): Promise<void> {
  for (const checker of checkers) {
    const before = checker.counts;
    await until(`messages go through with ${state}`, () => {
      const { confirmed, received } = checker.counts;
      return confirmed >= before.confirmed + STEADY && received >= before.received + STEADY;
    });
  }
}

async function upgrade(nodes: readonly LocalNode[], oldMain: string): Promise<void> {
  const urls = nodes.map(({ url }) => url);
  const checkers = QUEUES.map((queue) => {
    return new Checker({
      urls,
      queue: queue.name,
      arguments: queue.arguments,
      messagesPerSecond: MESSAGES_PER_SECOND,
    });
  });
  for (const checker of checkers) checker.start();
  try {
    await goesOn(checkers, "old nodes");
    for (const [index, node] of nodes.entries()) {
      await replace(node, NEW_MAIN, "new");
      if (index === 0) {
        await goesOn(checkers, "one new node");
        await replace(node, oldMain, "old again");
        await goesOn(checkers, "old nodes again");
        await replace(node, NEW_MAIN, "new");
      }
      const state = `${index + 1}-new`;
      await goesOn(checkers, state);
      await changeEverywhere(nodes, state);
    }
  } finally {
    for (const checker of checkers) {
      const lost = await checker.finish(PATIENCE_MS);
      const { confirmed, received, repeated } = checker.counts;
      print(`  confirmed ${confirmed}, received ${received}, repeated ${repeated}, lost ${lost}`);
      if (lost > 0) process.exitCode = 1;
    }
  }
}

/** What was there before is there. */
async function expectKept(node: LocalNode): Promise<void> {
  const policies = leveretctl(node, "--quiet", "list_policies");
  const users = leveretctl(node, "--quiet", "list_users");
  const isKept = policies.includes("ha-all") && users.includes("keeper");
  if (!isKept) throw new Error(`not all is kept: ${policies}${users}`);
  await expectKnown(node, "1-new-1");
}

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "leveret-upgrade-"));
  let nodes: readonly LocalNode[] = [];
  try {
    print(`building ${values.from}`);
    const source = join(directory, "old");
    mkdirSync(source);
    const oldMain = buildOldVersion(values.from, source);
    nodes = await makeNodes(directory, oldMain);
    for (const node of nodes) node.start();
    for (const node of nodes) await node.ready(READY_MAX_MS);
    await prepare(nodes);
    await upgrade(nodes, oldMain);
    for (const node of nodes) await expectKept(node);
  } finally {
    for (const node of nodes) {
      node.signal("SIGKILL");
      await node.exited;
    }
    rmSync(directory, { recursive: true, force: true });
  }
}

if (values.help) {
  print(USAGE);
} else {
  let failure: string | undefined;
  try {
    await main();
    if (process.exitCode === 1) failure = "confirmed messages were lost";
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
  const summary = {
    passed: failure === undefined ? 1 : 0,
    failed: failure === undefined ? 0 : 1,
    skipped: 0,
  };
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(summary)}\n`);
  print(failure === undefined ? "upgrade: nothing lost" : `upgrade: FAILED: ${failure}`);
  process.exit(failure === undefined ? 0 : 1);
}
