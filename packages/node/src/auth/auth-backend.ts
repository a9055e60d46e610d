import type { Eventually } from "./eventually.ts";

export type AccessKind = "configure" | "write" | "read";
export type TopicAccessKind = "write" | "read";
export type ResourceKind = "exchange" | "queue";

/** Who comes, and what they show. */
export interface Credentials {
  readonly username: string;
  /** undefined: who it is was proven otherwise, by a certificate or by another backend. */
  readonly password: string | undefined;
  /** Without port; for backends that want to know it. */
  readonly remoteAddress: string;
}

export interface ResourceQuestion {
  readonly vhost: string;
  readonly kind: ResourceKind;
  /** The default exchange is `amq.default`. */
  readonly name: string;
  readonly access: AccessKind;
}

export interface TopicQuestion {
  readonly vhost: string;
  /** A topic exchange. */
  readonly exchange: string;
  readonly access: TopicAccessKind;
  readonly routingKey: string;
}

/**
 * What one backend lets one user do who has logged in. Answers may be remembered for as long as the connection lasts.
 * @throws BackendError, also as a rejection
 */
export interface Grant {
  /** By RabbitMQ's name, `rabbit_auth_backend_ldap`: for texts. */
  readonly backend: string;
  /** ms since the epoch; undefined: never. The connection ends then, unless the grant is renewed. */
  readonly expiresAtMs: number | undefined;
  allowsVhost(vhost: string): Eventually<boolean>;
  allowsResource(question: ResourceQuestion): Eventually<boolean>;
  allowsTopic(question: TopicQuestion): Eventually<boolean>;
  /** connection.update-secret. undefined: the backend takes any secret and does nothing with it. */
  readonly renew?: (secret: string) => Eventually<BackendAnswer>;
}

/** `why` is for the log, and never holds a secret. */
export type BackendAnswer =
  | {
      readonly ok: true;
      /** As the backend names the user: a token names its owner, whatever the client said. */
      readonly username: string;
      readonly tags: readonly string[];
      readonly grant: Grant;
    }
  | {
      readonly ok: false;
      readonly why: string;
      /** The backend could not tell: nothing was found wrong with the credentials. */
      readonly isFault?: boolean;
    };

/** Where users and their permissions are: the broker itself, a directory, a service (RabbitMQ: auth backend). */
export interface AuthBackend {
  /** RabbitMQ's name of its module: `rabbit_auth_backend_internal`. */
  readonly name: string;
  /** Whether they are who they say they are. @throws BackendError */
  authenticate(credentials: Credentials): Eventually<BackendAnswer>;
  /** For users whom another backend has authenticated. @throws BackendError */
  authorize(credentials: Credentials): Eventually<BackendAnswer>;
  /** Forgets what others have answered, if it remembers that. */
  clear?(): void;
  /** Ends connections and timers. */
  close?(): void;
}

/** A backend could not tell. The message is shown to clients and in the log (RabbitMQ's words): `reason` holds no secret. */
export class BackendError extends Error {
  override readonly name = "BackendError";

  constructor(backend: string, reason: string, options?: ErrorOptions) {
    super(`backend ${backend} returned an error: ${reason}`, options);
  }
}

/** `error` as a fault of that backend. */
export function faultOf(backend: string, error: unknown): BackendError {
  if (error instanceof BackendError) return error;
  return new BackendError(backend, causeText(error), { cause: error });
}

export function refusedBy(why: string): BackendAnswer {
  return { ok: false, why };
}

/** Never more than the text of one line. */
export function causeText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split("\n")[0] ?? "").slice(0, CAUSE_LENGTH_MAX);
}

const CAUSE_LENGTH_MAX = 200;
