import { expect, test } from "vitest";
import type { ClusterNode } from "../../src/embed/cluster-node.ts";
import { startBroker, startCluster } from "../../src/index.ts";
import { sendRequest } from "../management/send-request.ts";

const GUEST = { auth: "guest:guest" };

test("an embedded broker has the HTTP API if it is asked for it, and closes it", async () => {
  await using without = await startBroker();
  expect(without.managementPort).toBeUndefined();
  const broker = await startBroker({ managementPort: 0 });
  const port = broker.managementPort ?? 0;
  const { body } = await sendRequest(port, "GET", "/api/overview", GUEST);
  expect(body.listeners).toMatchObject([
    { protocol: "amqp", port: broker.port },
    { protocol: "http", port },
  ]);
  await broker.stop();
  await expect(sendRequest(port, "GET", "/api/overview", GUEST)).rejects.toThrow("ECONNREFUSED");
});

test("a port that cannot be had ends the start, and leaves nothing open", async () => {
  await using first = await startBroker({ managementPort: 0 });
  await expect(startBroker({ managementPort: first.managementPort ?? 0 })).rejects.toMatchObject({
    name: "ListenError",
    code: "EADDRINUSE",
  });
});

interface ShownNode {
  readonly partitions?: readonly string[];
}

async function nodesAt({ managementPort }: ClusterNode): Promise<readonly ShownNode[]> {
  return (await sendRequest(managementPort, "GET", "/api/nodes", GUEST)).body;
}

test("each node of a test cluster has the HTTP API, and each knows the others", {
  timeout: 60_000,
}, async () => {
  await using cluster = await startCluster(3, { management: true });
  for (const node of cluster.nodes) {
    const { body } = await sendRequest(node.managementPort, "GET", "/api/nodes", GUEST);
    expect(body).toMatchObject(
      cluster.nodes.map(({ name }) => ({ name, running: true, type: "disc" })),
    );
  }
  const lonely = cluster.node(2);
  cluster.partition([0, 1], [2]);
  await expect
    .poll(async () => (await nodesAt(cluster.node(0))).map(({ partitions = [] }) => partitions), {
      timeout: 20_000,
    })
    .toContainEqual([lonely.name]);
  cluster.heal();
  await lonely.stop();
  const asked = () => sendRequest(cluster.node(0).managementPort, "GET", "/api/nodes", GUEST);
  await expect
    .poll(async () => (await asked()).body.map(({ running }: { running: boolean }) => running))
    .toEqual([true, true, false]);
});
