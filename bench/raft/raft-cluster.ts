import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ChildProgram } from "../../test/clients/processes/child-program.ts";
import { freePort } from "../free-port.ts";
import { cpuMs, residentKb } from "../machine.ts";
import { PROFILING } from "../profiling.ts";
import type { NodeProgramOptions } from "./node-program-options.ts";
import { numberOf, type ProgramReport, parseReport } from "./program-report.ts";

const PROGRAM: string = fileURLToPath(new URL("node-program.ts", import.meta.url));
/** As the product has it: buffers outside the heap count against its limit, and the collector runs without need. */
const HEAP = "--initial-heap-size=128";
const READY_MAX_MS = 300_000;

/** A node in a process of its own. */
export class RaftProcess {
  readonly nodeId: number;
  readonly #program: ChildProgram;
  #latest: ProgramReport = {};

  constructor(options: NodeProgramOptions) {
    this.nodeId = options.nodeId;
    this.#program = new ChildProgram({
      command: process.execPath,
      arguments: [...PROFILING, HEAP, "--import", "tsx", PROGRAM, JSON.stringify(options)],
      onLine: (line) => {
        if (line.startsWith('{"event":"report"')) this.#latest = parseReport(line);
      },
    });
  }

  /** The newest report; empty before the first one. */
  get latest(): ProgramReport {
    return this.#latest;
  }

  /** Milliseconds from its start until the event. */
  async waitFor(event: "open" | "ready"): Promise<number> {
    const isWanted = (line: string): boolean => line.startsWith(`{"event":"${event}"`);
    const line = await this.#program.waitForLine(event, isWanted, READY_MAX_MS);
    return numberOf(parseReport(line), `${event}Ms`);
  }

  /** Waits until a report is as wanted; fails when the time is out. */
  async waitUntil(
    what: string,
    isWanted: (report: ProgramReport) => boolean,
    timeoutMs: number,
  ): Promise<ProgramReport> {
    const deadline = Date.now() + timeoutMs;
    while (!isWanted(this.#latest)) {
      if (Date.now() > deadline || !this.#program.isRunning) {
        const tail = this.#program.lines.slice(-5).join("\n");
        throw new Error(`node ${this.nodeId}: ${what} did not come: ${tail}`);
      }
      await delay(20);
    }
    return this.#latest;
  }

  /** CPU time that it has used so far, of all its threads, ms. */
  cpuMs(): Promise<number> {
    return cpuMs(this.#program.pid);
  }

  async residentMb(): Promise<number> {
    return (await residentKb(this.#program.pid)) / 1024;
  }

  async stop(): Promise<void> {
    const code = await this.#program.stop();
    if (code !== 0) {
      const tail = this.#program.lines.slice(-10).join("\n");
      throw new Error(`node ${this.nodeId} exited with ${code}: ${tail}`);
    }
  }

  /** As a power switch does, but for the disk's cache. */
  async kill(): Promise<void> {
    process.kill(this.#program.pid, "SIGKILL");
    await this.#program.stop();
  }
}

export type ClusterOptions = Pick<
  NodeProgramOptions,
  "groups" | "load" | "keepsAll" | "reportMs"
> & {
  readonly nodes: number;
  /** A folder on the disk that is measured. */
  readonly directory: string;
};

/** Starts nodes on loopback, uses them, and removes them with their data. */
export async function withCluster<T>(
  options: ClusterOptions,
  use: (nodes: readonly RaftProcess[]) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(options.directory, "raft-"));
  const nodes: RaftProcess[] = [];
  try {
    for (const program of await nodePrograms(options, directory))
      nodes.push(new RaftProcess(program));
    await Promise.all(nodes.map((node) => node.waitFor("ready")));
    return await use(nodes);
  } finally {
    await Promise.allSettled(nodes.map((node) => node.stop()));
    await rm(directory, { recursive: true });
  }
}

async function nodePrograms(
  options: ClusterOptions,
  directory: string,
): Promise<NodeProgramOptions[]> {
  const { nodes, groups, load, keepsAll, reportMs } = options;
  const addresses: Record<number, string> = {};
  for (let nodeId = 1; nodeId <= nodes; nodeId++)
    addresses[nodeId] = `127.0.0.1:${await freePort()}`;
  return Object.keys(addresses).map((id) => ({
    nodeId: Number(id),
    directory: join(directory, id),
    addresses,
    groups,
    load,
    keepsAll,
    reportMs,
  }));
}
