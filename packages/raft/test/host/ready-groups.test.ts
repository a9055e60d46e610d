import { describe, expect, test } from "vitest";
import type { ReadResult } from "../../src/store/log-store.ts";
import { confOf, HostCluster } from "./host-cluster.ts";
import { NodeCluster } from "./node-cluster.ts";

describe("a group", () => {
  test("is ready when it leads and its machine has the whole log, and says so once", () => {
    const cluster = new HostCluster({ limits: { maxApplyingBytes: 64 } });
    cluster.boot(1);
    cluster.createGroup(1, [1]);
    for (let count = 0; count < 20; count++) {
      const results = cluster.elect().propose(`${count}`);
      cluster.runUntil(() => results.length > 0);
    }
    const node = cluster.restart(1);
    const seen: number[] = [];
    cluster.runUntil(() => {
      if (node.group().isReady) seen.push(node.items().length);
      return seen.length > 0;
    }, 1000);
    expect(seen).toEqual([20]);
    cluster.run(1000);
    expect(node.events.filter(({ event }) => event.kind === "ready")).toHaveLength(1);
  });

  test("of three is ready at its leader only, and at the next one after a change", () => {
    const cluster = new HostCluster();
    cluster.boot(1, 2, 3);
    cluster.createGroup(1, [1, 2, 3]);
    const first = cluster.elect();
    cluster.run(500);
    expect(first.group().isReady).toBe(true);
    const [next] = cluster.followers();
    if (next === undefined) throw new Error("no follower");
    expect(next.group().isReady).toBe(false);
    first.group().transferLeader(next.status().replicaId);
    cluster.runUntil(() => next.group().isReady);
    expect(first.group().isReady).toBe(false);
  });

  test("without other members sleeps soon, and a proposal wakes it", () => {
    const limits = { hibernateAfterMs: 60_000, hibernateAloneAfterMs: 200 };
    const cluster = new HostCluster({ limits });
    cluster.boot(1, 2, 3);
    cluster.createGroup(1, [1, 2, 3]);
    cluster.createReplica(2, 1, confOf([1]));
    cluster.elect(1);
    cluster.elect(2);
    cluster.run(1000);
    expect(cluster.elect(1).status(1).isHibernating).toBe(false);
    expect(cluster.node(1).status(2).isHibernating).toBe(true);
    const results = cluster.node(1).propose("a", 2);
    cluster.runUntil(() => results.length > 0, 100);
    expect(results[0]?.kind).toBe("applied");
    cluster.runUntil(() => cluster.node(1).status(2).isHibernating, 1000);
  });

  test("does not sleep before a snapshot that is due is taken", () => {
    const limits = {
      hibernateAloneAfterMs: 50,
      snapshotReclaimBytes: 10,
      snapshotMinIntervalMs: 1000,
    };
    const cluster = new HostCluster({ limits });
    cluster.boot(1);
    cluster.createGroup(1, [1]);
    const node = cluster.elect();
    node.propose("0123456789");
    cluster.runUntil(() => node.host.metrics.snapshotsSaved === 1);
    node.propose("0123456789 0123456789 0123456789 0123456789");
    cluster.run(1500);
    expect(node.host.metrics.snapshotsSaved).toBe(2);
    cluster.runUntil(() => node.status().isHibernating);
  });
});

describe("sleeping groups", () => {
  test("set free what they can when space becomes short", () => {
    const cluster = new HostCluster({ limits: { snapshotReclaimBytes: 1000 } });
    cluster.boot(1);
    for (const groupId of [1, 2]) cluster.createGroup(groupId, [1]);
    const node = cluster.elect(1);
    cluster.elect(2);
    node.propose("x".repeat(400), 1);
    node.propose("x".repeat(100), 2);
    cluster.runUntil(() => node.status(1).isHibernating && node.status(2).isHibernating);
    expect(node.host.metrics.snapshotsSaved).toBe(0);
    node.store.setSpace("low");
    cluster.run(1000);
    expect(node.host.metrics.snapshotsSaved).toBe(1);
  });
});

describe("entries", () => {
  test("can be read by their indexes, also those below the snapshot that the state refers to", () => {
    const cluster = new NodeCluster(1);
    cluster.boot(1);
    cluster.createGroup(1, [1]);
    for (const text of ["keep 1", "2", "keep 3", "4"]) cluster.mustApply(1, text);
    const group = cluster.node(1).group(1);
    let saved = "";
    group.takeSnapshot((result) => {
      saved = result;
    });
    cluster.runUntil(() => saved !== "");
    cluster.mustApply(1, "5");
    expect(read(cluster, 3, 3)).toEqual(["keep 1"]);
    expect(read(cluster, 5, 5)).toEqual(["keep 3"]);
    expect(read(cluster, 7, 7)).toEqual(["5"]);
    cluster.node(1).raft.deleteGroup(1, () => undefined);
    expect(read(cluster, 3, 3, group)).toBe("compacted");
  });

  function read(
    cluster: NodeCluster,
    first: number,
    last: number,
    group = cluster.node(1).group(1),
  ): string | string[] {
    const results: ReadResult[] = [];
    group.readEntries(first, last, 1000, (result) => results.push(result));
    cluster.runUntil(() => results.length > 0);
    const [result] = results;
    if (result?.kind !== "entries") return result?.kind ?? "";
    return result.entries.map(({ data }) => Buffer.from(data).toString());
  }
});
