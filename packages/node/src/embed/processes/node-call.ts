import type { Config } from "../../config/config.ts";
import type { ClusterStatus } from "../../control/controlled-node.ts";
import type { LogLevel } from "../../logger.ts";

/** What a node's process is told, one after the other. */
export type NodeCall =
  | {
      readonly method: "open";
      readonly config: Config;
      /** Place in the cluster, from 0. */
      readonly index: number;
      readonly logLevel: LogLevel | undefined;
    }
  | { readonly method: "startApp" }
  | { readonly method: "join"; readonly target: string }
  | { readonly method: "status" }
  | { readonly method: "stop" }
  /** That node listens for others at that address. */
  | { readonly method: "place"; readonly index: number; readonly address: string }
  /** undefined: all reach each other. */
  | { readonly method: "cut"; readonly groups: readonly (readonly number[])[] | undefined };

export interface NumberedCall {
  readonly id: number;
  readonly call: NodeCall;
}

/** Where a node listens, as far as it does. */
export interface NodePorts {
  readonly port: number | undefined;
  readonly clusterPort: number | undefined;
}

export interface NodeAnswer {
  readonly id: number;
  readonly ports: NodePorts;
  /** Why it failed. */
  readonly error: string | undefined;
  readonly status: ClusterStatus | undefined;
}
