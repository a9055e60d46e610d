import { connect } from "amqplib";
import { describe, expect, test } from "vitest";
import { OperatedCluster } from "../cluster/operations/operated-cluster.ts";
import { eventually, leaderOf } from "./cluster-steps.ts";

const MIRRORED = { "ha-mode": "all", "ha-sync-mode": "automatic" };

describe("maintenance mode", { timeout: 60_000 }, () => {
  test("a drained node has no clients and leads nothing; reviving brings clients back", async () => {
    await using operated = await OperatedCluster.start(3);
    await operated.setPolicy("all", "^m", MIRRORED);
    await operated.declare(0, "mirrored");
    await operated.declareQuorum(0, "quorum");
    for (const name of ["mirrored", "quorum"]) {
      await operated.waitForReplicas(name, [0, 1, 2], { leader: 0 });
    }
    const { url } = operated.node(0);
    const connection = await operated.connect(0);
    const closed = new Promise<string>((resolve) => {
      connection.once("close", ({ message }: Error) => resolve(message));
    });

    await operated.ask(0, "drain");
    expect(await closed).toContain("CONNECTION_FORCED - Node was put into maintenance mode");
    await expect(connect(url)).rejects.toThrow("ECONNREFUSED");
    const { shell } = operated.node(0);
    expect(shell.broker?.broker.connectionCount).toBe(0);
    const led = shell.stores?.storage.node.groups().filter(({ isReady }) => isReady);
    expect(led).toEqual([]);
    const nodes = [0, 1, 2].map((index) => operated.node(index));
    expect(leaderOf(nodes)).not.toBe(operated.node(0));
    // It votes and stores as before: the queues have three replicas in step.
    for (const name of ["mirrored", "quorum"]) {
      await operated.waitForReplicas(name, [0, 1, 2], { from: 1 });
    }
    for (const index of [0, 1, 2]) {
      const { maintenance } = await operated.node(index).status();
      expect(maintenance).toEqual({
        [operated.name(0)]: true,
        [operated.name(1)]: false,
        [operated.name(2)]: false,
      });
    }
    expect(await operated.ask(0, "status")).toMatchObject({ is_under_maintenance: true });

    await operated.ask(0, "revive");
    expect(operated.node(0).url).toBe(url);
    await (await operated.connect(0)).close();
    const { maintenance } = await operated.node(1).status();
    expect(Object.values(maintenance)).toEqual([false, false, false]);
  });

  test("what a drained node comes to lead is handed over again", async () => {
    await using operated = await OperatedCluster.start(3);
    await operated.setPolicy("all", "^m", MIRRORED);
    await operated.declare(1, "mirrored");
    await operated.waitForReplicas("mirrored", [0, 1, 2], { leader: 1 });
    await operated.ask(0, "drain");
    await operated.ask(1, "transfer_leadership", {
      vhost: "/",
      name: "mirrored",
      node: operated.name(0),
    });
    await eventually(async () => {
      const { leader } = await operated.info("mirrored", 1);
      expect([operated.name(1), operated.name(2)]).toContain(leader);
    });
  });

  test("a drained node with whom nobody else is left leads, and serves its cluster by that", async () => {
    await using operated = await OperatedCluster.start(2);
    await operated.setPolicy("all", "^m", MIRRORED);
    await operated.declare(0, "mirrored");
    await operated.waitForReplicas("mirrored", [0, 1], { leader: 0 });
    await operated.ask(1, "drain");
    await operated.node(0).stop();
    await eventually(async () => {
      expect((await operated.info("mirrored", 1)).leader).toBe(operated.name(1));
    });
  });

  test("two drained nodes do not hand to each other; the third gets all", async () => {
    await using operated = await OperatedCluster.start(3);
    await operated.setPolicy("all", "^m", MIRRORED);
    for (const name of ["m1", "m2", "m3"]) await operated.declare(0, name);
    for (const name of ["m1", "m2", "m3"]) await operated.waitForReplicas(name, [0, 1, 2]);
    await operated.ask(1, "drain");
    await operated.ask(0, "drain");
    for (const name of ["m1", "m2", "m3"]) {
      expect((await operated.info(name, 2)).leader).toBe(operated.name(2));
    }
  });

  test("rebalancing leaves a drained node out", async () => {
    await using operated = await OperatedCluster.start(3);
    await operated.setPolicy("all", "^m", MIRRORED);
    const names = ["m1", "m2", "m3", "m4"];
    for (const name of names) await operated.declare(0, name);
    for (const name of names) await operated.waitForReplicas(name, [0, 1, 2]);
    await operated.ask(2, "drain");
    const selection = { vhostPattern: ".*", queuePattern: ".*" };
    const rows = await operated.ask(0, "rebalance", { kind: "all", ...selection });
    expect(rows).toEqual([
      [operated.name(0), 0, 2],
      [operated.name(1), 0, 2],
      [operated.name(2), 0, 0],
    ]);
  });

  test("an app that was drained and is started again is under maintenance no more", async () => {
    await using operated = await OperatedCluster.start(1);
    await operated.ask(0, "drain");
    const { shell } = operated.node(0);
    expect(shell.isUnderMaintenance).toBe(true);
    await shell.stopApp();
    await expect(operated.ask(0, "revive")).rejects.toMatchObject({ problem: "app_not_running" });
    await shell.startApp();
    expect(shell.isUnderMaintenance).toBe(false);
    await (await operated.connect(0)).close();
  });

  test("suspended listeners keep new clients out, and those that are connected stay", async () => {
    await using operated = await OperatedCluster.start(1);
    const { url } = operated.node(0);
    const channel = await operated.channel(0);
    await operated.ask(0, "suspend_listeners");
    await expect(connect(url)).rejects.toThrow("ECONNREFUSED");
    await channel.assertQueue("still-there");
    expect((await operated.node(0).status()).listeners.map(({ protocol }) => protocol)).toEqual([
      "clustering",
    ]);
    await operated.ask(0, "resume_listeners");
    await operated.ask(0, "resume_listeners");
    await (await connect(url)).close();
    await channel.checkQueue("still-there");
  });

  test("waiting for a quorum plus one ends when a third replica is there, or in time", async () => {
    await using operated = await OperatedCluster.start(3);
    await operated.declareQuorum(0, "quorum");
    await operated.waitForReplicas("quorum", [0, 1, 2]);
    const ask = (timeoutMs: number): Promise<unknown> =>
      operated.ask(0, "await_online_quorum_plus_one", { timeoutMs });
    expect(await ask(0)).toBe(true);
    await operated.node(2).kill();
    await eventually(async () => expect(await ask(0)).toBe(false));
    const waiting = ask(60_000);
    await operated.node(2).start();
    expect(await waiting).toBe(true);
  });
});
