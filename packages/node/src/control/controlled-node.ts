import type { BrokerNode } from "../broker/broker-node.ts";
import type { QueueOperations } from "./queue-operations.ts";

/**
 * "stopped": after stop_app, or before the first start_app; "starting": from start_app on; "waiting": it starts, and cannot go on
 * before other members are there; "running": clients are served.
 */
export type AppState = "stopped" | "starting" | "waiting" | "running";

/**
 * A node as an operator's commands see it: a process that lives on while the broker in it is started and stopped. The handlers look at
 * `state` before they call what is only allowed in some: an implementation may rely on that, and only has to guard against races.
 */
export interface ControlledNode {
  /** `rabbit@host`. */
  readonly nodeName: string;
  readonly state: AppState;
  /** Only while `state` is "running". */
  readonly broker: BrokerNode | undefined;
  /** Only while `state` is "running". */
  readonly queues: QueueOperations | undefined;
  /** The other members that run and can be reached, by name; none while this node's own app does not run. */
  readonly others: readonly OtherNode[];
  /** While `state` is "waiting": the names of the members that are awaited. */
  readonly awaitedNodes: readonly string[];
  /** undefined: everything is in memory. */
  readonly dataDir: string | undefined;

  /** Drained, or being drained: no clients. */
  readonly isUnderMaintenance: boolean;

  /** Sends the clients away, and has other nodes lead what this one leads. Called when running only. @throws OperationError */
  drain(): Promise<void>;
  /** Undoes {@link drain}. Called when running only. @throws OperationError, ListenError */
  revive(): Promise<void>;
  /** Resolves when the broker is stopped; nothing to do if it is. The planned leave is part of it. */
  stopApp(): Promise<void>;
  /** Resolves when clients are served; nothing to do if they are. @throws OperationError, or why the broker cannot start */
  startApp(): Promise<void>;
  /** Ends the process in an orderly way. Resolves when that has begun: the answer is to reach the caller first. */
  stop(): Promise<void>;
  /**
   * Leaves the cluster and forgets all data. `force`: without telling the other members. Called when stopped only.
   * @throws OperationError "unreachable": no other member can be told
   */
  reset(force: boolean): Promise<void>;
  /**
   * Forgets all data, and becomes a member of the cluster that `target` (a node's name, maybe with the port of its cluster listener:
   * `rabbit@host` or `rabbit@host:port`) is in. Called when stopped only.
   * @throws OperationError "itself", "unreachable", "inconsistent_cluster"
   */
  joinCluster(target: string, options: JoinOptions): Promise<JoinResult>;
  /**
   * Removes another member. `offline`: called when stopped only, rewrites this node's own copy of the membership.
   * @throws OperationError "not_a_cluster_node", "node_running", "itself", "no_quorum"
   */
  forgetClusterNode(name: string, options: ForgetOptions): Promise<ForgetResult>;
  /** Learns from `seed`, a member, who the members are and where. Called when stopped only. @throws OperationError "unreachable" */
  updateClusterNodes(seed: string): Promise<void>;
  /** The next start waits for nobody. Called when stopped only. @throws OperationError */
  forceBoot(): Promise<ForgetResult>;
  /** Also when the app is stopped: then from the local copy, with no running nodes known but what is remembered. */
  clusterStatus(): Promise<ClusterStatus>;
  /** Resolves when `state` is "running". @throws OperationError "timeout" */
  awaitStartup(timeoutMs: number): Promise<void>;
  /** Resolves when so many members run, this one included. @throws OperationError "timeout" */
  awaitOnlineNodes(count: number, timeoutMs: number): Promise<void>;
}

/** Another running member, for what only it knows or can do. */
export interface OtherNode {
  readonly name: string;
  /** The answer of one of its control methods, within `timeoutMs`, a few seconds by default. @throws OperationError */
  call(method: string, params: object, timeoutMs?: number): Promise<unknown>;
  /** The rows of one of its control methods. @throws OperationError */
  stream(method: string, params: object, time?: StreamTime): AsyncIterable<unknown>;
}

/** How long rows may come. */
export interface StreamTime {
  /** A minute by default; Infinity: until the signal. */
  readonly timeoutMs?: number;
  /** Aborted when nobody wants them any more. */
  readonly signal?: AbortSignal;
}

export interface JoinOptions {
  /** "ram": accepted, and no different. */
  readonly nodeType: "disc" | "ram";
}

/** "already_member": nothing was done. */
export type JoinResult = "joined" | "already_member";

export interface ForgetOptions {
  readonly offline: boolean;
}

/** What a change of the membership by force did. */
export interface ForgetResult {
  /** What may be lost by it, a sentence each; shown to the operator. Empty: nothing. */
  readonly warnings: readonly string[];
}

/** As `cluster_status` shows it. All lists are sorted by name. */
export interface ClusterStatus {
  readonly clusterName: string;
  /** All members: every one keeps everything on its disk. */
  readonly diskNodes: readonly string[];
  readonly runningNodes: readonly string[];
  /** By name, of the running nodes. */
  readonly versions: Readonly<Record<string, NodeVersions>>;
  readonly alarms: readonly NodeAlarm[];
  readonly listeners: readonly ListenerInfo[];
  /** For each node that cannot reach others: the names of those. */
  readonly partitions: Readonly<Record<string, readonly string[]>>;
  /** By name, of the running nodes: true while it is being drained. */
  readonly maintenance: Readonly<Record<string, boolean>>;
}

export interface NodeVersions {
  /** The release of RabbitMQ that it stands in for: `3.13.7`. */
  readonly rabbitmq: string;
  /** Leveret's own. */
  readonly product: string;
  /** `Node.js 20.19.0` */
  readonly platform: string;
}

export interface NodeAlarm {
  readonly node: string;
  readonly resource: "memory" | "disk";
}

export interface ListenerInfo {
  readonly node: string;
  /** `[::]` or `127.0.0.1`. */
  readonly interface: string;
  readonly port: number;
  /** `amqp`, `amqp/ssl`, `clustering`, `http`. */
  readonly protocol: string;
  /** `AMQP 0-9-1`, `inter-node and CLI tool communication` and so on. */
  readonly purpose: string;
}
