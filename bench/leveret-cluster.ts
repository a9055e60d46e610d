import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LeveretProcess, PRODUCT } from "../test/clients/processes/leveret-process.ts";
import type { Contestant } from "./compare.ts";
import { freePort } from "./free-port.ts";
import { MIRRORED_PREFIX } from "./loads.ts";
import { PROFILING } from "./profiling.ts";

const NODES = 3;
const READY_MAX_MS = 60_000;
/** Leaders and votes move to other nodes first. */
const STOP_MAX_MS = 60_000;

const DEFINITIONS = {
  vhosts: [{ name: "/" }],
  users: [{ name: "guest", password: "guest", tags: "administrator" }],
  permissions: [{ user: "guest", vhost: "/", configure: ".*", write: ".*", read: ".*" }],
  policies: [
    {
      vhost: "/",
      name: "mirrored",
      pattern: `^${MIRRORED_PREFIX}`,
      "apply-to": "queues",
      priority: 0,
      definition: { "ha-mode": "all" },
    },
  ],
};

/** Of the nodes' cluster ports. */
export const CLUSTER_COOKIE = "bench";

export interface LeveretNode {
  readonly name: string;
  readonly pid: number;
  readonly amqpPort: number;
  readonly clusterPort: number;
}

/** Starts three Leveret nodes from `dist`, joined by their configuration. They store below `directory`. */
export async function startLeveretCluster(directory: string): Promise<Contestant> {
  return { name: "leveret", ...(await startLeveretNodes(directory)) };
}

/** The same, with what tools need. */
export async function startLeveretNodes(
  directory: string,
): Promise<{ readonly nodes: readonly LeveretNode[]; stop(): Promise<void> }> {
  const definitions = join(directory, "definitions.json");
  await writeFile(definitions, JSON.stringify(DEFINITIONS));
  const names = Array.from({ length: NODES }, (_, index) => `rabbit-${index + 1}@localhost`);
  const ports = await Promise.all(names.map(freePort));
  const peers = names.flatMap((name, index) => ["--peer", `${name}:${ports[index]}`]);
  const processes: LeveretProcess[] = [];
  const stop = async (): Promise<void> => {
    // One after the other: each hands over what it leads; the last one has nobody left.
    for (const process of processes) await process.stop();
  };
  try {
    const nodes: LeveretNode[] = [];
    for (const [index, name] of names.entries()) {
      const home = join(directory, `leveret-${index + 1}`);
      await mkdir(home);
      const process = new LeveretProcess(home, {
        program: [...PROFILING, ...PRODUCT],
        dataDirectory: join(home, "data"),
        flags: [
          ...["--node-name", name, "--cluster-port", String(ports[index]), "--bind", "127.0.0.1"],
          ...["--cookie", CLUSTER_COOKIE, "--definitions", definitions, ...peers],
        ],
        readyMaxMs: READY_MAX_MS,
        stopMaxMs: STOP_MAX_MS,
      });
      processes.push(process);
      const amqpPort = await process.ready();
      nodes.push({ name, pid: process.pid, amqpPort, clusterPort: ports[index] ?? 0 });
    }
    return { nodes, stop };
  } catch (error) {
    await Promise.all(processes.map((process) => process.kill()));
    throw error;
  }
}
