import type { Identity } from "./identity.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import type { MetadataChange } from "./metadata-change.ts";

export interface UserEntry {
  readonly name: string;
  /** "": cannot log in by password. */
  readonly passwordHash: string;
  readonly hashingAlgorithm: string;
  readonly tags: readonly string[];
  /** By RabbitMQ's names: `max-connections`, `max-channels`. */
  readonly limits: Readonly<Record<string, number>>;
}

export interface VhostEntry {
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly defaultQueueType: string | undefined;
  readonly tracing: boolean;
  /** undefined: it can be deleted. */
  readonly isProtected?: true;
  /** By RabbitMQ's names: `max-connections`, `max-queues`. */
  readonly limits: Readonly<Record<string, number>>;
}

export interface PermissionEntry {
  readonly user: string;
  readonly vhost: string;
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

export interface TopicPermissionEntry {
  readonly user: string;
  readonly vhost: string;
  readonly exchange: string;
  readonly write: string;
  readonly read: string;
}

export interface PolicyEntry {
  readonly vhost: string;
  readonly name: string;
  readonly pattern: string;
  readonly applyTo: string;
  readonly priority: number;
  readonly definition: ReadonlyMap<string, JsonValue>;
}

export interface ParameterEntry {
  readonly vhost: string;
  readonly component: string;
  readonly name: string;
  readonly value: JsonValue;
}

export interface GlobalParameterEntry {
  readonly name: string;
  readonly value: JsonValue;
}

export interface PasswordHash {
  readonly passwordHash: string;
  readonly hashingAlgorithm: string;
}

/** A key of a definitions document with what stands there. */
export type DocumentSection = readonly [key: string, value: string | Iterable<JsonObject>];

export interface ImportOptions {
  /** Entries belong to this vhost; undefined: a document of the whole node. */
  readonly vhost?: string | undefined;
  readonly by: Identity;
}

/**
 * Vhosts, users, permissions, policies, parameters and definitions, as the node's copy has them. Lists are sorted by name. Reading never waits.
 * All methods throw, or reject with, RefusedError "not_running" while the node's app does not run.
 */
export interface Metadata {
  vhosts(): readonly VhostEntry[];
  vhost(name: string): VhostEntry | undefined;
  users(): readonly UserEntry[];
  user(name: string): UserEntry | undefined;
  permissions(): readonly PermissionEntry[];
  permission(user: string, vhost: string): PermissionEntry | undefined;
  topicPermissions(): readonly TopicPermissionEntry[];
  /** Of all vhosts. */
  policies(kind: PolicyKind): readonly PolicyEntry[];
  /** Of the vhost, or of all; without policies and limits, which the API shows among them. */
  parameters(vhost?: string): readonly ParameterEntry[];
  globalParameters(): readonly GlobalParameterEntry[];
  readonly clusterName: string;

  /** Resolves when it is stored. @throws RefusedError */
  change(change: MetadataChange, by: Identity): Promise<void>;
  /** @throws RefusedError "bad_request": the rule for passwords does not allow it */
  hashPassword(password: string): Promise<PasswordHash>;
  isHashingAlgorithm(name: string): boolean;

  /** RabbitMQ's definitions document, to be taken piece by piece; undefined: there is no such vhost. */
  exportDefinitions(vhost?: string): Iterable<DocumentSection> | undefined;
  /** What was applied before a refusal stays. @throws RefusedError "bad_request" that names the place in the document */
  importDefinitions(json: string, options: ImportOptions): Promise<void>;
}

export type PolicyKind = "policy" | "operator policy";
