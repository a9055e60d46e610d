import type {
  DefaultOperatorPolicy,
  DefaultsConfig,
  DefaultUser,
  DefaultVhostLimits,
} from "../config/config.ts";
import type { MetadataCommand } from "../metadata/commands.ts";
import { compilePattern, type NamePattern } from "../metadata/name-pattern.ts";

interface ForVhosts<T> {
  readonly pattern: NamePattern;
  readonly value: T;
}

/** What each new vhost gets by its name (RabbitMQ: rabbit_db_vhost_defaults). */
export class VhostDefaults {
  readonly #limits: readonly ForVhosts<DefaultVhostLimits>[];
  readonly #policies: readonly ForVhosts<DefaultOperatorPolicy>[];
  readonly #users: readonly ForVhosts<DefaultUser>[];

  /** @throws InvalidPatternError if a pattern is wrong; the configuration was checked before */
  constructor(defaults: DefaultsConfig) {
    this.#limits = defaults.vhostLimits.map((value) => compiled(value.pattern, value));
    this.#policies = defaults.operatorPolicies.map((value) => compiled(value.vhostPattern, value));
    this.#users = defaults.users.map((value) => compiled(value.vhostPattern, value));
  }

  /** Limits and operator policies. Of limits the first that match count alone, of policies all (RabbitMQ). */
  commandsFor(vhost: string): MetadataCommand[] {
    const limits = this.#limits.find(({ pattern }) => pattern.test(vhost))?.value;
    return [
      ...(limits === undefined ? [] : [limitsCommand(vhost, limits)]),
      ...matching(this.#policies, vhost).map((policy) => policyCommand(vhost, policy)),
    ];
  }

  /** Users that have permissions in the vhost. */
  usersOf(vhost: string): DefaultUser[] {
    return matching(this.#users, vhost);
  }
}

function compiled<T>(pattern: string, value: T): ForVhosts<T> {
  return { pattern: compilePattern(pattern), value };
}

function matching<T>(list: readonly ForVhosts<T>[], vhost: string): T[] {
  return list.filter(({ pattern }) => pattern.test(vhost)).map(({ value }) => value);
}

function limitsCommand(vhost: string, limits: DefaultVhostLimits): MetadataCommand {
  const entries: [string, number][] = [];
  if (limits.maxConnections !== undefined) entries.push(["max-connections", limits.maxConnections]);
  if (limits.maxQueues !== undefined) entries.push(["max-queues", limits.maxQueues]);
  return { type: "setVhostLimits", vhost, limits: new Map(entries), merge: false };
}

function policyCommand(vhost: string, policy: DefaultOperatorPolicy): MetadataCommand {
  return {
    type: "setOperatorPolicy",
    vhost,
    name: policy.name,
    pattern: policy.queuePattern,
    applyTo: policy.applyTo,
    priority: 0,
    definition: new Map(Object.entries(policy.definition)),
  };
}
