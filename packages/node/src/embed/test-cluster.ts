import { rm } from "node:fs/promises";
import { clusterDirectory, formCluster, nodeConfig } from "./cluster-config.ts";
import { ClusterNode } from "./cluster-node.ts";
import { embeddedLogging } from "./embedded-logging.ts";
import { NetworkCut } from "./network-cut.ts";
import type { StartClusterOptions } from "./start-cluster.ts";

/** Nodes in this process on the loopback interface, with real sockets and disks, and with faults on demand. */
export class TestCluster implements AsyncDisposable {
  readonly nodes: readonly ClusterNode[];
  readonly #cut: NetworkCut;
  readonly #directory: string | undefined;

  /** `directory`: to be deleted at the end. Made by `startCluster`. */
  constructor(nodes: readonly ClusterNode[], cut: NetworkCut, directory: string | undefined) {
    this.nodes = nodes;
    this.#cut = cut;
    this.#directory = directory;
  }

  /** @throws RangeError */
  node(index: number): ClusterNode {
    const node = this.nodes[index];
    if (node === undefined) throw new RangeError(`there is no node ${index}`);
    return node;
  }

  /** Cuts all connections between nodes of different groups, given by their indices; nodes that are named nowhere are each alone. */
  partition(...groups: readonly (readonly number[])[]): void {
    this.#cut.partition(groups);
  }

  /** All nodes reach each other again. */
  heal(): void {
    this.#cut.heal();
  }

  /** Stops all nodes, and deletes their data if `startCluster` had made the folder. */
  async stop(): Promise<void> {
    this.heal();
    await Promise.all(this.nodes.map((node) => node.kill()));
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** See startCluster. */
export async function startTestCluster(
  count: number,
  options: StartClusterOptions,
): Promise<TestCluster> {
  const directory = await clusterDirectory(options);
  const cut = new NetworkCut();
  const nodes: ClusterNode[] = [];
  for (let index = 0; index < count; index++) {
    const config = await nodeConfig(index, directory.path, options);
    const node = new ClusterNode(options.configure?.(config, index) ?? config, {
      logging: embeddedLogging(options.logLevel),
      faults: cut.endOf(index),
      onAddress: (address) => cut.place(index, address),
    });
    nodes.push(node);
  }
  const cluster = new TestCluster(nodes, cut, directory.isTemporary ? directory.path : undefined);
  try {
    await formCluster(nodes, options.start);
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}
