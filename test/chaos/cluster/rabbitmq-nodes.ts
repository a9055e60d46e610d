import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type {
  LayoutNode,
  NetworkLayout,
} from "../../../packages/node/test/cluster/partition/network/network-layout.ts";
import { ChildProgram, runProgram } from "../../clients/processes/child-program.ts";
import type { ChaosCluster } from "./chaos-cluster.ts";

const READY_MAX_MS = 120_000;
const STOP_MAX_MS = 90_000;
const KILLED_MAX_MS = 15_000;
const TOOL_MAX_MS = 60_000;
const AMQP_PORT = 5672;
const TOOL = "rabbitmqctl";
/**
 * As its documentation recommends for three nodes; nodes that are silent are given up after 15 s, as in RabbitMQ's own tests
 * with partitions (60 s by default).
 */
const SETTINGS: readonly string[] = [
  "loopback_users = none",
  "cluster_partition_handling = pause_minority",
  "net_ticktime = 15",
  "disk_free_limit.absolute = 50MB",
];

interface Node extends LayoutNode {
  readonly name: string;
  readonly home: string;
  program: ChildProgram | undefined;
}

/** Nodes of RabbitMQ, each with a port mapper in its namespace. */
export class RabbitmqNodes implements ChaosCluster {
  readonly product = "rabbitmq";
  readonly #script: string;
  readonly #directory: string;
  readonly #nodes: readonly Node[];
  #version = "unknown";

  private constructor(script: string, directory: string, nodes: readonly Node[]) {
    this.#script = script;
    this.#directory = directory;
    this.#nodes = nodes;
  }

  /** `script`: of the server. The nodes after the first find it by their configuration, and join it. */
  static async start(
    script: string,
    { directory, layout }: { readonly directory: string; readonly layout: NetworkLayout },
  ): Promise<RabbitmqNodes> {
    const nodes = layout.nodes.map((node, index) => ({
      ...node,
      name: `rabbit@${node.address}`,
      home: join(directory, `data${index + 1}`),
      program: undefined,
    }));
    const cluster = new RabbitmqNodes(script, directory, nodes);
    await writeFile(join(directory, "rabbitmq.conf"), configuration(nodes));
    await writeFile(join(directory, "plugins"), "[].\n");
    await writeFile(join(directory, ".erlang.cookie"), "CHAOS", { mode: 0o400 });
    for (const node of cluster.indices) {
      await mkdir(cluster.#node(node).home);
      cluster.spawn(node);
      await cluster.ready(node);
    }
    return cluster;
  }

  get version(): string {
    return this.#version;
  }

  get indices(): readonly number[] {
    return [...this.#nodes.keys()];
  }

  /** All of them ask the queue's one process, each by an Erlang machine of its own. */
  get tellers(): readonly number[] {
    return [0];
  }

  nameOf(node: number): string {
    return this.#node(node).name;
  }

  urlOf(node: number): string {
    return `amqp://guest:guest@${this.#node(node).address}:${AMQP_PORT}/`;
  }

  isRunning(node: number): boolean {
    return this.#node(node).program?.isRunning === true;
  }

  spawn(index: number): void {
    const node = this.#node(index);
    node.program = new ChildProgram({
      command: "ip",
      arguments: ["netns", "exec", node.namespace, this.#script],
      cwd: node.home,
      environment: {
        ...this.#environment(node),
        RABBITMQ_NODE_PORT: `${AMQP_PORT}`,
        RABBITMQ_MNESIA_BASE: join(node.home, "mnesia"),
        RABBITMQ_LOG_BASE: join(node.home, "log"),
        RABBITMQ_ENABLED_PLUGINS_FILE: join(this.#directory, "plugins"),
        RABBITMQ_CONFIG_FILE: join(this.#directory, "rabbitmq.conf"),
      },
    });
  }

  async ready(index: number): Promise<void> {
    const { program, name } = this.#node(index);
    if (program === undefined) throw new Error(`${name} was not started`);
    const isReady = (line: string): boolean => line.includes("completed with");
    await program.waitForLine(name, isReady, READY_MAX_MS);
    const banner = program.lines.find((line) => /RabbitMQ \d/.test(line)) ?? "";
    this.#version = /RabbitMQ ([\d.]+)/.exec(banner)?.[1] ?? this.#version;
  }

  async kill(index: number): Promise<void> {
    await this.#end(index, "SIGKILL", KILLED_MAX_MS);
  }

  async stop(index: number): Promise<void> {
    await this.#end(index, "SIGTERM", STOP_MAX_MS);
  }

  signal(index: number, signal: "SIGSTOP" | "SIGCONT"): void {
    const pid = this.#machine(index);
    if (pid !== undefined) process.kill(pid, signal);
  }

  async mirror(pattern: string): Promise<void> {
    const definition = JSON.stringify({ "ha-mode": "all", "ha-sync-mode": "automatic" });
    await this.#tool(0, ["set_policy", "chaos-mirrors", pattern, definition]);
  }

  async counts(index: number): Promise<ReadonlyMap<string, number>> {
    const lines = await this.#tool(index, ["list_queues", "name", "messages"]);
    return new Map(
      lines.flatMap((line): [string, number][] => {
        const [name, count] = line.split("\t");
        return name === undefined || count === undefined ? [] : [[name, Number(count)]];
      }),
    );
  }

  async unsynced(): Promise<string | undefined> {
    // Its tool does not tell the same of both kinds of queues.
    return undefined;
  }

  async close(): Promise<void> {
    for (const index of this.indices) await this.kill(index);
  }

  #environment({ name }: Node): Readonly<Record<string, string>> {
    return { HOME: this.#directory, RABBITMQ_USE_LONGNAME: "true", RABBITMQ_NODENAME: name };
  }

  async #tool(index: number, words: readonly string[]): Promise<readonly string[]> {
    const node = this.#node(index);
    const options = ["--longnames", "-n", node.name, "--silent", "--timeout", "50"];
    return runProgram({
      command: "ip",
      arguments: ["netns", "exec", node.namespace, this.#toolPath, ...options, ...words],
      environment: this.#environment(node),
      timeoutMs: TOOL_MAX_MS,
    });
  }

  get #toolPath(): string {
    return join(this.#script, "..", TOOL);
  }

  async #end(index: number, signal: "SIGKILL" | "SIGTERM", maxMs: number): Promise<void> {
    const pid = this.#machine(index);
    if (pid !== undefined) process.kill(pid, signal);
    await this.#node(index).program?.waitForExit(maxMs);
  }

  /** The Erlang machine, a child of the start script; undefined: it does not run. */
  #machine(index: number): number | undefined {
    const { program } = this.#node(index);
    if (program?.isRunning !== true) return undefined;
    return beamBelow(program.pid);
  }

  #node(index: number): Node {
    const node = this.#nodes[index];
    if (node === undefined) throw new RangeError(`there is no node ${index}`);
    return node;
  }
}

function beamBelow(pid: number): number | undefined {
  try {
    if (readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("beam")) return pid;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    for (const child of children.split(" ")) {
      const found = child === "" ? undefined : beamBelow(Number(child));
      if (found !== undefined) return found;
    }
  } catch {
    // It has ended meanwhile.
  }
  return undefined;
}

function configuration(nodes: readonly Node[]): string {
  const discovery = "cluster_formation.peer_discovery_backend = classic_config";
  const peers = nodes.map(
    ({ name }, index) => `cluster_formation.classic_config.nodes.${index + 1} = ${name}`,
  );
  return [...SETTINGS, discovery, ...peers, ""].join("\n");
}
