import { describe, expect, test } from "vitest";
import type { ConfChange } from "../../src/core/conf-state.ts";
import { replicaIdOf } from "../../src/core/ids.ts";
import type { ProposalResult } from "../../src/host/node-options.ts";
import { HostCluster } from "./host-cluster.ts";

const REMOVE_2: ConfChange = {
  transition: "auto",
  steps: [{ kind: "remove", replica: replicaIdOf(2, 1) }],
  context: new Uint8Array(0),
};

describe("a replica that was removed", () => {
  test("is stopped only when those who stay do not need it any more, whatever becomes of them", () => {
    const cluster = new HostCluster();
    cluster.boot(1, 2);
    cluster.createGroup(1, [1, 2]);
    cluster.elect();
    if (cluster.elect().nodeId === 2) {
      cluster.node(2).group().transferLeader(replicaIdOf(1, 1));
      cluster.runUntil(() => cluster.node(1).status().role === "leader");
      cluster.runUntil(() => cluster.leader()?.nodeId === 1);
    }
    cluster.elect();
    cluster.run(200);
    const results: ProposalResult[] = [];
    const last = cluster.node(1).status().lastIndex;
    cluster
      .node(1)
      .group()
      .changeMembers(REMOVE_2, (result) => results.push(result));
    cluster.runUntil(() => cluster.node(1).status().commitIndex > last);
    // It does not hear any more that its removal is committed.
    cluster.kill(2);
    cluster.runUntil(() => results.length > 0);
    expect(results[0]?.kind).toBe("applied");
    cluster.boot(2);
    cluster.runUntil(() => cluster.node(2).status().stoppedBecause === "removed");
    expect(cluster.node(1).status().isConfSettled).toBe(true);
    // It lost power before anything else was proposed.
    cluster.restart(1);
    cluster.runUntil(() => cluster.leader()?.nodeId === 1, 10_000);
  });
});
