import type { AuthConfig, BackendKind } from "../config/config.ts";
import type { AuthBackend } from "./auth-backend.ts";
import type { BackendLink } from "./authenticator.ts";
import { CacheBackend } from "./cache-backend.ts";

/** Makes the chain around the broker's own users. */
export type BackendChain = (internal: AuthBackend) => readonly BackendLink[];

export const INTERNAL_ONLY: BackendChain = (internal) => [{ authn: internal, authz: [internal] }];

/**
 * What `auth_backends` asks for. Code of backends that are not used is not loaded: brokers of tests start often.
 * @throws ConfigError
 */
export async function loadBackends(auth: AuthConfig, now: () => number): Promise<BackendChain> {
  const loaded = new Map<BackendKind, AuthBackend>();
  const { cache, backends } = auth;
  const kinds = new Set(backends.flatMap(({ authn, authz }) => [authn, authz]));
  if (kinds.has("cache")) for (const kind of [cache.authn, cache.authz]) kinds.add(kind);
  for (const kind of kinds) {
    if (kind === "internal" || kind === "cache") continue;
    loaded.set(kind, await loadBackend(kind, auth, now));
  }
  return (internal) => {
    const plain = (kind: BackendKind): AuthBackend => loaded.get(kind) ?? internal;
    const cached = { ...cache, authn: plain(cache.authn), authz: plain(cache.authz) };
    const inFront = new CacheBackend(cached, now);
    const get = (kind: BackendKind): AuthBackend => (kind === "cache" ? inFront : plain(kind));
    return backends.map(({ authn, authz }) => ({ authn: get(authn), authz: [get(authz)] }));
  };
}

/** @throws ConfigError */
async function loadBackend(
  kind: "http" | "ldap" | "oauth2",
  { http, ldap, oauth2 }: AuthConfig,
  now: () => number,
): Promise<AuthBackend> {
  switch (kind) {
    case "http":
      return new (await import("./http-backend.ts")).HttpBackend(http);
    case "ldap":
      return new (await import("./ldap/ldap-backend.ts")).LdapBackend(ldap);
    case "oauth2":
      return new (await import("./oauth2/oauth2-backend.ts")).OAuth2Backend(oauth2, now);
    default:
      return kind satisfies never;
  }
}
