import { EMPTY_CONF, replicaIdOf } from "@leveret/raft";
import { describe, expect, test } from "vitest";
import { ConfCluster } from "./conf-cluster.ts";

const GROUP = 16;

function started(seed: number, nodes: readonly number[] = [1, 2, 3], on = nodes): ConfCluster {
  const cluster = new ConfCluster(seed, nodes);
  cluster.declare(GROUP, on);
  cluster.settle();
  cluster.keepProposing(GROUP, 10);
  cluster.run(300);
  return cluster;
}

/** All that was acknowledged is on each replica, in the same order. */
function checkContents(cluster: ConfCluster): void {
  const acked = [...(cluster.acked.get(GROUP) ?? [])];
  const last = acked.at(-1) ?? "";
  expect(acked.length).toBeGreaterThan(10);
  cluster.runUntil(() => cluster.items(GROUP).every((items) => items.includes(last)));
  const all = cluster.items(GROUP);
  expect(all.length).toBeGreaterThan(0);
  for (const items of all) {
    const has = new Set(items);
    expect(acked.filter((text) => !has.has(text))).toEqual([]);
    const shared = Math.min(items.length, all[0]?.length ?? 0);
    expect(items.slice(0, shared)).toEqual(all[0]?.slice(0, shared));
  }
}

describe("a group whose members change while it is used", () => {
  test("grows from one to three and shrinks to where its leader is", () => {
    const cluster = started(1, [1, 2, 3], [1]);
    cluster.place(GROUP, [1, 2, 3]);
    cluster.settle();
    cluster.run(200);
    checkContents(cluster);
    cluster.place(GROUP, [1]);
    cluster.settle();
    cluster.run(200);
    checkContents(cluster);
    expect(cluster.items(GROUP).length).toBe(1);
  });

  test("moves to other nodes altogether, and back", () => {
    const cluster = started(2, [1, 2, 3, 4], [1, 2]);
    cluster.place(GROUP, [3, 4]);
    cluster.settle();
    cluster.place(GROUP, [1, 2]);
    cluster.settle();
    cluster.run(200);
    checkContents(cluster);
  });

  test("changes its mind in the middle", () => {
    const cluster = started(3, [1, 2, 3], [1]);
    const places = [[2], [1, 3], [3], [1, 2], [2, 3], [1]];
    for (const place of places) {
      cluster.place(GROUP, place);
      cluster.run(cluster.random.below(60));
    }
    cluster.place(GROUP, [1, 2, 3]);
    cluster.settle();
    cluster.run(200);
    checkContents(cluster);
  });

  test("replaces a member whose node is gone", () => {
    const cluster = started(4, [1, 2, 3, 4], [1, 2, 3]);
    const lost = cluster.leader(GROUP)?.nodeId ?? 1;
    cluster.crash(lost);
    const others = [1, 2, 3].filter((nodeId) => nodeId !== lost);
    cluster.place(GROUP, [...others, 4]);
    cluster.settle();
    cluster.run(200);
    checkContents(cluster);
    // The old replica comes back when nobody wants it.
    cluster.boot(lost);
    cluster.settle();
    expect(cluster.node(lost).raft.group(GROUP)).toBeUndefined();
    checkContents(cluster);
  });

  test("waits for its quorum rather than give it up", () => {
    const cluster = started(5);
    const leader = cluster.leader(GROUP)?.nodeId ?? 1;
    const [second = 1, third = 1] = [1, 2, 3].filter((nodeId) => nodeId !== leader);
    cluster.crash(second);
    cluster.place(GROUP, [leader, second]);
    cluster.run(5000);
    const conf = cluster.leader(GROUP)?.raft.group(GROUP)?.status().conf;
    expect(conf?.voters).toContain(replicaIdOf(third, 1));
    expect(cluster.leader(GROUP)?.driver.stuck.get(GROUP)).toBe("no-quorum");
    cluster.boot(second);
    cluster.settle();
    checkContents(cluster);
  });

  test("is left by node after node down to the last, and taken up again", () => {
    const cluster = started(6);
    for (const nodeId of [1, 2]) cluster.leave(nodeId);
    cluster.settle();
    const before = cluster.acked.get(GROUP)?.length ?? 0;
    cluster.run(500);
    expect(cluster.acked.get(GROUP)?.length).toBeGreaterThan(before + 10);
    expect(cluster.node(3).driver.pendingVoterGroups()).toEqual([]);
    expect(cluster.node(3).driver.isVoterNeeded(GROUP)).toBe(true);
    cluster.leave(3);
    cluster.comeBack(3);
    cluster.runUntil(() => cluster.leader(GROUP)?.nodeId === 3);
    for (const nodeId of [1, 2]) cluster.comeBack(nodeId);
    cluster.settle();
    cluster.run(200);
    checkContents(cluster);
  });

  test("lets a node leave although another has crashed", () => {
    const cluster = started(7);
    cluster.crash(3);
    cluster.runUntil(() => cluster.leader(GROUP) !== undefined);
    cluster.leave(2);
    const before = cluster.acked.get(GROUP)?.length ?? 0;
    cluster.run(3000);
    expect(cluster.acked.get(GROUP)?.length).toBeGreaterThan(before + 10);
    cluster.boot(3);
    cluster.comeBack(2);
    cluster.settle();
    checkContents(cluster);
  });

  test("survives a rolling restart", () => {
    const cluster = started(8);
    for (const nodeId of [1, 2, 3]) {
      cluster.leave(nodeId);
      cluster.comeBack(nodeId);
    }
    cluster.settle();
    cluster.run(200);
    checkContents(cluster);
  });
});

describe("replicas of a node", () => {
  test("are all deleted with the queue, also where the node was down", () => {
    const cluster = started(9);
    cluster.crash(3);
    cluster.delete(GROUP);
    cluster.runUntil(() => [1, 2].every((id) => cluster.node(id).raft.groups().length === 0));
    cluster.boot(3);
    cluster.runUntil(() => cluster.node(3).raft.groups().length === 0);
  });

  test("are created late where the node was down at the declaration", () => {
    const cluster = new ConfCluster(10, [1, 2, 3]);
    cluster.crash(3);
    cluster.declare(GROUP, [1, 2, 3]);
    cluster.runUntil(() => cluster.leader(GROUP) !== undefined);
    cluster.keepProposing(GROUP, 10);
    cluster.run(300);
    cluster.boot(3);
    cluster.settle();
    checkContents(cluster);
    expect(cluster.items(GROUP).length).toBe(3);
  });

  test("that come late to a queue that has moved since never lead it with members of their own", () => {
    const cluster = new ConfCluster(11, [1, 2, 3]);
    cluster.crash(3);
    cluster.declare(GROUP, [1, 2, 3]);
    cluster.runUntil(() => cluster.leader(GROUP) !== undefined);
    cluster.keepProposing(GROUP, 10);
    cluster.run(300);
    // As its record stands now, it would be alone.
    cluster.place(GROUP, [3]);
    cluster.boot(3);
    expect(cluster.node(3).raft.group(GROUP)?.status().conf ?? EMPTY_CONF).toEqual(EMPTY_CONF);
    cluster.settle();
    cluster.run(200);
    checkContents(cluster);
  });

  test("are not removed by a leader whose metadata are old", () => {
    const cluster = started(12, [1, 2, 3], [1, 2]);
    const leader = cluster.leader(GROUP)?.nodeId ?? 1;
    const other = leader === 1 ? 2 : 1;
    const record = cluster.records.get(GROUP);
    // The other node does not hear of the new replica, and then has to lead.
    cluster.node(other).old.set(GROUP, record);
    cluster.place(GROUP, [1, 2, 3]);
    cluster.runUntil(
      () => cluster.leader(GROUP)?.raft.group(GROUP)?.status().conf.voters.length === 3,
    );
    cluster.node(leader).raft.group(GROUP)?.transferLeader(replicaIdOf(other, 1));
    cluster.runUntil(() => cluster.leader(GROUP)?.nodeId === other);
    cluster.settle();
    cluster.run(2000);
    expect(cluster.node(3).raft.group(GROUP)?.status().stoppedBecause).toBeUndefined();
    checkContents(cluster);
  });

  test("of an older generation go before the new one is made", () => {
    const cluster = started(13, [1, 2, 3], [1, 2]);
    cluster.place(GROUP, [1]);
    cluster.place(GROUP, [1, 2]);
    cluster.settle();
    expect(cluster.node(2).raft.group(GROUP)?.status().replicaId).toBe(replicaIdOf(2, 3));
    checkContents(cluster);
  });
});

describe("many groups", () => {
  test("go from one replica to three and back, a few at a time", () => {
    const cluster = new ConfCluster(14, [1, 2, 3]);
    const groups = Array.from({ length: 200 }, (_, at) => GROUP + at);
    const home = (groupId: number): number => 1 + (groupId % 3);
    for (const groupId of groups) cluster.declare(groupId, [home(groupId)]);
    cluster.settle();
    cluster.run(2000);
    for (const groupId of groups) cluster.place(groupId, [1, 2, 3]);
    cluster.settle(2000);
    for (const groupId of groups) cluster.place(groupId, [home(groupId)]);
    // The last second is the cleaner's, who asks a second time when all have been removed.
    cluster.settle(3000);
  });

  test("are left by a node in one go", () => {
    const cluster = new ConfCluster(15, [1, 2, 3]);
    const groups = Array.from({ length: 100 }, (_, at) => GROUP + at);
    for (const groupId of groups) {
      const first = 1 + (groupId % 3);
      cluster.declare(groupId, [first, ...[1, 2, 3].filter((id) => id !== first)]);
    }
    cluster.settle();
    cluster.run(2000);
    const startMs = cluster.scheduler.nowMs;
    cluster.leave(2);
    expect(cluster.scheduler.nowMs - startMs).toBeLessThan(5000);
    for (const groupId of groups) expect(cluster.leader(groupId)).toBeDefined();
  });
});

const ALL = [1, 2, 3, 4];

/** One thing happens; at most one node is down at a time. */
function disturb(cluster: ConfCluster): void {
  const nodeId = 1 + cluster.random.below(ALL.length);
  const chance = cluster.random.below(6);
  const isWhole = cluster.nodes.size === ALL.length;
  if (chance === 0 && isWhole) {
    cluster.crash(nodeId);
  } else if (chance === 1 && isWhole) {
    cluster.leave(nodeId);
    cluster.comeBack(nodeId);
  } else if (chance < 4) {
    const nodes = ALL.filter(() => cluster.random.below(3) > 0);
    cluster.place(GROUP, nodes.length > 0 ? nodes : [1]);
  }
}

function bootMissing(cluster: ConfCluster): void {
  for (const nodeId of ALL) if (!cluster.nodes.has(nodeId)) cluster.boot(nodeId);
}

/** A seed takes a second, or ten on a machine that has much else to do. */
const SEED_MAX_MS = 60_000;

describe("groups that change at random while nodes crash and leave", () => {
  test.each(Array.from({ length: 20 }, (_, seed) => seed + 100))(
    "lose nothing: seed %i",
    (seed) => {
      const cluster = started(seed, ALL, [1, 2, 3]);
      for (let round = 0; round < 12; round++) {
        disturb(cluster);
        cluster.run(cluster.random.below(1500));
        if (cluster.random.below(2) === 0) bootMissing(cluster);
      }
      bootMissing(cluster);
      cluster.settle();
      cluster.run(200);
      checkContents(cluster);
    },
    SEED_MAX_MS,
  );
});
