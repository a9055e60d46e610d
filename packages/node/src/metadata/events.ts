import type { NodeId } from "@leveret/raft";
import type {
  BindingRecord,
  ExchangeRecord,
  MemberRecord,
  PolicyRecord,
  QueueRecord,
  VirtualHostRecord,
} from "./records.ts";

/**
 * What a command changed. Events are told after the whole command has been applied, in this order: what goes
 * before what it hung on (`unbound` before `queueDeleted` before `exchangeDeleted` before `vhostDeleted`), what
 * comes after what it needs.
 */
export type MetadataEvent =
  | { readonly type: "vhostAdded"; readonly vhost: VirtualHostRecord }
  /** Description, tags, default queue type, tracing or limits are different now. */
  | { readonly type: "vhostChanged"; readonly vhost: VirtualHostRecord }
  | { readonly type: "vhostDeleted"; readonly vhost: string }
  | { readonly type: "userAdded"; readonly user: string }
  | { readonly type: "userPasswordChanged"; readonly user: string }
  | { readonly type: "userTagsChanged"; readonly user: string }
  | { readonly type: "userLimitsChanged"; readonly user: string }
  | { readonly type: "userDeleted"; readonly user: string }
  | { readonly type: "permissionsChanged"; readonly user: string; readonly vhost: string }
  | { readonly type: "topicPermissionsChanged"; readonly user: string; readonly vhost: string }
  | { readonly type: "exchangeDeclared"; readonly exchange: ExchangeRecord }
  | { readonly type: "exchangeDeleted"; readonly exchange: ExchangeRecord }
  | { readonly type: "queueDeclared"; readonly queue: QueueRecord }
  | { readonly type: "queueDeleted"; readonly queue: QueueRecord }
  /** The replicas of its group are to be elsewhere: `queue` took the place of `previous`. */
  | { readonly type: "queuePlaced"; readonly queue: QueueRecord; readonly previous: QueueRecord }
  | { readonly type: "bound"; readonly binding: BindingRecord }
  | { readonly type: "unbound"; readonly binding: BindingRecord }
  | { readonly type: "policySet"; readonly policy: PolicyRecord; readonly operator: boolean }
  | { readonly type: "policyCleared"; readonly policy: PolicyRecord; readonly operator: boolean }
  /** Another policy, or a changed one, is in force for this queue. */
  | { readonly type: "queueConfigChanged"; readonly vhost: string; readonly name: string }
  /** Another policy, or a changed one, is in force for this exchange. */
  | { readonly type: "exchangeConfigChanged"; readonly vhost: string; readonly name: string }
  | {
      readonly type: "parameterSet" | "parameterCleared";
      readonly vhost: string;
      readonly component: string;
      readonly name: string;
    }
  | { readonly type: "globalParameterSet" | "globalParameterCleared"; readonly name: string }
  /** A node was added, or its name, address or state is different now. */
  | { readonly type: "memberChanged"; readonly member: MemberRecord }
  | { readonly type: "memberRemoved"; readonly nodeId: NodeId; readonly member: MemberRecord }
  /** A snapshot took the place of the whole state: anything may be different, and no other event tells of it. */
  | { readonly type: "replaced" };

/** Collects the events of one command. */
export type Emit = (event: MetadataEvent) => void;
