import {
  ClusterRecordError,
  decodeMember,
  type MemberAddress,
} from "../cluster/members/cluster-record.ts";
import type {
  AppState,
  ListenerInfo,
  NodeAlarm,
  NodeVersions,
} from "../control/controlled-node.ts";

/*
 * What nodes ask each other over control connections: while one of them starts, joins or leaves, when there are no other links.
 */

export const PEER_METHODS = {
  greet: "peer.greet",
  join: "peer.join",
  remove: "peer.remove",
  status: "peer.status",
} as const;

/** Who asks. */
export interface PeerIdentity {
  readonly name: string;
  /** Of its cluster port. */
  readonly address: string;
  /** undefined: it belongs to no cluster yet. */
  readonly clusterId?: string | undefined;
  readonly nodeId?: number | undefined;
  /** Of its replica of the metadata group. */
  readonly epoch?: number | undefined;
}

/** What a node says of itself, and of the one who asks. */
export interface PeerGreeting extends PeerIdentity {
  readonly version: string;
  readonly state: AppState;
  /** It is about to found a cluster. */
  readonly isFounding: boolean;
  readonly members: readonly MemberAddress[];
  /** Who was up when it last looked. */
  readonly running: readonly number[];
  /** Whether its cluster has the asker as a member; "unknown": its metadata are not there, or too old to tell. */
  readonly asker: "member" | "stranger" | "unknown";
}

/** What a running node adds to the cluster's status. */
export interface NodeStatus {
  readonly versions: NodeVersions;
  readonly alarms: readonly NodeAlarm[];
  readonly listeners: readonly ListenerInfo[];
  /** Names of members that run as far as it knows, and that it cannot reach. */
  readonly unreachable: readonly string[];
  /** It is being drained, or is. */
  readonly isUnderMaintenance: boolean;
}

/** The answer to a new member. */
export interface Admission {
  readonly clusterId: string;
  readonly nodeId: number;
  readonly generation: number;
  /** Of the metadata group. */
  readonly epoch: number;
  readonly members: readonly MemberAddress[];
}

/** @throws ClusterRecordError */
export function decodeIdentity(value: unknown): PeerIdentity {
  const fields = fieldsOf(value);
  const { clusterId, nodeId, epoch } = fields;
  return {
    name: textOf(fields["name"], "name"),
    address: textOf(fields["address"], "address"),
    clusterId: typeof clusterId === "string" ? clusterId : undefined,
    nodeId: typeof nodeId === "number" ? nodeId : undefined,
    epoch: typeof epoch === "number" ? epoch : undefined,
  };
}

/** @throws ClusterRecordError */
export function decodeGreeting(value: unknown): PeerGreeting {
  const fields = fieldsOf(value);
  const asker = fields["asker"];
  return {
    ...decodeIdentity(value),
    version: textOf(fields["version"], "version"),
    state: stateOf(fields["state"]),
    isFounding: fields["isFounding"] === true,
    members: listOf(fields["members"]).map(decodeMember),
    running: listOf(fields["running"]).filter((id) => typeof id === "number"),
    asker: asker === "member" || asker === "stranger" ? asker : "unknown",
  };
}

/** @throws ClusterRecordError */
export function decodeAdmission(value: unknown): Admission {
  const fields = fieldsOf(value);
  return {
    clusterId: textOf(fields["clusterId"], "clusterId"),
    nodeId: numberOf(fields["nodeId"], "nodeId"),
    generation: numberOf(fields["generation"], "generation"),
    epoch: numberOf(fields["epoch"], "epoch"),
    members: listOf(fields["members"]).map(decodeMember),
  };
}

/** Perhaps of a node of another version, which may not tell all. @throws ClusterRecordError */
export function decodeNodeStatus(value: unknown): NodeStatus {
  const fields = fieldsOf(value);
  const { rabbitmq, product, platform } = fieldsOf(fields["versions"]);
  return {
    versions: {
      rabbitmq: textOf(rabbitmq, "rabbitmq"),
      product: textOf(product, "product"),
      platform: textOf(platform, "platform"),
    },
    alarms: listOf(fields["alarms"]).map(decodeAlarm),
    listeners: listOf(fields["listeners"]).map(decodeListener),
    unreachable: listOf(fields["unreachable"]).map((name) => textOf(name, "unreachable")),
    isUnderMaintenance: fields["isUnderMaintenance"] === true,
  };
}

function decodeAlarm(value: unknown): NodeAlarm {
  const { node, resource } = fieldsOf(value);
  return { node: textOf(node, "node"), resource: resource === "disk" ? "disk" : "memory" };
}

function decodeListener(value: unknown): ListenerInfo {
  const fields = fieldsOf(value);
  return {
    node: textOf(fields["node"], "node"),
    interface: textOf(fields["interface"], "interface"),
    port: numberOf(fields["port"], "port"),
    protocol: textOf(fields["protocol"], "protocol"),
    purpose: textOf(fields["purpose"], "purpose"),
  };
}

/** @throws ClusterRecordError */
export function decodeNodeId(value: unknown): number {
  return numberOf(fieldsOf(value)["nodeId"], "nodeId");
}

const STATES: readonly AppState[] = ["stopped", "starting", "waiting", "running"];

function stateOf(value: unknown): AppState {
  const state = STATES.find((known) => known === value);
  if (state === undefined) throw new ClusterRecordError("state is unknown");
  return state;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) throw new ClusterRecordError("no object");
  return value as Readonly<Record<string, unknown>>; // Any object's fields are unknown.
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown, name: string): string {
  if (typeof value !== "string" || value === "") {
    throw new ClusterRecordError(`${name} is no text`);
  }
  return value;
}

function numberOf(value: unknown, name: string): number {
  if (typeof value !== "number" || !Number.isInteger(value)) {
    throw new ClusterRecordError(`${name} is no number`);
  }
  return value;
}
