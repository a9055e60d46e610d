import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { startCluster } from "../../src/embed/start-cluster.ts";
import { membersOf } from "./cluster-steps.ts";

describe("formation by configuration", { timeout: 60_000 }, () => {
  test.each([1, 2, 3])("three new nodes that start at once are one cluster (%i)", async () => {
    await using cluster = await startCluster(3, {
      start: "none",
      configure: withPeers(await freePorts(3)),
    });
    await Promise.all(cluster.nodes.map((node) => node.start()));
    for (const node of cluster.nodes) expect(membersOf(node)).toHaveLength(3);
    const ids = new Set(cluster.nodes.map(({ shell }) => shell.identity.clusterId));
    expect(ids.size).toBe(1);
    const first = cluster.nodes.find(({ shell }) => shell.identity.nodeId === 1);
    expect(first?.name).toBe("rabbit1@localhost");
  });

  test("a node whose peers do not answer forms a cluster of its own in the end, which they join", async () => {
    await using cluster = await startCluster(2, {
      start: "none",
      configure: withPeers(await freePorts(2)),
    });
    const [one, two] = [cluster.node(0), cluster.node(1)];
    await two.start();
    await one.start();
    expect(membersOf(one)).toEqual([two.name, one.name]);
  });
});

/** All nodes are told of all, each by its port. */
function withPeers(ports: readonly number[]): (config: Config, index: number) => Config {
  const peers = ports.map((port, at) => ({
    name: `rabbit${at + 1}@localhost`,
    host: "127.0.0.1",
    port,
  }));
  return (config, index) => ({
    ...config,
    cluster: {
      ...config.cluster,
      listener: { address: "127.0.0.1", port: ports[index] ?? 0 },
      peers,
      formation: { ...config.cluster.formation, retryLimit: 5, retryIntervalMs: 100 },
    },
  });
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
