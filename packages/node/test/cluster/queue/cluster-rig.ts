import type { RaftGroup } from "@leveret/raft";
import {
  type Channel,
  type ChannelModel,
  type ConfirmChannel,
  connect,
  type GetMessage,
} from "amqplib";
import { afterEach } from "vitest";
import { ClusterQueue } from "../../../src/cluster/queue/cluster-queue.ts";
import { QueueCluster } from "../../../src/cluster/queue/queue-cluster.ts";
import type { ClusterNode } from "../../../src/embed/cluster-node.ts";
import { startCluster } from "../../../src/embed/start-cluster.ts";
import type { TestCluster } from "../../../src/embed/test-cluster.ts";
import type { MetadataResult } from "../../../src/metadata/commands.ts";

const WAIT_MS = 20_000;

/** Waits for a condition, which may throw meanwhile. @throws Error with `what` */
export async function until(what: string, isDone: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS;
  let last: unknown;
  for (;;) {
    try {
      if (await isDone()) return;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) throw new Error(`waited in vain: ${what}`, { cause: last });
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Three nodes with clients of an unmodified library. */
export class ClusterRig {
  readonly cluster: TestCluster;
  readonly #connections: ChannelModel[] = [];

  private constructor(cluster: TestCluster) {
    this.cluster = cluster;
  }

  static async start(count = 3): Promise<ClusterRig> {
    const rig = new ClusterRig(await startCluster(count));
    cleanups.push(() => rig.stop());
    return rig;
  }

  node(index: number): ClusterNode {
    return this.cluster.node(index);
  }

  async connect(index: number): Promise<ChannelModel> {
    const connection = await connect(this.node(index).url);
    // Its node may be killed.
    connection.on("error", () => undefined);
    this.#connections.push(connection);
    return connection;
  }

  async channel(index: number): Promise<Channel> {
    return quiet(await (await this.connect(index)).createChannel());
  }

  async confirmChannel(index: number): Promise<ConfirmChannel> {
    return quiet(await (await this.connect(index)).createConfirmChannel());
  }

  /** The queue as a node runs it. */
  queue(index: number, name: string): ClusterQueue {
    const queue = this.node(index).node.broker.vhosts.get("/")?.queues.get(name);
    if (!(queue instanceof ClusterQueue)) throw new Error(`no queue ${name}`);
    return queue;
  }

  /** The index of the node that leads the queue, once one does and another one of `indexes` knows it. */
  async leaderOf(name: string, indexes: readonly number[] = [0, 1, 2]): Promise<number> {
    let leader = -1;
    await until(`queue ${name} has a leader`, () => {
      leader = indexes.find((index) => this.queue(index, name).isServing) ?? -1;
      const nodeId = this.#nodeId(leader);
      return indexes.every((index) => {
        const { places } = this.node(index).node.broker;
        return places?.hub.leaderNodeOf(this.queue(index, name).queueId) === nodeId;
      });
    });
    return leader;
  }

  /** Lets another node lead the queue. */
  async transfer(name: string, to: number): Promise<void> {
    const from = await this.leaderOf(name);
    const group = this.#replica(from, name);
    const target = this.#replica(to, name)?.status().replicaId;
    if (group === undefined || target === undefined) throw new Error("no replica");
    await until(`node ${to} leads ${name}`, async () => {
      if (this.queue(to, name).isServing) return true;
      group.transferLeader(target);
      return false;
    });
    await this.leaderOf(name);
  }

  async setPolicy(name: string, pattern: string, definition: object): Promise<void> {
    const result = await new Promise<MetadataResult>((resolve) => {
      this.node(0).node.administration.apply(
        {
          type: "setPolicy",
          vhost: "/",
          name,
          pattern,
          applyTo: "queues",
          priority: 0,
          definition: new Map(Object.entries(definition)),
        },
        resolve,
      );
    });
    if (!result.ok) throw new Error(result.text);
  }

  #replica(index: number, name: string): RaftGroup | undefined {
    const { places } = this.node(index).node.broker;
    if (!(places instanceof QueueCluster)) throw new Error("the node is in no cluster");
    return places.replicaOf(this.queue(index, name).queueId);
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.#connections.map((connection) => connection.close()));
    await this.cluster.stop();
  }

  #nodeId(index: number): number {
    return index < 0 ? -1 : (this.node(index).node.broker.places?.nodeId ?? -1);
  }
}

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

function quiet<C extends Channel>(channel: C): C {
  channel.on("error", () => undefined);
  return channel;
}

export async function publish(
  channel: ConfirmChannel,
  queue: string,
  bodies: readonly string[],
): Promise<void> {
  for (const body of bodies) {
    channel.sendToQueue(queue, Buffer.from(body), { persistent: true });
  }
  await channel.waitForConfirms();
}

/** Takes all messages; those that were handed out before have an R. */
export async function drain(channel: Channel, queue: string): Promise<string[]> {
  const bodies: string[] = [];
  for (;;) {
    const found: GetMessage | false = await channel.get(queue, { noAck: true });
    if (found === false) return bodies;
    bodies.push(`${found.content.toString()}${found.fields.redelivered ? " R" : ""}`);
  }
}
