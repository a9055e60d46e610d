import { findLocalNode, LocalNodeEntry, LocalNodeError } from "@leveret/control";
import type { Config } from "./config/config.ts";
import type { Environment } from "./config/given-flags.ts";
import type { Logger } from "./logger.ts";
import { formatHostPort } from "./runtime/net-address.ts";

/** Often enough for programs that remove what nobody has touched for a day, or at the end of a session. */
const REFRESH_MS = 60_000;

/**
 * Tells the tools and the other nodes of this host where this one's cluster port is, until the process ends. Who has no entry can still be
 * reached by those who know its port.
 */
export function enterLocalNode(
  port: number | undefined,
  {
    config,
    env,
    log,
  }: { readonly config: Config; readonly env: Environment; readonly log: Logger },
): void {
  const { node, cluster } = config;
  if (port === undefined) return;
  const cookieFile = cluster.cookie === undefined ? cluster.cookieFile : undefined;
  const facts = { name: node.name, host: reachedAt(cluster.listener?.address), port, cookieFile };
  try {
    const entry = LocalNodeEntry.make({ ...facts, pid: process.pid }, runtimeEnv(config, env));
    process.once("exit", () => entry.remove());
    setInterval(() => entry.refresh(), REFRESH_MS).unref();
  } catch (error) {
    const why = error instanceof LocalNodeError ? error.message : String(error);
    log.warn(`tools and nodes of this host have to be told the cluster port, ${port}: ${why}`);
  }
}

/** The address of the cluster port of a node that runs on this host. */
export function localAddress(name: string, config: Config, env: Environment): string | undefined {
  const node = findLocalNode(name, runtimeEnv(config, env));
  return node && formatHostPort(node.host ?? "localhost", node.port);
}

/** The flag counts more than the environment. */
function runtimeEnv({ cluster }: Config, env: Environment): Environment {
  return cluster.runtimeDir === undefined
    ? env
    : { ...env, LEVERET_RUNTIME_DIR: cluster.runtimeDir };
}

/** undefined: all interfaces. */
function reachedAt(address: string | undefined): string | undefined {
  return address === "0.0.0.0" || address === "::" ? undefined : address;
}
