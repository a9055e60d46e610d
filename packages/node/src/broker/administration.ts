import { randomBytes } from "node:crypto";
import { type CredentialRule, credentialRule } from "../auth/credential-rule.ts";
import { hashPassword, SALT_SIZE } from "../auth/password.ts";
import type { Config } from "../config/config.ts";
import {
  type AddVhost,
  CHANGED,
  type MetadataCommand,
  type MetadataResult,
  refused,
} from "../metadata/commands.ts";
import type { MetadataMachine } from "../metadata/metadata-machine.ts";
import type { HashingAlgorithm } from "../metadata/records.ts";
import { topologyProblem } from "./topology-validation.ts";
import { VhostDefaults } from "./vhost-defaults.ts";

/** A user whose password is known in clear text. */
export interface NewUser {
  readonly name: string;
  /** undefined: nobody can log in as that user by password. */
  readonly password: string | undefined;
  readonly tags: readonly string[];
}

/**
 * Where an operator's commands enter: the default data, definitions, the embedding API. Adds to the metadata machine
 * what depends on this node's configuration: the limit of vhosts, what each new vhost is given, and which passwords
 * are good enough; and what a client's declaration would be checked for.
 */
export class Administration {
  /** For passwords given in clear text. */
  readonly checkPassword: CredentialRule;
  readonly hashingAlgorithm: HashingAlgorithm;
  readonly #metadata: MetadataMachine;
  readonly #vhostDefaults: VhostDefaults;
  readonly #vhostMax: number | undefined;

  constructor(metadata: MetadataMachine, { auth, defaults, limits }: Config) {
    this.#metadata = metadata;
    this.#vhostDefaults = new VhostDefaults(defaults);
    this.#vhostMax = limits.vhostMax;
    this.checkPassword = credentialRule(auth.credentialValidator);
    this.hashingAlgorithm = `rabbit_password_hashing_${auth.passwordHashing}`;
  }

  apply(command: MetadataCommand): MetadataResult {
    const problem = topologyProblem(command, this.#metadata);
    if (problem !== undefined) return refused("validation_failed", problem);
    const isNewVhost =
      command.type === "addVhost" && this.#metadata.vhost(command.name) === undefined;
    return isNewVhost ? this.#addVhost(command) : this.#metadata.apply(command);
  }

  /** Makes a user or changes an existing one, unless the password breaks the rule. */
  putUser(user: NewUser): MetadataResult {
    const problem = user.password === undefined ? undefined : this.checkPassword(user.password);
    return problem === undefined
      ? this.#putUser(user)
      : refused("credential_validation_failed", problem);
  }

  /** As `putUser` without the rule: for the user that comes with the program. */
  putShippedUser(user: NewUser): MetadataResult {
    return this.#putUser(user);
  }

  #putUser({ name, password, tags }: NewUser): MetadataResult {
    const { hashingAlgorithm } = this;
    const passwordHash =
      password === undefined ? "" : hashPassword(password, makeSalt(), hashingAlgorithm);
    return this.#metadata.apply({ type: "putUser", name, passwordHash, hashingAlgorithm, tags });
  }

  /** A new vhost gets its defaults as a whole, or it is not made. */
  #addVhost(command: AddVhost): MetadataResult {
    const { name } = command;
    const max = this.#vhostMax;
    if (max !== undefined && this.#metadata.vhosts().length >= max) {
      const text = `cannot create vhost '${name}': vhost limit of ${max} is reached`;
      return refused("vhost_limit_exceeded", text);
    }
    const added = this.#metadata.apply(command);
    if (!added.ok) return added;
    const refusal = this.#fill(name);
    if (refusal === undefined) return CHANGED;
    this.#metadata.apply({ type: "deleteVhost", name });
    return refusal;
  }

  /** The refusal, if there is one. */
  #fill(vhost: string): MetadataResult | undefined {
    for (const command of this.#vhostDefaults.commandsFor(vhost)) {
      const result = this.#metadata.apply(command);
      if (!result.ok) return result;
    }
    for (const user of this.#vhostDefaults.usersOf(vhost)) {
      const made = this.#metadata.user(user.name) === undefined ? this.putUser(user) : CHANGED;
      if (!made.ok) return refused(made.reason, `default_users.${user.name}: ${made.text}`);
      const { permissions, name } = user;
      const granted = this.#metadata.apply({
        type: "setPermissions",
        user: name,
        vhost,
        ...permissions,
      });
      if (!granted.ok) return granted;
    }
    return undefined;
  }
}

/** A salt for one password hash. */
export function makeSalt(): Buffer {
  return randomBytes(SALT_SIZE);
}
