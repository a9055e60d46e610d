import { describe, expect, test } from "vitest";
import { replicaIdOf } from "../../src/core/ids.ts";
import { MessageType } from "../../src/core/message.ts";
import { message } from "../core/make.ts";
import { confOf, HostCluster, type HostNode } from "./host-cluster.ts";

const THREE = [1, 2, 3];
const SMALL = {
  snapshotReclaimBytes: 60,
  snapshotMinIntervalMs: 10,
  lagKeepBytes: 100,
  snapshotChunkBytes: 64,
  snapshotInflightBytes: 400,
};

function withLaggingFollower(limits = {}): { cluster: HostCluster; lagging: number } {
  const cluster = new HostCluster({ limits: { ...SMALL, ...limits } });
  cluster.boot(...THREE);
  cluster.createGroup(1, THREE);
  cluster.elect();
  const lagging = cluster.followers()[0]?.nodeId ?? 0;
  cluster.kill(lagging);
  cluster.elect();
  for (let count = 0; count < 100; count++) {
    const text = count % 7 === 0 ? `keep ${count}` : `item ${count}`;
    const results = cluster.elect().propose(text);
    cluster.runUntil(() => results.length > 0);
  }
  cluster.run(500);
  expect(cluster.elect().status().snapshotIndex).toBeGreaterThan(50);
  return { cluster, lagging };
}

describe("a snapshot", () => {
  test("brings a follower up to date that is too far behind for the log", () => {
    const { cluster, lagging } = withLaggingFollower();
    cluster.boot(lagging);
    const node = cluster.node(lagging);
    cluster.runUntil(() => node.items().length === 100, 20_000);
    expect(node.items()).toEqual(cluster.elect().items());
    expect(node.host.metrics.snapshotsReceived).toBe(1);
    expect(cluster.elect().host.metrics.snapshotsSent).toBe(1);
    expect(cluster.elect().host.metrics.snapshotsSending).toBe(0);
    const live = node.machines.get(1)?.live ?? [];
    expect(live.length).toBeGreaterThan(5);
    for (const index of live) {
      expect(node.store.log(1).cached(index, index, 1)).toBeDefined();
    }
  });

  test("goes on after connections are lost in the middle", () => {
    const { cluster, lagging } = withLaggingFollower({ snapshotStallMs: 300 });
    cluster.boot(lagging);
    const node = cluster.node(lagging);
    for (let cut = 0; cut < 3; cut++) {
      cluster.runUntil(() => node.host.metrics.snapshotsReceiving === 1);
      cluster.run(4);
      const leader = cluster.elect();
      cluster.net.resetBetween(leader.nodeId, lagging);
    }
    cluster.runUntil(() => node.items().length === 100, 30_000);
    expect(node.items()).toEqual(cluster.elect().items());
  });

  test("is sent again by the next leader when the first one dies", () => {
    const { cluster, lagging } = withLaggingFollower();
    cluster.boot(lagging);
    const node = cluster.node(lagging);
    cluster.runUntil(() => node.host.metrics.snapshotsReceiving === 1);
    cluster.kill(cluster.elect().nodeId);
    cluster.runUntil(() => node.items().length === 100, 30_000);
  });

  test("is refused politely while too many are on their way, and comes later", () => {
    const cluster = new HostCluster({ limits: { ...SMALL, snapshotsPerReceiver: 1 } });
    cluster.boot(...THREE);
    const groupIds = [1, 2, 3, 4, 5, 6];
    for (const groupId of groupIds) cluster.createGroup(groupId, THREE);
    for (const groupId of groupIds) cluster.elect(groupId);
    cluster.kill(3);
    for (const groupId of groupIds) {
      for (let count = 0; count < 60; count++) {
        const results = cluster.elect(groupId).propose(`item ${count}`, groupId);
        cluster.runUntil(() => results.length > 0);
      }
    }
    cluster.run(500);
    cluster.boot(3);
    const node = cluster.node(3);
    cluster.runUntil(() => groupIds.every((groupId) => node.items(groupId).length === 60), 60_000);
  });
});

describe("a joining replica", () => {
  test("gets a snapshot, becomes a voter and can lead", () => {
    const cluster = new HostCluster({ limits: SMALL });
    cluster.boot(1, 2);
    cluster.createGroup(1, [1]);
    const leader = cluster.elect();
    const results = leader.propose("a");
    cluster.runUntil(() => results.length > 0);
    cluster.createReplica(1, 2, confOf([]));
    cluster.run(100);
    const changes: string[] = [];
    leader.group().changeMembers(
      {
        transition: "auto",
        steps: [{ kind: "add-voter", replica: replicaIdOf(2, 1) }],
        context: new Uint8Array(0),
      },
      ({ kind }) => changes.push(kind),
    );
    cluster.runUntil(() => changes.length > 0 && cluster.node(2).items().length === 1);
    expect(changes).toEqual(["applied"]);
    leader.group().transferLeader(replicaIdOf(2, 1));
    cluster.runUntil(() => cluster.leader() === cluster.node(2));
  });
});

describe("taking a snapshot", () => {
  test("waits in a group of one until the disk has what was applied", () => {
    const cluster = new HostCluster({ appliesBeforeDurable: true });
    cluster.boot(1);
    cluster.createGroup(1, [1]);
    const node: HostNode = cluster.elect();
    node.store.isStuck = true;
    node.propose("a");
    cluster.run(20);
    const saved: string[] = [];
    node.group().takeSnapshot((result) => saved.push(result));
    node.propose("b");
    cluster.run(20);
    // The state must not run further ahead while it is to be saved.
    expect(node.items()).toEqual(["a"]);
    node.store.isStuck = false;
    node.store.kick();
    cluster.run(50);
    expect(saved).toEqual(["saved"]);
    expect(node.items()).toEqual(["a", "b"]);
    expect(node.status().snapshotIndex).toBe(3);
  });
});

describe("the offer of a snapshot", () => {
  const meta = { index: 9, term: 2, conf: confOf([1, 2]) };
  const id = {
    transferId: 1,
    groupId: 1,
    epoch: 1,
    from: replicaIdOf(2, 1),
    to: replicaIdOf(1, 1),
    term: 2,
    snapshotIndex: 9,
    snapshotTerm: 2,
  };

  function waitingReplica(): HostNode {
    const cluster = new HostCluster();
    cluster.boot(1);
    cluster.createReplica(1, 1, { ...confOf([]) });
    cluster.run(100);
    return cluster.node(1);
  }

  test("is taken from the node of the leader that it names, and from no other", () => {
    const { host } = waitingReplica();
    host.inbox.onOffer(3, { id, meta, live: [] });
    expect(host.metrics.snapshotsReceiving).toBe(0);
    host.inbox.onOffer(2, { id, meta, live: [] });
    expect(host.metrics.snapshotsReceiving).toBe(1);
  });

  test("that was taken is ended by its sender only", () => {
    const { host } = waitingReplica();
    host.inbox.onOffer(2, { id, meta, live: [] });
    host.inbox.onAbort(3, id);
    expect(host.metrics.snapshotsReceiving).toBe(1);
    host.inbox.onAbort(2, id);
    expect(host.metrics.snapshotsReceiving).toBe(0);
  });

  test("has to wait while another snapshot is accepted and not durable yet", () => {
    const { host } = waitingReplica();
    const snapshot = { ...meta, index: 5 };
    const fields = { groupId: 1, from: id.from, to: id.to, term: 2, snapshot };
    const install = message({ type: MessageType.InstallSnapshot, ...fields });
    expect(host.findGroup(1)?.runner?.call("step", (core) => core.step(install))).toBe("");
    host.inbox.onOffer(2, { id, meta, live: [] });
    expect(host.metrics.snapshotsReceiving).toBe(0);
  });
});
