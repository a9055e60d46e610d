import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runProgram } from "../test/clients/processes/child-program.ts";
import { buildAmqpload } from "./amqpload.ts";
import { measureCli } from "./cli-startup.ts";
import { formatClusterIdle, measureClusterIdle } from "./cluster-idle.ts";
import { measureConnections } from "./connections.ts";
import { CONSOLE_TABLE_HEAD, formatConsoleRow, measureConsole } from "./console.ts";
import { formatDurableBacklog, measureDurableBacklog } from "./durable-backlog.ts";
import { formatDurableBoot, measureDurableBoot } from "./durable-boot.ts";
import { describeMachine } from "./machine.ts";
import { formatManagement, measureManagement } from "./management.ts";
import { formatPolicyStep, measureMirrorPolicy } from "./mirror-policy.ts";
import { findRabbitmq } from "./rabbitmq-process.ts";
import { formatRaftBoot, measureRaftBoot } from "./raft-boot.ts";
import { formatRaftIdle, measureRaftIdle } from "./raft-idle.ts";
import { formatRaftRow, measureRaftThroughput, RAFT_TABLE_HEAD } from "./raft-throughput.ts";
import { formatRow, TABLE_HEAD } from "./rows.ts";
import { measureStartup } from "./startup.ts";
import { measureClusterThroughput, measureThroughput } from "./throughput.ts";

const ROOT: string = fileURLToPath(new URL("..", import.meta.url));
const BUILD_MAX_MS = 300_000;
const USAGE = `usage: npm run bench -- [PART] [options]
PART is throughput (default), cluster, cluster-idle, mirror-policy, connections,
        management, console, startup, cli, durable-boot, durable-backlog, raft-throughput, raft-idle, raft-boot or all
  --rounds N          rounds of each load or connection count (default 3)
  --duration SECONDS  measured in each run of a load (default 5)
  --warmup SECONDS    before that (default 1)
  --load NAME         one load only; repeatable
  --runs N            fresh processes of startup and cli (default 20)
  --rabbitmq PATH     start script of RabbitMQ (default: Debian's, if it is installed)
  --without-rabbitmq  ours alone
  --only-rabbitmq     RabbitMQ alone
  --directory PATH    a folder on the disk to measure (default: the system's for temporary files)
  --queues N          durable-boot: durable queues (default 10000)
                      management: queues (default 10000)
                      mirror-policy, cluster-idle: mirrored queues (default 1000)
  --messages N        durable-boot: persistent messages in all of them (default 1000000)
                      durable-backlog: in one queue (default 10000000)
  --size BYTES        durable-backlog: of a message (default 1024)
  --memory-messages N durable-backlog: without storage (default 1000000)
  --groups N          raft-idle, raft-boot: Raft groups (default 10000)
  --idle SECONDS      raft-idle, cluster-idle: measured (default 60)
  --log-mb N          raft-boot: size of the log, MB (default 1000)
  --json FILE         all figures as JSON`;

const PARTS = [
  "throughput",
  "cluster",
  "cluster-idle",
  "mirror-policy",
  "connections",
  "management",
  "console",
  "startup",
  "cli",
  "durable-boot",
  "durable-backlog",
  "raft-throughput",
  "raft-idle",
  "raft-boot",
] as const;
type Part = (typeof PARTS)[number];
/** Those that need the load generator in C. */
const AMQP_LOADS: readonly Part[] = [
  "throughput",
  "cluster",
  "cluster-idle",
  "connections",
  "management",
  "console",
  "durable-boot",
  "durable-backlog",
];

function readArguments() {
  return parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "3" },
      duration: { type: "string", default: "5" },
      warmup: { type: "string", default: "1" },
      load: { type: "string", multiple: true, default: [] },
      runs: { type: "string", default: "20" },
      rabbitmq: { type: "string" },
      "without-rabbitmq": { type: "boolean", default: false },
      "only-rabbitmq": { type: "boolean", default: false },
      directory: { type: "string", default: tmpdir() },
      queues: { type: "string" },
      messages: { type: "string" },
      size: { type: "string", default: "1024" },
      "memory-messages": { type: "string", default: "1000000" },
      groups: { type: "string", default: "10000" },
      idle: { type: "string", default: "60" },
      "log-mb": { type: "string", default: "1000" },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
}

function wantedParts(positionals: readonly string[]): readonly Part[] {
  const [name = "throughput"] = positionals;
  if (name === "all") return PARTS;
  const part = PARTS.find((each) => each === name);
  if (part === undefined) throw new Error(`no part ${name}\n${USAGE}`);
  return [part];
}

function toCount(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} needs a positive number`);
  return value;
}

type Values = ReturnType<typeof readArguments>["values"];

function rabbitmqScript(values: Values): string | undefined {
  if (values["without-rabbitmq"]) return undefined;
  const script = values.rabbitmq ?? findRabbitmq();
  if (script === undefined) print("RabbitMQ is not installed: only ours is measured.");
  return script;
}

async function runThroughput(values: Values, measure: typeof measureThroughput): Promise<unknown> {
  const options = {
    rounds: toCount("rounds", values.rounds),
    duration: toCount("duration", values.duration),
    warmup: toCount("warmup", values.warmup),
    loads: values.load,
    directory: values.directory,
    rabbitmq: rabbitmqScript(values),
    isOursMeasured: !values["only-rabbitmq"],
  };
  print(TABLE_HEAD);
  const report = await measure(options, (row) => print(formatRow(row)));
  print(`\nMedians of ${options.rounds} rounds; RabbitMQ ${report.rabbitmqVersion ?? "absent"}`);
  for (const row of report.rows) print(`    ${row.command}`);
  return report;
}

async function runMirrorPolicy(values: Values): Promise<unknown> {
  const queues = toCount("queues", values.queues ?? "1000");
  const report = await measureMirrorPolicy({ queues, directory: values.directory });
  for (const step of report.steps) print(`${queues} queues ${formatPolicyStep(step)}`);
  return report;
}

async function runConnections(values: Values, rabbitmq: string | undefined): Promise<unknown> {
  const rounds = toCount("rounds", values.rounds);
  const isOursMeasured = !values["only-rabbitmq"];
  const reports = await measureConnections({ rounds, rabbitmq, isOursMeasured });
  for (const { broker, connections, medianKb, rssKbPerConnection } of reports) {
    const each = rssKbPerConnection.map((kb) => kb.toFixed(1)).join(", ");
    print(`${broker}: ${medianKb.toFixed(1)} KB per connection of ${connections} (${each})`);
  }
  return reports;
}

async function runManagement(values: Values): Promise<unknown> {
  const report = await measureManagement(toCount("queues", values.queues ?? "10000"));
  print(formatManagement(report));
  return report;
}

async function runConsole(values: Values): Promise<unknown> {
  await runProgram({
    command: "npm",
    arguments: ["run", "--silent", "build", "-w", "@leveret/console"],
    cwd: ROOT,
    timeoutMs: BUILD_MAX_MS,
  });
  const options = {
    rounds: toCount("rounds", values.rounds),
    duration: toCount("duration", values.duration),
    warmup: toCount("warmup", values.warmup),
    loads: values.load,
  };
  print(CONSOLE_TABLE_HEAD);
  const rows = await measureConsole(options, (row) => print(formatConsoleRow(row)));
  print(`\nMedians of ${options.rounds} rounds.`);
  return rows;
}

async function runStartup(values: Values): Promise<unknown> {
  const report = await measureStartup(toCount("runs", values.runs));
  print(`startBroker() to first confirmed publish: ${report.medianStartToPublishMs.toFixed(1)} ms`);
  print(`with import("leveret"): ${report.medianTotalMs.toFixed(1)} ms`);
  print(`(medians of ${report.runs.length} fresh processes)`);
  print(`idle RSS: ${report.idleRssMb.toFixed(1)} MB`);
  return report;
}

async function runCli(values: Values): Promise<unknown> {
  const report = await measureCli(toCount("runs", values.runs));
  print(`leveretctl list_queues, packed: ${report.packedMs.toFixed(0)} ms`);
  print(`... as it is built: ${report.builtMs.toFixed(0)} ms`);
  print(`an empty program of Node.js: ${report.emptyMs.toFixed(0)} ms`);
  print(`(medians of ${report.runs} fresh processes each)`);
  return report;
}

async function runClusterIdle(values: Values): Promise<unknown> {
  const report = await measureClusterIdle({
    directory: values.directory,
    queues: toCount("queues", values.queues ?? "1000"),
    seconds: toCount("idle", values.idle),
  });
  print(formatClusterIdle(report));
  return report;
}

async function runDurableBoot(values: Values): Promise<unknown> {
  const report = await measureDurableBoot({
    directory: values.directory,
    queues: toCount("queues", values.queues ?? "10000"),
    messages: toCount("messages", values.messages ?? "1000000"),
    print,
  });
  print(formatDurableBoot(report));
  return report;
}

async function runDurableBacklog(values: Values): Promise<unknown> {
  const report = await measureDurableBacklog({
    directory: values.directory,
    messages: toCount("messages", values.messages ?? "10000000"),
    inMemoryMessages: toCount("memory-messages", values["memory-messages"]),
    size: toCount("size", values.size),
  });
  print(formatDurableBacklog(report));
  return report;
}

async function runRaftThroughput(values: Values): Promise<unknown> {
  print(RAFT_TABLE_HEAD);
  const options = {
    directory: values.directory,
    rounds: toCount("rounds", values.rounds),
    warmupS: toCount("warmup", values.warmup),
    durationS: toCount("duration", values.duration),
  };
  return measureRaftThroughput(options, (row) => print(formatRaftRow(row)));
}

async function runRaftIdle(values: Values): Promise<unknown> {
  const report = await measureRaftIdle({
    directory: values.directory,
    groups: toCount("groups", values.groups),
    seconds: toCount("idle", values.idle),
  });
  print(formatRaftIdle(report));
  return report;
}

async function runRaftBoot(values: Values): Promise<unknown> {
  const report = await measureRaftBoot({
    directory: values.directory,
    groups: toCount("groups", values.groups),
    logBytes: toCount("log-mb", values["log-mb"]) * 1_000_000,
  });
  print(formatRaftBoot(report));
  return report;
}

async function runPart(part: Part, values: Values): Promise<unknown> {
  print(`\n## ${part}\n`);
  switch (part) {
    case "throughput":
      return runThroughput(values, measureThroughput);
    case "cluster":
      return runThroughput(values, measureClusterThroughput);
    case "mirror-policy":
      return runMirrorPolicy(values);
    case "cluster-idle":
      return runClusterIdle(values);
    case "connections":
      return runConnections(values, rabbitmqScript(values));
    case "management":
      return runManagement(values);
    case "console":
      return runConsole(values);
    case "startup":
      return runStartup(values);
    case "cli":
      return runCli(values);
    case "durable-boot":
      return runDurableBoot(values);
    case "durable-backlog":
      return runDurableBacklog(values);
    case "raft-throughput":
      return runRaftThroughput(values);
    case "raft-idle":
      return runRaftIdle(values);
    case "raft-boot":
      return runRaftBoot(values);
    default:
      return part satisfies never;
  }
}

async function buildOurs(): Promise<void> {
  await runProgram({
    command: "npx",
    arguments: ["tsc", "--build", "packages/node", "packages/cli"],
    cwd: ROOT,
    timeoutMs: BUILD_MAX_MS,
  });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  if (values.help) {
    print(USAGE);
    return;
  }
  const parts = wantedParts(positionals);
  const machine = await describeMachine();
  for (const [fact, value] of Object.entries(machine)) print(`${fact}: ${value}`);
  if (parts.some((each) => AMQP_LOADS.includes(each))) await buildAmqpload();
  if (!values["only-rabbitmq"]) await buildOurs();
  const reports: Record<string, unknown> = { machine };
  for (const part of parts) reports[part] = await runPart(part, values);
  if (values.json !== undefined) {
    await writeFile(values.json, `${JSON.stringify(reports, undefined, 2)}\n`);
  }
}

await main();
