import type {
  AuthBackend,
  BackendAnswer,
  Credentials,
  Grant,
  ResourceQuestion,
  TopicQuestion,
} from "./auth-backend.ts";
import { BoundedMemory } from "./bounded-memory.ts";
import { type Eventually, whenThere } from "./eventually.ts";
import { keyedDigest } from "./keyed-digest.ts";

/** Answers that are remembered; full: the oldest makes room. */
const ANSWERS_MAX = 65_536;

export interface CachedBackends {
  readonly authn: AuthBackend;
  readonly authz: AuthBackend;
  readonly ttlMs: number;
  /** Refusals are remembered, too. */
  readonly hasRefusals: boolean;
}

/**
 * Remembers for some time what other backends have answered, to whoever asks the same (RabbitMQ: rabbit_auth_backend_cache). Faults
 * are not remembered. Passwords are known by a digest. Backends may look at where users come from: each address asks anew.
 */
export class CacheBackend implements AuthBackend {
  readonly name = "rabbit_auth_backend_cache";
  readonly #cached: CachedBackends;
  readonly #logins: BoundedMemory<BackendAnswer>;
  readonly #decisions: BoundedMemory<boolean>;

  constructor(cached: CachedBackends, now: () => number) {
    this.#cached = cached;
    const { ttlMs } = cached;
    this.#logins = new BoundedMemory({ ttlMs, countMax: ANSWERS_MAX, now });
    this.#decisions = new BoundedMemory({ ttlMs, countMax: ANSWERS_MAX, now });
  }

  authenticate(credentials: Credentials): Eventually<BackendAnswer> {
    const { authn, authz } = this.#cached;
    const { username, password, remoteAddress } = credentials;
    const secret = password === undefined ? [] : [password];
    const key = keyedDigest("authenticate", username, remoteAddress, ...secret);
    return this.#login(key, () =>
      whenThere(authn.authenticate(credentials), (answer) => {
        if (!answer.ok || authz === authn) return answer;
        const { tags } = answer;
        const known = { ...credentials, username: answer.username };
        return whenThere(authz.authorize(known), (authorized) =>
          authorized.ok ? { ...authorized, tags: [...tags, ...authorized.tags] } : authorized,
        );
      }),
    );
  }

  authorize(credentials: Credentials): Eventually<BackendAnswer> {
    const { username, remoteAddress } = credentials;
    const key = keyedDigest("authorize", username, remoteAddress);
    return this.#login(key, () => this.#cached.authz.authorize(credentials));
  }

  /** Forgets everything (`clear_auth_backend_cache`). */
  clear(): void {
    this.#logins.clear();
    this.#decisions.clear();
  }

  close(): void {
    this.#cached.authn.close?.();
    this.#cached.authz.close?.();
  }

  #login(key: string, ask: () => Eventually<BackendAnswer>): Eventually<BackendAnswer> {
    const known = this.#logins.get(key);
    if (known !== undefined) return known;
    return whenThere(ask(), (answer) => {
      const own = answer.ok ? { ...answer, grant: this.#remembering(answer.grant, key) } : answer;
      if (answer.ok || this.#cached.hasRefusals) this.#logins.set(key, own);
      return own;
    });
  }

  /** `owner`: whose decisions they are. */
  #remembering(grant: Grant, owner: string): Grant {
    const decide = (
      question: readonly string[],
      ask: () => Eventually<boolean>,
    ): Eventually<boolean> => {
      const key = keyedDigest(owner, ...question);
      const known = this.#decisions.get(key);
      if (known !== undefined) return known;
      return whenThere(ask(), (isAllowed) => {
        if (isAllowed || this.#cached.hasRefusals) this.#decisions.set(key, isAllowed);
        return isAllowed;
      });
    };
    return {
      backend: grant.backend,
      expiresAtMs: grant.expiresAtMs,
      allowsVhost: (vhost) => decide(["vhost", vhost], () => grant.allowsVhost(vhost)),
      allowsResource: (question: ResourceQuestion) => {
        const { vhost, kind, name, access } = question;
        return decide(["resource", vhost, kind, name, access], () =>
          grant.allowsResource(question),
        );
      },
      allowsTopic: (question: TopicQuestion) => {
        const { vhost, exchange, access, routingKey } = question;
        return decide(["topic", vhost, exchange, access, routingKey], () =>
          grant.allowsTopic(question),
        );
      },
      ...(grant.renew === undefined ? {} : { renew: grant.renew }),
    };
  }
}
