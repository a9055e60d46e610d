import type { Logger } from "../logger.ts";
import type { MetadataView } from "../metadata/metadata-machine.ts";
import type { AccessControl } from "./access-control.ts";
import { AskedPermissions } from "./asked-permissions.ts";
import type { AuthAttempts, LoginProtocol } from "./auth-attempts.ts";
import { type AuthBackend, type BackendAnswer, causeText, type Grant } from "./auth-backend.ts";
import { BoundedMemory } from "./bounded-memory.ts";
import { type Eventually, whenThere } from "./eventually.ts";
import type { FailedLogins } from "./failed-logins.ts";
import { INTERNAL_BACKEND_NAME } from "./internal-backend.ts";
import { keyedDigest } from "./keyed-digest.ts";
import { InternalPermissions, type Permissions } from "./permissions.ts";

/** One entry of `auth_backends`: who authenticates, and who then has to allow what the user does; not empty. */
export interface BackendLink {
  readonly authn: AuthBackend;
  readonly authz: readonly AuthBackend[];
}

/** What somebody shows to be let in. */
export interface LoginAttempt {
  readonly username: string;
  /** undefined: the name was proven otherwise (EXTERNAL). */
  readonly password: string | undefined;
  readonly protocol: LoginProtocol;
  /** Without port. */
  readonly remoteAddress: string;
  /** Of AMQP. */
  readonly connection?: LoginConnection | undefined;
}

/** The connection on which somebody logs in, for events. */
export interface LoginConnection {
  readonly name: string;
  readonly mechanism: string;
  readonly isTls: boolean;
}

/** Who has logged in. */
export interface Identity {
  readonly name: string;
  /** Of the broker's own users as they are now, of others as they were at login. */
  readonly tags: readonly string[];
  readonly permissions: Permissions;
  /** Of the first of their backends; undefined: never. */
  readonly expiresAtMs: number | undefined;
  /** connection.update-secret: who they are from now on. */
  renew(secret: string): Eventually<LoginResult>;
}

/** `why` is for the log: clients are told the same in every case. "throttled": the password was not even looked at; "unavailable": no
 * backend could. */
export type LoginResult =
  | { readonly ok: true; readonly identity: Identity }
  | {
      readonly ok: false;
      readonly username: string;
      readonly reason: "refused" | "loopback" | "throttled" | "unavailable";
      readonly why: string;
    };

/** Whoever has not logged in yet. */
export const NOBODY: Identity = {
  name: "",
  tags: [],
  permissions: new AskedPermissions("", [], () => false),
  expiresAtMs: undefined,
  renew: () => ({ ok: false, username: "", reason: "refused", why: "not logged in" }),
};

export interface AuthenticatorOptions {
  /** Asked in this order until one accepts; not empty. */
  readonly chain: readonly BackendLink[];
  /** Users who may come from this machine only (RabbitMQ: loopback_users). */
  readonly loopbackUsers: ReadonlySet<string>;
  readonly metadata: MetadataView;
  readonly access: AccessControl;
  readonly attempts: AuthAttempts;
  readonly failures: FailedLogins;
  readonly log: Logger;
  readonly now: () => number;
  /** Hears of each decision. */
  readonly onAttempt?: (attempt: LoginAttempt, result: LoginResult) => void;
}

/** How long credentials that were right are tried in spite of failures beside them. */
const KNOWN_GOOD_MS = 3_600_000;
const KNOWN_GOOD_MAX = 10_000;

/** Lets users in: by AMQP and by HTTP, with the same backends, counters and limits. Never throws or rejects. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #knownGood: BoundedMemory<true>;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    const { now } = options;
    this.#knownGood = new BoundedMemory({ ttlMs: KNOWN_GOOD_MS, countMax: KNOWN_GOOD_MAX, now });
  }

  /** Within the call if nobody else has to be asked and the hash is a fast one. */
  authenticate(attempt: LoginAttempt): Eventually<LoginResult> {
    if (this.#isThrottled(attempt)) {
      const { username, remoteAddress } = attempt;
      const why = `user '${username}': too many failed logins from ${remoteAddress}`;
      return this.#noted(attempt, { ok: false, username, reason: "throttled", why });
    }
    return whenThere(this.#tryLink(attempt), (result) => this.#noted(attempt, result));
  }

  /** Forgets what backends have answered (RabbitMQ: clear_auth_backend_cache). */
  clearCaches(): void {
    for (const { authn, authz } of this.#options.chain) {
      for (const backend of [authn, ...authz]) backend.clear?.();
    }
  }

  /** One of the broker's own users whom somebody else has let in. */
  ownUser(name: string): Identity {
    const { metadata, access } = this.#options;
    return {
      name,
      get tags(): readonly string[] {
        return metadata.user(name)?.tags ?? [];
      },
      permissions: new InternalPermissions(access, name),
      expiresAtMs: undefined,
      renew: () => ({ ok: true, identity: this.ownUser(name) }),
    };
  }

  /** Whether the credentials are right, for an operator of this machine: counted nowhere. */
  async accepts(username: string, password: string): Promise<boolean> {
    const attempt = {
      username,
      password,
      protocol: "amqp091",
      remoteAddress: "127.0.0.1",
    } as const;
    return (await this.#tryLink(attempt)).ok;
  }

  /** Ends what backends have open. */
  close(): void {
    for (const { authn, authz } of this.#options.chain) {
      for (const backend of [authn, ...authz]) backend.close?.();
    }
  }

  /** Whoever had the right password lately is let through to have it checked. */
  #isThrottled({ username, password, remoteAddress }: LoginAttempt): boolean {
    const { failures, now } = this.#options;
    if (!failures.isExhausted(remoteAddress, username, now())) return false;
    return password === undefined || !this.#knownGood.get(keyedDigest(username, password));
  }

  /** `before`: what the links before said. */
  #tryLink(attempt: LoginAttempt, index = 0, before?: Refused): Eventually<LoginResult> {
    const { username } = attempt;
    const link = this.#options.chain[index];
    if (link === undefined) {
      const reason = before?.isFault === true ? "unavailable" : "refused";
      return { ok: false, username, reason, why: before?.why ?? "" };
    }
    return whenThere(this.#login(link, attempt), (answer) => {
      if (answer.ok) return this.#admit(answer, attempt);
      // One that has refused has looked at the password.
      const isFault = answer.isFault === true && before?.isFault !== false;
      return this.#tryLink(attempt, index + 1, { ...answer, isFault });
    });
  }

  #login({ authn, authz }: BackendLink, attempt: LoginAttempt): Eventually<Accepted | Refused> {
    return whenThere(
      this.#ask(authn, () => authn.authenticate(attempt)),
      (answer) => {
        if (!answer.ok) return answer;
        const first = { ...answer, authn, tags: answer.tags };
        const isOne = authz.length === 1 && authz[0] === authn;
        if (isOne) return { ...first, grants: [answer.grant] };
        return this.#authorize({ ...first, grants: [] }, authz, attempt);
      },
    );
  }

  /** The backends in turn; tags of all of them count. */
  #authorize(
    accepted: Accepted,
    backends: readonly AuthBackend[],
    attempt: LoginAttempt,
  ): Eventually<Accepted | Refused> {
    const [backend, ...others] = backends;
    if (backend === undefined) return accepted;
    const credentials = { ...attempt, username: accepted.username };
    return whenThere(
      this.#ask(backend, () => backend.authorize(credentials)),
      (answer) => {
        if (!answer.ok) return answer;
        const grants = [...accepted.grants, answer.grant];
        const tags = [...new Set([...accepted.tags, ...answer.tags])];
        return this.#authorize({ ...accepted, grants, tags }, others, attempt);
      },
    );
  }

  /** A backend that cannot tell refuses: the next one is asked (RabbitMQ). */
  #ask(backend: AuthBackend, question: () => Eventually<BackendAnswer>): Eventually<BackendAnswer> {
    const { name } = backend;
    const onFault = (error: unknown): BackendAnswer => {
      this.#options.log.error({ backend: name }, `${name}: ${causeText(error)}`);
      return { ok: false, why: `${name} could not tell: ${causeText(error)}`, isFault: true };
    };
    const onAnswer = (answer: BackendAnswer): BackendAnswer => {
      if (!answer.ok) this.#options.log.debug({ backend: name }, `${name} refused: ${answer.why}`);
      return answer;
    };
    try {
      const answer = question();
      return answer instanceof Promise ? answer.then(onAnswer, onFault) : onAnswer(answer);
    } catch (error) {
      return onFault(error);
    }
  }

  #admit(accepted: Accepted, attempt: LoginAttempt): LoginResult {
    const { username } = accepted;
    const { loopbackUsers } = this.#options;
    if (loopbackUsers.has(username) && !isLoopback(attempt.remoteAddress)) {
      const why = `user '${username}' can only connect via localhost`;
      return { ok: false, username, reason: "loopback", why };
    }
    return { ok: true, identity: this.#identity(accepted) };
  }

  #identity(accepted: Accepted): Identity {
    const { username, grants } = accepted;
    const { metadata, access } = this.#options;
    const isInternal = (name: string): boolean => name === INTERNAL_BACKEND_NAME;
    const expiries = grants.flatMap(({ expiresAtMs }) => expiresAtMs ?? []);
    return {
      name: username,
      get tags(): readonly string[] {
        const own = isInternal(accepted.authn.name) ? metadata.user(username)?.tags : undefined;
        return own ?? accepted.tags;
      },
      permissions: grants.every(({ backend }) => isInternal(backend))
        ? new InternalPermissions(access, username)
        : new AskedPermissions(username, grants, (vhost) => metadata.vhost(vhost) !== undefined),
      expiresAtMs: expiries.length === 0 ? undefined : Math.min(...expiries),
      renew: (secret) => this.#renew(accepted, secret),
    };
  }

  #renew(accepted: Accepted, secret: string): Eventually<LoginResult> {
    const { username } = accepted;
    return whenThere(this.#renewed(accepted, secret, 0), (answer) => {
      if (answer.ok) return { ok: true, identity: this.#identity(answer) };
      return { ok: false, username, reason: "refused", why: answer.why };
    });
  }

  /** The grants from `index` on are renewed, one after the other. */
  #renewed(accepted: Accepted, secret: string, index: number): Eventually<Accepted | Refused> {
    const grant = accepted.grants[index];
    if (grant === undefined) return accepted;
    if (grant.renew === undefined) return this.#renewed(accepted, secret, index + 1);
    return whenThere(renewOne(grant, secret), (answer) => {
      if (!answer.ok) return answer;
      const grants = accepted.grants.with(index, answer.grant);
      return this.#renewed({ ...accepted, grants, tags: answer.tags }, secret, index + 1);
    });
  }

  #noted(attempt: LoginAttempt, result: LoginResult): LoginResult {
    const { attempts, failures, now, onAttempt } = this.#options;
    const { protocol, remoteAddress, username, password } = attempt;
    attempts.note(protocol, remoteAddress, username, result.ok);
    if (result.ok) {
      failures.forget(remoteAddress, username);
      if (password !== undefined) this.#knownGood.set(keyedDigest(username, password), true);
    } else if (result.reason === "refused") {
      failures.note(remoteAddress, username, now());
    }
    onAttempt?.(attempt, result);
    return result;
  }
}

interface Accepted {
  readonly ok: true;
  readonly username: string;
  readonly tags: readonly string[];
  readonly authn: AuthBackend;
  readonly grants: readonly Grant[];
}

type Refused = BackendAnswer & { readonly ok: false };

function renewOne(grant: Grant, secret: string): Eventually<BackendAnswer> {
  const onFault = (error: unknown): BackendAnswer => ({
    ok: false,
    why: `${grant.backend} could not tell: ${causeText(error)}`,
  });
  try {
    const answer = grant.renew?.(secret) ?? onFault(new Error("it takes no secret"));
    return answer instanceof Promise ? answer.catch(onFault) : answer;
  } catch (error) {
    return onFault(error);
  }
}

/** 127.0.0.0/8 and ::1, also in the IPv4-mapped form that dual-stack sockets show. */
function isLoopback(address: string): boolean {
  const plain = address.startsWith("::ffff:") ? address.slice("::ffff:".length) : address;
  return plain === "::1" || plain.startsWith("127.");
}
