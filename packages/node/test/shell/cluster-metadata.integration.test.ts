import { describe, expect, test } from "vitest";
import { startCluster } from "../../src/embed/start-cluster.ts";
import {
  declareExchange,
  eventually,
  hasExchange,
  leaderOf,
  waitForVoters,
  without,
} from "./cluster-steps.ts";

const DONE = { ok: true, changed: true };

describe("the metadata of a cluster", { timeout: 60_000 }, () => {
  test("what is declared at one node is seen at all, also after the loss of the leader", async () => {
    await using cluster = await startCluster(3);
    const { nodes } = cluster;
    await waitForVoters(nodes);
    expect(await declareExchange(cluster.node(1), "before")).toEqual(DONE);
    await eventually(() => {
      expect(nodes.map((node) => hasExchange(node, "before"))).toEqual([true, true, true]);
    });

    const leader = leaderOf(nodes);
    await leader.kill();
    const others = without(nodes, leader);
    for (const [at, node] of others.entries()) {
      expect(await declareExchange(node, `after-${at}`)).toEqual(DONE);
    }
    await eventually(() => {
      for (const node of others) {
        expect(others.map((_, at) => hasExchange(node, `after-${at}`))).toEqual([true, true]);
      }
    });

    await leader.start();
    expect(hasExchange(leader, "after-1")).toBe(true);
  });

  test("a minority makes no changes, and what it was asked for is done when it is part of the cluster again", async () => {
    await using cluster = await startCluster(3);
    const { nodes } = cluster;
    await waitForVoters(nodes);
    const leader = leaderOf(nodes);
    const [other] = without(nodes, leader);
    if (other === undefined) throw new Error("a cluster of one");
    const index = nodes.indexOf(leader);
    cluster.partition([index], without([0, 1, 2], index));
    const asked = declareExchange(leader, "asked-in-the-minority");
    expect(await declareExchange(other, "majority")).toEqual(DONE);
    expect(hasExchange(other, "asked-in-the-minority")).toBe(false);
    cluster.heal();
    expect(await asked).toEqual(DONE);
    expect(hasExchange(leader, "majority")).toBe(true);
  });

  test("a user that is made on one node can log in on another", async () => {
    await using cluster = await startCluster(2);
    const { administration } = cluster.node(0).node;
    await new Promise((resolve) => {
      administration.putUser({ name: "eve", password: "secret", tags: [] }, resolve);
    });
    await eventually(() => {
      const { broker } = cluster.node(1).node;
      const from = {
        remoteAddress: "127.0.0.1",
        name: "",
        isTls: false,
        peerCertificate: undefined,
      };
      const login = broker.login("PLAIN", Buffer.from("\0eve\0secret"), from);
      expect(login).toMatchObject({ identity: { name: "eve" } });
    });
  });
});
