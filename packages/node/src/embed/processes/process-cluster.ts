import { rm } from "node:fs/promises";
import { clusterDirectory, formCluster, nodeConfig } from "../cluster-config.ts";
import type { StartClusterOptions } from "../start-cluster.ts";
import type { NodeCall } from "./node-call.ts";
import { ProcessNode } from "./process-node.ts";

/** Nodes in processes of their own on the loopback interface, and with faults on demand. */
export class ProcessCluster implements AsyncDisposable {
  readonly nodes: readonly ProcessNode[];
  readonly #addresses = new Map<number, string>();
  #groups: readonly (readonly number[])[] | undefined;
  readonly #directory: string | undefined;

  /** `directory`: to be deleted at the end. Made by `startCluster`. */
  constructor(
    makeNodes: (onAddress: (index: number, address: string) => Promise<void>) => ProcessNode[],
    directory: string | undefined,
  ) {
    this.nodes = makeNodes((index, address) => this.#place(index, address));
    this.#directory = directory;
  }

  /** @throws RangeError */
  node(index: number): ProcessNode {
    const node = this.nodes[index];
    if (node === undefined) throw new RangeError(`there is no node ${index}`);
    return node;
  }

  /** As of a cluster in this process. A paused node does so when it goes on; its connections are closed by the others. */
  async partition(...groups: readonly (readonly number[])[]): Promise<void> {
    this.#groups = groups;
    await this.#tellAll();
  }

  /** All nodes reach each other again. */
  async heal(): Promise<void> {
    this.#groups = undefined;
    await this.#tellAll();
  }

  /** Ends all processes, and deletes their data if `startCluster` had made the folder. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** A node has been opened: it is told of the others, and they of it. */
  async #place(index: number, address: string): Promise<void> {
    this.#addresses.set(index, address);
    const opened = this.node(index);
    for (const [other, place] of this.#addresses) {
      await opened.call({ method: "place", index: other, address: place });
    }
    for (const node of this.nodes) {
      if (node !== opened) await tell(node, { method: "place", index, address });
    }
    if (this.#groups !== undefined) await opened.call({ method: "cut", groups: this.#groups });
  }

  async #tellAll(): Promise<void> {
    const cut: NodeCall = { method: "cut", groups: this.#groups };
    await Promise.all(this.nodes.map((node) => tell(node, cut)));
  }
}

/** Whoever does not run will be told when it is opened; a paused node hears it when it goes on. */
async function tell(node: ProcessNode, call: NodeCall): Promise<void> {
  if (!node.isRunning) return;
  const told = node.call(call).catch((error: unknown) => {
    // It was killed meanwhile.
    if (node.isRunning) throw error;
  });
  if (!node.isPaused) await told;
}

/** See startCluster. */
export async function startProcessCluster(
  count: number,
  options: StartClusterOptions,
): Promise<ProcessCluster> {
  const directory = await clusterDirectory(options);
  const configs = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const config = await nodeConfig(index, directory.path, options);
      return options.configure?.(config, index) ?? config;
    }),
  );
  const { logLevel, nodeFlags } = options;
  const cluster = new ProcessCluster(
    (placed) =>
      configs.map((config, index) => {
        const onAddress = (address: string): Promise<void> => placed(index, address);
        return new ProcessNode(config, { index, logLevel, nodeFlags, onAddress });
      }),
    directory.isTemporary ? directory.path : undefined,
  );
  try {
    await formCluster(cluster.nodes, options.start);
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}
