import { describe, expect, test } from "vitest";
import { NodeCluster, type TestRaftNode } from "./node-cluster.ts";

const THREE = [1, 2, 3];

function all(cluster: NodeCluster): TestRaftNode[] {
  return [...cluster.nodes.values()];
}

describe("whole nodes", () => {
  test("elect, replicate, and lose nothing when all of them lose power", () => {
    const cluster = new NodeCluster(1);
    cluster.boot(...THREE);
    cluster.createGroup(1, THREE);
    for (let count = 0; count < 30; count++) cluster.mustApply(1, `item ${count}`);
    for (const nodeId of THREE) cluster.crash(nodeId);
    cluster.boot(...THREE);
    cluster.mustApply(1, "after");
    cluster.runUntil(() => all(cluster).every((node) => node.items(1).length === 31));
  });

  test("save snapshots, and bring a replica up to date by one", () => {
    const cluster = new NodeCluster(2, {
      snapshotReclaimBytes: 200,
      snapshotMinIntervalMs: 10,
      lagKeepBytes: 100,
      snapshotChunkBytes: 64,
      snapshotInflightBytes: 400,
    });
    cluster.boot(...THREE);
    cluster.createGroup(1, THREE);
    cluster.mustApply(1, "first");
    cluster.crash(3);
    for (let count = 0; count < 100; count++) {
      cluster.mustApply(1, count % 7 === 0 ? `keep ${count}` : `item ${count}`);
    }
    cluster.run(500);
    cluster.boot(3);
    const node = cluster.node(3);
    cluster.runUntil(() => node.items(1).length === 101);
    expect(node.raft.metrics().snapshotsReceived).toBe(1);
    expect(node.items(1)).toEqual(cluster.leader(1)?.items(1));
    for (const nodeId of THREE) cluster.crash(nodeId);
    cluster.boot(...THREE);
    cluster.mustApply(1, "after");
    cluster.runUntil(() => all(cluster).every((one) => one.items(1).length === 102));
  });

  test("tell peers that have fallen silent from those that were never there", () => {
    const cluster = new NodeCluster(4);
    cluster.boot(...THREE);
    cluster.createGroup(1, THREE);
    cluster.mustApply(1, "item");
    const { raft } = cluster.node(1);
    cluster.runUntil(() => raft.isAlive(2));
    expect([raft.isSilent(2), raft.isSilent(9)]).toEqual([false, false]);
    cluster.crash(2);
    cluster.runUntil(() => !raft.isAlive(2));
    expect([raft.isSilent(2), raft.isSilent(9)]).toEqual([true, false]);
    cluster.boot(2);
    cluster.runUntil(() => !raft.isSilent(2));
    expect(raft.isAlive(2)).toBe(true);
  });

  test("stop in good order and come back", () => {
    const cluster = new NodeCluster(3, { checkpointEntries: 5 });
    cluster.boot(...THREE);
    for (const groupId of [1, 2, 3, 4, 5]) {
      cluster.createGroup(groupId, THREE);
      for (let count = 0; count < 10; count++) cluster.mustApply(groupId, `item ${count}`);
    }
    let isStopped = false;
    cluster.node(1).raft.stop(() => {
      isStopped = true;
    });
    cluster.runUntil(() => isStopped, 5000);
    cluster.crash(1);
    cluster.boot(1);
    for (const groupId of [1, 2, 3, 4, 5]) {
      expect(cluster.node(1).group(groupId).status().snapshotIndex).toBeGreaterThan(10);
      cluster.mustApply(groupId, "after");
      cluster.runUntil(() => cluster.node(1).items(groupId).length === 11);
    }
  });

  test("lead the groups of one without delay after a start", () => {
    const cluster = new NodeCluster(6);
    cluster.boot(1);
    for (let groupId = 1; groupId <= 20; groupId++) {
      cluster.createGroup(groupId, [1]);
      cluster.mustApply(groupId, "a");
    }
    cluster.crash(1);
    cluster.boot(1);
    const metrics = cluster.node(1).raft.metrics();
    cluster.runUntil(() => metrics.groupsLed === 20, 200);
  });

  test("lead them without delay, too, when a log takes many reads to replay", () => {
    const cluster = new NodeCluster(7, { maxApplyingBytes: 64, bodyCacheBytes: 0 });
    cluster.boot(1);
    cluster.createGroup(1, [1]);
    for (let count = 0; count < 30; count++) cluster.mustApply(1, `item ${count}`);
    cluster.crash(1);
    cluster.boot(1);
    const metrics = cluster.node(1).raft.metrics();
    cluster.runUntil(() => metrics.groupsLed === 1, 500);
  });

  test("delete a group and create its next replica", () => {
    const cluster = new NodeCluster(4);
    cluster.boot(...THREE);
    cluster.createGroup(1, THREE);
    cluster.mustApply(1, "a");
    const deleted: string[] = [];
    for (const nodeId of THREE) {
      cluster.node(nodeId).raft.deleteGroup(1, () => deleted.push("done"));
    }
    cluster.runUntil(() => deleted.length === 3);
    expect(cluster.node(1).raft.groups()).toEqual([]);
    cluster.createGroup(1, THREE);
    cluster.mustApply(1, "b");
    expect(cluster.leader(1)?.items(1)).toEqual(["b"]);
    for (const nodeId of THREE) cluster.crash(nodeId);
    cluster.boot(...THREE);
    cluster.mustApply(1, "c");
    expect(cluster.leader(1)?.items(1)).toEqual(["b", "c"]);
  });

  test("go on with one survivor after forced recovery", () => {
    const cluster = new NodeCluster(5);
    cluster.boot(...THREE);
    cluster.createGroup(1, THREE);
    cluster.mustApply(1, "a");
    cluster.run(1000);
    cluster.crash(1);
    cluster.crash(2);
    const survivor = cluster.node(3);
    const [self] = survivor.group(1).status().conf.voters.slice(-1);
    if (self === undefined) throw new Error("no voters");
    const conf = {
      voters: [self],
      votersOutgoing: [],
      learners: [],
      learnersNext: [],
      autoLeave: false,
    };
    survivor.raft.forceConf(1, conf, 2, () => {});
    cluster.runUntil(() => survivor.group(1).status().role === "leader");
    cluster.mustApply(1, "b");
    expect(survivor.items(1)).toEqual(["a", "b"]);
    expect(survivor.group(1).status().epoch).toBe(2);
  });
});
