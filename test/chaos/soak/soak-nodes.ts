import { join } from "node:path";
import { ClusterProcesses } from "../../../packages/node/test/cluster/kill/cluster-processes.ts";
import type { ServingNodes } from "../cluster/chaos-cluster.ts";
import { MIRRORED_PATTERN } from "../workloads/queue-names.ts";
import { diskUse, handlesOf, type NodeSample, rssOf } from "./soak-sample.ts";

const NODES = 3;

interface Life {
  number: number;
  sinceMs: number;
}

/** What is open on a node besides its queues' replicas. */
export interface OpenThings {
  readonly connections: number;
  readonly channels: number;
  readonly consumers: number;
  readonly queues: number;
  readonly bindings: number;
}

/** Three nodes on this machine, which are watched and restarted. */
export class SoakNodes {
  readonly #processes: ClusterProcesses;
  readonly #directory: string;
  readonly #lives: readonly Life[];
  readonly #startMs: number = performance.now();

  private constructor(processes: ClusterProcesses, directory: string) {
    this.#processes = processes;
    this.#directory = directory;
    const sinceMs = performance.now();
    this.#lives = processes.indices.map(() => ({ number: 1, sinceMs }));
  }

  static async start(directory: string, main: string | undefined): Promise<SoakNodes> {
    const processes = await ClusterProcesses.start({ directory, count: NODES, main });
    const definition = { "ha-mode": "all", "ha-sync-mode": "automatic" };
    const policy = { vhost: "/", name: "soak", pattern: MIRRORED_PATTERN, definition, priority: 0 };
    await processes.call(0, "set_policy", { ...policy, applyTo: "classic_queues" });
    return new SoakNodes(processes, directory);
  }

  /** For the clients. */
  get cluster(): ServingNodes {
    return this.#processes;
  }

  get elapsedS(): number {
    return (performance.now() - this.#startMs) / 1000;
  }

  /** Those that run. */
  async sample(): Promise<NodeSample[]> {
    const samples = this.#processes.indices.map((node) => this.#sampleOf(node));
    // One that is just being restarted has none.
    return (await Promise.all(samples.map((each) => each.catch(() => [])))).flat();
  }

  /** As an operator restarts it, for an upgrade. Returns how long it took to stop, and to serve again, ms. */
  async restart(node: number): Promise<{ readonly stopMs: number; readonly readyMs: number }> {
    const startMs = performance.now();
    await this.#processes.stop(node);
    const stoppedMs = performance.now();
    this.#processes.spawn(node);
    await this.#processes.ready(node);
    const life = this.#lives[node];
    if (life !== undefined) {
      life.number++;
      life.sinceMs = performance.now();
    }
    const readyMs = Math.round(performance.now() - stoppedMs);
    return { stopMs: Math.round(stoppedMs - startMs), readyMs };
  }

  async open(): Promise<OpenThings> {
    const rows = async (
      method: string,
      columns: readonly string[],
      vhost = {},
    ): Promise<number> => {
      const answer = await this.#processes.call(0, method, { ...vhost, columns });
      return Array.isArray(answer) ? answer.length : Number.NaN;
    };
    const all = { vhost: "/" };
    return {
      connections: await rows("list_connections", ["pid"]),
      channels: await rows("list_channels", ["pid"]),
      consumers: await rows("list_consumers", ["queue_name"], all),
      queues: await rows("list_queues", ["name"], all),
      bindings: await rows("list_bindings", ["source_name"], all),
    };
  }

  close(): Promise<void> {
    return this.#processes.close();
  }

  async #sampleOf(node: number): Promise<NodeSample[]> {
    const pid = this.#processes.pidOf(node);
    const life = this.#lives[node];
    if (pid === undefined || life === undefined) return [];
    return [
      {
        node,
        life: life.number,
        atS: this.elapsedS,
        ageS: (performance.now() - life.sinceMs) / 1000,
        rssMib: await rssOf(pid),
        handles: await handlesOf(pid),
        diskMib: await diskUse(join(this.#directory, `data${node + 1}`)),
      },
    ];
  }
}
