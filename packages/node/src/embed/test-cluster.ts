import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { defaultConfig } from "../config/load-config.ts";
import { type Logging, type LogLevel, openLogging, SILENT_LOGGING } from "../logger.ts";
import { ClusterNode } from "./cluster-node.ts";
import { findFreePort } from "./free-port.ts";
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
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "leveret-cluster-")));
  const cut = new NetworkCut();
  const nodes: ClusterNode[] = [];
  for (let index = 0; index < count; index++) {
    const config = await nodeConfig(index, directory);
    const node = new ClusterNode(options.configure?.(config, index) ?? config, {
      logging: logging(options.logLevel),
      faults: cut.endOf(index),
      onAddress: (address) => cut.place(index, address),
    });
    nodes.push(node);
  }
  const temporary = options.directory === undefined ? directory : undefined;
  const cluster = new TestCluster(nodes, cut, temporary);
  try {
    if (options.start !== "none") await formCluster(cluster, options.start !== "alone");
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** One after the other, as an operator would. */
async function formCluster({ nodes }: TestCluster, isJoined: boolean): Promise<void> {
  const [first] = nodes;
  for (const node of nodes) {
    await node.open();
    if (isJoined && first !== undefined && node !== first) await node.join(first);
    await node.startApp();
  }
}

async function nodeConfig(index: number, directory: string): Promise<Config> {
  const base = defaultConfig();
  const loopback = "127.0.0.1";
  return {
    ...base,
    node: {
      ...base.node,
      name: `rabbit${index + 1}@localhost`,
      dataDir: join(directory, `rabbit${index + 1}`),
    },
    cluster: {
      ...base.cluster,
      listener: { address: loopback, port: await findFreePort() },
      cookie: "EMBEDDEDCLUSTER",
      cookieFile: undefined,
    },
    listeners: { ...base.listeners, tcp: [{ address: loopback, port: await findFreePort() }] },
    alarms: { ...base.alarms, diskFreeLimit: undefined },
  };
}

function logging(level: LogLevel | undefined): Logging {
  if (level === undefined) return SILENT_LOGGING;
  return openLogging({ outputs: [{ destination: 1, format: "json", level }] });
}
