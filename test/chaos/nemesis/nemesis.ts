import type { NetworkCuts } from "../../../packages/node/test/cluster/partition/network/network-cuts.ts";
import type { SmallDisk } from "../../../packages/node/test/durable/disk-full/small-disk.ts";
import type { Random } from "../../../packages/raft/src/core/random.ts";
import type { ChaosCluster, Product } from "../cluster/chaos-cluster.ts";
import type { SlowLinks } from "../relay/slow-links.ts";
import type { FaultShim } from "../shim/fault-shim.ts";
import type { Timeline } from "../timeline.ts";
import type { NodeCare } from "./node-care.ts";

/** What a nemesis needs of the cluster before it is started. */
export type Need = "shim" | "small-disk" | "relay";

/** What faults are made with. */
export interface NemesisContext {
  readonly cluster: ChaosCluster;
  readonly cuts: NetworkCuts;
  readonly care: NodeCare;
  readonly timeline: Timeline;
  /** By node; empty unless needed. */
  readonly shims: readonly FaultShim[];
  readonly links: SlowLinks | undefined;
  /** The node that has a small disk, or whose files are damaged: one for the whole run, as no majority may be hit. */
  readonly victim: number;
  readonly disk: SmallDisk | undefined;
  readonly load: Load;
}

/** The clients, for faults after which something would rightly be lost if they went on. */
export interface Load {
  /** No publisher has anything on the way any more, and all replicas have everything. */
  hold(): Promise<void>;
  release(): void;
}

/** One fault, from its beginning to its end. */
export interface Fault {
  begin(): Promise<void>;
  end(): Promise<void>;
}

/** A kind of fault. */
export interface Nemesis {
  readonly name: string;
  /** For people. */
  readonly about: string;
  /** Nodes of the cluster: with five, two are a minority. */
  readonly nodes: 3 | 5;
  readonly needs: readonly Need[];
  readonly products: readonly Product[];
  /** Seldom, as it takes long: once in a run. */
  readonly isOnce?: boolean;
  /** What `random` decides is the same for the same seed. */
  make(context: NemesisContext, random: Random): Fault;
}

export const ALL_PRODUCTS: readonly Product[] = ["leveret", "rabbitmq"];
export const ONLY_LEVERET: readonly Product[] = ["leveret"];

/** Some of a list, by chance. */
export function pick<T>(random: Random, list: readonly T[], count: number): T[] {
  const left = [...list];
  const picked: T[] = [];
  while (picked.length < count && left.length > 0) {
    picked.push(...left.splice(random.below(left.length), 1));
  }
  return picked;
}

/** For the timeline. */
export function namesOf(cluster: ChaosCluster, nodes: readonly number[]): string {
  return nodes.map((node) => `node ${node + 1}`).join(", ") || `no node of ${cluster.product}`;
}
