import { type IncomingMessage, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { type BrokerProcess, startLeveret } from "../test/clients/processes/leveret-process.ts";
import { runAmqpload } from "./amqpload.ts";
import { freePort } from "./free-port.ts";
import { cpuMs } from "./machine.ts";
import { median } from "./median.ts";

const CONNECTIONS = 2000;
/** Longer than all that is measured meanwhile: when they all go at once, messages feel it. */
const HOLD_S = 140;
const RUN_MAX_MS = 240_000;
/** Until all connections are there. */
const POLL_MS = 500;
const REQUESTS = 10;
const PAUSE_MS = 500;
/** 100 B at a thousand a second: a turn of the broker's loop that takes long delays some of them. */
const LATENCY = ["--mode", "latency", "--rate", "1000", "--size", "100", "--auto-ack"];
const LATENCY_S = 6;

interface Kind {
  readonly title: string;
  readonly port: "management" | "metrics";
  readonly path: string;
}

const KINDS: readonly Kind[] = [
  { title: "/metrics", port: "metrics", path: "/metrics" },
  { title: "/metrics/per-object", port: "metrics", path: "/metrics/per-object" },
  {
    title: "a page of the queue list, sorted by messages",
    port: "management",
    path: "/api/queues?page=1&page_size=100&sort=messages&sort_reverse=true",
  },
  { title: "/api/overview", port: "management", path: "/api/overview" },
];

/** What messages felt, from their publish to the consumer. */
interface Felt {
  readonly p99Ms: number;
  readonly maxMs: number;
}

interface RequestFigures {
  readonly title: string;
  readonly medianMs: number;
  readonly maxMs: number;
  /** Of the broker, for each request, all its threads. */
  readonly brokerCpuMs: number;
  /** As it came over the wire, with gzip. */
  readonly kilobytes: number;
  /** While one such request came every half second. */
  readonly felt: Felt;
}

export interface ManagementReport {
  readonly queues: number;
  readonly connections: number;
  /** Without any request. */
  readonly quiet: Felt;
  readonly requests: readonly RequestFigures[];
}

/** Measures what a node with many queues and connections takes to answer, and whether messages wait for it. */
export async function measureManagement(queues: number): Promise<ManagementReport> {
  const ports = { management: await freePort(), metrics: await freePort() };
  const { management, metrics } = ports;
  const flags = ["--management-port", `${management}`, "--prometheus-port", `${metrics}`];
  const broker = await startLeveret({ flags });
  try {
    await declareQueues(broker, queues);
    const held = holdConnections(broker);
    await Promise.race([connected(management), held]);
    const quiet = await feltWhile(broker, () => delay(LATENCY_S * 1000));
    const requests: RequestFigures[] = [];
    for (const kind of KINDS) requests.push(await measureKind(broker, kind, ports[kind.port]));
    await held;
    return { queues, connections: CONNECTIONS, quiet, requests };
  } finally {
    await broker.stop();
  }
}

async function declareQueues(broker: BrokerProcess, queues: number): Promise<void> {
  const mode = ["--mode", "queues", "--queues", String(queues), "--prefix", "shown"];
  await runAmqpload(broker, [...mode, "--duration", "1"], RUN_MAX_MS);
}

/** Idle ones with a channel each. */
async function holdConnections(broker: BrokerProcess): Promise<void> {
  const mode = ["--mode", "connections", "--connections", String(CONNECTIONS), "--channels", "1"];
  await runAmqpload(broker, [...mode, "--duration", String(HOLD_S)], RUN_MAX_MS);
}

async function connected(port: number): Promise<void> {
  for (;;) {
    const { text } = await ask(port, "/api/overview?columns=object_totals.connections");
    if (Number(/\d+/.exec(text)?.[0]) >= CONNECTIONS) return;
    await delay(POLL_MS);
  }
}

async function measureKind(
  broker: BrokerProcess,
  kind: Kind,
  port: number,
): Promise<RequestFigures> {
  // Its code is compiled, and rates are known.
  await askOften(port, kind.path);
  const cpuBeforeMs = await cpuMs(broker.pid);
  const answers = await askOften(port, kind.path);
  const brokerCpuMs = ((await cpuMs(broker.pid)) - cpuBeforeMs) / answers.length;
  const felt = await feltWhile(broker, () => askOften(port, kind.path));
  const times = answers.map(({ ms }) => ms);
  return {
    title: kind.title,
    medianMs: median(times),
    maxMs: Math.max(...times),
    brokerCpuMs,
    kilobytes: median(answers.map(({ bytes }) => bytes)) / 1000,
    felt,
  };
}

async function feltWhile(broker: BrokerProcess, act: () => Promise<unknown>): Promise<Felt> {
  const time = ["--duration", String(LATENCY_S), "--warmup", "1", "--delete-queues"];
  const [{ p99Us, maxUs }] = await Promise.all([
    runAmqpload(broker, [...LATENCY, ...time], RUN_MAX_MS),
    // The first second is not measured.
    delay(1000).then(act),
  ]);
  return { p99Ms: p99Us / 1000, maxMs: maxUs / 1000 };
}

interface Answer {
  readonly ms: number;
  readonly bytes: number;
  /** Of the wire: compressed, unless it is short. */
  readonly text: string;
}

async function askOften(port: number, path: string): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let count = 0; count < REQUESTS; count++) {
    await delay(PAUSE_MS);
    answers.push(await ask(port, path));
  }
  return answers;
}

async function ask(port: number, path: string): Promise<Answer> {
  const startMs = performance.now();
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { "accept-encoding": "gzip" };
    const to = { host: "127.0.0.1", port, path, auth: "guest:guest", agent: false, headers };
    request(to, resolve).on("error", reject).end();
  });
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.statusCode}`);
  const body = Buffer.concat(chunks);
  return { ms: performance.now() - startMs, bytes: body.length, text: body.toString("latin1") };
}

/** Lines for people. */
export function formatManagement(report: ManagementReport): string {
  const lines = [
    `${report.queues} queues, ${report.connections} connections; messages without requests: ${feltText(report.quiet)}`,
    "",
    "| request | median ms | max ms | broker CPU ms | KB | messages meanwhile |",
    "| --- | --- | --- | --- | --- | --- |",
  ];
  for (const each of report.requests) {
    const times = `${each.medianMs.toFixed(1)} | ${each.maxMs.toFixed(1)}`;
    const costs = `${each.brokerCpuMs.toFixed(1)} | ${each.kilobytes.toFixed(1)}`;
    lines.push(`| ${each.title} | ${times} | ${costs} | ${feltText(each.felt)} |`);
  }
  return lines.join("\n");
}

function feltText({ p99Ms, maxMs }: Felt): string {
  return `p99 ${p99Ms.toFixed(1)} ms, max ${maxMs.toFixed(1)} ms`;
}
