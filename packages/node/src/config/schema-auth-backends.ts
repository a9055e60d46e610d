import {
  BOOLEAN,
  type ConfigKey,
  type ConfigSection,
  integer,
  loud,
  STRING,
  words,
} from "./schema-key.ts";

/** What an entry of `auth_backends` may be, without the beginning of RabbitMQ's module names. */
export const PLAIN_BACKENDS = ["internal", "http", "ldap", "oauth2", "cache"] as const;

/** As they may stand in the file: `ldap` or `rabbit_auth_backend_ldap`. */
export const BACKEND_NAMES: readonly string[] = [
  ...PLAIN_BACKENDS,
  ...PLAIN_BACKENDS.map((kind) => `rabbit_auth_backend_${kind}`),
];

/** All need a private key: with a shared one (HS256), whoever can verify could sign. */
export const TOKEN_ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
] as const;

const CACHED_NAMES: readonly string[] = BACKEND_NAMES.filter((name) => !name.endsWith("cache"));

/** Answers of other backends, remembered. */
export const AUTH_CACHE: ConfigSection = {
  title: "Cache of authentication and authorization",
  keys: [
    {
      pattern: "auth_cache.cached_backend",
      type: words(...CACHED_NAMES),
      text: "The backend whose answers are remembered; unset: internal.",
    },
    {
      pattern: "auth_cache.cached_backend.authn",
      type: words(...CACHED_NAMES),
      text: "The one that authenticates, if it is another one.",
    },
    {
      pattern: "auth_cache.cached_backend.authz",
      type: words(...CACHED_NAMES),
      text: "The one that authorizes, if it is another one.",
    },
    {
      pattern: "auth_cache.cache_ttl",
      type: integer(0, 86_400_000),
      fallback: "15000",
      text: "How long an answer is remembered, in milliseconds.",
    },
    {
      pattern: "auth_cache.cache_refusals",
      type: BOOLEAN,
      fallback: "false",
      text: "Whether refusals are remembered, too.",
    },
    {
      pattern: "auth_cache.cache_module",
      type: STRING,
      text: "Erlang only.",
      withoutEffect: "quiet",
    },
  ],
};

/** A service of the operator's own. */
export const HTTP_BACKEND: ConfigSection = {
  title: "Authentication by an HTTP service",
  keys: [
    {
      pattern: "auth_http.http_method",
      type: words("get", "post"),
      fallback: "get",
      text: "How the service is asked; with `get` passwords stand in its access logs.",
    },
    path("user_path", "user", "Asked at login, with `username` and `password`."),
    path("vhost_path", "vhost", "Asked when a connection opens a virtual host."),
    path("resource_path", "resource", "Asked for a permission on an exchange or a queue."),
    path("topic_path", "topic", "Asked for a routing key of a topic exchange."),
    {
      pattern: "auth_http.request_timeout",
      type: integer(1, 600_000),
      fallback: "15000",
      text: "Until an answer is there, in milliseconds.",
    },
    {
      pattern: "auth_http.connection_timeout",
      type: integer(1, 600_000),
      text: "Part of the request's time here.",
      withoutEffect: "quiet",
    },
    ...clientTlsKeys("auth_http.ssl_options"),
    loud("auth_http.*", "There is no such setting."),
  ],
};

/** A directory. */
export const LDAP_BACKEND: ConfigSection = {
  title: "Authentication by LDAP",
  keys: [
    {
      pattern: "auth_ldap.servers.$n",
      type: STRING,
      text: "Hosts, tried in order of the numbers.",
    },
    { pattern: "auth_ldap.port", type: integer(1, 65_535), fallback: "389", text: "Their port." },
    {
      pattern: "auth_ldap.connection_pool_size",
      type: integer(1, 1024),
      fallback: "64",
      text: "Connections at most.",
    },
    {
      pattern: "auth_ldap.timeout",
      type: integer(1, 600_000),
      fallback: "10000",
      text: "Until an answer is there, in milliseconds.",
    },
    {
      pattern: "auth_ldap.idle_timeout",
      type: integer(1, 86_400_000),
      fallback: "300000",
      text: "After how many milliseconds an unused connection is closed.",
    },
    { pattern: "auth_ldap.use_ssl", type: BOOLEAN, fallback: "false", text: "LDAPS." },
    { pattern: "auth_ldap.use_starttls", type: BOOLEAN, fallback: "false", text: "StartTLS." },
    ...clientTlsKeys("auth_ldap.ssl_options"),
    {
      pattern: "auth_ldap.user_dn_pattern",
      type: STRING,
      fallback: "${username}",
      text: "From the name to the distinguished name; with a lookup, to the value that is looked for.",
    },
    {
      pattern: "auth_ldap.user_bind_pattern",
      type: STRING,
      text: "From the name to what is bound as; unset: the distinguished name.",
    },
    {
      pattern: "auth_ldap.dn_lookup_attribute",
      type: STRING,
      text: "Look for the user's object by this attribute; `none` or unset: its name is made up by the pattern.",
    },
    { pattern: "auth_ldap.dn_lookup_base", type: STRING, text: "Below this object." },
    ...bindKeys("auth_ldap.dn_lookup_bind", "the user's object is looked for"),
    ...bindKeys("auth_ldap.other_bind", "permissions are asked for"),
    {
      pattern: "auth_ldap.group_lookup_base",
      type: STRING,
      text: "Where groups within groups are; unset: `dn_lookup_base`.",
    },
    query("vhost_access", "{constant, true}", "Who may open a virtual host."),
    query("resource_access", "{constant, true}", "Who may use an exchange or a queue."),
    query("topic_access", "{constant, true}", "Who may use a routing key of a topic exchange."),
    query("tags", "[{administrator, {constant, false}}]", "Which tags a user has."),
    {
      pattern: "auth_ldap.log",
      type: STRING,
      text: "What is asked is not logged, as it may hold secrets.",
      withoutEffect: "quiet",
    },
    loud("auth_ldap.*", "There is no such setting."),
  ],
};

/** Tokens. */
export const OAUTH2_BACKEND: ConfigSection = {
  title: "Authentication by OAuth 2 tokens",
  keys: [
    {
      pattern: "auth_oauth2.resource_server_id",
      type: STRING,
      text: "What tokens have to be meant for (`aud`); with a dot, the beginning of their scopes.",
    },
    {
      pattern: "auth_oauth2.scope_prefix",
      type: STRING,
      text: "The beginning of scopes, if another one.",
    },
    {
      pattern: "auth_oauth2.additional_scopes_key",
      type: STRING,
      text: "Further claims that hold scopes, separated by blanks; dots go down into objects.",
    },
    {
      pattern: "auth_oauth2.scope_aliases.$alias",
      type: STRING,
      text: "Scopes that this one stands for, separated by blanks.",
    },
    { pattern: "auth_oauth2.scope_aliases.$n.alias", type: STRING, text: "The same for any name." },
    { pattern: "auth_oauth2.scope_aliases.$n.scope", type: STRING, text: "What it stands for." },
    {
      pattern: "auth_oauth2.preferred_username_claims.$n",
      type: STRING,
      text: "Claims that name the user, before `sub` and `client_id`.",
    },
    {
      pattern: "auth_oauth2.verify_aud",
      type: BOOLEAN,
      fallback: "true",
      text: "Whether `aud` is looked at.",
    },
    {
      pattern: "auth_oauth2.require_exp",
      type: BOOLEAN,
      fallback: "true",
      text: "Whether tokens have to end; RabbitMQ 3 takes those without an end, too.",
    },
    {
      pattern: "auth_oauth2.issuer",
      type: STRING,
      text: "URL of the authorization server: its metadata name the keys.",
    },
    { pattern: "auth_oauth2.jwks_url", type: STRING, text: "URL of the keys (JWKS)." },
    { pattern: "auth_oauth2.jwks_uri", type: STRING, text: "The same in RabbitMQ 4." },
    {
      pattern: "auth_oauth2.signing_keys.$name",
      type: STRING,
      text: "A key by its `kid`: a file (PEM).",
    },
    {
      pattern: "auth_oauth2.default_key",
      type: STRING,
      text: "The key of tokens that do not name theirs.",
    },
    {
      pattern: "auth_oauth2.algorithms.$n",
      type: words(...TOKEN_ALGORITHMS),
      text: "Signatures to accept; unset: all of these.",
    },
    {
      pattern: "auth_oauth2.https.verify",
      type: words("verify_peer", "verify_none"),
      text: "Whether the server of the keys has to show a certificate that verifies; unset: yes.",
    },
    {
      pattern: "auth_oauth2.https.peer_verification",
      type: words("verify_peer", "verify_none"),
      text: "The same in RabbitMQ 3.",
    },
    {
      pattern: "auth_oauth2.https.cacertfile",
      type: STRING,
      text: "Authorities (PEM); unset: those of Node.js.",
    },
    { pattern: "auth_oauth2.https.certfile", type: STRING, text: "Certificate to show (PEM)." },
    { pattern: "auth_oauth2.https.keyfile", type: STRING, text: "Its key (PEM)." },
    loud("auth_oauth2.*", "There is no such setting."),
  ],
};

function query(name: string, fallback: string, text: string): ConfigKey {
  return { pattern: `auth_ldap.queries.${name}`, type: STRING, fallback, text };
}

/** As whom something is asked. */
function bindKeys(pattern: string, what: string): readonly ConfigKey[] {
  return [
    {
      pattern,
      type: words("as_user", "anon"),
      text: `As whom ${what}; unset: as the user, or the following one.`,
    },
    { pattern: `${pattern}.user_dn`, type: STRING, text: "Distinguished name." },
    { pattern: `${pattern}.password`, type: STRING, text: "Its password." },
  ];
}

function path(name: string, word: string, text: string): ConfigKey {
  const fallback = `http://localhost:8000/auth/${word}`;
  return { pattern: `auth_http.${name}`, type: STRING, fallback, text };
}

/** Keys of a TLS client. */
function clientTlsKeys(prefix: string): readonly ConfigKey[] {
  return [
    {
      pattern: `${prefix}.verify`,
      type: words("verify_peer", "verify_none"),
      fallback: "verify_peer",
      text: "Whether the server has to show a certificate that verifies; RabbitMQ's default is `verify_none`.",
    },
    {
      pattern: `${prefix}.cacertfile`,
      type: STRING,
      text: "Authorities (PEM); unset: those of Node.js.",
    },
    { pattern: `${prefix}.certfile`, type: STRING, text: "Certificate to show (PEM)." },
    { pattern: `${prefix}.keyfile`, type: STRING, text: "Its key (PEM)." },
  ];
}
