import {
  type AddUser,
  type Applied,
  CHANGED,
  type ClearPermissions,
  type ClearTopicPermissions,
  type ClearUserLimits,
  type MetadataResult,
  type PutUser,
  type Refusal,
  refused,
  type SetUserLimits,
  type SetUserPassword,
  UNCHANGED,
} from "./commands.ts";
import { valuesByKey } from "./compare-text.ts";
import type { Emit } from "./events.ts";
import { limitOf, USER_LIMITS, validateLimits } from "./limit-validation.ts";
import { compilePattern, InvalidPatternError } from "./name-pattern.ts";
import type { PermissionRecord, TopicPermissionRecord, UserRecord } from "./records.ts";

interface UserEntry {
  record: UserRecord;
  /** By vhost. */
  readonly permissions: Map<string, PermissionRecord>;
  /** By vhost, then by exchange. */
  readonly topicPermissions: Map<string, Map<string, TopicPermissionRecord>>;
}

/** Users and what they may do. Changed by the metadata machine only. */
export class UserDirectory {
  readonly #users = new Map<string, UserEntry>();

  find(name: string): UserRecord | undefined {
    return this.#users.get(name)?.record;
  }

  permissionsFor(user: string, vhost: string): PermissionRecord | undefined {
    return this.#users.get(user)?.permissions.get(vhost);
  }

  topicPermissionFor(
    user: string,
    vhost: string,
    exchange: string,
  ): TopicPermissionRecord | undefined {
    return this.#users.get(user)?.topicPermissions.get(vhost)?.get(exchange);
  }

  /** Sorted by name. */
  records(): UserRecord[] {
    return valuesByKey(this.#users).map((entry) => entry.record);
  }

  /** Sorted by user, then by vhost. */
  permissions(): PermissionRecord[] {
    return valuesByKey(this.#users).flatMap((entry) => valuesByKey(entry.permissions));
  }

  /** Sorted by user, vhost and exchange. */
  topicPermissions(): TopicPermissionRecord[] {
    return valuesByKey(this.#users).flatMap((entry) =>
      valuesByKey(entry.topicPermissions).flatMap(valuesByKey),
    );
  }

  /** Adds or replaces a record as it is (from a snapshot). */
  restore(record: UserRecord): void {
    const entry = this.#users.get(record.name);
    if (entry !== undefined) entry.record = record;
    else {
      const empty = { permissions: new Map(), topicPermissions: new Map() };
      this.#users.set(record.name, { record, ...empty });
    }
  }

  add(command: AddUser, emit: Emit): MetadataResult {
    if (this.#users.has(command.name)) {
      return refused("user_already_exists", `User "${command.name}" already exists`);
    }
    return this.#create(command, emit);
  }

  put(command: PutUser, emit: Emit): MetadataResult {
    if (!this.#users.has(command.name)) return this.#create(command, emit);
    const password = this.setPassword({ ...command, type: "setUserPassword" }, emit);
    const tags = this.setTags(command.name, command.tags, emit);
    return password.ok && !password.changed ? tags : password;
  }

  delete(name: string, emit: Emit): MetadataResult {
    if (!this.#users.delete(name)) return noSuchUser(name);
    emit({ type: "userDeleted", user: name });
    return CHANGED;
  }

  setPassword(command: SetUserPassword, emit: Emit): MetadataResult {
    const { name, passwordHash, hashingAlgorithm } = command;
    const entry = this.#users.get(name);
    if (entry === undefined) return noSuchUser(name);
    const { record } = entry;
    if (record.passwordHash === passwordHash && record.hashingAlgorithm === hashingAlgorithm) {
      return UNCHANGED;
    }
    entry.record = { ...record, passwordHash, hashingAlgorithm };
    emit({ type: "userPasswordChanged", user: name });
    return CHANGED;
  }

  setTags(name: string, tags: readonly string[], emit: Emit): MetadataResult {
    const entry = this.#users.get(name);
    if (entry === undefined) return noSuchUser(name);
    if (JSON.stringify(entry.record.tags) === JSON.stringify(tags)) return UNCHANGED;
    entry.record = { ...entry.record, tags };
    emit({ type: "userTagsChanged", user: name });
    return CHANGED;
  }

  setLimits(command: SetUserLimits, emit: Emit): MetadataResult {
    const entry = this.#users.get(command.name);
    if (entry === undefined) return noSuchUser(command.name);
    const problem = validateLimits(command.limits, USER_LIMITS, "user-limits");
    if (problem !== undefined) return refused("validation_failed", problem);
    const { limits } = entry.record;
    return changeLimits(entry, emit, {
      maxConnections: limitOf(command.limits, "max-connections") ?? limits.maxConnections,
      maxChannels: limitOf(command.limits, "max-channels") ?? limits.maxChannels,
    });
  }

  clearLimits(command: ClearUserLimits, emit: Emit): MetadataResult {
    const entry = this.#users.get(command.name);
    if (entry === undefined) return noSuchUser(command.name);
    const { limits } = entry.record;
    const clears = (name: string): boolean => command.limit === undefined || command.limit === name;
    return changeLimits(entry, emit, {
      maxConnections: clears("max-connections") ? undefined : limits.maxConnections,
      maxChannels: clears("max-channels") ? undefined : limits.maxChannels,
    });
  }

  /** The vhost exists: the machine has looked. */
  setPermissions(permission: PermissionRecord, emit: Emit): MetadataResult {
    const { user, vhost, configure, write, read } = permission;
    const entry = this.#users.get(user);
    if (entry === undefined) return noSuchUser(user);
    const invalid = findInvalid([configure, write, read]);
    if (invalid !== undefined) return invalid;
    entry.permissions.set(vhost, { user, vhost, configure, write, read });
    emit({ type: "permissionsChanged", user, vhost });
    return CHANGED;
  }

  clearPermissions({ user, vhost }: ClearPermissions, emit: Emit): MetadataResult {
    const entry = this.#users.get(user);
    if (entry === undefined) return noSuchUser(user);
    if (!entry.permissions.delete(vhost)) return UNCHANGED;
    emit({ type: "permissionsChanged", user, vhost });
    return CHANGED;
  }

  /** The vhost exists: the machine has looked. */
  setTopicPermissions(permission: TopicPermissionRecord, emit: Emit): MetadataResult {
    const { user, vhost, exchange, write, read } = permission;
    const entry = this.#users.get(user);
    if (entry === undefined) return noSuchUser(user);
    const invalid = findInvalid([write, read]);
    if (invalid !== undefined) return invalid;
    const exchanges = entry.topicPermissions.get(vhost) ?? new Map();
    exchanges.set(exchange, { user, vhost, exchange, write, read });
    entry.topicPermissions.set(vhost, exchanges);
    emit({ type: "topicPermissionsChanged", user, vhost });
    return CHANGED;
  }

  clearTopicPermissions(command: ClearTopicPermissions, emit: Emit): MetadataResult {
    const { user, vhost, exchange } = command;
    const entry = this.#users.get(user);
    if (entry === undefined) return noSuchUser(user);
    if (!removeTopicPermissions(entry, vhost, exchange)) return UNCHANGED;
    emit({ type: "topicPermissionsChanged", user, vhost });
    return CHANGED;
  }

  /** A deleted vhost takes the permissions in it along. */
  forgetVhost(vhost: string, emit: Emit): void {
    for (const { record, permissions, topicPermissions } of valuesByKey(this.#users)) {
      const user = record.name;
      if (permissions.delete(vhost)) emit({ type: "permissionsChanged", user, vhost });
      if (topicPermissions.delete(vhost)) emit({ type: "topicPermissionsChanged", user, vhost });
    }
  }

  #create(command: AddUser | PutUser, emit: Emit): Applied {
    const { name, passwordHash, hashingAlgorithm, tags } = command;
    const limits = { maxConnections: undefined, maxChannels: undefined };
    this.restore({ name, passwordHash, hashingAlgorithm, tags, limits });
    emit({ type: "userAdded", user: name });
    return CHANGED;
  }
}

function noSuchUser(name: string): Refusal {
  return refused("no_such_user", `User "${name}" does not exist`);
}

function findInvalid(patterns: readonly string[]): Refusal | undefined {
  for (const pattern of patterns) {
    try {
      compilePattern(pattern);
    } catch (error) {
      if (!(error instanceof InvalidPatternError)) throw error;
      return refused("invalid_regexp", error.message);
    }
  }
  return undefined;
}

function changeLimits(entry: UserEntry, emit: Emit, limits: UserRecord["limits"]): Applied {
  const before = entry.record.limits;
  if (
    before.maxConnections === limits.maxConnections &&
    before.maxChannels === limits.maxChannels
  ) {
    return UNCHANGED;
  }
  entry.record = { ...entry.record, limits };
  emit({ type: "userLimitsChanged", user: entry.record.name });
  return CHANGED;
}

/** false: there were none. */
function removeTopicPermissions(
  entry: UserEntry,
  vhost: string,
  exchange: string | undefined,
): boolean {
  if (exchange === undefined) return entry.topicPermissions.delete(vhost);
  const exchanges = entry.topicPermissions.get(vhost);
  if (exchanges?.delete(exchange) !== true) return false;
  if (exchanges.size === 0) entry.topicPermissions.delete(vhost);
  return true;
}
