import type {
  AuthCacheConfig,
  AuthConfig,
  BackendEntry,
  BackendKind,
  CertificateLoginConfig,
  ClientTlsConfig,
  HttpAuthConfig,
  LdapBindConfig,
  LdapConfig,
  OAuth2Config,
} from "./config.ts";
import { besideFile, fileOf } from "./file-of.ts";
import { PLAIN_BACKENDS } from "./schema-auth-backends.ts";
import type { Settings } from "./settings.ts";

/** `auth_backends.*`, and what the backends are told. */
export function buildBackends(
  settings: Settings,
): Pick<AuthConfig, "backends" | "cache" | "http" | "ldap" | "oauth2"> {
  return {
    backends: backendEntries(settings),
    cache: cache(settings),
    http: http(settings),
    ldap: ldap(settings),
    oauth2: oauth2(settings),
  };
}

/** `auth_backends.1 = ldap`, or `auth_backends.1.authn = ldap` with `auth_backends.1.authz = internal`; in order of the numbers. */
function backendEntries(settings: Settings): readonly BackendEntry[] {
  const entries = new Map<string, HalfEntry>();
  for (const { names, value } of settings.all("auth_backends.$n")) {
    const kind = kindOf(value);
    entries.set(names[0] ?? "", { authn: kind, authz: kind });
  }
  for (const part of ["authn", "authz"] as const) {
    for (const { names, value } of settings.all(`auth_backends.$n.${part}`)) {
      const number = names[0] ?? "";
      entries.set(number, { ...entries.get(number), [part]: kindOf(value) });
    }
  }
  const numbers = [...entries.keys()].sort((a, b) => Number(a) - Number(b));
  const chain = numbers.map((number) => completed(entries.get(number) ?? {}));
  return chain.length === 0 ? [{ authn: "internal", authz: "internal" }] : chain;
}

interface HalfEntry {
  readonly authn?: BackendKind | undefined;
  readonly authz?: BackendKind | undefined;
}

/** One half alone stands for both (RabbitMQ). */
function completed({ authn, authz }: HalfEntry): BackendEntry {
  const kind = authn ?? authz ?? "internal";
  return { authn: authn ?? kind, authz: authz ?? kind };
}

/** `rabbit_auth_backend_ldap` is `ldap`. */
function kindOf(value: unknown): BackendKind {
  const name = String(value).replace(/^rabbit_auth_backend_/, "");
  const kind = PLAIN_BACKENDS.find((known) => known === name);
  return kind ?? "internal"; // The schema admits only these.
}

function cache(settings: Settings): AuthCacheConfig {
  const kind = (pattern: string): BackendKind | undefined => {
    const value = settings.text(pattern);
    return value === undefined ? undefined : kindOf(value);
  };
  const both = kind("auth_cache.cached_backend");
  const entry = completed({
    authn: both ?? kind("auth_cache.cached_backend.authn"),
    authz: both ?? kind("auth_cache.cached_backend.authz"),
  });
  return {
    ...entry,
    ttlMs: settings.number("auth_cache.cache_ttl"),
    hasRefusals: settings.boolean("auth_cache.cache_refusals"),
  };
}

function http(settings: Settings): HttpAuthConfig {
  const path = (name: string): string => settings.text(`auth_http.${name}`) ?? "";
  return {
    method: path("http_method") === "post" ? "post" : "get",
    userPath: path("user_path"),
    vhostPath: path("vhost_path"),
    resourcePath: path("resource_path"),
    topicPath: path("topic_path"),
    requestTimeoutMs: settings.number("auth_http.request_timeout"),
    tls: clientTls(settings, "auth_http.ssl_options"),
  };
}

function ldap(settings: Settings): LdapConfig {
  const key = (name: string): string => `auth_ldap.${name}`;
  const text = (name: string): string => settings.text(key(name)) ?? "";
  return {
    servers: settings.numbered(key("servers.$n")).map(({ value }) => String(value)),
    port: settings.number(key("port")),
    poolSize: settings.number(key("connection_pool_size")),
    timeoutMs: settings.number(key("timeout")),
    idleTimeoutMs: settings.number(key("idle_timeout")),
    usesTls: settings.boolean(key("use_ssl")),
    usesStartTls: settings.boolean(key("use_starttls")),
    tls: clientTls(settings, key("ssl_options")),
    userDnPattern: text("user_dn_pattern"),
    userBindPattern: settings.text(key("user_bind_pattern")),
    dnLookup: dnLookup(settings),
    otherBind: ldapBind(settings, key("other_bind")),
    groupLookupBase:
      textUnlessNone(settings, key("group_lookup_base")) ??
      textUnlessNone(settings, key("dn_lookup_base")),
    vhostQuery: text("queries.vhost_access"),
    resourceQuery: text("queries.resource_access"),
    topicQuery: text("queries.topic_access"),
    tagQueries: text("queries.tags"),
  };
}

function dnLookup(settings: Settings): LdapConfig["dnLookup"] {
  const attribute = textUnlessNone(settings, "auth_ldap.dn_lookup_attribute");
  if (attribute === undefined) return undefined;
  const base = textUnlessNone(settings, "auth_ldap.dn_lookup_base") ?? "";
  return { attribute, base, bind: ldapBind(settings, "auth_ldap.dn_lookup_bind") };
}

function textUnlessNone(settings: Settings, pattern: string): string | undefined {
  const text = settings.text(pattern);
  return text === "none" ? undefined : text;
}

/** A name without a password is as good as none (RabbitMQ). */
function ldapBind(settings: Settings, pattern: string): LdapBindConfig {
  if (settings.text(pattern) === "anon") return "anon";
  const dn = settings.text(`${pattern}.user_dn`);
  const password = settings.text(`${pattern}.password`);
  return dn === undefined || password === undefined ? "as_user" : { dn, password };
}

function oauth2(settings: Settings): OAuth2Config {
  const key = (name: string): string => `auth_oauth2.${name}`;
  const claims = settings.numbered(key("preferred_username_claims.$n"));
  const { caCertFile, certFile, keyFile } = clientTls(settings, key("https"));
  const verify =
    settings.text(key("https.verify")) ?? settings.text(key("https.peer_verification"));
  return {
    resourceServerId: settings.text(key("resource_server_id")) ?? "",
    scopePrefix: settings.text(key("scope_prefix")),
    additionalScopesKeys: words(settings.text(key("additional_scopes_key"))),
    scopeAliases: scopeAliases(settings),
    usernameClaims: [...claims.map(({ value }) => String(value)), "sub", "client_id"],
    verifiesAudience: settings.boolean(key("verify_aud")),
    requiresExpiry: settings.boolean(key("require_exp")),
    issuer: settings.text(key("issuer")),
    jwksUrl: settings.text(key("jwks_url")) ?? settings.text(key("jwks_uri")),
    signingKeys: settings.all(key("signing_keys.$name")).map(({ names, value, entry }) => ({
      id: names[0] ?? "",
      file: besideFile(entry.file, String(value)),
    })),
    defaultKey: settings.text(key("default_key")),
    algorithms: settings.numbered(key("algorithms.$n")).map(({ value }) => String(value)),
    tls: {
      caCertFile,
      certFile,
      keyFile,
      verify: verify === "verify_none" ? "verify_none" : "verify_peer",
    },
  };
}

/** `scope_aliases.ALIAS = a b`, or `scope_aliases.1.alias` with `scope_aliases.1.scope` for names that are no keys. */
function scopeAliases(settings: Settings): OAuth2Config["scopeAliases"] {
  const plain = settings.all("auth_oauth2.scope_aliases.$alias").map(({ names, value }) => ({
    alias: names[0] ?? "",
    scopes: words(String(value)),
  }));
  const scopes = settings.all("auth_oauth2.scope_aliases.$n.scope");
  const numbered = settings.all("auth_oauth2.scope_aliases.$n.alias").map(({ names, value }) => ({
    alias: String(value),
    scopes: words(String(scopes.find((other) => other.names[0] === names[0])?.value ?? "")),
  }));
  return [...plain, ...numbered];
}

function words(text: string | undefined): readonly string[] {
  return (text ?? "").split(" ").filter((word) => word !== "");
}

/** `ssl_cert_login_*`. */
export function buildCertificateLogin(settings: Settings): CertificateLoginConfig {
  const from = settings.text("ssl_cert_login_from");
  return {
    from:
      from === "common_name" || from === "distinguished_name" ? from : "subject_alternative_name",
    // The schema admits only these words.
    sanType: settings.text("ssl_cert_login_san_type") as CertificateLoginConfig["sanType"],
    sanIndex: settings.number("ssl_cert_login_san_index"),
  };
}

function clientTls(settings: Settings, prefix: string): ClientTlsConfig {
  const verify = settings.text(`${prefix}.verify`);
  return {
    caCertFile: fileOf(settings, `${prefix}.cacertfile`),
    certFile: fileOf(settings, `${prefix}.certfile`),
    keyFile: fileOf(settings, `${prefix}.keyfile`),
    verify: verify === "verify_none" ? "verify_none" : "verify_peer",
  };
}
