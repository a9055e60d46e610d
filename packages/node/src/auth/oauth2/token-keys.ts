import { createPublicKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from "jose";
import type { OAuth2Config } from "../../config/config.ts";
import { ConfigError } from "../../config/config-error.ts";
import type { HttpClient } from "../http-question.ts";

/** A missing key is looked for again at the server, but not more often. */
const COOLDOWN_MS = 10_000;
/** Keys are asked for again after that, as one may have been withdrawn. */
const KEYS_AGE_MAX_MS = 600_000;
const DISCOVERY_PATH = ".well-known/openid-configuration";

/** The keys that tokens are signed with: of the configuration, and of the authorization server (JWKS). */
export class TokenKeys {
  readonly #config: OAuth2Config;
  readonly #client: HttpClient;
  readonly #own: ReadonlyMap<string, KeyObject>;
  #remote: Promise<JWTVerifyGetKey> | undefined;

  /** @throws ConfigError */
  constructor(config: OAuth2Config, client: HttpClient) {
    this.#config = config;
    this.#client = client;
    this.#own = new Map(config.signingKeys.map(({ id, file }) => [id, readKey(id, file)]));
  }

  /** The key of a token, by its `kid`. Rejects if there is none. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const own = this.#own.get(header.kid ?? this.#config.defaultKey ?? "");
    if (own !== undefined) return own;
    const remote = await this.#remoteKeys();
    return remote(header, token);
  };

  #remoteKeys(): Promise<JWTVerifyGetKey> {
    if (this.#remote !== undefined) return this.#remote;
    const remote = this.#findRemote();
    this.#remote = remote;
    // The server may be there the next time.
    remote.catch(() => {
      this.#remote = undefined;
    });
    return remote;
  }

  async #findRemote(): Promise<JWTVerifyGetKey> {
    const url = this.#config.jwksUrl ?? (await this.#discover());
    return createRemoteJWKSet(new URL(url), {
      cooldownDuration: COOLDOWN_MS,
      cacheMaxAge: KEYS_AGE_MAX_MS,
      [customFetch]: async (asked) => {
        const { status, text } = await this.#client.ask({ url: new URL(asked), method: "GET" });
        return new Response(text, { status });
      },
    });
  }

  /** `jwks_uri` of the issuer's metadata (OpenID Connect Discovery). */
  async #discover(): Promise<string> {
    const { issuer } = this.#config;
    if (issuer === undefined)
      throw new Error("no key is known that the token could be signed with");
    const url = new URL(DISCOVERY_PATH, issuer.endsWith("/") ? issuer : `${issuer}/`);
    const { status, text } = await this.#client.ask({ url, method: "GET" });
    if (status !== 200) throw new Error(`the issuer's metadata: status ${status}`);
    const metadata: unknown = JSON.parse(text);
    const found =
      typeof metadata === "object" && metadata !== null && "jwks_uri" in metadata
        ? metadata.jwks_uri
        : undefined;
    if (typeof found !== "string" || !URL.canParse(found)) {
      throw new Error("the issuer's metadata name no jwks_uri");
    }
    return found;
  }
}

function readKey(id: string, file: string): KeyObject {
  try {
    return createPublicKey(readFileSync(file));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError([`auth_oauth2.signing_keys.${id}: ${file} holds no PEM key: ${reason}`], {
      cause: error,
    });
  }
}
