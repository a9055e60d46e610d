import { expect, vi } from "vitest";
import type { ClusterNode } from "../../src/embed/cluster-node.ts";
import type { MetadataCommand, MetadataResult } from "../../src/metadata/commands.ts";

/** Elections and moves of replicas take a second or two on a busy machine. */
const PATIENCE_MS = 15_000;

/** Waits until `check` does not throw. */
export async function eventually(check: () => void | Promise<void>): Promise<void> {
  await vi.waitFor(check, PATIENCE_MS);
}

export function declareExchange({ node }: ClusterNode, name: string): Promise<MetadataResult> {
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

export function hasExchange({ node }: ClusterNode, name: string): boolean {
  return node.broker.metadata.exchange("/", name) !== undefined;
}

/** Waits until all of these nodes are what votes on the metadata. */
export async function waitForVoters(nodes: readonly ClusterNode[]): Promise<void> {
  await eventually(() => {
    for (const { shell } of nodes) {
      expect(shell.stores?.storage.metadata.status().conf.voters).toHaveLength(nodes.length);
    }
  });
}

export function leaderOf(nodes: readonly ClusterNode[]): ClusterNode {
  const leader = nodes.find(
    ({ shell }) => shell.stores?.storage.metadata.status().role === "leader",
  );
  if (leader === undefined) throw new Error("nobody leads the metadata");
  return leader;
}

/** Names of all members, as the node has them in its metadata. */
export function membersOf({ node }: ClusterNode): string[] {
  return node.broker.metadata.members().map(({ name }) => name);
}

export function without<T>(list: readonly T[], one: T): T[] {
  return list.filter((other) => other !== one);
}
