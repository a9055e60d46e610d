import type {
  BindingRecord,
  ExchangeRecord,
  GlobalParameterRecord,
  ParameterRecord,
  PermissionRecord,
  PolicyRecord,
  QueueRecord,
  TopicPermissionRecord,
  UserRecord,
  VirtualHostRecord,
} from "./records.ts";

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

/**
 * The whole state as data. Every list is sorted, so that equal states give equal snapshots whatever their
 * history was.
 */
export interface MetadataSnapshot {
  readonly vhosts: readonly VirtualHostSnapshot[];
  readonly users: readonly UserRecord[];
  readonly permissions: readonly PermissionRecord[];
  readonly topicPermissions: readonly TopicPermissionRecord[];
  readonly globalParameters: readonly GlobalParameterRecord[];
}
