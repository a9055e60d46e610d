import {
  BOOLEAN,
  type ConfigKey,
  type ConfigSection,
  integer,
  loud,
  quiet,
  STRING,
  words,
} from "./schema-key.ts";

const UINT16_MAX = 0xffff;
const INT32_MAX = 0x7fffffff;

/** The HTTP API. */
export const MANAGEMENT: ConfigSection = {
  title: "Management API",
  keys: [
    {
      pattern: "management.tcp.port",
      type: integer(0, UINT16_MAX),
      fallback: "15672",
      text: "Port of the HTTP API; not opened by default if there is one with TLS.",
    },
    { pattern: "management.tcp.ip", type: STRING, text: "Address to listen on; unset: all." },
    ...timesOf("management.tcp"),
    {
      pattern: "management.ssl.port",
      type: integer(0, UINT16_MAX),
      text: "Port of the HTTP API with TLS; usually 15671. Needs certificate and key.",
    },
    { pattern: "management.ssl.ip", type: STRING, text: "Address to listen on; unset: all." },
    ...timesOf("management.ssl"),
    ...tlsOf("management.ssl"),
    {
      pattern: "management.listener.port",
      type: integer(0, UINT16_MAX),
      text: "Older name of `management.tcp.port`.",
    },
    {
      pattern: "management.listener.ip",
      type: STRING,
      text: "Older name of `management.tcp.ip`.",
    },
    {
      pattern: "management.path_prefix",
      type: STRING,
      fallback: "",
      text: "Before `/api` in all paths: `/rabbit`.",
    },
    {
      pattern: "management.http.max_body_size",
      type: integer(1, 0x1fffffff),
      fallback: "10000000",
      text: "Largest body of a request in bytes.",
    },
    {
      pattern: "management.load_definitions",
      type: STRING,
      text: "Definitions to load at boot: older name of `load_definitions`.",
    },
    {
      pattern: "management.cors.allow_origins.$n",
      type: STRING,
      text: "Origins whose pages may use the API; `*`: all.",
    },
    {
      pattern: "management.cors.max_age",
      type: integer(0, INT32_MAX),
      fallback: "1800",
      text: "Seconds that a browser may remember that.",
    },
    {
      pattern: "management.csp.policy",
      type: STRING,
      text: "Content-Security-Policy of all answers.",
    },
    {
      pattern: "management.hsts.policy",
      type: STRING,
      text: "Strict-Transport-Security of all answers.",
    },
    {
      pattern: "management.headers.content_type_options",
      type: STRING,
      text: "X-Content-Type-Options of all answers.",
    },
    {
      pattern: "management.headers.frame_options",
      type: STRING,
      text: "X-Frame-Options of all answers.",
    },
    {
      pattern: "management.headers.xss_protection",
      type: STRING,
      text: "X-XSS-Protection of all answers.",
    },
    {
      pattern: "management.headers.referrer_policy",
      type: STRING,
      text: "Referrer-Policy of all answers.",
    },
    loud("management.listener.ssl", "Use `management.ssl.*`."),
    loud("management.listener.ssl_opts.*", "Use `management.ssl.*`."),
    quiet("management.listener.server.*", "Use `management.tcp.*`."),
    loud("management.oauth_enabled", "The console has no login by OAuth 2."),
    quiet("management.oauth_*", "The console has no login by OAuth 2."),
    quiet("management.db_cache_multiplier", "Answers are not cached."),
    quiet("management.delegate_count", "Erlang only."),
    quiet("management.http_log_dir", "There is no access log."),
    quiet("management.*", "Other management settings."),
    quiet("management_agent.*", "There is no agent."),
  ],
};

/** Of a port that speaks HTTP. */
export function timesOf(prefix: string): readonly ConfigKey[] {
  return [
    {
      pattern: `${prefix}.request_timeout`,
      type: integer(1, INT32_MAX),
      fallback: "60000",
      text: "Milliseconds in which a client must have sent its request.",
    },
    {
      pattern: `${prefix}.idle_timeout`,
      type: integer(1, INT32_MAX),
      fallback: "120000",
      text: "Milliseconds without any data after which a connection is closed.",
    },
    {
      pattern: `${prefix}.max_keepalive`,
      type: integer(1, INT32_MAX),
      fallback: "10000",
      text: "Requests on one connection.",
    },
    {
      pattern: `${prefix}.compress`,
      type: BOOLEAN,
      fallback: "true",
      text: "Compress answers for clients that accept it.",
    },
    quiet(`${prefix}.inactivity_timeout`, "`idle_timeout` does for it."),
    quiet(`${prefix}.shutdown_timeout`, "Answers that are under way get half a second."),
  ];
}

/** The same keys as `ssl_options`. */
export function tlsOf(prefix: string): readonly ConfigKey[] {
  return [
    { pattern: `${prefix}.cacertfile`, type: STRING, text: "As `ssl_options.cacertfile`." },
    { pattern: `${prefix}.certfile`, type: STRING, text: "As `ssl_options.certfile`." },
    { pattern: `${prefix}.keyfile`, type: STRING, text: "As `ssl_options.keyfile`." },
    { pattern: `${prefix}.password`, type: STRING, text: "Password of the private key." },
    {
      pattern: `${prefix}.verify`,
      type: words("verify_none", "verify_peer"),
      fallback: "verify_none",
      text: "As `ssl_options.verify`.",
    },
    {
      pattern: `${prefix}.fail_if_no_peer_cert`,
      type: BOOLEAN,
      fallback: "false",
      text: "As `ssl_options.fail_if_no_peer_cert`.",
    },
    {
      pattern: `${prefix}.versions.$n`,
      type: words("tlsv1.3", "tlsv1.2", "tlsv1.1", "tlsv1"),
      text: "As `ssl_options.versions`.",
    },
    { pattern: `${prefix}.ciphers.$n`, type: STRING, text: "As `ssl_options.ciphers`." },
    {
      pattern: `${prefix}.honor_cipher_order`,
      type: BOOLEAN,
      fallback: "true",
      text: "As `ssl_options.honor_cipher_order`.",
    },
    loud(`${prefix}.depth`, "Node.js bounds the certificate chain itself."),
    quiet(`${prefix}.*`, "Other options of Erlang's TLS."),
  ];
}
