import { BACKEND_NAMES } from "./schema-auth-backends.ts";
import {
  BOOLEAN,
  BYTESIZE,
  type ConfigSection,
  DURATION,
  integer,
  integerOr,
  loud,
  quiet,
  STRING,
  words,
} from "./schema-key.ts";

/** Who may log in, and how. */
export const AUTHENTICATION: ConfigSection = {
  title: "Authentication",
  keys: [
    {
      pattern: "auth_mechanisms.$n",
      type: words("PLAIN", "AMQPLAIN", "EXTERNAL"),
      text: "SASL mechanisms to offer; unset: AMQPLAIN and PLAIN. EXTERNAL, the name in a client's certificate, is offered with TLS only.",
    },
    {
      pattern: "ssl_cert_login_from",
      type: words(
        "distinguished_name",
        "common_name",
        "subject_alternative_name",
        "subject_alt_name",
      ),
      fallback: "distinguished_name",
      text: "Which part of a certificate is the name of the user.",
    },
    {
      pattern: "ssl_cert_login_san_type",
      type: words("dns", "ip", "email", "uri"),
      fallback: "dns",
      text: "Of alternative names, which kind.",
    },
    {
      pattern: "ssl_cert_login_san_index",
      type: integer(0, 100),
      fallback: "0",
      text: "Of those, which one, from 0.",
    },
    {
      pattern: "auth_backends.$n",
      type: words(...BACKEND_NAMES),
      text: "Who authenticates and authorizes; asked in order of the numbers until one accepts. Unset: internal.",
    },
    {
      pattern: "auth_backends.$n.authn",
      type: words(...BACKEND_NAMES),
      text: "Who authenticates, if another one authorizes.",
    },
    {
      pattern: "auth_backends.$n.authz",
      type: words(...BACKEND_NAMES),
      text: "Who authorizes then.",
    },
    {
      pattern: "failed_logins_per_minute",
      type: integerOr("infinity", 1),
      fallback: "20",
      text: "Failed logins of one name from one address within a minute, ten times as many of all names, after which passwords are not looked at for a while.",
    },
    {
      pattern: "track_auth_attempt_source",
      type: BOOLEAN,
      fallback: "false",
      text: "Whether attempts to log in are also counted by name and address.",
    },
    {
      pattern: "loopback_users",
      type: words("none"),
      text: "All users may connect from anywhere.",
    },
    {
      pattern: "loopback_users.$name",
      type: BOOLEAN,
      text: "`true`: this user may connect from this machine only; `false`: from anywhere. Unset: `guest` may not come from elsewhere.",
    },
    {
      pattern: "password_hashing_module",
      type: words(
        "rabbit_password_hashing_sha256",
        "rabbit_password_hashing_sha512",
        "rabbit_password_hashing_md5",
        "leveret_password_hashing_scrypt",
      ),
      fallback: "rabbit_password_hashing_sha256",
      text: "How new passwords are stored; the last one is ours: see [security](security.md#passwords).",
    },
    {
      pattern: "credential_validator.validation_backend",
      type: words(
        "rabbit_credential_validator_accept_everything",
        "rabbit_credential_validator_min_password_length",
        "rabbit_credential_validator_password_regexp",
      ),
      fallback: "rabbit_credential_validator_accept_everything",
      text: "Which rule a new password must meet.",
    },
    {
      pattern: "credential_validator.min_length",
      type: integer(0, 1024),
      fallback: "1",
      text: "Characters, for `..._min_password_length`.",
    },
    {
      pattern: "credential_validator.regexp",
      type: STRING,
      fallback: ".*",
      text: "For `..._password_regexp`.",
    },
    loud("anonymous_login_user", "There is no anonymous login."),
    loud("anonymous_login_pass", "There is no anonymous login."),
  ],
};

/** What an empty broker is filled with. */
export const DEFAULTS: ConfigSection = {
  title: "What an empty broker is filled with",
  keys: [
    { pattern: "default_user", type: STRING, fallback: "guest", text: "Name of the first user." },
    { pattern: "default_pass", type: STRING, fallback: "guest", text: "Its password." },
    {
      pattern: "default_vhost",
      type: STRING,
      fallback: "/",
      text: "Name of the first virtual host.",
    },
    {
      pattern: "default_user_tags.$tag",
      type: BOOLEAN,
      text: "`true`: the first user has this tag. Unset: administrator.",
    },
    {
      pattern: "default_permissions.configure",
      type: STRING,
      fallback: ".*",
      text: "What the first user may declare and delete.",
    },
    {
      pattern: "default_permissions.read",
      type: STRING,
      fallback: ".*",
      text: "What the first user may read.",
    },
    {
      pattern: "default_permissions.write",
      type: STRING,
      fallback: ".*",
      text: "What the first user may write.",
    },
    {
      pattern: "default_users.$name.password",
      type: STRING,
      text: "Another user, made with the first virtual host that matches, and its password; unset: it cannot log in by password.",
    },
    {
      pattern: "default_users.$name.vhost_pattern",
      type: STRING,
      fallback: ".*",
      text: "Virtual hosts in which it has permissions.",
    },
    {
      pattern: "default_users.$name.configure",
      type: STRING,
      fallback: ".*",
      text: "What it may declare and delete.",
    },
    {
      pattern: "default_users.$name.read",
      type: STRING,
      fallback: ".*",
      text: "What it may read.",
    },
    {
      pattern: "default_users.$name.write",
      type: STRING,
      fallback: ".*",
      text: "What it may write.",
    },
    { pattern: "default_users.$name.tags", type: { kind: "list" }, text: "Its tags." },
    {
      pattern: "default_queue_type",
      type: words("classic", "quorum", "rabbit_classic_queue", "rabbit_quorum_queue"),
      fallback: "classic",
      text: "Type of a queue declared without `x-queue-type`. There are no streams yet.",
    },
    {
      pattern: "default_limits.vhosts.$id.pattern",
      type: STRING,
      fallback: ".*",
      text: "Virtual hosts that get the following limits when they are made.",
    },
    {
      pattern: "default_limits.vhosts.$id.max_connections",
      type: integer(1),
      text: "Connections.",
    },
    { pattern: "default_limits.vhosts.$id.max_queues", type: integer(1), text: "Queues." },
    {
      pattern: "default_policies.operator.$id.vhost_pattern",
      type: STRING,
      fallback: ".*",
      text: "Virtual hosts that get the following operator policy when they are made.",
    },
    {
      pattern: "default_policies.operator.$id.queue_pattern",
      type: STRING,
      fallback: ".*",
      text: "Queues that it applies to.",
    },
    {
      pattern: "default_policies.operator.$id.apply_to",
      type: words("queues", "classic_queues", "quorum_queues", "streams"),
      fallback: "queues",
      text: "Kinds of queues that it applies to.",
    },
    { pattern: "default_policies.operator.$id.expires", type: DURATION, text: "`expires`." },
    {
      pattern: "default_policies.operator.$id.message_ttl",
      type: DURATION,
      text: "`message-ttl`.",
    },
    {
      pattern: "default_policies.operator.$id.max_length",
      type: integer(1),
      text: "`max-length`.",
    },
    {
      pattern: "default_policies.operator.$id.max_length_bytes",
      type: BYTESIZE,
      text: "`max-length-bytes`.",
    },
    {
      pattern: "default_policies.operator.$id.max_in_memory_length",
      type: integer(1),
      text: "`max-in-memory-length`.",
    },
    {
      pattern: "default_policies.operator.$id.max_in_memory_bytes",
      type: BYTESIZE,
      text: "`max-in-memory-bytes`.",
    },
    {
      pattern: "default_policies.operator.$id.delivery_limit",
      type: integer(1),
      text: "`delivery-limit`.",
    },
    {
      pattern: "default_policies.operator.$id.classic_queues.ha_mode",
      type: words("all", "exactly", "nodes"),
      text: "`ha-mode`.",
    },
    {
      pattern: "default_policies.operator.$id.classic_queues.ha_params",
      type: { kind: "list" },
      text: "`ha-params`: a count or node names.",
    },
    {
      pattern: "default_policies.operator.$id.classic_queues.ha_sync_mode",
      type: words("manual", "automatic"),
      text: "`ha-sync-mode`.",
    },
    {
      pattern: "default_policies.operator.$id.classic_queues.queue_version",
      type: integer(1, 2),
      text: "`queue-version`.",
    },
    { pattern: "load_definitions", type: STRING, text: "Definitions file (JSON) to load at boot." },
    {
      pattern: "definitions.import_backend",
      type: words("local_filesystem"),
      fallback: "local_filesystem",
      text: "Where definitions come from.",
    },
    {
      pattern: "definitions.local.path",
      type: STRING,
      text: "Definitions file, or a folder of `*.json` files, loaded in order of their names.",
    },
    {
      pattern: "definitions.skip_if_unchanged",
      type: BOOLEAN,
      fallback: "false",
      text: "At a start, do not load definitions again that are the same as last time.",
    },
    quiet("definitions.hashing.algorithm", "It is SHA-256."),
    loud("definitions.*", "Definitions are loaded from files only."),
  ],
};
