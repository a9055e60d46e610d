import { randomBytes } from "node:crypto";
import { hashPassword, SALT_SIZE } from "../auth/password.ts";
import type { DefaultsConfig, DefaultUser, PermissionPatterns } from "../config/config.ts";
import type { HashingAlgorithm } from "../metadata/records.ts";
import type { Broker } from "./broker.ts";

/** Fills an empty broker: default vhost, default user, `default_users.*` (RabbitMQ: insert_default_data). */
export function seedDefaults(
  broker: Broker,
  defaults: DefaultsConfig,
  algorithm: HashingAlgorithm,
): void {
  addVhost(broker, defaults.vhost, defaults);
  addUser(broker, algorithm, {
    name: defaults.user,
    password: defaults.password,
    tags: defaults.userTags,
  });
  grant(broker, defaults.user, defaults.vhost, defaults.permissions);
  for (const user of defaults.users) addDefaultUser(broker, user, algorithm);
}

/** A salt for one password hash. */
export function makeSalt(): Buffer {
  return randomBytes(SALT_SIZE);
}

function addVhost(broker: Broker, name: string, defaults: DefaultsConfig): void {
  broker.applyMetadata({ type: "addVhost", name });
  for (const limits of defaults.vhostLimits) {
    if (!new RegExp(limits.pattern).test(name)) continue;
    const entries: [string, number][] = [];
    if (limits.maxConnections !== undefined)
      entries.push(["max-connections", limits.maxConnections]);
    if (limits.maxQueues !== undefined) entries.push(["max-queues", limits.maxQueues]);
    broker.applyMetadata({
      type: "setVhostLimits",
      vhost: name,
      limits: new Map(entries),
      merge: true,
    });
  }
  for (const policy of defaults.operatorPolicies) {
    if (!new RegExp(policy.vhostPattern).test(name)) continue;
    broker.applyMetadata({
      type: "setOperatorPolicy",
      vhost: name,
      name: policy.name,
      pattern: policy.queuePattern,
      applyTo: "queues",
      priority: 0,
      definition: new Map(Object.entries(policy.definition)),
    });
  }
}

function addDefaultUser(broker: Broker, user: DefaultUser, algorithm: HashingAlgorithm): void {
  addUser(broker, algorithm, user);
  const pattern = new RegExp(user.vhostPattern);
  for (const vhost of broker.vhosts.keys()) {
    if (pattern.test(vhost)) grant(broker, user.name, vhost, user.permissions);
  }
}

interface NewUser {
  readonly name: string;
  readonly password: string | undefined;
  readonly tags: readonly string[];
}

/** Makes a user; without a password nobody can log in as that user. */
export function addUser(broker: Broker, algorithm: HashingAlgorithm, user: NewUser): void {
  const { name, password, tags } = user;
  broker.applyMetadata({
    type: "putUser",
    name,
    passwordHash: password === undefined ? "" : hashPassword(password, makeSalt(), algorithm),
    hashingAlgorithm: algorithm,
    tags,
  });
}

function grant(broker: Broker, user: string, vhost: string, patterns: PermissionPatterns): void {
  const { configure, write, read } = patterns;
  broker.applyMetadata({ type: "setPermissions", user, vhost, configure, write, read });
}
