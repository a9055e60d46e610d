import type { Net } from "@leveret/raft";
import { type ClusterNetwork, CutNet } from "../shell/cluster-network.ts";
import type { NetworkFaults } from "../shell/cluster-side.ts";

/** Which nodes of a test cluster reach each other. Both ends of a connection belong to the process: who dials is enough. */
export class NetworkCut {
  /** Group of each node; undefined: there is no cut. */
  #groupOf: ((index: number) => number) | undefined;
  readonly #indexOf = new Map<string, number>();
  readonly #nets = new Set<CutNet>();

  /** A node is now at that address. */
  place(index: number, address: string): void {
    this.#indexOf.set(address, index);
  }

  partition(groups: readonly (readonly number[])[]): void {
    const found = new Map<number, number>();
    groups.forEach((members, group) => {
      for (const index of members) found.set(index, group);
    });
    // Others are alone: a group of their own each.
    this.#groupOf = (index) => found.get(index) ?? groups.length + index;
    for (const net of this.#nets) net.enforce();
  }

  heal(): void {
    this.#groupOf = undefined;
  }

  /** The network as that node has it. */
  endOf(index: number): NetworkFaults {
    const isCut = (address: string): boolean => this.#isCut(index, address);
    const wrap = (net: Net): Net => {
      const cut = new CutNet(net, isCut);
      this.#nets.add(cut);
      return cut;
    };
    return {
      isCut,
      wrap: ({ raft, link }: ClusterNetwork) => ({ raft: wrap(raft), link: wrap(link) }),
    };
  }

  #isCut(from: number, address: string): boolean {
    const to = this.#indexOf.get(address);
    if (this.#groupOf === undefined || to === undefined) return false;
    return this.#groupOf(from) !== this.#groupOf(to);
  }
}
