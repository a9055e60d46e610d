import { randomBytes } from "node:crypto";
import { type CredentialRule, credentialRule } from "../auth/credential-rule.ts";
import { makePasswordHash, SALT_SIZE, SCRYPT } from "../auth/password.ts";
import type { AuthConfig, Config, DefaultUser } from "../config/config.ts";
import { type Actor, INTERNAL_ACTOR } from "../metadata/actor.ts";
import {
  type AddVhost,
  CHANGED,
  type MetadataCommand,
  type MetadataResult,
  type Refusal,
  refused,
} from "../metadata/commands.ts";
import type { MetadataView } from "../metadata/metadata-machine.ts";
import type { MetadataStore, WaitsUntil } from "../metadata/metadata-store.ts";
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
  readonly #store: MetadataStore;
  readonly #vhostDefaults: VhostDefaults;
  readonly #vhostMax: number | undefined;

  constructor(store: MetadataStore, { auth, defaults, limits }: Config) {
    this.#store = store;
    this.#vhostDefaults = new VhostDefaults(defaults);
    this.#vhostMax = limits.vhostMax;
    this.checkPassword = credentialRule(auth.credentialValidator);
    this.hashingAlgorithm = hashingAlgorithmOf(auth);
  }

  /** What there is. */
  get metadata(): MetadataView {
    return this.#store.machine;
  }

  /** Calls `done` within the call or later, as MetadataStore.submit. */
  apply(
    command: MetadataCommand,
    done: Done,
    until: WaitsUntil = "stored",
    actor: Actor = INTERNAL_ACTOR,
  ): void {
    const problem = topologyProblem(command, this.metadata);
    if (problem !== undefined) done(refused("validation_failed", problem));
    else if (command.type === "addVhost" && !this.#isFinished(command.name)) {
      this.#addVhost(command, this.#whenStored(done, until), actor);
    } else {
      this.#store.submit(command, done, until, actor);
    }
  }

  /** Makes a user or changes an existing one, unless the password breaks the rule. */
  putUser(user: NewUser, done: Done): void {
    const problem = user.password === undefined ? undefined : this.checkPassword(user.password);
    if (problem !== undefined) done(refused("credential_validation_failed", problem));
    else this.putShippedUser(user, done);
  }

  /** As `putUser` without the rule: for the user that comes with the program. */
  putShippedUser({ name, password, tags }: NewUser, done: Done): void {
    const { hashingAlgorithm } = this;
    const put = (passwordHash: string): void => {
      this.#store.submit({ type: "putUser", name, passwordHash, hashingAlgorithm, tags }, done);
    };
    const hash = password === undefined ? "" : makePasswordHash(password, hashingAlgorithm);
    if (typeof hash === "string") put(hash);
    else hash.then(put, (error: Error) => done(refused("store_unavailable", error.message)));
  }

  /** Calls `done` when all that was applied so far is stored. */
  whenStored(done: (failure: Refusal | undefined) => void): void {
    this.#store.whenStored(done);
  }

  /** The vhost is there, with what it was given: a first start may have ended in the middle of that. */
  #isFinished(vhost: string): boolean {
    return this.metadata.isSetUp && this.metadata.vhost(vhost) !== undefined;
  }

  /** A new vhost gets its defaults as a whole, or it is not made. */
  #addVhost(command: AddVhost, done: Done, actor: Actor): void {
    const { name } = command;
    const max = this.#vhostMax;
    const isNew = this.metadata.vhost(name) === undefined;
    if (isNew && max !== undefined && this.metadata.vhosts().length >= max) {
      const text = `cannot create vhost '${name}': vhost limit of ${max} is reached`;
      done(refused("vhost_limit_exceeded", text));
      return;
    }
    this.#inTurn([this.#submission(command, actor), ...this.#defaultsOf(name)], (result) => {
      if (result.ok || !isNew || this.metadata.vhost(name) === undefined) done(result);
      else this.#store.submit({ type: "deleteVhost", name }, () => done(result), "applied");
    });
  }

  /** What the vhost is given, and does not have. */
  #defaultsOf(vhost: string): Step[] {
    const { metadata } = this;
    const isMissing = (command: MetadataCommand): boolean => isLacking(metadata, vhost, command);
    const commands = this.#vhostDefaults.commandsFor(vhost).filter(isMissing);
    const users = this.#vhostDefaults
      .usersOf(vhost)
      .filter(({ name }) => metadata.permissionsFor(name, vhost) === undefined);
    return [
      ...commands.map((command) => this.#submission(command)),
      ...users.flatMap((user) => [this.#defaultUser(user), this.#grant(user, vhost)]),
    ];
  }

  #defaultUser(user: DefaultUser): Step {
    return (next) => {
      if (this.metadata.user(user.name) !== undefined) next(CHANGED);
      else {
        this.putUser(user, (made) =>
          next(made.ok ? made : refused(made.reason, `default_users.${user.name}: ${made.text}`)),
        );
      }
    };
  }

  #grant({ name, permissions }: DefaultUser, vhost: string): Step {
    return this.#submission({ type: "setPermissions", user: name, vhost, ...permissions });
  }

  #submission(command: MetadataCommand, actor?: Actor): Step {
    return (next) => this.#store.submit(command, next, "applied", actor);
  }

  /** Carries out one step after the other; ends with the first refusal, or says that something has changed. */
  #inTurn(steps: readonly Step[], done: Done): void {
    const [first, ...others] = steps;
    if (first === undefined) {
      done(CHANGED);
      return;
    }
    first((result) => {
      if (result.ok) this.#inTurn(others, done);
      else done(result);
    });
  }

  #whenStored(done: Done, until: WaitsUntil): Done {
    if (until === "applied") return done;
    return (result) => {
      if (result.ok) this.#store.whenStored((failure) => done(failure ?? result));
      else done(result);
    };
  }
}

/** Whether a vhost has no limits, or no operator policy of that name. */
function isLacking(metadata: MetadataView, vhost: string, command: MetadataCommand): boolean {
  const state = metadata.vhost(vhost);
  if (state === undefined) return true;
  if (command.type === "setOperatorPolicy") {
    return state.operatorPolicies.every(({ name }) => name !== command.name);
  }
  const { maxConnections, maxQueues } = state.record.limits;
  return maxConnections === undefined && maxQueues === undefined;
}

type Done = (result: MetadataResult) => void;
/** Something that ends with a result, within the call or later. */
type Step = (next: Done) => void;

/** How new passwords are hashed. */
export function hashingAlgorithmOf({ passwordHashing }: AuthConfig): HashingAlgorithm {
  return passwordHashing === "scrypt" ? SCRYPT : `rabbit_password_hashing_${passwordHashing}`;
}

/** A salt for one password hash. */
export function makeSalt(): Buffer {
  return randomBytes(SALT_SIZE);
}
