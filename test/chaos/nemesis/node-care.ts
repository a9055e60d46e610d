import type { Random } from "../../../packages/raft/src/core/random.ts";
import type { ChaosCluster } from "../cluster/chaos-cluster.ts";
import { pick } from "./nemesis.ts";

/** Which fault has which node's process in its hands: a process that ends in nobody's hands has crashed. */
export class NodeCare {
  readonly #cluster: ChaosCluster;
  readonly #taken = new Set<number>();

  constructor(cluster: ChaosCluster) {
    this.#cluster = cluster;
  }

  /** Takes some that nobody has; fewer, where there are not so many. */
  take(random: Random, count: number): number[] {
    const free = this.#cluster.indices.filter((node) => !this.#taken.has(node));
    const taken = pick(random, free, count);
    for (const node of taken) this.#taken.add(node);
    return taken;
  }

  /** Whether the node is the caller's now. */
  takeOne(node: number): boolean {
    if (this.#taken.has(node)) return false;
    this.#taken.add(node);
    return true;
  }

  release(nodes: readonly number[]): void {
    for (const node of nodes) this.#taken.delete(node);
  }

  /** Nodes that have ended by themselves. */
  get crashed(): readonly number[] {
    return this.#cluster.indices.filter(
      (node) => !this.#taken.has(node) && !this.#cluster.isRunning(node),
    );
  }
}
