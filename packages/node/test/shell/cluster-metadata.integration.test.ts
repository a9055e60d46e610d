import { describe, expect, test, vi } from "vitest";
import type { ClusterNode } from "../../src/embed/cluster-node.ts";
import { startCluster } from "../../src/embed/start-cluster.ts";
import type { MetadataCommand, MetadataResult } from "../../src/metadata/commands.ts";

describe("the metadata of a cluster", () => {
  test("what is declared at one node is seen at all, also after the loss of the leader", async () => {
    await using cluster = await startCluster(3);
    const [one, two, three] = [cluster.node(0), cluster.node(1), cluster.node(2)];
    await waitForVoters(cluster.nodes, 3);
    expect(await declare(two, "before")).toEqual({ ok: true, changed: true });
    await vi.waitFor(() => {
      expect(cluster.nodes.map((node) => hasExchange(node, "before"))).toEqual([true, true, true]);
    });

    const leader = leaderOf(cluster.nodes);
    await leader.kill();
    const others = [one, two, three].filter((node) => node !== leader);
    for (const [at, node] of others.entries()) {
      expect(await declare(node, `after-${at}`)).toEqual({ ok: true, changed: true });
    }
    await vi.waitFor(() => {
      for (const node of others) {
        expect(others.map((_, at) => hasExchange(node, `after-${at}`))).toEqual([true, true]);
      }
    });

    await leader.start();
    expect(hasExchange(leader, "after-1")).toBe(true);
  });

  test("a minority refuses changes, and goes on when it is part of the cluster again", async () => {
    await using cluster = await startCluster(3);
    await waitForVoters(cluster.nodes, 3);
    const leader = leaderOf(cluster.nodes);
    const index = cluster.nodes.indexOf(leader);
    const majority = [0, 1, 2].filter((other) => other !== index);
    cluster.partition([index], majority);
    const other = cluster.node(majority[0] ?? 0);
    const refused = declare(leader, "in-vain");
    expect(await declare(other, "majority")).toEqual({ ok: true, changed: true });
    cluster.heal();
    await vi.waitFor(() => expect(hasExchange(leader, "majority")).toBe(true), 10_000);
    // It was sent again to the leader of the others.
    expect(await refused).toEqual({ ok: true, changed: true });
  });
});

function declare({ node }: ClusterNode, name: string): Promise<MetadataResult> {
  const command: MetadataCommand = {
    type: "declareExchange",
    exchange: {
      vhost: "/",
      name,
      type: "fanout",
      durable: true,
      autoDelete: false,
      internal: false,
      arguments: new Map(),
    },
  };
  return new Promise((resolve) => node.administration.apply(command, resolve));
}

function hasExchange({ node }: ClusterNode, name: string): boolean {
  return node.broker.metadata.exchange("/", name) !== undefined;
}

async function waitForVoters(nodes: readonly ClusterNode[], count: number): Promise<void> {
  await vi.waitFor(() => {
    for (const node of nodes) {
      expect(node.shell.stores?.storage.metadata.status().conf.voters).toHaveLength(count);
    }
  }, 10_000);
}

function leaderOf(nodes: readonly ClusterNode[]): ClusterNode {
  const leader = nodes.find(
    ({ shell }) => shell.stores?.storage.metadata.status().role === "leader",
  );
  if (leader === undefined) throw new Error("nobody leads the metadata");
  return leader;
}
