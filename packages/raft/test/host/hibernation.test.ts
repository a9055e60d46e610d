import { describe, expect, test } from "vitest";
import { replicaIdOf } from "../../src/core/ids.ts";
import { confOf, HostCluster, type HostNode } from "./host-cluster.ts";

const THREE = [1, 2, 3];

function sleepingGroup(options: ConstructorParameters<typeof HostCluster>[0] = {}): HostCluster {
  const cluster = new HostCluster(options);
  cluster.boot(...THREE);
  cluster.createGroup(1, THREE);
  cluster.elect();
  cluster.runUntil(() => isAsleep(cluster));
  return cluster;
}

function isAsleep(cluster: HostCluster, groupId = 1): boolean {
  return nodesOf(cluster).every((node) => node.status(groupId).isHibernating);
}

function nodesOf(cluster: HostCluster): HostNode[] {
  return [...cluster.nodes.values()];
}

function messagesSent(cluster: HostCluster): number {
  return nodesOf(cluster).reduce((sum, { host }) => sum + host.metrics.messagesSent, 0);
}

describe("an idle group", () => {
  test("falls asleep and then sends nothing", () => {
    const cluster = sleepingGroup();
    cluster.run(100);
    const sent = messagesSent(cluster);
    cluster.run(60_000);
    expect(messagesSent(cluster)).toBe(sent);
    expect(isAsleep(cluster)).toBe(true);
    expect(nodesOf(cluster).map(({ host }) => host.metrics.groupsAwake)).toEqual([0, 0, 0]);
  });

  test("wakes for a proposal", () => {
    const cluster = sleepingGroup();
    const results = cluster.elect().propose("a");
    cluster.runUntil(() => results.length > 0, 100);
    expect(results[0]?.kind).toBe("applied");
    cluster.runUntil(() => isAsleep(cluster));
    expect(nodesOf(cluster).map((node) => node.items())).toEqual([["a"], ["a"], ["a"]]);
  });

  test("falls asleep though a follower's node is down, and wakes when it is back", () => {
    const cluster = sleepingGroup();
    const [follower] = cluster.followers();
    if (follower === undefined) throw new Error("no follower");
    cluster.kill(follower.nodeId);
    const results = cluster.elect().propose("a");
    cluster.runUntil(() => results.length > 0);
    cluster.runUntil(() => isAsleep(cluster));
    cluster.boot(follower.nodeId);
    cluster.runUntil(() => cluster.node(follower.nodeId).items().length === 1, 5000);
    cluster.runUntil(() => isAsleep(cluster));
  });
});

describe("a sleeping group whose leader is gone", () => {
  test("elects another when the node is down", () => {
    const cluster = sleepingGroup();
    const leader = cluster.elect();
    cluster.kill(leader.nodeId);
    cluster.runUntil(() => cluster.leader() !== undefined, 6000);
  });

  test("elects again when the node restarts so fast that nobody saw it down", () => {
    const cluster = sleepingGroup();
    const leader = cluster.elect();
    cluster.restart(leader.nodeId);
    cluster.runUntil(() => cluster.leader() !== undefined, 4000);
  });

  test("elects at once when the group is stopped there", () => {
    const cluster = sleepingGroup();
    const leader = cluster.elect();
    const handle = leader.host.findGroup(1);
    if (handle === undefined) throw new Error("no group");
    leader.host.groups.stop(handle, "test");
    cluster.runUntil(() => {
      const next = cluster.leader();
      return next !== undefined && next !== leader;
    }, 4000);
  });

  test("finds out by the digests when it stopped silently", () => {
    const cluster = sleepingGroup({ limits: { digestMs: 1000 } });
    const leader = cluster.elect();
    const handle = leader.host.findGroup(1);
    // The message that the leader is gone is lost.
    cluster.isolate(leader.nodeId);
    if (handle !== undefined) leader.host.groups.stop(handle, "test");
    cluster.run(200);
    for (const other of cluster.nodes.keys()) {
      if (other !== leader.nodeId) cluster.net.resetBetween(leader.nodeId, other);
    }
    cluster.isolate(leader.nodeId, false);
    cluster.runUntil(() => {
      const next = cluster.leader();
      return next !== undefined && next !== leader;
    }, 10_000);
  });
});

describe("many sleeping groups", () => {
  test("wake at a bounded rate when a node is lost, the important ones first", () => {
    const cluster = new HostCluster({ limits: { wakesPerSecond: 100 } });
    cluster.boot(...THREE);
    const groupIds = Array.from({ length: 120 }, (_, at) => at + 1);
    for (const groupId of groupIds) cluster.createGroup(groupId, THREE);
    for (const groupId of groupIds) cluster.elect(groupId);
    cluster.runUntil(() => groupIds.every((groupId) => isAsleep(cluster, groupId)));
    const lost = cluster.node(1);
    const led = lost.host.metrics.groupsLed;
    cluster.kill(1);
    let mostAwake = 0;
    cluster.runUntil(() => {
      for (const { host } of nodesOf(cluster)) {
        mostAwake = Math.max(mostAwake, host.metrics.groupsAwake);
      }
      return groupIds.every((groupId) => cluster.leader(groupId) !== undefined);
    });
    expect(led).toBeGreaterThan(10);
    // Groups that the node did not lead have slept on.
    expect(mostAwake).toBeLessThanOrEqual(led);
  });
});

describe("a learner that lost sight of its leader", () => {
  test("while the group sleeps is found by the digests", () => {
    const cluster = new HostCluster({ limits: { digestMs: 1000 } });
    cluster.boot(...THREE);
    const conf = { ...confOf([1, 2]), learners: [replicaIdOf(3, 1)] };
    for (const node of THREE) cluster.createReplica(1, node, conf);
    cluster.elect();
    cluster.runUntil(() => isAsleep(cluster));
    const learner = cluster.node(3);
    // It may not campaign: it can do nothing about it but wait.
    learner.host.findGroup(1)?.runner?.campaign();
    expect(learner.status()).toMatchObject({ leader: 0, isHibernating: false });
    cluster.runUntil(() => learner.status().leader !== 0, 5000);
    cluster.runUntil(() => isAsleep(cluster), 10_000);
  });
});
