import type { QueueType } from "../queue/queue-config.ts";
import type { JsonValue } from "./json-value.ts";
import type { DestinationType, HashingAlgorithm } from "./records.ts";

/** RabbitMQ's definitions document once it has been checked; key names are RabbitMQ's. */

export type JsonObject = Readonly<Record<string, unknown>>;
export type JsonDictionary = ReadonlyMap<string, JsonValue>;

/** In the per-vhost form entries name no vhost. */
interface InVhost {
  readonly vhost?: string | undefined;
}

export interface UserEntry {
  readonly name: string;
  readonly password_hash?: string | undefined;
  /** In clear; RabbitMQ accepts it beside the hash. */
  readonly password?: string | undefined;
  readonly hashing_algorithm?: HashingAlgorithm | undefined;
  readonly tags: readonly string[];
  readonly limits: JsonDictionary;
}

interface VhostProperties {
  readonly protected_from_deletion?: boolean | undefined;
  readonly description?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly default_queue_type?: QueueType | "undefined" | undefined;
}

export interface VhostEntry extends VhostProperties {
  readonly name: string;
  readonly tracing?: boolean | undefined;
  /** RabbitMQ 3.12 and later repeat the properties here. */
  readonly metadata?: VhostProperties | undefined;
}

interface PermissionEntry extends InVhost {
  readonly user: string;
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

interface TopicPermissionEntry extends InVhost {
  readonly user: string;
  readonly exchange: string;
  readonly write: string;
  readonly read: string;
}

export interface ParameterEntry extends InVhost {
  readonly component: string;
  readonly name: string;
  readonly value: JsonValue;
}

interface GlobalParameterEntry {
  readonly name: string;
  readonly value: JsonValue;
}

/** Also the value of an `operator_policy` parameter, whose name stands beside it. */
export interface PolicyBody {
  readonly pattern: string;
  readonly "apply-to": string;
  readonly priority: number;
  readonly definition: JsonDictionary;
}

export interface PolicyEntry extends PolicyBody, InVhost {
  readonly name: string;
}

export interface QueueEntry extends InVhost {
  readonly name: string;
  /** RabbitMQ 3.13 and later; `x-queue-type` in the arguments says the same. */
  readonly type?: string | undefined;
  readonly durable: boolean;
  readonly auto_delete: boolean;
  readonly arguments?: JsonObject | undefined;
}

export interface ExchangeEntry extends InVhost {
  readonly name: string;
  readonly type: string;
  readonly durable: boolean;
  readonly auto_delete: boolean;
  readonly internal: boolean;
  readonly arguments?: JsonObject | undefined;
}

export interface BindingEntry extends InVhost {
  readonly source: string;
  readonly destination: string;
  readonly destination_type: DestinationType;
  readonly routing_key: string;
  readonly arguments?: JsonObject | undefined;
}

export interface DefinitionsDocument {
  readonly users: readonly UserEntry[];
  readonly vhosts: readonly VhostEntry[];
  readonly permissions: readonly PermissionEntry[];
  readonly topic_permissions: readonly TopicPermissionEntry[];
  readonly parameters: readonly ParameterEntry[];
  readonly global_parameters: readonly GlobalParameterEntry[];
  readonly policies: readonly PolicyEntry[];
  readonly operator_policies: readonly PolicyEntry[];
  readonly queues: readonly QueueEntry[];
  readonly exchanges: readonly ExchangeEntry[];
  readonly bindings: readonly BindingEntry[];
}
