import type { NodeId } from "@leveret/raft";
import type {
  BindingRecord,
  ExchangeRecord,
  GlobalParameterRecord,
  MemberRecord,
  ParameterRecord,
  PermissionRecord,
  PolicyRecord,
  QueueRecord,
  TopicPermissionRecord,
  UserRecord,
  VirtualHostRecord,
} from "./records.ts";
import type { OriginRecord } from "./submission-origins.ts";

/** One vhost with all that lives in it. */
export interface VirtualHostSnapshot {
  readonly vhost: VirtualHostRecord;
  readonly policies: readonly PolicyRecord[];
  readonly operatorPolicies: readonly PolicyRecord[];
  readonly parameters: readonly ParameterRecord[];
  readonly exchanges: readonly ExchangeRecord[];
  readonly queues: readonly QueueRecord[];
  readonly bindings: readonly BindingRecord[];
}

/** The whole state as data. */
export interface MetadataSnapshot {
  /** The default data, or definitions in its place, were once brought in. */
  readonly isSetUp: boolean;
  /** Of the next durable queue; undefined: queues get no groups. */
  readonly nextGroupId: number | undefined;
  /** All node ids below are given, or were. */
  readonly nextNodeId: NodeId;
  readonly members: readonly MemberRecord[];
  readonly vhosts: readonly VirtualHostSnapshot[];
  readonly users: readonly UserRecord[];
  readonly permissions: readonly PermissionRecord[];
  readonly topicPermissions: readonly TopicPermissionRecord[];
  readonly globalParameters: readonly GlobalParameterRecord[];
}

/** What is replicated: the state, and which submissions it is made of. */
export interface ReplicatedSnapshot extends MetadataSnapshot {
  readonly origins: readonly OriginRecord[];
}
