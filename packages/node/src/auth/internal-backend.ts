import type { MetadataView } from "../metadata/metadata-machine.ts";
import type { UserRecord } from "../metadata/records.ts";
import type { AccessControl } from "./access-control.ts";
import {
  type AuthBackend,
  type BackendAnswer,
  type Credentials,
  type Grant,
  type ResourceQuestion,
  refusedBy,
  type TopicQuestion,
} from "./auth-backend.ts";
import { type Eventually, whenThere } from "./eventually.ts";
import type { PasswordVerifier } from "./password-verifier.ts";
import { InternalPermissions } from "./permissions.ts";

export const INTERNAL_BACKEND_NAME = "rabbit_auth_backend_internal";

/** The broker's own users and permissions. */
export class InternalBackend implements AuthBackend {
  readonly name: string = INTERNAL_BACKEND_NAME;
  readonly #metadata: MetadataView;
  readonly #access: AccessControl;
  readonly #passwords: PasswordVerifier;

  constructor(metadata: MetadataView, access: AccessControl, passwords: PasswordVerifier) {
    this.#metadata = metadata;
    this.#access = access;
    this.#passwords = passwords;
  }

  authenticate(credentials: Credentials): Eventually<BackendAnswer> {
    const { username, password } = credentials;
    if (password === undefined) return this.authorize(credentials);
    const user = this.#metadata.user(username);
    // Also for users who do not exist, so that guessing names takes the same time.
    return whenThere(this.#passwords.matches(password, user), (isRight) => {
      if (user === undefined || !isRight) return refusedBy(invalid(username));
      return this.#answer(user);
    });
  }

  authorize({ username }: Credentials): BackendAnswer {
    const user = this.#metadata.user(username);
    return user === undefined ? refusedBy(invalid(username)) : this.#answer(user);
  }

  #answer(user: UserRecord): BackendAnswer {
    const { name, tags } = user;
    return { ok: true, username: name, tags, grant: new InternalGrant(this.#access, name) };
  }
}

/** RabbitMQ's words, for both reasons. */
function invalid(username: string): string {
  return `user '${username}' - invalid credentials`;
}

/** The permissions of one of the broker's own users, also where another backend has to agree. */
class InternalGrant implements Grant {
  readonly backend: string = INTERNAL_BACKEND_NAME;
  readonly expiresAtMs = undefined;
  readonly #permissions: InternalPermissions;

  constructor(access: AccessControl, user: string) {
    this.#permissions = new InternalPermissions(access, user);
  }

  allowsVhost(vhost: string): boolean {
    return this.#permissions.allowsVhost(vhost);
  }

  allowsResource({ vhost, access, kind, name }: ResourceQuestion): boolean {
    return this.#permissions.allowsResource(vhost, access, kind, name);
  }

  allowsTopic({ vhost, access, exchange, routingKey }: TopicQuestion): boolean {
    return this.#permissions.allowsTopic(vhost, access, exchange, routingKey);
  }
}
