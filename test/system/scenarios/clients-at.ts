import type { Container } from "../topology/container.ts";
import { type ServerStatus, serversUp } from "../topology/proxy-stats.ts";
import type { Topology } from "../topology/topology.ts";

/** A node that clients are connected to, through the HAProxy that has the address. @throws Error if there is none */
export async function nodeWithClients(topology: Topology): Promise<Container> {
  const stats = await topology.stats();
  const found = topology.nodes.find(({ name }) => sessionsAt(stats, name) > 0);
  if (found === undefined) throw new Error("no node has clients");
  return found;
}

/** HAProxy sends no clients to the node. */
export async function isOut(topology: Topology, node: Container): Promise<boolean> {
  return !serversUp(await topology.stats(), "amqp").includes(node.name);
}

function sessionsAt(stats: readonly ServerStatus[], name: string): number {
  return stats.find(({ backend, server }) => backend === "amqp" && server === name)?.sessions ?? 0;
}
