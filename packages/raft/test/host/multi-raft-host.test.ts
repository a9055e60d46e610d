import { describe, expect, test } from "vitest";
import { replicaIdOf } from "../../src/core/ids.ts";
import type { GroupEvent, HostObserver, Refusal } from "../../src/host/node-options.ts";
import { confOf, HostCluster, type HostNode } from "./host-cluster.ts";

const THREE = [1, 2, 3];

function threeNodes(options: ConstructorParameters<typeof HostCluster>[0] = {}): HostCluster {
  const cluster = new HostCluster(options);
  cluster.boot(...THREE);
  cluster.createGroup(1, THREE);
  cluster.elect();
  return cluster;
}

function all(cluster: HostCluster): HostNode[] {
  return [...cluster.nodes.values()];
}

/** Proposes at the leader, again if need be, until it is applied. */
function mustApply(cluster: HostCluster, text: string): void {
  for (let attempt = 0; attempt < 20; attempt++) {
    const results = cluster.elect().propose(text);
    cluster.runUntil(() => results.length > 0);
    if (results[0]?.kind === "applied") return;
    cluster.run(200);
  }
  throw new Error("was never applied");
}

describe("proposals", () => {
  test("are answered when they are applied, and reach the machines of all nodes", () => {
    const cluster = threeNodes();
    const leader = cluster.elect();
    const results = leader.propose("a");
    expect(results).toEqual([]);
    cluster.runUntil(() => results.length > 0);
    expect(results).toEqual([{ kind: "applied", index: 3, term: leader.status().term }]);
    cluster.runUntil(() => all(cluster).every((node) => node.items().length === 1));
  });

  test("are refused at a follower, which names the leader, never inside the call", () => {
    const cluster = threeNodes();
    cluster.run(1000);
    const [follower] = cluster.followers();
    const results = follower?.propose("a");
    expect(results).toEqual([]);
    cluster.run(10);
    expect(results).toEqual([{ kind: "not-leader", leader: cluster.leader()?.status().replicaId }]);
  });

  test("of a leader that was cut off are unknown, and the entries of its successor do not confirm them", () => {
    const cluster = threeNodes();
    const old = cluster.elect();
    cluster.isolate(old.nodeId);
    const lost = ["x", "y"].map((text) => old.propose(text));
    cluster.runUntil(() => cluster.leader() !== old && cluster.leader() !== undefined);
    for (const text of ["a", "b", "c"]) mustApply(cluster, text);
    cluster.isolate(old.nodeId, false);
    cluster.runUntil(() => old.items().length === 3);
    expect(lost).toEqual([[{ kind: "unknown" }], [{ kind: "unknown" }]]);
    expect(old.items()).toEqual(["a", "b", "c"]);
  });

  test("are refused when too many wait", () => {
    const cluster = threeNodes({ limits: { maxPendingProposals: 2 } });
    const leader = cluster.elect();
    for (const follower of cluster.followers()) follower.store.isStuck = true;
    const results = ["a", "b", "c"].map((text) => leader.propose(text));
    cluster.run(20);
    expect(results).toEqual([[], [], [{ kind: "busy" }]]);
  });

  test("are refused while the store is backlogged or short of space", () => {
    const cluster = threeNodes();
    const leader = cluster.elect();
    leader.store.isBacklogged = true;
    const whenBacklogged = leader.propose("a");
    cluster.run(20);
    leader.store.isBacklogged = false;
    leader.store.setSpace("low");
    const whenLow = leader.propose("b");
    const whenFreeing = leader.propose("c", 1, true);
    cluster.run(100);
    expect(whenBacklogged).toEqual([{ kind: "busy" }]);
    expect(whenLow).toEqual([{ kind: "no-space" }]);
    expect(whenFreeing[0]?.kind).toBe("applied");
  });

  test("that free space are taken on a full disk by a group of one, as nobody else could lead it", () => {
    const alone = new HostCluster({});
    alone.boot(1);
    alone.createGroup(1, [1]);
    const three = threeNodes();
    const kinds = [alone, three].map((cluster) => {
      const leader = cluster.elect();
      leader.store.setSpace("full");
      const results = [leader.propose("a"), leader.propose("b", 1, true)];
      cluster.run(50);
      return results.map(([result]) => result?.kind);
    });
    expect(kinds).toEqual([
      ["no-space", "applied"],
      ["no-space", "no-space"],
    ]);
  });

  test("of a group of one are applied before the disk has them and answered afterwards", () => {
    const cluster = new HostCluster({ appliesBeforeDurable: true });
    cluster.boot(1);
    cluster.createGroup(1, [1]);
    const leader = cluster.elect();
    leader.store.isStuck = true;
    const results = leader.propose("a");
    cluster.run(50);
    expect(leader.items()).toEqual(["a"]);
    expect(results).toEqual([]);
    leader.store.isStuck = false;
    leader.store.kick();
    cluster.run(50);
    expect(results[0]?.kind).toBe("applied");
  });
});

describe("reads", () => {
  test("show at every node what was acknowledged before", () => {
    const cluster = threeNodes();
    mustApply(cluster, "a");
    const seen: (readonly string[])[] = [];
    for (const node of all(cluster)) {
      node.group().read((result) => {
        if (result.kind === "ready") seen.push(node.items());
      });
    }
    cluster.runUntil(() => seen.length === 3);
    expect(seen).toEqual([["a"], ["a"], ["a"]]);
  });

  test("end when no leader answers", () => {
    const cluster = threeNodes();
    const [follower] = cluster.followers();
    if (follower === undefined) throw new Error("no follower");
    cluster.isolate(follower.nodeId);
    const results: Refusal["kind"][] = [];
    follower.group().read((result) => {
      if (result.kind !== "ready") results.push(result.kind);
    });
    cluster.run(10_000);
    expect(results).toEqual(["unknown"]);
  });
});

describe("restarts", () => {
  test("of all nodes lose nothing that was acknowledged", () => {
    const cluster = threeNodes();
    for (let count = 0; count < 20; count++) mustApply(cluster, `item ${count}`);
    for (const nodeId of THREE) cluster.kill(nodeId);
    cluster.boot(...THREE);
    mustApply(cluster, "after");
    cluster.runUntil(() => all(cluster).every((node) => node.items().length === 21));
  });

  test("continue from a snapshot and what follows it", () => {
    const cluster = threeNodes({ limits: { snapshotReclaimBytes: 50, snapshotMinIntervalMs: 10 } });
    for (let count = 0; count < 20; count++) mustApply(cluster, `item ${count}`);
    cluster.run(1000);
    const snapshotIndex = cluster.elect().status().snapshotIndex;
    expect(snapshotIndex).toBeGreaterThan(10);
    for (const nodeId of THREE) cluster.kill(nodeId);
    cluster.boot(...THREE);
    mustApply(cluster, "after");
    cluster.runUntil(() => all(cluster).every((node) => node.items().length === 21));
  });
});

describe("a machine that throws", () => {
  test("stops its group on this node, which says so at once, and no other group", () => {
    const cluster = threeNodes();
    cluster.createGroup(2, THREE);
    cluster.elect(2);
    const leader = cluster.elect();
    const results = leader.propose("throw");
    cluster.run(500);
    // The entry is in the log of all three: all of them stop.
    for (const node of all(cluster)) {
      expect(node.status().stoppedBecause).toBe("Error: the machine broke");
      expect(node.events).toContainEqual({
        groupId: 1,
        event: expect.objectContaining({ kind: "stopped", dump: expect.anything() }),
      });
    }
    expect(results).toEqual([{ kind: "unknown" }]);
    const other = cluster.elect(2).propose("fine", 2);
    cluster.run(500);
    expect(other[0]?.kind).toBe("applied");
  });
});

describe("a failed disk", () => {
  test("ends all sending, and is reported once", () => {
    const cluster = threeNodes();
    const leader = cluster.elect();
    const results = leader.propose("a");
    leader.store.fail();
    const { messagesSent } = leader.host.metrics;
    cluster.run(20_000);
    expect(leader.fatal).toHaveLength(1);
    expect(leader.host.metrics.messagesSent).toBe(messagesSent);
    expect(results).toEqual([{ kind: "unknown" }]);
    cluster.nodes.delete(leader.nodeId);
    mustApply(cluster, "b");
  });
});

describe("a full disk", () => {
  test("moves the leaderships away and takes no more entries", () => {
    const cluster = threeNodes();
    const leader = cluster.elect();
    leader.store.setSpace("full");
    cluster.runUntil(() => cluster.leader() !== leader && cluster.leader() !== undefined);
    mustApply(cluster, "a");
    cluster.run(1000);
    expect(leader.items()).toEqual([]);
    leader.store.setSpace("ok");
    cluster.runUntil(() => leader.items().length === 1);
  });
});

describe("a graceful stop", () => {
  test("moves leaderships first, so that the others need no election timeout", () => {
    const cluster = new HostCluster();
    cluster.boot(...THREE);
    for (let groupId = 1; groupId <= 40; groupId++) cluster.createGroup(groupId, THREE);
    for (let groupId = 1; groupId <= 40; groupId++) cluster.elect(groupId);
    const node = cluster.node(1);
    const groupsLed = node.host.metrics.groupsLed;
    expect(groupsLed).toBeGreaterThan(3);
    let isStopped = false;
    node.host.stop(() => {
      isStopped = true;
    });
    cluster.runUntil(() => isStopped, 3000);
    cluster.kill(1);
    for (let groupId = 1; groupId <= 40; groupId++) expect(cluster.leader(groupId)).toBeDefined();
  });

  test("stores what was proposed before it, also if the tick that ends it comes first", () => {
    let isDue = false;
    let isStopped = false;
    const observer: HostObserver = {
      onReady: () => undefined,
      onAppend: () => undefined,
      onSend: () => undefined,
      onApply: () => undefined,
      onRestore: () => undefined,
      onEvent: () => undefined,
      onCoreCall: (_core, name) => {
        if (name !== "tick" || !isDue) return;
        isDue = false;
        // In the tick itself: the turn that the proposal asks for can only come after it.
        cluster.node(1).propose("last");
        cluster.node(1).host.stop(() => {
          isStopped = true;
        });
      },
    };
    const cluster = new HostCluster({ appliesBeforeDurable: true, observer });
    cluster.boot(1);
    cluster.createGroup(1, [1]);
    cluster.elect(1);
    isDue = true;
    cluster.runUntil(() => isStopped, 3000);
    cluster.kill(1);
    cluster.boot(1);
    cluster.elect(1);
    cluster.run(100);
    expect(cluster.node(1).items()).toEqual(["last"]);
  });

  test("saves the groups that have much to replay", () => {
    const cluster = new HostCluster({ limits: { checkpointEntries: 10 } });
    cluster.boot(1);
    cluster.createGroup(1, [1]);
    cluster.createGroup(2, [1]);
    for (const groupId of [1, 2]) cluster.elect(groupId);
    const node = cluster.node(1);
    for (let count = 0; count < 20; count++) node.propose("x");
    cluster.run(100);
    let isStopped = false;
    node.host.stop(() => {
      isStopped = true;
    });
    cluster.runUntil(() => isStopped, 3000);
    cluster.kill(1);
    cluster.boot(1);
    cluster.elect();
    expect(cluster.node(1).status(1).snapshotIndex).toBe(22);
    expect(cluster.node(1).status(2).snapshotIndex).toBe(1);
  });
});

describe("fences", () => {
  test("a message for a group that is not here is reported", () => {
    const cluster = threeNodes();
    cluster.run(1000);
    cluster.node(3).host.groups.delete(1, () => {});
    mustApply(cluster, "a");
    cluster.run(1000);
    expect(cluster.node(3).unknownGroups.map(({ groupId }) => groupId)).toContain(1);
  });

  test("a removed replica that comes back is told so and stops", () => {
    const cluster = threeNodes();
    const leader = cluster.elect();
    const removed = cluster.followers()[0];
    if (removed === undefined) throw new Error("no follower");
    cluster.kill(removed.nodeId);
    const results: string[] = [];
    leader.group().changeMembers(
      {
        transition: "auto",
        steps: [{ kind: "remove", replica: replicaIdOf(removed.nodeId, 1) }],
        context: new Uint8Array(0),
      },
      ({ kind }) => results.push(kind),
    );
    cluster.runUntil(() => results.length > 0);
    expect(results).toEqual(["applied"]);
    cluster.boot(removed.nodeId);
    const back = cluster.node(removed.nodeId);
    cluster.runUntil(() => back.status().stoppedBecause === "removed");
    cluster.runUntil(() => kinds(back).includes("removed"));
    mustApply(cluster, "a");
  });

  test("a replica of a closed epoch is told so and stops", () => {
    const cluster = threeNodes({ limits: { digestMs: 500 } });
    cluster.run(1000);
    const survivor = cluster.node(1);
    const old = cluster.restart(2);
    cluster.kill(3);
    let isForced = false;
    survivor.host.groups.forceConf(1, { conf: confOf([1]), epoch: 2 }, () => {
      isForced = true;
    });
    cluster.runUntil(() => isForced && survivor.status().role === "leader");
    expect(survivor.status().epoch).toBe(2);
    cluster.runUntil(() => old.status().stoppedBecause === "obsolete");
    cluster.runUntil(() => kinds(old).includes("obsolete"));
    expect(old.events).toContainEqual({ groupId: 1, event: { kind: "obsolete", epoch: 2 } });
  });
});

function kinds(node: HostNode): GroupEvent["kind"][] {
  return node.events.map(({ event }) => event.kind);
}

describe("links to peers", () => {
  test("end when no group has a member there any more", () => {
    const cluster = threeNodes();
    const node = cluster.node(1);
    expect([...node.host.transport.peers].sort()).toEqual([2, 3]);
    for (const nodeId of THREE) cluster.node(nodeId).host.groups.delete(1, () => {});
    cluster.run(10_000);
    expect(node.host.transport.peers).toEqual([]);
    cluster.createGroup(2, [1, 2]);
    cluster.elect(2);
    expect(node.host.transport.peers).toEqual([2]);
  });
});
