import type { Config } from "../config/config.ts";
import type { LogLevel } from "../logger.ts";
import type { ProcessCluster } from "./processes/process-cluster.ts";
import type { TestCluster } from "./test-cluster.ts";

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
  /** Each node is a process of its own, which can be paused, too; there is no view into its queues. Default: all are in this process. */
  readonly processes?: boolean;
  /** Each node opens the HTTP API, on a port of its own. Default: there is none. */
  readonly management?: boolean;
  /** Flags of Node.js for those processes; default: those of this one. */
  readonly nodeFlags?: readonly string[];
}

export function startCluster(
  count: number,
  options: StartClusterOptions & { readonly processes: true },
): Promise<ProcessCluster>;
export function startCluster(count: number, options?: StartClusterOptions): Promise<TestCluster>;
/**
 * Starts `count` nodes as one cluster, in this process or each in one of its own. Stop them with `await cluster.stop()`, or hold them
 * with `await using`. Rejects with what keeps a node from starting.
 */
export async function startCluster(
  count: number,
  options: StartClusterOptions = {},
): Promise<TestCluster | ProcessCluster> {
  // Programs with one broker do not load what only a cluster needs.
  if (options.processes === true) {
    const { startProcessCluster } = await import("./processes/process-cluster.ts");
    return startProcessCluster(count, options);
  }
  const { startTestCluster } = await import("./test-cluster.ts");
  return startTestCluster(count, options);
}
