import type { FieldTable } from "@leveret/amqp";
import type { NodeId } from "@leveret/raft";
import type { QueueType } from "../queue/queue-config.ts";
import type { JsonValue } from "./json-value.ts";

/** What the metadata machine keeps. All records are immutable: a change replaces the record. */

export interface ExchangeRecord {
  readonly vhost: string;
  /** "" is the default exchange. */
  readonly name: string;
  readonly type: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly arguments: FieldTable;
}

export interface QueueRecord {
  readonly vhost: string;
  readonly name: string;
  readonly type: QueueType;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  /** Id of the connection that alone may use the queue; undefined: not exclusive. */
  readonly exclusiveOwner: number | undefined;
  readonly arguments: FieldTable;
  /**
   * The Raft group that keeps the contents; allotted by the machine, never used for another queue. undefined: the queue's contents
   * are in memory only. No client sees it, and definitions do not name it.
   */
  readonly groupId?: number | undefined;
  /** Names a queue in memory between the nodes of a cluster, from the same numbers as groups. undefined: it has a group, or no home. */
  readonly memoryId?: number | undefined;
  /** The node on which it was declared: the only place of a queue in memory. undefined: node 1 (records older than clusters). */
  readonly home?: NodeId | undefined;
  /**
   * Where the group's replicas are to be, the preferred leader first; not empty. undefined: the first replica of node 1 (records older
   * than clusters), or no group. See `replicasOf`. A declaration names nodes; generations are the machine's to give.
   */
  readonly replicas?: readonly QueueReplica[] | undefined;
  /** Of the next replica that is added on any node. undefined: 2, if there is a group. */
  readonly nextGeneration?: number | undefined;
}

/** A replica of a queue's group: `replicaIdOf(nodeId, generation)` of packages/raft. */
export interface QueueReplica {
  readonly nodeId: NodeId;
  readonly generation: number;
}

/** "joining": has a number, and has never said that it runs. "stopped": left on purpose; one that crashed stays "running". */
export type MemberState = "joining" | "running" | "stopped";

/** A node of the cluster. */
export interface MemberRecord {
  /** Given once: never again to another node, even if this one is removed. */
  readonly nodeId: NodeId;
  /** NAME@HOST; no two members have the same. */
  readonly name: string;
  /** HOST:PORT of its cluster port. */
  readonly address: string;
  /** Of its replica of the metadata group. */
  readonly generation: number;
  readonly state: MemberState;
}

export type DestinationType = "queue" | "exchange";

/** A binding is identified by all of its fields; the arguments count without regard to their order. */
export interface BindingRecord {
  readonly vhost: string;
  readonly source: string;
  readonly destination: string;
  readonly destinationType: DestinationType;
  readonly routingKey: string;
  readonly arguments: FieldTable;
}

/** RabbitMQ's module names, as they stand in definitions files, and one of ours, which RabbitMQ does not have. */
export type HashingAlgorithm =
  | "rabbit_password_hashing_sha256"
  | "rabbit_password_hashing_sha512"
  | "rabbit_password_hashing_md5"
  | "leveret_password_hashing_scrypt";

/** A limit that is undefined or negative does not limit. */
export interface UserLimits {
  readonly maxConnections: number | undefined;
  readonly maxChannels: number | undefined;
}

/** A limit that is undefined or negative does not limit. */
export interface VirtualHostLimits {
  readonly maxConnections: number | undefined;
  readonly maxQueues: number | undefined;
}

export interface UserRecord {
  readonly name: string;
  /** base64, as the algorithm wants it; "" means that the user cannot log in with a password. */
  readonly passwordHash: string;
  readonly hashingAlgorithm: HashingAlgorithm;
  readonly tags: readonly string[];
  readonly limits: UserLimits;
}

export interface VirtualHostRecord {
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  /** Type of queues declared without x-queue-type; undefined: the node's default. */
  readonly defaultQueueType: QueueType | undefined;
  /** The firehose copies this vhost's messages to amq.rabbitmq.trace. */
  readonly tracing: boolean;
  /** It cannot be deleted until that is taken back. undefined: it can. */
  readonly isProtected?: true;
  readonly limits: VirtualHostLimits;
}

/** Patterns of PCRE, unanchored; the empty pattern allows nothing. */
export interface PermissionRecord {
  readonly user: string;
  readonly vhost: string;
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

/** Restricts routing keys on one topic exchange; a user without a record may use every key. */
export interface TopicPermissionRecord {
  readonly user: string;
  readonly vhost: string;
  readonly exchange: string;
  readonly write: string;
  readonly read: string;
}

export type ApplyTo =
  | "all"
  | "exchanges"
  | "queues"
  | "classic_queues"
  | "quorum_queues"
  | "streams";

/** What a policy can apply to. */
export type ResourceKind = "exchange" | "classic_queue" | "quorum_queue" | "stream";

/** Policy keys and their values, as validated by policy-validation.ts. */
export type PolicyDefinition = ReadonlyMap<string, JsonValue>;

export interface PolicyRecord {
  readonly vhost: string;
  readonly name: string;
  /** PCRE, unanchored. */
  readonly pattern: string;
  readonly applyTo: ApplyTo;
  /** The highest matching one applies; of equals, the first by name. */
  readonly priority: number;
  readonly definition: PolicyDefinition;
}

/** The policies in force for one exchange or queue. */
export interface EffectivePolicy {
  readonly policy: PolicyRecord | undefined;
  readonly operatorPolicy: PolicyRecord | undefined;
}

/** A runtime parameter of a plugin-like component, such as a federation upstream. */
export interface ParameterRecord {
  readonly vhost: string;
  readonly component: string;
  readonly name: string;
  readonly value: JsonValue;
}

export interface GlobalParameterRecord {
  readonly name: string;
  readonly value: JsonValue;
}
