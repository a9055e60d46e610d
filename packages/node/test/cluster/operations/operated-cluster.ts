import { type ChannelModel, type ConfirmChannel, connect, type Options } from "amqplib";
import { expect } from "vitest";
import { controlMethods } from "../../../src/control/control-methods.ts";
import type { LeaderInfo, QueueOperations } from "../../../src/control/queue-operations.ts";
import type { ClusterNode } from "../../../src/embed/cluster-node.ts";
import { type StartClusterOptions, startCluster } from "../../../src/embed/start-cluster.ts";
import type { TestCluster } from "../../../src/embed/test-cluster.ts";
import type { JsonValue } from "../../../src/metadata/json-value.ts";
import type { QueueRecord } from "../../../src/metadata/records.ts";
import { eventually } from "../../shell/cluster-steps.ts";

/** A cluster with real sockets and disks, as its operators and clients use it. */
export class OperatedCluster implements AsyncDisposable {
  readonly cluster: TestCluster;
  readonly #connections: ChannelModel[] = [];

  private constructor(cluster: TestCluster) {
    this.cluster = cluster;
  }

  static async start(count = 3, options: StartClusterOptions = {}): Promise<OperatedCluster> {
    return new OperatedCluster(await startCluster(count, options));
  }

  node(index: number): ClusterNode {
    return this.cluster.node(index);
  }

  name(index: number): string {
    return this.node(index).name;
  }

  operations(index: number): QueueOperations {
    const { queues } = this.node(index).shell;
    if (queues === undefined) throw new Error("its app does not run");
    return queues;
  }

  /** What a tool gets that asks the node; of a listing a list of its rows. */
  async ask(index: number, method: string, params: object = {}): Promise<unknown> {
    const answer = controlMethods(this.node(index).shell).get(method)?.(params, {
      nodeName: "tool@localhost",
      signal: new AbortController().signal,
      timeoutMs: undefined,
    });
    if (answer === undefined || !(Symbol.asyncIterator in answer)) return answer;
    const rows: unknown[] = [];
    for await (const row of answer) rows.push(row);
    return rows;
  }

  async connect(index: number): Promise<ChannelModel> {
    const connection = await connect(this.node(index).url);
    // Its node may go.
    connection.on("error", () => undefined);
    this.#connections.push(connection);
    return connection;
  }

  async channel(index: number): Promise<ConfirmChannel> {
    const channel = await (await this.connect(index)).createConfirmChannel();
    channel.on("error", () => undefined);
    return channel;
  }

  /** Declares a queue at the node, durable unless told. */
  async declare(index: number, name: string, options: Options.AssertQueue = {}): Promise<void> {
    const connection = await this.connect(index);
    const channel = await connection.createChannel();
    await channel.assertQueue(name, options);
    await connection.close();
    const nodes = this.cluster.nodes.filter(isRunning);
    await eventually(() => {
      for (const { node } of nodes) expect(node.broker.metadata.queue("/", name)).toBeDefined();
    });
  }

  async declareQuorum(index: number, name: string, size?: number): Promise<void> {
    const args = { "x-queue-type": "quorum", ...(size && { "x-quorum-initial-group-size": size }) };
    await this.declare(index, name, { durable: true, arguments: args });
  }

  async setPolicy(name: string, pattern: string, definition: object, index = 0): Promise<void> {
    await this.ask(index, "set_policy", {
      vhost: "/",
      name,
      pattern,
      definition: definition as Readonly<Record<string, JsonValue>>,
      priority: 0,
      applyTo: "queues",
    });
  }

  async clearPolicy(name: string, index = 0): Promise<void> {
    await this.ask(index, "clear_policy", { vhost: "/", name });
  }

  record(name: string, index = 0): QueueRecord {
    const record = this.node(index).node.broker.metadata.queue("/", name);
    if (record === undefined) throw new Error(`node ${index} knows no queue '${name}'`);
    return record;
  }

  /** Of the queue's group, as the node's replica has it. */
  termOf(name: string, index: number): number | undefined {
    const { groupId = 0 } = this.record(name, index);
    return this.node(index).shell.stores?.storage.node.group(groupId)?.status().term;
  }

  /** As the node shows it in a listing, after it has asked who leads. */
  async info(name: string, index = 0): Promise<LeaderInfo> {
    const queue = this.node(index).node.broker.vhosts.get("/")?.queues.get(name);
    if (queue === undefined) throw new Error(`node ${index} has no queue '${name}'`);
    await new Promise<void>((resolve) => queue.whenReady(resolve));
    return this.operations(index).leaderInfo(this.record(name, index));
  }

  /** Waits until a node sees the queue's synchronised replicas on just these nodes, led by `leader` if that is given. */
  async waitForReplicas(
    name: string,
    indexes: readonly number[],
    { leader, from = 0 }: { readonly leader?: number; readonly from?: number } = {},
  ): Promise<void> {
    const names = indexes.map((index) => this.name(index)).sort();
    await eventually(async () => {
      const info = await this.info(name, from);
      expect(info).toMatchObject({ members: names, synchronised: names });
      if (leader !== undefined) expect(info.leader).toBe(this.name(leader));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#connections.map((connection) => connection.close()));
    await this.cluster.stop();
  }
}

function isRunning(node: ClusterNode): boolean {
  try {
    return node.shell.state === "running";
  } catch {
    // It is not even open.
    return false;
  }
}
