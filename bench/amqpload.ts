import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { ChildProgram, runProgram } from "../test/clients/processes/child-program.ts";
import type { BrokerProcess } from "../test/clients/processes/leveret-process.ts";

const SOURCE: string = fileURLToPath(new URL("amqpload/amqpload.c", import.meta.url));
const BIN: string = fileURLToPath(new URL("bin/", import.meta.url));
const PROGRAM = `${BIN}amqpload`;
const BUILD_MAX_MS = 120_000;

/** What one run of the load generator measured. */
export interface Measurement {
  /** Deliveries a second. */
  readonly messagesPerSecond: number;
  readonly publishesPerSecond: number;
  /** CPU time of the broker for each delivered message, or for each connection. */
  readonly brokerCpuUs: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
  /** From the publish to its confirm; NaN without confirms. */
  readonly confirmP99Us: number;
  readonly rssBeforeKb: number;
  readonly rssAfterKb: number;
  readonly openConnections: number;
}

/** Compiles the load generator into bench/bin. */
export async function buildAmqpload(): Promise<void> {
  await mkdir(BIN, { recursive: true });
  await runProgram({
    command: "gcc",
    arguments: ["-O2", "-Wall", "-o", PROGRAM, SOURCE],
    timeoutMs: BUILD_MAX_MS,
  });
}

/** The command as a person would type it, `PORT` and `PID` left open. */
export function commandLine(loadArguments: readonly string[]): string {
  return ["bench/bin/amqpload", "--hosts 127.0.0.1:PORT --pid PID", ...loadArguments].join(" ");
}

/** Where a load goes. */
export interface LoadTarget {
  /** Connections go to these in turn: first the one that declares, then consumers, then publishers. */
  readonly ports: readonly number[];
  /** Their CPU time is counted together. */
  readonly pids: readonly number[];
}

/** Runs the load generator once; fails when the broker closed, lost or refused anything. */
export function runAmqpload(
  { amqpPort, pid }: Pick<BrokerProcess, "pid" | "amqpPort">,
  loadArguments: readonly string[],
  timeoutMs: number,
): Promise<Measurement> {
  return runAmqploadAt({ ports: [amqpPort], pids: [pid] }, loadArguments, timeoutMs);
}

/** As `runAmqpload`, against several brokers. */
export async function runAmqploadAt(
  { ports, pids }: LoadTarget,
  loadArguments: readonly string[],
  timeoutMs: number,
): Promise<Measurement> {
  const hosts = ports.map((port) => `127.0.0.1:${port}`).join();
  const program = new ChildProgram({
    command: PROGRAM,
    arguments: ["--hosts", hosts, "--pid", pids.join(), "--json", ...loadArguments],
  });
  const code = await program.waitForExit(timeoutMs);
  const json = program.lines.find((line) => line.startsWith("{"));
  if (code !== 0 || json === undefined) {
    throw new Error(`amqpload exited with ${code}: ${program.lines.join("\n")}`);
  }
  const report: unknown = JSON.parse(json);
  return {
    messagesPerSecond: numberAt(report, "consume", "rate"),
    publishesPerSecond: numberAt(report, "publish", "rate"),
    brokerCpuUs: numberAt(report, "cpu", "broker_us_each"),
    p50Us: numberAt(report, "latency_us", "p50"),
    p99Us: numberAt(report, "latency_us", "p99"),
    maxUs: numberAt(report, "latency_us", "max"),
    confirmP99Us: numberAt(report, "confirm_latency_us", "p99"),
    rssBeforeKb: numberAt(report, "rss_before_kb"),
    rssAfterKb: numberAt(report, "rss_after_kb"),
    openConnections: numberAt(report, "alive_at_end"),
  };
}

/** NaN when the report has no such figure: modes differ in what they measure. */
function numberAt(report: unknown, ...path: readonly string[]): number {
  let value: unknown = report;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return Number.NaN;
    value = Object.getOwnPropertyDescriptor(value, key)?.value;
  }
  return typeof value === "number" ? value : Number.NaN;
}
