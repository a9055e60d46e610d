import { errors, type JWTPayload, jwtVerify } from "jose";
import type { OAuth2Config } from "../../config/config.ts";
import { ConfigError } from "../../config/config-error.ts";
import { TOKEN_ALGORITHMS } from "../../config/schema-auth-backends.ts";
import {
  type AuthBackend,
  type BackendAnswer,
  BackendError,
  type Credentials,
  causeText,
  type Grant,
  refusedBy,
} from "../auth-backend.ts";
import { clientTlsOptions } from "../client-tls.ts";
import { HttpClient } from "../http-question.ts";
import { TokenKeys } from "./token-keys.ts";
import {
  allowsResource,
  allowsTopic,
  allowsVhost,
  type Claims,
  type ScopeSettings,
  scopesOf,
  type TokenScopes,
} from "./token-scopes.ts";

const NAME = "rabbit_auth_backend_oauth2";
const REQUEST_TIMEOUT_MS = 10_000;
/** What a token says that is valid. */
interface VerifiedToken extends TokenScopes {
  readonly username: string;
  /** undefined: it has no end. */
  readonly expiresAtMs: number | undefined;
}

/**
 * Tokens of an OAuth 2 server as passwords (RabbitMQ: rabbit_auth_backend_oauth2): a JWT says who it is, and by its scopes what it may
 * do. The connection ends with the token, unless connection.update-secret brings a new one.
 */
export class OAuth2Backend implements AuthBackend {
  readonly name: string = NAME;
  readonly #config: OAuth2Config;
  readonly #client: HttpClient;
  readonly #keys: TokenKeys;
  readonly #scopes: ScopeSettings;
  readonly #algorithms: readonly string[];
  readonly #now: () => number;

  /** @throws ConfigError */
  constructor(config: OAuth2Config, now: () => number) {
    this.#config = config;
    this.#now = now;
    if (config.resourceServerId === "") {
      throw new ConfigError(["the oauth2 backend needs auth_oauth2.resource_server_id"]);
    }
    this.#algorithms = config.algorithms.length > 0 ? config.algorithms : TOKEN_ALGORITHMS;
    this.#client = new HttpClient(
      REQUEST_TIMEOUT_MS,
      clientTlsOptions(config.tls, "auth_oauth2.https"),
    );
    this.#keys = new TokenKeys(config, this.#client);
    const { resourceServerId, additionalScopesKeys: additionalKeys, scopeAliases } = config;
    const aliases = new Map(scopeAliases.map(({ alias, scopes }) => [alias, scopes]));
    const prefix = config.scopePrefix ?? `${resourceServerId}.`;
    this.#scopes = { prefix, resourceServerId, additionalKeys, aliases };
  }

  async authenticate({ username, password }: Credentials): Promise<BackendAnswer> {
    if (password === undefined || password === "") {
      return refusedBy(`user '${username}' - there is no token`);
    }
    const token = await this.#verify(password);
    if (typeof token === "string") {
      return refusedBy(`Authentication using an OAuth 2/JWT token failed: ${token}`);
    }
    return this.#answer(token);
  }

  /** Who has no token has no permissions. */
  authorize(credentials: Credentials): Promise<BackendAnswer> {
    return this.authenticate(credentials);
  }

  close(): void {
    this.#client.close();
  }

  #answer(token: VerifiedToken): BackendAnswer {
    const { username, tags } = token;
    return { ok: true, username, tags, grant: this.#grant(token) };
  }

  #grant(token: VerifiedToken): Grant {
    const { permissions, expiresAtMs, username } = token;
    const whileValid = (isAllowed: () => boolean): boolean => {
      if (expiresAtMs !== undefined && expiresAtMs <= this.#now()) {
        throw new BackendError(NAME, "the token has expired");
      }
      return isAllowed();
    };
    return {
      backend: NAME,
      expiresAtMs,
      allowsVhost: (vhost) => whileValid(() => allowsVhost(permissions, vhost)),
      allowsResource: (question) => whileValid(() => allowsResource(permissions, question)),
      allowsTopic: (question) => whileValid(() => allowsTopic(permissions, question)),
      renew: (secret) => this.#renew(username, secret),
    };
  }

  async #renew(username: string, secret: string): Promise<BackendAnswer> {
    const token = await this.#verify(secret);
    if (typeof token === "string") return refusedBy(token);
    if (token.username !== username) return refusedBy("the new token is of another user");
    return this.#answer(token);
  }

  /** What the token says, or why it is not accepted; the text holds nothing of it. @throws BackendError if there are no keys */
  async #verify(jwt: string): Promise<VerifiedToken | string> {
    let payload: JWTPayload;
    try {
      ({ payload } = await jwtVerify(jwt, this.#keys.find, {
        algorithms: [...this.#algorithms],
        ...(this.#config.verifiesAudience ? { audience: this.#config.resourceServerId } : {}),
        requiredClaims: this.#config.requiresExpiry ? ["exp"] : [],
        currentDate: new Date(this.#now()),
      }));
    } catch (error) {
      return reasonOf(error);
    }
    return this.#read(payload);
  }

  #read(payload: JWTPayload): VerifiedToken | string {
    const claims: Claims = payload;
    const scopes = scopesOf(claims, this.#scopes);
    if (scopes === undefined) return "the token has too many scopes";
    const { exp } = payload;
    return {
      ...scopes,
      username: usernameOf(claims, this.#config.usernameClaims),
      expiresAtMs: exp === undefined ? undefined : Math.trunc(exp) * 1000,
    };
  }
}

/** The first of the claims that is a text (RabbitMQ). */
function usernameOf(claims: Claims, names: readonly string[]): string {
  const byName = new Map(Object.entries(claims));
  for (const name of names) {
    const value = byName.get(name);
    if (typeof value === "string" && value !== "") return value;
  }
  return "unknown";
}

/** Nothing of the token stands in these texts. @throws BackendError */
function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "the token has expired";
  if (error instanceof errors.JWTClaimValidationFailed) {
    return `the claim '${error.claim}' is not as it has to be`;
  }
  if (error instanceof errors.JWKSNoMatchingKey) return "no key is known for it";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "the signature is wrong";
  if (error instanceof errors.JOSEAlgNotAllowed) return "the algorithm is not allowed";
  if (error instanceof errors.JWTInvalid || error instanceof errors.JWSInvalid) {
    return "the token is not a JWT";
  }
  throw new BackendError(NAME, causeText(error), { cause: error });
}
