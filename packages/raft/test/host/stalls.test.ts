import { describe, expect, test } from "vitest";
import { HostCluster } from "./host-cluster.ts";

const THREE = [1, 2, 3];

describe("a process that stands still for ten seconds", () => {
  test("as a follower does not disturb the group when it goes on", () => {
    const cluster = new HostCluster();
    cluster.boot(...THREE);
    cluster.createGroup(1, THREE);
    const leader = cluster.elect();
    const { term } = leader.status();
    const [follower] = cluster.followers();
    follower?.process.pause();
    // The group stays awake.
    for (let second = 0; second < 10; second++) {
      leader.propose(`${second}`);
      cluster.run(1000);
    }
    follower?.process.resume();
    cluster.runUntil(() => follower?.items().length === 10);
    cluster.run(3000);
    expect(cluster.leader()).toBe(leader);
    expect(leader.status().term).toBe(term);
    expect(follower?.host.metrics.stalls).toBe(1);
  });

  test("as a leader finds its successor, and never confirms what it proposed meanwhile", () => {
    const cluster = new HostCluster();
    cluster.boot(...THREE);
    cluster.createGroup(1, THREE);
    const old = cluster.elect();
    old.process.pause();
    const lost = old.propose("lost");
    cluster.runUntil(() => {
      const next = cluster.leader();
      return next !== undefined && next !== old && next.status().term > old.status().term;
    });
    const results = cluster.leader()?.propose("kept") ?? [];
    cluster.run(1000);
    expect(results[0]?.kind).toBe("applied");
    old.process.resume();
    cluster.runUntil(() => old.items().length === 1);
    cluster.run(1000);
    expect(old.items()).toEqual(["kept"]);
    expect(lost).toEqual([{ kind: "unknown" }]);
  });
});
