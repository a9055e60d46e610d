import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FIRST_QUEUE_GROUP_ID } from "../../../packages/node/src/metadata/metadata-state-machine.ts";
import { ClusterProcesses } from "../../../packages/node/test/cluster/kill/cluster-processes.ts";
import type { NetworkLayout } from "../../../packages/node/test/cluster/partition/network/network-layout.ts";
import type { ChaosCluster } from "./chaos-cluster.ts";

const AMQP_PORT = 5672;
export const CLUSTER_PORT = 25_672;
/** How clients come from elsewhere; and nodes of a busy machine wait longer for each other, at first. */
const CONFIGURATION = "loopback_users = none\ncluster_formation.discovery_retry_limit = 120\n";
const ALL = { "ha-mode": "all", "ha-sync-mode": "automatic" } as const;
const CALL_MAX_MS = 40_000;
/** The metadata, and the queues that are declared first: groups are numbered in order. */
const GROUPS: readonly number[] = [
  1,
  ...Array.from({ length: 24 }, (_, nth) => FIRST_QUEUE_GROUP_ID + nth),
];

interface Replica {
  readonly role: string;
  readonly commitIndex: number;
}

export interface LeveretOptions {
  readonly directory: string;
  readonly layout: NetworkLayout;
  readonly main: string | undefined;
  /** Words before each node's program. */
  readonly wrappers: readonly (readonly string[])[];
}

/** Nodes of Leveret, as `npm start` runs them. */
export class LeveretNodes implements ChaosCluster {
  readonly product = "leveret";
  readonly version: string;
  readonly #directory: string;
  readonly #processes: ClusterProcesses;

  private constructor(directory: string, processes: ClusterProcesses, version: string) {
    this.#directory = directory;
    this.#processes = processes;
    this.version = version;
  }

  static async start({ directory, layout, main, wrappers }: LeveretOptions): Promise<LeveretNodes> {
    const places = layout.nodes.map(({ namespace, address }, index) => ({
      host: address,
      amqpPort: AMQP_PORT,
      clusterPort: CLUSTER_PORT,
      wrapper: ["ip", "netns", "exec", namespace, ...(wrappers[index] ?? [])],
    }));
    const manifest = new URL("../../../packages/node/package.json", import.meta.url);
    const { version } = JSON.parse(await readFile(manifest, "utf8")) as { version: string };
    const options = { directory, count: places.length, main, places, configuration: CONFIGURATION };
    return new LeveretNodes(directory, await ClusterProcesses.start(options), version);
  }

  get indices(): readonly number[] {
    return this.#processes.indices;
  }

  /** Each has its own view. */
  get tellers(): readonly number[] {
    return this.indices;
  }

  nameOf(node: number): string {
    return this.#processes.nameOf(node);
  }

  urlOf(node: number): string {
    return this.#processes.urlOf(node);
  }

  isRunning(node: number): boolean {
    return this.#processes.isRunning(node);
  }

  /** Where all that a node logs is. */
  logOf(node: number): string {
    return join(this.#directory, `node${node + 1}.log`);
  }

  dataOf(node: number): string {
    return dataDirectory(this.#directory, node);
  }

  spawn(node: number): void {
    this.#processes.spawn(node);
  }

  ready(node: number): Promise<void> {
    return this.#processes.ready(node);
  }

  kill(node: number): Promise<void> {
    return this.#processes.kill(node);
  }

  stop(node: number): Promise<void> {
    return this.#processes.stop(node);
  }

  signal(node: number, signal: "SIGSTOP" | "SIGCONT"): void {
    this.#processes.signal(node, signal);
  }

  async mirror(pattern: string): Promise<void> {
    await this.setPolicy(0, "chaos-mirrors", pattern, ALL);
  }

  /** Of classic queues. */
  async setPolicy(
    node: number,
    name: string,
    pattern: string,
    definition: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const policy = { vhost: "/", name, pattern, applyTo: "classic_queues", priority: 0 };
    await this.call(node, "set_policy", { ...policy, definition });
  }

  async counts(node: number): Promise<ReadonlyMap<string, number>> {
    const rows = await this.rows(node, "list_queues", ["name", "messages"]);
    return new Map(rows.map(([name, count]) => [String(name), Number(count ?? Number.NaN)]));
  }

  async unsynced(): Promise<string | undefined> {
    for (const node of this.indices) {
      const columns = ["name", "members", "online"];
      for (const [name, members, online] of await this.rows(node, "list_queues", columns)) {
        if (lengthOf(online) === lengthOf(members)) continue;
        return `${this.nameOf(node)} sees ${String(name)} of ${String(members)} on ${String(online)}`;
      }
    }
    return this.#lagging();
  }

  /** What a list of RabbitMQ's tool shows, of the vhost "/". */
  async rows(
    node: number,
    method: string,
    columns: readonly string[],
  ): Promise<readonly (readonly unknown[])[]> {
    const rows = await this.call(node, method, { vhost: "/", columns });
    return Array.isArray(rows) ? rows.filter((row) => Array.isArray(row)) : [];
  }

  /** As an operator's tool does. @throws Error if it is refused, or not answered in time */
  async call(node: number, method: string, params?: unknown): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const error = new Error(`${method} was not answered by ${this.nameOf(node)}`);
      timer = setTimeout(() => reject(error), CALL_MAX_MS);
    });
    try {
      return await Promise.race([this.#processes.call(node, method, params), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** A group whose replicas have not all that its leader had a moment ago. */
  async #lagging(): Promise<string | undefined> {
    const earlier = await this.#replicas();
    const later = await this.#replicas();
    for (const [index, group] of GROUPS.entries()) {
      const before = earlier.flatMap((replicas) => replicas[index] ?? []);
      const leaders = before.filter(({ role }) => role === "leader");
      if (before.length === 0) continue;
      const [leader] = leaders;
      if (leader === undefined || leaders.length > 1)
        return `group ${group}: ${JSON.stringify(before)}`;
      const after = later.flatMap((replicas) => replicas[index] ?? []);
      const behind = after.find(({ commitIndex }) => commitIndex < leader.commitIndex);
      if (behind !== undefined)
        return `group ${group}: ${JSON.stringify(behind)}, not ${leader.commitIndex}`;
    }
    return undefined;
  }

  /** Of each node, in the order of GROUPS; null: it has none. */
  async #replicas(): Promise<readonly (readonly (Replica | null)[])[]> {
    const answers = this.indices.map((node) =>
      this.call(node, "peer.group_states", { groups: GROUPS }),
    );
    // What nodes answer each other.
    return (await Promise.all(answers)) as (readonly (Replica | null)[])[];
  }

  close(): Promise<void> {
    return this.#processes.close();
  }
}

/** Where a node has its data. */
export function dataDirectory(directory: string, node: number): string {
  return join(directory, `data${node + 1}`);
}

function lengthOf(value: unknown): number {
  return Array.isArray(value) ? value.length : -1;
}
