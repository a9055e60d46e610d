import { describe, expect, test } from "vitest";
import { replicaIdOf } from "../../src/core/ids.ts";
import { confOf } from "./host-cluster.ts";
import { NodeCluster } from "./node-cluster.ts";

const GROUP = 5;

function createOn(cluster: NodeCluster, nodeId: number, campaigns: boolean): void {
  cluster.node(nodeId).raft.createGroup(
    {
      groupId: GROUP,
      epoch: 1,
      replicaId: replicaIdOf(nodeId, 1),
      conf: confOf([1, 2, 3]),
      campaigns,
    },
    () => undefined,
  );
}

describe("the first leader of a group", () => {
  test("is the one that is to be, though the others come later than its first question, and it does not wait for a timeout", () => {
    const cluster = new NodeCluster(1);
    cluster.boot(1, 2, 3);
    createOn(cluster, 2, true);
    cluster.run(300);
    expect(cluster.leader(GROUP)).toBeUndefined();
    createOn(cluster, 1, false);
    createOn(cluster, 3, false);
    const createdAtMs = cluster.scheduler.nowMs;
    cluster.runUntil(() => cluster.leader(GROUP) !== undefined);
    expect(cluster.leader(GROUP)?.nodeId).toBe(2);
    expect(cluster.scheduler.nowMs - createdAtMs).toBeLessThan(300);
  });

  test("is another one if it asks in vain for longer than others wait", () => {
    const cluster = new NodeCluster(2);
    cluster.boot(1, 2, 3);
    createOn(cluster, 1, true);
    cluster.run(10);
    cluster.crash(1);
    createOn(cluster, 2, false);
    createOn(cluster, 3, false);
    cluster.runUntil(() => cluster.leader(GROUP) !== undefined);
    expect([2, 3]).toContain(cluster.leader(GROUP)?.nodeId);
  });
});
