import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startCluster } from "../../src/embed/start-cluster.ts";
import { ClusterError } from "../../src/shell/cluster-error.ts";
import {
  declareExchange,
  eventually,
  hasExchange,
  membersOf,
  waitForVoters,
} from "./cluster-steps.ts";

describe("membership", { timeout: 60_000 }, () => {
  test("joining needs a stopped app, and a target that answers", async () => {
    await using cluster = await startCluster(2, { start: "alone" });
    const [one, two] = [cluster.node(0), cluster.node(1)];
    await expect(two.join(one)).rejects.toMatchObject({ problem: "app_running" });
    await declareExchange(two, "mine");
    await two.shell.stopApp();
    await expect(two.shell.joinCluster(two.name)).rejects.toMatchObject({ problem: "itself" });
    const nobody = two.shell.joinCluster("rabbit@localhost:1");
    await expect(nobody).rejects.toMatchObject({ problem: "unreachable" });
    await one.shell.stopApp();
    await expect(two.join(one)).rejects.toMatchObject({ problem: "app_not_running" });

    await two.startApp();
    expect(hasExchange(two, "mine")).toBe(true);
  });

  test("joining takes over the other cluster's metadata, and a second time does nothing", async () => {
    await using cluster = await startCluster(2, { start: "alone" });
    const [one, two] = [cluster.node(0), cluster.node(1)];
    await declareExchange(one, "theirs");
    await declareExchange(two, "mine");
    await two.shell.stopApp();
    expect(await two.shell.joinCluster(one.target)).toBe("joined");
    expect(await two.shell.joinCluster(one.target)).toBe("already_member");
    await two.startApp();
    expect([hasExchange(two, "theirs"), hasExchange(two, "mine")]).toEqual([true, false]);
    expect(await two.shell.joinCluster(one.target).catch(({ problem }) => problem)).toBe(
      "app_running",
    );
    expect(membersOf(one)).toEqual([one.name, two.name]);
    const status = await one.status();
    expect(status.diskNodes).toEqual([one.name, two.name]);
    await eventually(async () => {
      const { runningNodes, versions, listeners, partitions } = await one.status();
      expect(partitions).toEqual({});
      expect(runningNodes).toEqual([one.name, two.name]);
      expect(Object.keys(versions)).toEqual([one.name, two.name]);
      expect(listeners.map(({ node, port }) => `${node} ${port}`)).toContain(
        `${two.name} ${two.port}`,
      );
    });
  });

  test("a reset node has left its cluster and starts as a new one", async () => {
    await using cluster = await startCluster(3);
    const [one, , three] = [cluster.node(0), cluster.node(1), cluster.node(2)];
    await declareExchange(one, "ours");
    await expect(three.shell.reset(false)).rejects.toMatchObject({ problem: "app_running" });
    await three.shell.stopApp();
    await three.shell.reset(false);
    await eventually(() => expect(membersOf(one)).not.toContain(three.name));
    expect(existsSync(join(three.shell.dataDir ?? "", "cluster.json"))).toBe(false);
    await three.startApp();
    expect(hasExchange(three, "ours")).toBe(false);
    expect(membersOf(three)).toEqual([three.name]);
    await three.shell.stopApp();
    expect(await three.shell.joinCluster(one.target)).toBe("joined");
    await three.startApp();
    expect(hasExchange(three, "ours")).toBe(true);
  });

  test("a node that was wiped has to be forgotten before it may come back", async () => {
    await using cluster = await startCluster(3);
    const [one, two, three] = [cluster.node(0), cluster.node(1), cluster.node(2)];
    await waitForVoters(cluster.nodes);
    const running = one.shell.forgetClusterNode(three.name, { offline: false });
    await expect(running).rejects.toMatchObject({ problem: "node_running" });
    await three.shell.stopApp();
    await three.shell.reset(true);
    expect(membersOf(one)).toContain(three.name);
    await expect(three.join(one)).rejects.toMatchObject({ problem: "inconsistent_cluster" });
    await two.shell.forgetClusterNode(three.name, { offline: false });
    const again = two.shell.forgetClusterNode(three.name, { offline: false });
    await expect(again).rejects.toMatchObject({ problem: "not_a_cluster_node" });
    await three.join(one);
    await three.startApp();
    await waitForVoters(cluster.nodes);
    expect(three.shell.identity.nodeId).toBe(4);
  });

  test("a node that was forgotten cannot come back as if nothing had happened", async () => {
    await using cluster = await startCluster(3);
    const [one, , three] = [cluster.node(0), cluster.node(1), cluster.node(2)];
    await waitForVoters(cluster.nodes);
    await three.kill();
    await one.shell.forgetClusterNode(three.name, { offline: false });
    await three.open();
    const error: unknown = await three.startApp().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ClusterError);
    expect(error).toMatchObject({ code: "fenced" });
    await three.shell.reset(true);
    await three.join(one);
    await three.startApp();
    expect(membersOf(three)).toEqual(membersOf(one));
  });

  test("a node whose cluster moved away while it was stopped asks a member where the others are", async () => {
    await using cluster = await startCluster(3);
    const [one, two, three] = [cluster.node(0), cluster.node(1), cluster.node(2)];
    await waitForVoters(cluster.nodes);
    await three.shell.stopApp();
    await one.kill();
    await two.kill();
    for (const node of [one, two]) node.forgetPort();
    await one.open();
    two.addPeer(one);
    await Promise.all([one.startApp(), two.start()]);
    await declareExchange(one, "meanwhile");

    const remembered = async (): Promise<string> =>
      readFile(join(three.dataDir, "cluster.json"), "utf8");
    const isAt = `127.0.0.1:${one.shell.clusterPort}`;
    expect(await remembered()).not.toContain(isAt);
    await expect(three.shell.updateClusterNodes("rabbit@localhost:1")).rejects.toMatchObject({
      problem: "unreachable",
    });
    await three.shell.updateClusterNodes(one.target);
    expect(await remembered()).toContain(isAt);
    await three.startApp();
    expect(hasExchange(three, "meanwhile")).toBe(true);
  });

  test("a node may come back at another address", async () => {
    await using cluster = await startCluster(3);
    const [one, two, three] = [cluster.node(0), cluster.node(1), cluster.node(2)];
    await waitForVoters(cluster.nodes);
    await Promise.all([one.kill(), two.kill(), three.kill()]);
    for (const node of cluster.nodes) node.forgetPort();
    // One that stays at its place is enough to find each other, if only it is told where.
    await one.open();
    two.addPeer(one);
    three.addPeer(one);
    await Promise.all([one.startApp(), two.start(), three.start()]);
    await declareExchange(three, "together");
    await eventually(() => {
      expect(cluster.nodes.map((node) => hasExchange(node, "together"))).toEqual([
        true,
        true,
        true,
      ]);
    });
    const addresses = one.node.broker.metadata.members().map(({ address }) => address);
    expect(addresses).toEqual(cluster.nodes.map(({ shell }) => `127.0.0.1:${shell.clusterPort}`));
  });
});
