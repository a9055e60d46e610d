import { describe, expect, test } from "vitest";
import { HostCluster, type HostNode } from "./host-cluster.ts";

const THREE = [1, 2, 3];
const SEEDS = Array.from({ length: 20 }, (_, at) => at + 1);
/** A refused connection, a turn or two of stagger, two writes to disks: far below the election timeout of a second. */
const FAST_MS = 400;
/** The votes of a first election are split, and a second one is begun. */
const SPLIT_MS = 800;
/** Of 20 ticks of 50 ms, less one heartbeat interval. */
const ELECTION_TIMEOUT_MIN_MS = 800;

function sleeps(cluster: HostCluster): boolean {
  return [...cluster.nodes.values()].every((node) => node.status().isHibernating);
}

/** Time until another node leads. */
function failover(cluster: HostCluster, leader: HostNode): number {
  const killedAtMs = cluster.scheduler.nowMs;
  cluster.kill(leader.nodeId);
  cluster.runUntil(() => cluster.leader() !== undefined);
  return cluster.scheduler.nowMs - killedAtMs;
}

describe("a group whose leader's process dies", () => {
  test.each(SEEDS)("elects another one at once while it is in use, seed %i", (seed) => {
    const cluster = new HostCluster({ seed });
    cluster.boot(...THREE);
    cluster.createGroup(1, THREE);
    const leader = cluster.elect();
    const results = leader.propose("a");
    cluster.runUntil(() => results.length > 0);
    expect(failover(cluster, leader)).toBeLessThan(FAST_MS);
  });

  test.each(SEEDS)("elects another one at once while it sleeps, seed %i", (seed) => {
    const cluster = new HostCluster({ seed });
    cluster.boot(...THREE);
    cluster.createGroup(1, THREE);
    const leader = cluster.elect();
    cluster.runUntil(() => sleeps(cluster));
    expect(failover(cluster, leader)).toBeLessThan(FAST_MS);
  });
});

describe("voters that stand at the same time", () => {
  test.each(SEEDS)("do not wait for the election timeout, seed %i", (seed) => {
    const cluster = new HostCluster({ seed });
    cluster.boot(...THREE);
    cluster.createGroup(1, THREE);
    const leader = cluster.elect();
    const killedAtMs = cluster.scheduler.nowMs;
    cluster.kill(leader.nodeId);
    const others = [...cluster.nodes.values()];
    cluster.runUntil(() => others.every((node) => node.status().leader === 0));
    // The votes are split: each asks for them before it knows of the other.
    for (const node of others) node.host.findGroup(1)?.runner?.campaign();
    cluster.runUntil(() => cluster.leader() !== undefined);
    expect(cluster.scheduler.nowMs - killedAtMs).toBeLessThan(SPLIT_MS);
  });
});

describe("a group whose leader stops leading", () => {
  test.each(SEEDS)("elects another one at once, seed %i", (seed) => {
    const cluster = new HostCluster({ seed });
    cluster.boot(...THREE);
    cluster.createGroup(1, THREE);
    const leader = cluster.elect();
    const handle = leader.host.findGroup(1);
    if (handle === undefined) throw new Error("no group");
    const stoppedAtMs = cluster.scheduler.nowMs;
    leader.host.groups.stop(handle, "test");
    const others = [...cluster.nodes.values()].filter((node) => node !== leader);
    cluster.runUntil(() => others.some((node) => node.status().role === "leader"));
    expect(cluster.scheduler.nowMs - stoppedAtMs).toBeLessThan(FAST_MS);
  });
});

describe("a group whose leader is only silent", () => {
  test.each(SEEDS)("waits for the election timeout, seed %i", (seed) => {
    const cluster = new HostCluster({ seed });
    cluster.boot(...THREE);
    cluster.createGroup(1, THREE);
    const leader = cluster.elect();
    const { term } = leader.status();
    const isDeposed = (): boolean =>
      cluster.followers().some((node) => node.status().term > term && node !== leader);
    cluster.isolate(leader.nodeId);
    const cutAtMs = cluster.scheduler.nowMs;
    cluster.runUntil(isDeposed);
    expect(cluster.scheduler.nowMs - cutAtMs).toBeGreaterThan(ELECTION_TIMEOUT_MIN_MS);
  });
});

describe("a follower that alone has lost its leader", () => {
  test("disturbs nobody while the group is in use", () => {
    const cluster = new HostCluster();
    cluster.boot(...THREE);
    cluster.createGroup(1, THREE);
    const leader = cluster.elect();
    const { term } = leader.status();
    const [loser] = cluster.followers();
    if (loser === undefined) throw new Error("no follower");
    cluster.net.setBlocked(leader.nodeId, loser.nodeId, true);
    cluster.net.setBlocked(loser.nodeId, leader.nodeId, true);
    cluster.net.resetBetween(leader.nodeId, loser.nodeId);
    for (let round = 0; round < 20; round++) {
      leader.propose("a");
      cluster.run(1000);
    }
    expect(cluster.leader()?.nodeId).toBe(leader.nodeId);
    expect(leader.status().term).toBe(term);
  });
});

describe("many groups of one dead leader", () => {
  test("get new leaders soon, on all nodes that are left", () => {
    const cluster = new HostCluster();
    cluster.boot(...THREE);
    const groupIds = Array.from({ length: 40 }, (_, at) => at + 1);
    for (const groupId of groupIds) cluster.createGroup(groupId, THREE);
    for (const groupId of groupIds) cluster.elect(groupId);
    const lost = cluster.node(1);
    const led = groupIds.filter((groupId) => cluster.leader(groupId) === lost);
    const killedAtMs = cluster.scheduler.nowMs;
    cluster.kill(1);
    cluster.runUntil(() => led.every((groupId) => cluster.leader(groupId) !== undefined));
    expect(cluster.scheduler.nowMs - killedAtMs).toBeLessThan(FAST_MS);
    const successors = new Set(led.map((groupId) => cluster.leader(groupId)?.nodeId));
    expect([...successors].sort()).toEqual([2, 3]);
  });
});
