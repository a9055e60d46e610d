import { describe, expect, test } from "vitest";
import { confOf, HostCluster } from "./host-cluster.ts";

describe("a node", () => {
  test("never uses the number of a read again, in no replica's and in no other life", () => {
    const cluster = new HostCluster();
    const asked = new Set<number>();
    cluster.boot(1);
    for (let life = 0; life < 3; life++) {
      const { host } = cluster.restart(1);
      for (let count = 0; count < 3; count++) asked.add(host.nextReadContext());
    }
    expect(asked.size).toBe(9);
    for (const context of asked) expect(Number.isSafeInteger(context)).toBe(true);
  });

  test("that is told twice to stop answers both", () => {
    const cluster = new HostCluster();
    cluster.boot(1);
    cluster.createGroup(1, [1]);
    const { host } = cluster.node(1);
    const done: string[] = [];
    host.stop(() => done.push("a"));
    host.stop(() => done.push("b"));
    cluster.run(20_000);
    host.stop(() => done.push("c"));
    cluster.run(1000);
    expect(done.sort()).toEqual(["a", "b", "c"]);
  });

  test("whose storage failed has nothing left to stop", () => {
    const cluster = new HostCluster();
    cluster.boot(1);
    const { host } = cluster.node(1);
    const done: string[] = [];
    host.stop(() => done.push("before"));
    host.die();
    host.stop(() => done.push("after"));
    cluster.run(20_000);
    expect(done.sort()).toEqual(["after", "before"]);
  });

  test("that is asked twice for a replica answers when it is durable", () => {
    const cluster = new HostCluster();
    cluster.boot(1);
    const done: boolean[] = [];
    const isRunning = (): boolean => cluster.node(1).host.findGroup(1)?.runner !== undefined;
    cluster.createReplica(1, 1, confOf([1]), () => done.push(isRunning()));
    cluster.createReplica(1, 1, confOf([1]), () => done.push(isRunning()));
    cluster.run(1000);
    cluster.createReplica(1, 1, confOf([1]), () => done.push(isRunning()));
    cluster.run(1000);
    expect(done).toEqual([true, true, true]);
  });
});

describe("a peer that no group here needs any more", () => {
  test("is forgotten: nothing is compared with it", () => {
    const cluster = new HostCluster({ limits: { digestMs: 1000 } });
    cluster.boot(1, 2);
    cluster.createGroup(1, [1, 2]);
    cluster.elect();
    const { host } = cluster.node(1);
    for (const node of [2, 1]) cluster.node(node).host.groups.delete(1, () => {});
    cluster.run(15_000);
    let notes = 0;
    const sendNote = host.transport.sendNote.bind(host.transport);
    host.transport.sendNote = (...note): boolean => {
      notes++;
      return sendNote(...note);
    };
    cluster.run(10_000);
    expect([host.transport.peers, notes]).toEqual([[], 0]);
  });
});

describe("the operator's repairs of a group", () => {
  test("come one after the other, and never while the replica runs", () => {
    const { cluster, running } = watchedNode();
    const { host } = cluster.node(1);
    const done: string[] = [];
    host.groups.acceptLoss(1, () => done.push("loss"));
    host.groups.forceConf(1, { conf: confOf([1]), epoch: 2 }, () => done.push("conf"));
    cluster.run(2000);
    expect([done, running]).toEqual([
      ["loss", "conf"],
      [false, false],
    ]);
    expect(cluster.node(1).status()).toMatchObject({ epoch: 2, role: "leader" });
  });

  test("of one that is deleted meanwhile are over", () => {
    const { cluster } = watchedNode();
    const { host } = cluster.node(1);
    const done: string[] = [];
    cluster.node(1).propose("a");
    host.groups.acceptLoss(1, () => done.push("loss"));
    host.groups.acceptLoss(1, () => done.push("again"));
    host.groups.delete(1, () => done.push("deleted"));
    cluster.run(2000);
    expect(done.sort()).toEqual(["again", "deleted", "loss"]);
  });

  /** A group of one, and whether it ran when the store was told to repair it, and when that was done. */
  function watchedNode(): { cluster: HostCluster; running: boolean[] } {
    const cluster = new HostCluster();
    cluster.boot(1);
    cluster.createGroup(1, [1]);
    cluster.elect();
    const running: boolean[] = [];
    const { store, host } = cluster.node(1);
    const isRunning = (): boolean => host.findGroup(1)?.runner !== undefined;
    const forceConf = store.forceConf.bind(store);
    store.forceConf = (groupId, conf, epoch, done): void => {
      running.push(isRunning());
      forceConf(groupId, conf, epoch, () => {
        running.push(isRunning());
        done();
      });
    };
    return { cluster, running };
  }
});
