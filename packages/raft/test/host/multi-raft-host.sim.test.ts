import { describe, expect, test } from "vitest";
import { Random } from "../../src/sim/random.ts";
import { HostCluster, type HostNode } from "./host-cluster.ts";

const NODES = [1, 2, 3];
const GROUPS = [1, 2, 3];
const STEPS = 400;

/** Small enough that every limit is met. */
const LIMITS = {
  snapshotReclaimBytes: 120,
  snapshotMinIntervalMs: 20,
  lagKeepBytes: 300,
  snapshotChunkBytes: 64,
  snapshotInflightBytes: 300,
  snapshotsPerReceiver: 1,
  snapshotRetryMinMs: 100,
  snapshotStallMs: 500,
  hibernateAfterMs: 400,
  digestMs: 2000,
  applySliceEntries: 3,
  turnApplyEntries: 5,
  turnCompletions: 2,
  maxApplyingBytes: 200,
};

/** Faults and proposals at random; then all is healed, and nothing that was acknowledged may be missing. */
class Run {
  readonly cluster: HostCluster;
  readonly random: Random;
  readonly acknowledged = new Map<number, string[]>(GROUPS.map((groupId) => [groupId, []]));
  #proposed = 0;

  constructor(seed: number) {
    this.random = new Random(seed);
    this.cluster = new HostCluster({ seed, limits: LIMITS });
    this.cluster.boot(...NODES);
    for (const groupId of GROUPS) this.cluster.createGroup(groupId, NODES);
  }

  disturb(): void {
    for (let step = 0; step < STEPS; step++) {
      this.#step();
      this.cluster.run(this.random.below(60));
    }
  }

  heal(): void {
    this.cluster.net.healAll();
    for (const nodeId of NODES) {
      if (!this.cluster.nodes.has(nodeId)) this.cluster.boot(nodeId);
      this.cluster.node(nodeId).store.batchMs = 1;
    }
  }

  get nodes(): HostNode[] {
    return NODES.map((nodeId) => this.cluster.node(nodeId));
  }

  #step(): void {
    const nodeId = this.random.pick(NODES);
    const node = this.cluster.nodes.get(nodeId);
    if (node === undefined) {
      if (this.random.below(3) === 0) this.cluster.boot(nodeId);
      return;
    }
    const kind = this.random.below(40);
    if (kind === 0) this.cluster.kill(nodeId);
    else if (kind === 1) this.cluster.restart(nodeId);
    else if (kind === 2) this.cluster.isolate(nodeId);
    else if (kind < 6) this.cluster.net.healAll();
    else if (kind === 6) this.cluster.net.resetBetween(nodeId, this.random.pick(NODES));
    else if (kind === 7) node.store.batchMs = this.random.pick([1, 5, 50, 500]);
    else if (kind === 8) this.cluster.run(3000);
    else if (kind < 12) this.#transfer(node);
    else this.#propose(node);
  }

  #transfer(node: HostNode): void {
    const group = node.group(this.random.pick(GROUPS));
    const { conf } = group.status();
    if (conf.voters.length > 0) group.transferLeader(this.random.pick(conf.voters));
  }

  #propose(node: HostNode): void {
    const groupId = this.random.pick(GROUPS);
    this.#proposed++;
    const text = `${this.random.below(5) === 0 ? "keep " : ""}${this.#proposed}`;
    const isDrop = this.random.below(15) === 0;
    node.group(groupId).propose(Buffer.from(isDrop ? "drop" : text), {}, (result) => {
      if (result.kind === "applied" && !isDrop) this.acknowledged.get(groupId)?.push(text);
    });
  }
}

describe("hosts under faults", () => {
  test.each(Array.from({ length: 12 }, (_, seed) => seed + 1))("seed %i", (seed) => {
    const run = new Run(seed);
    run.disturb();
    run.heal();
    for (const groupId of GROUPS) {
      run.cluster.runUntil(() => run.cluster.leader(groupId) !== undefined);
      const isSettled = (): boolean =>
        run.nodes.every((node) => node.status(groupId).isHibernating);
      run.cluster.runUntil(isSettled, 120_000);
      const [first, ...others] = run.nodes.map((node) => node.items(groupId));
      for (const other of others) expect(other).toEqual(first);
      for (const text of run.acknowledged.get(groupId) ?? []) {
        expect(first?.filter((item) => item === text)).toHaveLength(1);
      }
      for (const node of run.nodes) {
        expect(node.status(groupId).stoppedBecause).toBeUndefined();
      }
    }
    const acknowledged = [...run.acknowledged.values()].map((list) => list.length);
    expect(acknowledged.reduce((sum, count) => sum + count)).toBeGreaterThan(0);
    for (const { host } of run.nodes) {
      expect(host.metrics.proposalsPending).toBe(0);
      expect(host.metrics.proposalBytesPending).toBe(0);
      expect(host.metrics.snapshotsSending).toBe(0);
      expect(host.metrics.snapshotsReceiving).toBe(0);
    }
  });
});
