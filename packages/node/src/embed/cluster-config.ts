import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config, ManagementListenerConfig } from "../config/config.ts";
import { defaultConfig } from "../config/load-config.ts";
import { EMBEDDED_MANAGEMENT_LISTENER } from "./embedded-limits.ts";
import { findFreePort } from "./free-port.ts";
import type { StartClusterOptions } from "./start-cluster.ts";

/** Where the nodes keep their data. */
export async function clusterDirectory({
  directory,
}: StartClusterOptions): Promise<{ readonly path: string; readonly isTemporary: boolean }> {
  if (directory !== undefined) return { path: directory, isTemporary: false };
  return { path: await mkdtemp(join(tmpdir(), "leveret-cluster-")), isTemporary: true };
}

/** Of the node at a place in the cluster, from 0. */
export async function nodeConfig(
  index: number,
  directory: string,
  { management = false }: StartClusterOptions,
): Promise<Config> {
  const base = defaultConfig();
  const loopback = "127.0.0.1";
  return {
    ...base,
    node: {
      ...base.node,
      name: `rabbit${index + 1}@localhost`,
      dataDir: join(directory, `rabbit${index + 1}`),
    },
    cluster: {
      ...base.cluster,
      listener: { address: loopback, port: await findFreePort() },
      cookie: "EMBEDDEDCLUSTER",
      cookieFile: undefined,
    },
    listeners: { ...base.listeners, tcp: [{ address: loopback, port: await findFreePort() }] },
    management: management
      ? { ...base.management, listeners: [await managementListener(loopback)] }
      : base.management,
    alarms: { ...base.alarms, diskFreeLimit: undefined },
  };
}

/** The port stays the same when the node is started again. */
async function managementListener(address: string): Promise<ManagementListenerConfig> {
  return { ...EMBEDDED_MANAGEMENT_LISTENER, address, port: await findFreePort() };
}

interface FormingNode<Node> {
  open(): Promise<void>;
  join(other: Node): Promise<void>;
  startApp(): Promise<void>;
}

/** One after the other, as an operator would. */
export async function formCluster<Node extends FormingNode<Node>>(
  nodes: readonly Node[],
  start: StartClusterOptions["start"] = "joined",
): Promise<void> {
  if (start === "none") return;
  const [first] = nodes;
  for (const node of nodes) {
    await node.open();
    if (start === "joined" && first !== undefined && node !== first) await node.join(first);
    await node.startApp();
  }
}
