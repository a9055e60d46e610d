import { execFile } from "node:child_process";
import { type AddressInfo, createServer } from "node:net";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { ClusterNode } from "../../src/embed/cluster-node.ts";
import { startBroker, startCluster } from "../../src/index.ts";
import { sendRequest } from "../management/send-request.ts";

const GUEST = { auth: "guest:guest" };
const OF_THE_API = /\/node_modules\/(@hono|hono)\/|\/packages\/management\/|\/src\/management\//;

/** What a program that does this with startBroker loads, as URLs. */
async function loadedModules(code: string): Promise<readonly string[]> {
  const tell = `export async function resolve(name, context, next) {
    const found = await next(name, context);
    process._rawDebug("loaded " + found.url);
    return found;
  }`;
  const dataUrl = (text: string) => `data:text/javascript,${encodeURIComponent(text)}`;
  const hook = `import { register } from "node:module"; register(${JSON.stringify(dataUrl(tell))});`;
  const index = new URL("../../src/index.ts", import.meta.url).href;
  const program = `import { startBroker } from ${JSON.stringify(index)}; ${code};`;
  const flags = ["--conditions=@leveret/source", "--import", "tsx", "--import", dataUrl(hook)];
  const { stderr } = await promisify(execFile)(process.execPath, [
    ...flags,
    "--input-type=module",
    "--eval",
    program,
  ]);
  return stderr.split("\n").flatMap((line) => /^loaded (.*)/.exec(line)?.[1] ?? []);
}

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

test("nothing of the HTTP API is loaded by a program whose broker has none", {
  timeout: 30_000,
}, async () => {
  const without = await loadedModules("await (await startBroker()).stop()");
  expect(without.filter((url) => OF_THE_API.test(url))).toEqual([]);
  expect(without).toContainEqual(expect.stringContaining("/src/broker/broker.ts"));
  const having = await loadedModules("await (await startBroker({ managementPort: 0 })).stop()");
  expect(having.filter((url) => OF_THE_API.test(url)).length).toBeGreaterThan(50);
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

test("a node of a cluster takes another port for the HTTP API when its own has been taken meanwhile", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port: taken } = other.address() as AddressInfo;
  await using cluster = await startCluster(1, {
    management: true,
    configure: (config) => ({
      ...config,
      management: {
        ...config.management,
        listeners: config.management.listeners.map((one) => ({ ...one, port: taken })),
      },
    }),
  });
  const [node] = cluster.nodes;
  expect(node?.managementPort).not.toBe(taken);
  const { status } = await sendRequest(node?.managementPort ?? 0, "GET", "/api/overview", GUEST);
  expect(status).toBe(200);
  await new Promise((resolve) => other.close(resolve));
});
