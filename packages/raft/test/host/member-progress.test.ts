import { describe, expect, test } from "vitest";
import { replicaIdOf } from "../../src/core/ids.ts";
import type { MemberProgress, RaftGroup } from "../../src/host/node-options.ts";
import { NodeCluster } from "./node-cluster.ts";

const GROUP = 5;

function started(): { cluster: NodeCluster; leader: RaftGroup; other: number; third: number } {
  const cluster = new NodeCluster(1);
  cluster.boot(1, 2, 3);
  cluster.createGroup(GROUP, [1, 2, 3]);
  cluster.mustApply(GROUP, "one");
  const leader = cluster.leader(GROUP);
  if (leader === undefined) throw new Error("no leader");
  const [other = 0, third = 0] = [1, 2, 3].filter((nodeId) => nodeId !== leader.nodeId);
  return { cluster, leader: leader.group(GROUP), other, third };
}

function progressOf(group: RaftGroup, nodeId: number): MemberProgress {
  const progress = group.progressOf(replicaIdOf(nodeId, 1));
  if (progress === undefined) throw new Error(`nothing is known of node ${nodeId}`);
  return progress;
}

describe("what a leader tells of the other members", () => {
  test("is how much of the log they have, and nothing of itself, of others, or where it does not lead", () => {
    const { cluster, leader, other } = started();
    const last = leader.status().lastIndex;
    cluster.runUntil(() => progressOf(leader, other).match === last);
    expect(progressOf(leader, other).isReplicating).toBe(true);
    expect(leader.progressOf(leader.status().replicaId)).toBeUndefined();
    expect(leader.progressOf(replicaIdOf(9, 1))).toBeUndefined();
    const follower = cluster.node(other).group(GROUP);
    expect(follower.progressOf(leader.status().replicaId)).toBeUndefined();
  });

  test("shows who has answered since a question was asked, long before the node counts as down", () => {
    const { cluster, leader, other, third } = started();
    const before = [other, third].map((nodeId) => progressOf(leader, nodeId).answeredRound);
    cluster.crash(third);
    let isRead = false;
    leader.read(() => {
      isRead = true;
    });
    cluster.runUntil(() => isRead);
    expect(progressOf(leader, other).answeredRound).toBeGreaterThan(before[0] ?? 0);
    expect(progressOf(leader, third).answeredRound).toBe(before[1]);
  });
});

describe("the members of a group", () => {
  test("are settled by one more entry when its leader is asked to", () => {
    const { cluster, leader, third } = started();
    let kind = "";
    leader.changeMembers(
      {
        transition: "auto",
        steps: [{ kind: "remove", replica: replicaIdOf(third, 1) }],
        context: new Uint8Array(0),
      },
      (result) => {
        ({ kind } = result);
      },
    );
    cluster.runUntil(() => kind !== "");
    expect(kind).toBe("applied");
    expect(leader.status().isConfSettled).toBe(false);
    const last = leader.status().lastIndex;
    leader.settleMembers();
    leader.settleMembers();
    cluster.runUntil(() => leader.status().isConfSettled);
    expect(leader.status().lastIndex).toBe(last + 1);
    leader.settleMembers();
    expect(leader.status().lastIndex).toBe(last + 1);
  });
});
