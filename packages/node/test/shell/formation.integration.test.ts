import { createServer } from "node:net";
import { describe, expect, test, vi } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { startCluster } from "../../src/embed/start-cluster.ts";
import { membersOf } from "./cluster-steps.ts";

type Retries = Pick<Config["cluster"]["formation"], "retryLimit" | "retryIntervalMs">;
/** Nodes that start at the same time need long for it on a busy machine. */
const PATIENT: Retries = { retryLimit: 300, retryIntervalMs: 100 };

const NODES = "nodes.test";
const THREE_ADDRESSES = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
vi.mock("node:dns/promises", async (original) => {
  const real = await original<typeof import("node:dns/promises")>();
  return {
    ...real,
    lookup: async (name: string, options: object) =>
      name === NODES
        ? THREE_ADDRESSES.map((address) => ({ address, family: 4 }))
        : real.lookup(name, options),
  };
});

describe("formation by configuration", { timeout: 60_000 }, () => {
  test.each([1, 2, 3])("three new nodes that start at once are one cluster (%i)", async () => {
    await using cluster = await startCluster(3, {
      start: "none",
      configure: withPeers(await freePorts(3), PATIENT),
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
      configure: withPeers(await freePorts(2), { retryLimit: 5, retryIntervalMs: 100 }),
    });
    const [one, two] = [cluster.node(0), cluster.node(1)];
    await two.start();
    await one.start();
    expect(membersOf(one)).toEqual([two.name, one.name]);
  });

  test("nodes of one host name, on different machines with the same port, find each other", async () => {
    const [port = 0] = await freePorts(1);
    await using cluster = await startCluster(3, {
      start: "none",
      configure: (config, index) => ({
        ...config,
        cluster: {
          ...config.cluster,
          listener: { address: THREE_ADDRESSES[index] ?? "", port },
          formation: {
            ...config.cluster.formation,
            ...PATIENT,
            dnsHostname: NODES,
          },
        },
      }),
    });
    await Promise.all(cluster.nodes.map((node) => node.start()));
    for (const node of cluster.nodes) expect(membersOf(node)).toHaveLength(3);
    const ids = new Set(cluster.nodes.map(({ shell }) => shell.identity.clusterId));
    expect(ids.size).toBe(1);
  });
});

/** All nodes are told of all, each by its port. */
function withPeers(
  ports: readonly number[],
  retries: Retries,
): (config: Config, index: number) => Config {
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
      formation: { ...config.cluster.formation, ...retries },
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
