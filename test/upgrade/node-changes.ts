import { readFileSync } from "node:fs";
import { ControlClient } from "@leveret/control";
import type { LocalNode } from "../../packages/node/tools/cluster/local-node.ts";

const TIMEOUT_MS = 30_000;
const PASSWORD = "secret";
const EVERYTHING = { configure: ".*", write: ".*", read: ".*" };

/** Changes of metadata asked of each node, whatever its version, are known at all, and mean the same there. @throws Error */
export async function changeEverywhere(nodes: readonly LocalNode[], state: string): Promise<void> {
  for (const [index, node] of nodes.entries()) {
    const name = `${state}-${index + 1}`;
    await withClient(node, (client) => change(client, name));
    for (const other of nodes) await expectKnown(other, name);
  }
}

/** What was changed is known to the node. @throws Error */
export function expectKnown(node: LocalNode, name: string): Promise<void> {
  return withClient(node, async (client) => {
    await ask(client, "authenticate_user", { name, password: PASSWORD });
    let json = "";
    for await (const piece of client.stream("export_definitions", {}, { timeoutMs: TIMEOUT_MS })) {
      json += String(piece);
    }
    const { vhosts, permissions, policies, parameters } = JSON.parse(json) as Definitions; // As RabbitMQ's.
    const isKnown =
      vhosts.some((vhost) => vhost.name === name) &&
      permissions.some(({ user, vhost }) => user === name && vhost === name) &&
      policies.some(({ vhost, definition }) => vhost === name && definition["max-length"] === 10) &&
      parameters.some(({ vhost, component }) => vhost === name && component === "vhost-limits");
    if (!isKnown) throw new Error(`${node.options.name} does not know all of ${name}: ${json}`);
  });
}

interface Definitions {
  readonly vhosts: readonly { readonly name: string }[];
  readonly permissions: readonly { readonly user: string; readonly vhost: string }[];
  readonly policies: readonly {
    readonly vhost: string;
    readonly definition: Readonly<Record<string, unknown>>;
  }[];
  readonly parameters: readonly { readonly vhost: string; readonly component: string }[];
}

async function change(client: ControlClient, name: string): Promise<void> {
  await ask(client, "add_vhost", { name });
  await ask(client, "add_user", { name, password: PASSWORD });
  await ask(client, "set_user_tags", { name, tags: ["monitoring"] });
  await ask(client, "set_permissions", { user: name, vhost: name, ...EVERYTHING });
  await ask(client, "set_vhost_limits", { vhost: name, limits: { "max-queues": 5 } });
  await ask(client, "set_policy", {
    ...{ vhost: name, name: "limit", pattern: ".*", priority: 0, applyTo: "queues" },
    definition: { "max-length": 10 },
  });
}

function ask(client: ControlClient, method: string, params: object): Promise<unknown> {
  return client.call(method, params, { timeoutMs: TIMEOUT_MS });
}

async function withClient(
  { options }: LocalNode,
  work: (client: ControlClient) => Promise<void>,
): Promise<void> {
  const client = await ControlClient.connect({
    host: "127.0.0.1",
    port: options.clusterPort,
    nodeName: "upgrade@localhost",
    nodeMeant: options.name,
    cookie: readFileSync(options.cookieFile, "utf8").trim(),
    timeoutMs: TIMEOUT_MS,
  });
  try {
    await work(client);
  } finally {
    client.close();
  }
}
