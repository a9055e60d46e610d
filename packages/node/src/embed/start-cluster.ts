import type { Config } from "../config/config.ts";
import type { LogLevel } from "../logger.ts";
import type { TestCluster } from "./test-cluster.ts";

export type { TestCluster } from "./test-cluster.ts";

/** What `startCluster` can be told; everything has a default that suits a test. */
export interface StartClusterOptions {
  /** Where the nodes keep their data, a folder for each; default: a temporary one, deleted by `stop`. */
  readonly directory?: string;
  /** Log to stdout from this level on; default: nothing. */
  readonly logLevel?: LogLevel;
  /** Changes the configuration of each node, `index` from 0. */
  readonly configure?: (config: Config, index: number) => Config;
  /**
   * How far the nodes are when `startCluster` resolves. "joined", the default: all in one cluster; "alone": each in one of its own;
   * "none": not even open.
   */
  readonly start?: "joined" | "alone" | "none";
}

/**
 * Starts `count` nodes in this process, as one cluster. Stop them with `await cluster.stop()`, or hold them with `await using`.
 * Rejects with what keeps a node from starting.
 */
export async function startCluster(
  count: number,
  options: StartClusterOptions = {},
): Promise<TestCluster> {
  // Programs with one broker do not load what only a cluster needs.
  const { startTestCluster } = await import("./test-cluster.ts");
  return startTestCluster(count, options);
}
