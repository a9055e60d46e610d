import { describe, expect, test } from "vitest";
import { readClusterFile } from "../../src/cluster/members/cluster-file.ts";
import type { ClusterNode } from "../../src/embed/cluster-node.ts";
import { startCluster } from "../../src/embed/start-cluster.ts";
import { ClusterError } from "../../src/shell/cluster-error.ts";
import {
  declareExchange,
  eventually,
  hasExchange,
  membersOf,
  waitForVoters,
} from "./cluster-steps.ts";

const DONE = { ok: true, changed: true };

describe("stopping and starting a whole cluster", { timeout: 60_000 }, () => {
  test("a cluster that is stopped node by node serves down to the last one, which can start alone", async () => {
    await using cluster = await startCluster(3);
    const [one, two, three] = [cluster.node(0), cluster.node(1), cluster.node(2)];
    await waitForVoters(cluster.nodes);
    await one.stop();
    expect(await declareExchange(two, "without-one")).toEqual(DONE);
    await two.stop();
    expect(await declareExchange(three, "without-two")).toEqual(DONE);
    await three.stop();
    expect([one, two, three].map(seenRunning)).toEqual([[1, 2, 3], [2, 3], [3]]);

    await one.open();
    const waiting = one.startApp();
    await eventually(() => expect(one.shell.state).toBe("waiting"));
    expect(one.shell.awaitedNodes).toEqual([two.name, three.name]);
    expect(await one.status()).toMatchObject({ diskNodes: cluster.nodes.map(({ name }) => name) });

    await three.start();
    expect(hasExchange(three, "without-two")).toBe(true);
    await waiting;
    expect(hasExchange(one, "without-two")).toBe(true);
    await two.start();
    await waitForVoters(cluster.nodes);
  });

  test("after a crash of all nodes any majority is enough", async () => {
    await using cluster = await startCluster(3);
    const [one, two, three] = [cluster.node(0), cluster.node(1), cluster.node(2)];
    await waitForVoters(cluster.nodes);
    expect(await declareExchange(one, "before")).toEqual(DONE);
    await Promise.all([one.kill(), two.kill(), three.kill()]);
    await Promise.all([two.start(), three.start()]);
    expect(hasExchange(two, "before")).toBe(true);
    expect(await declareExchange(three, "after")).toEqual(DONE);
  });

  test("a start that waits for others can be ended by stop_app", async () => {
    await using cluster = await startCluster(2);
    const [one, two] = [cluster.node(0), cluster.node(1)];
    await waitForVoters(cluster.nodes);
    await Promise.all([one.kill(), two.kill()]);
    await one.open();
    const failed = one.startApp().catch((error: unknown) => error);
    await eventually(() => expect(one.shell.state).toBe("waiting"));
    await one.shell.stopApp();
    expect(await failed).toMatchObject({ name: "StartAborted" });
    expect(one.shell.state).toBe("stopped");
    await Promise.all([one.startApp(), two.start()]);
    expect(membersOf(one)).toEqual([one.name, two.name]);
  });

  test("force_boot ends the wait of a start", async () => {
    await using cluster = await startCluster(2);
    const [one, two] = [cluster.node(0), cluster.node(1)];
    await waitForVoters(cluster.nodes);
    await Promise.all([one.kill(), two.kill()]);
    await one.open();
    const started = one.shell.firstStart();
    await eventually(() => expect(one.shell.state).toBe("waiting"));
    await one.shell.forceBoot();
    await started;
    expect(await declareExchange(one, "alone")).toEqual(DONE);
  });

  test("a start ends with an error when it may not wait for ever", async () => {
    await using cluster = await startCluster(2, {
      configure: (config) => ({
        ...config,
        cluster: {
          ...config.cluster,
          bootRetryLimit: 2,
          bootRetryTimeoutMs: 500,
          onBootTimeout: "exit",
        },
      }),
    });
    await waitForVoters(cluster.nodes);
    const [one, two] = [cluster.node(0), cluster.node(1)];
    await Promise.all([one.kill(), two.kill()]);
    await one.open();
    await expect(one.startApp()).rejects.toMatchObject({ name: "ClusterError", code: "timeout" });
  });

  test("force_boot starts a node alone; those that were left behind are fenced", async () => {
    await using cluster = await startCluster(3);
    const [one, two, three] = [cluster.node(0), cluster.node(1), cluster.node(2)];
    await waitForVoters(cluster.nodes);
    expect(await declareExchange(one, "before")).toEqual(DONE);
    await one.stop();
    expect(await declareExchange(two, "later")).toEqual(DONE);
    await Promise.all([two.kill(), three.kill()]);

    await one.open();
    const { warnings } = await one.shell.forceBoot();
    expect(warnings).toHaveLength(2);
    await one.startApp();
    expect([hasExchange(one, "before"), hasExchange(one, "later")]).toEqual([true, false]);
    expect(await declareExchange(one, "alone")).toEqual(DONE);
    await restart(one);

    await two.open();
    expect(await two.startApp().catch((error: unknown) => error)).toBeInstanceOf(ClusterError);
    await two.shell.reset(false);
    await two.join(one);
    await two.startApp();
    expect(hasExchange(two, "alone")).toBe(true);
  });

  test("forget_cluster_node --offline gives up a member that is lost", async () => {
    await using cluster = await startCluster(2);
    const [one, two] = [cluster.node(0), cluster.node(1)];
    await waitForVoters(cluster.nodes);
    expect(await declareExchange(one, "before")).toEqual(DONE);
    await Promise.all([one.kill(), two.kill()]);
    await one.open();
    await expect(
      one.shell.forgetClusterNode("rabbit9@localhost", { offline: true }),
    ).rejects.toMatchObject({ problem: "not_a_cluster_node" });
    await one.shell.forgetClusterNode(two.name, { offline: true });
    await one.startApp();
    expect(membersOf(one)).toEqual([one.name]);
    expect(hasExchange(one, "before")).toBe(true);
    await two.open();
    expect(await two.startApp().catch((error: unknown) => error)).toBeInstanceOf(ClusterError);
  });
});

/** Whom it saw running when it stopped. */
function seenRunning({ dataDir }: ClusterNode): readonly number[] | undefined {
  return readClusterFile(dataDir)?.running;
}

async function restart(node: ClusterNode): Promise<void> {
  await node.kill();
  await node.start();
}
