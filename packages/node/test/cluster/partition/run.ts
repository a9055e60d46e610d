import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ClusterProcesses } from "../kill/cluster-processes.ts";
import { FAULT_GROUPS, FAULT_KINDS, type FaultKind } from "./faults.ts";
import { NetworkCuts } from "./network/network-cuts.ts";
import { layoutOf, type NetworkLayout } from "./network/network-layout.ts";
import {
  makeNetwork,
  removeAbandoned,
  removeNetwork,
  requireNetworkTools,
} from "./network/node-network.ts";
import { formatPartition, type PartitionReport, PartitionTest } from "./partition-test.ts";

const NODES = 3;
const AMQP_PORT = 5672;
const CLUSTER_PORT = 25_672;
/** How clients come from elsewhere. */
const CONFIGURATION = "loopback_users = none\n";

const USAGE = `usage: npm run test:partitions -- [options]
Three nodes run from dist, each in a network namespace of its own: npm run build before. Needs Linux and root, and the
programs ip and iptables; all that it makes of namespaces is removed at the end.
  --rounds N         faults of each kind (default 20)
  --kind KIND        symmetric, asymmetric, all (default), or one of these; more than once for more:
                     ${FAULT_KINDS.join(", ")}
  --fault-ms N       how long a fault of the network lasts (default 12000)
  --pause-ms N       how long a process is stopped by SIGSTOP (default 30000)
  --seed N           what is chosen by chance (default: the clock)
  --check-every N    rounds between two checks of the history (default 5)
  --directory PATH   where the data goes (default: the system's for temporary files)
  --main FILE        another main.js`;

function readArguments() {
  return parseArgs({
    options: {
      rounds: { type: "string", default: "20" },
      kind: { type: "string", multiple: true, default: ["all"] },
      "fault-ms": { type: "string", default: "12000" },
      "pause-ms": { type: "string", default: "30000" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      "check-every": { type: "string", default: "5" },
      directory: { type: "string", default: tmpdir() },
      main: { type: "string" },
      /** Of the process in the network: who has made that, and where the data goes. */
      "network-of": { type: "string" },
      data: { type: "string", default: "" },
      help: { type: "boolean", default: false },
    },
  }).values;
}

type Arguments = ReturnType<typeof readArguments>;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Makes the network, runs the test in it, and removes the network, whatever becomes of the test. Data are kept of one that fails. */
async function runInNetwork(values: Arguments): Promise<number> {
  requireNetworkTools();
  removeAbandoned();
  const layout = layoutOf(process.pid, NODES);
  const data = await mkdtemp(join(values.directory, "partitions-"));
  let isStopped = false;
  try {
    makeNetwork(layout);
    const own = [...process.execArgv, ...process.argv.slice(1), "--seed", values.seed];
    const more = ["--network-of", String(process.pid), "--data", data];
    const inside = ["netns", "exec", layout.hub.namespace, process.execPath, ...own, ...more];
    const child = spawn("ip", inside, { stdio: "inherit" });
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => {
        isStopped = true;
        child.kill("SIGKILL");
      });
    }
    const [code] = await once(child, "exit");
    const isKept = code !== 0 && !isStopped;
    if (isKept) print(`data and logs are kept in ${data}`);
    removeNetwork(layout);
    if (!isKept) await rm(data, { recursive: true });
    return typeof code === "number" ? code : 1;
  } finally {
    removeNetwork(layout);
  }
}

/** Each kind so many times, in turn. */
function plan(values: Arguments): FaultKind[] {
  const kinds = values.kind.flatMap((word) => {
    const group = FAULT_GROUPS[word];
    if (group === undefined) throw new Error(`there is no kind ${word}\n${USAGE}`);
    return group;
  });
  return Array.from({ length: Number(values.rounds) }, () => kinds).flat();
}

async function runRounds(
  test: PartitionTest,
  kinds: readonly FaultKind[],
): Promise<PartitionReport[]> {
  const reports: PartitionReport[] = [];
  const done = new Map<FaultKind, number>();
  await test.start();
  for (const [index, kind] of kinds.entries()) {
    const count = done.get(kind) ?? 0;
    done.set(kind, count + 1);
    const report = await test.runRound(kind, {
      isLast: index === kinds.length - 1,
      ofLeader: count % 2 === 0,
    });
    reports.push(report);
    print(formatPartition(report));
  }
  await test.stop();
  return reports;
}

function formatTimes(what: string, times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
  return `${what}: median ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms`;
}

function summarise(reports: readonly PartitionReport[]): void {
  for (const kind of FAULT_KINDS) {
    const some = reports.filter((report) => report.kind === kind);
    if (some.length === 0) continue;
    print(`${kind}, ${some.length} rounds`);
    print(
      `  ${formatTimes(
        "longest gap in confirms",
        some.map(({ gapMs }) => gapMs),
      )}`,
    );
    print(
      `  ${formatTimes(
        "metadata",
        some.map(({ metadataMs }) => metadataMs),
      )}`,
    );
    print(
      `  ${formatTimes(
        "healed",
        some.map(({ healMs }) => healMs),
      )}`,
    );
  }
}

async function startCluster(
  layout: NetworkLayout,
  directory: string,
  main: string | undefined,
): Promise<ClusterProcesses> {
  const places = layout.nodes.map(({ namespace, address }) => ({
    host: address,
    amqpPort: AMQP_PORT,
    clusterPort: CLUSTER_PORT,
    wrapper: ["ip", "netns", "exec", namespace],
  }));
  const configuration = CONFIGURATION;
  return ClusterProcesses.start({ directory, count: NODES, main, places, configuration });
}

/** In the namespace of the bridge. */
async function runTest(values: Arguments, layout: NetworkLayout): Promise<number> {
  const kinds = plan(values);
  const { seed, data: directory } = values;
  print(`seed ${seed}, data and logs in ${directory}`);
  const cluster = await startCluster(layout, directory, values.main);
  const cuts = new NetworkCuts(layout);
  const test = new PartitionTest({
    cluster,
    cuts,
    seed: Number(seed),
    faultMs: Number(values["fault-ms"]),
    pauseMs: Number(values["pause-ms"]),
    roundsPerCheck: Number(values["check-every"]),
  });
  try {
    const reports = await runRounds(test, kinds);
    summarise(reports);
    print(`${test.termsSeen} leaders seen, one per term`);
    print(`${kinds.length} rounds: nothing lost, nothing twice, all in sync`);
  } catch (error) {
    print(error instanceof Error ? (error.stack ?? error.message) : String(error));
    if (error instanceof Error && error.cause instanceof Error) print(error.cause.message);
    await cluster.close();
    return 1;
  }
  await cluster.close();
  return 0;
}

async function main(): Promise<number> {
  const values = readArguments();
  const owner = values["network-of"];
  if (values.help) print(USAGE);
  else if (owner === undefined) return runInNetwork(values);
  else return runTest(values, layoutOf(Number(owner), NODES));
  return 0;
}

// Clients may be in the middle of something.
process.exit(await main());
