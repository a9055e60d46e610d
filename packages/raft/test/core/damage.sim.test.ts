import { describe, expect, it } from "vitest";
import { Random } from "../../src/core/random.ts";
import { Cluster } from "../../src/sim/scenario/cluster.ts";

const STEPS = 1_200;
const SEEDS = 150;

/** Everything happens in any order, and disks lose entries, also those of running nodes. The ledger of the cluster judges. */
class Walk {
  readonly #random: Random;
  readonly #nodes: readonly number[];
  readonly cluster: Cluster;
  damages = 0;
  #proposals = 0;

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#nodes = seed % 3 === 0 ? [1, 2, 3, 4, 5] : [1, 2, 3];
    this.cluster = new Cluster({ voters: this.#nodes, index: 3 });
  }

  run(): void {
    this.cluster.elect(1);
    for (let step = 0; step < STEPS; step++) this.#step();
  }

  #node(): number {
    return this.#nodes[this.#random.below(this.#nodes.length)] ?? 1;
  }

  #step(): void {
    const node = this.#node();
    if (!this.cluster.replica(node).isUp) this.#whileDown(node);
    else if (this.#random.below(100) < 96) this.#work(node);
    else this.#trouble(node);
  }

  #work(node: number): void {
    const { cluster } = this;
    switch (this.#random.below(9)) {
      case 0:
        cluster.tick(node, 1 + this.#random.below(4));
        return;
      case 1:
        cluster.tryPropose(node, `c${++this.#proposals}`);
        return;
      case 2:
      case 3:
        cluster.appendOne(node);
        return;
      case 4:
        cluster.applies(node);
        return;
      case 5:
        if (cluster.facts(node).role === "leader") cluster.snapshots(node);
        cluster.fetches(node);
        return;
      default:
        cluster.ready(node);
        cluster.deliver({ to: node, count: 1 + this.#random.below(3) });
    }
  }

  #trouble(node: number): void {
    const { cluster } = this;
    switch (this.#random.below(6)) {
      case 0:
        cluster.crash(node, this.#random.below(3));
        return;
      case 1:
        this.#findDamage(node);
        return;
      case 2:
        cluster.timeout(node);
        return;
      case 3:
        if (this.#random.below(4) === 0) cluster.compact(node);
        return;
      case 4:
        cluster.drop({ to: node, count: 1 + this.#random.below(4) });
        return;
      default:
        cluster.campaign(node);
    }
  }

  #range(node: number): { readonly first: number; readonly last: number } {
    const { log } = this.cluster.replica(node);
    const first =
      log.compactedIndex + 1 + this.#random.below(log.lastIndex - log.compactedIndex + 1);
    return { first, last: Math.min(log.lastIndex, first + this.#random.below(3)) };
  }

  #findDamage(node: number): void {
    const range = this.#range(node);
    if (range.first > range.last || this.cluster.replica(node).log.pendingCount > 0) return;
    this.damages++;
    this.cluster.findDamage(node, range);
  }

  #whileDown(node: number): void {
    if (this.#random.below(2) === 0) {
      const range = this.#range(node);
      if (range.first <= range.last) {
        this.damages++;
        this.cluster.damage(node, range, this.#random.below(8) === 0);
      }
    }
    this.cluster.restart(node);
  }
}

describe("groups whose disks lose entries at any time", () => {
  it("never lose or change what is committed", { timeout: 60_000 }, () => {
    let committed = 0;
    let damages = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const walk = new Walk(seed);
      try {
        walk.run();
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
      committed += walk.cluster.ledger.committedIndex;
      damages += walk.damages;
    }
    expect(damages).toBeGreaterThan(SEEDS);
    expect(committed).toBeGreaterThan(SEEDS * 8);
  });
});
