import { LOG_CATEGORIES, LOG_LEVELS } from "../logger.ts";
import type { ValueType } from "./value-type.ts";

/** One key of the configuration file. The table of them is data: reading, checking and documentation use it. */
export interface ConfigKey {
  /** `$name` stands for one segment of the user's choice, a last `*` for all that follow. */
  readonly pattern: string;
  readonly type: ValueType;
  /** As it would be written in the file. undefined: unset. */
  readonly fallback?: string;
  readonly text: string;
  /**
   * For keys that RabbitMQ has and this version does nothing with. `quiet`: nobody is worse off. `loud`:
   * whoever sets it relies on it, so it is a warning. `loud unless off`: likewise, but not of `false`.
   */
  readonly withoutEffect?: "quiet" | "loud" | "loud unless off";
}

export interface ConfigSection {
  readonly title: string;
  readonly keys: readonly ConfigKey[];
}

const BOOLEAN: ValueType = { kind: "boolean" };
const STRING: ValueType = { kind: "string" };
const MEMORY: ValueType = { kind: "memory" };
const BYTESIZE: ValueType = { kind: "bytesize" };
const DURATION: ValueType = { kind: "duration" };
const LISTENER: ValueType = { kind: "listener" };
const LEVEL: ValueType = { kind: "one of", words: LOG_LEVELS };

const UINT16_MAX = 0xffff;
const UINT32_MAX = 0xffffffff;
/** Hard ceiling of RabbitMQ. */
const MESSAGE_SIZE_MAX = 536870912;

function integer(min: number, max?: number): ValueType {
  return max === undefined ? { kind: "integer", min } : { kind: "integer", min, max };
}

function integerOr(also: string, min: number): ValueType {
  return { kind: "integer", min, also };
}

function words(...list: readonly string[]): ValueType {
  return { kind: "one of", words: list };
}

function quiet(pattern: string, text: string): ConfigKey {
  return { pattern, type: STRING, text, withoutEffect: "quiet" };
}

function loud(pattern: string, text: string): ConfigKey {
  return { pattern, type: STRING, text, withoutEffect: "loud" };
}

function loudUnlessOff(pattern: string, text: string): ConfigKey {
  return { pattern, type: STRING, text, withoutEffect: "loud unless off" };
}

const LISTENERS: ConfigSection = {
  title: "Listeners",
  keys: [
    { pattern: "listeners.tcp", type: words("none"), text: "No plain AMQP listener." },
    {
      pattern: "listeners.tcp.$name",
      type: LISTENER,
      fallback: "5672",
      text: "A plain AMQP listener: a port on all interfaces, or an address and a port.",
    },
    { pattern: "listeners.ssl", type: words("none"), text: "No AMQP listener with TLS." },
    {
      pattern: "listeners.ssl.$name",
      type: LISTENER,
      text: "An AMQP listener with TLS; usually 5671. Needs `ssl_options`.",
    },
    {
      pattern: "proxy_protocol",
      type: BOOLEAN,
      fallback: "false",
      text: "Each connection must begin with a PROXY protocol header (version 1 or 2).",
    },
    {
      pattern: "handshake_timeout",
      type: integerOr("infinity", 1),
      fallback: "10000",
      text: "Milliseconds from the TCP connection until `connection.open-ok`.",
    },
    {
      pattern: "ssl_handshake_timeout",
      type: integer(1),
      fallback: "5000",
      text: "Milliseconds that a TLS handshake may take.",
    },
    {
      pattern: "tcp_listen_options.backlog",
      type: integer(1, UINT16_MAX),
      fallback: "128",
      text: "Connections that the system holds until they are accepted.",
    },
    {
      pattern: "tcp_listen_options.nodelay",
      type: BOOLEAN,
      fallback: "true",
      text: "Send small packets at once (TCP_NODELAY).",
    },
    {
      pattern: "tcp_listen_options.keepalive",
      type: BOOLEAN,
      fallback: "false",
      text: "TCP keep-alive probes, in addition to heartbeats.",
    },
    quiet("tcp_listen_options.*", "Other socket options; Node.js sets its own."),
    quiet("num_acceptors.$protocol", "Connections are accepted by the event loop."),
    quiet("reverse_dns_lookups", "Peers are shown by address."),
    quiet("socket_writer.gc_threshold", "Erlang only."),
  ],
};

const TLS: ConfigSection = {
  title: "TLS",
  keys: [
    {
      pattern: "ssl_options.cacertfile",
      type: STRING,
      text: "PEM file of the CAs that clients' certificates are checked against.",
    },
    {
      pattern: "ssl_options.certfile",
      type: STRING,
      text: "PEM file of the broker's certificate, with intermediate ones behind it.",
    },
    { pattern: "ssl_options.keyfile", type: STRING, text: "PEM file of its private key." },
    { pattern: "ssl_options.password", type: STRING, text: "Password of the private key." },
    {
      pattern: "ssl_options.verify",
      type: words("verify_none", "verify_peer"),
      fallback: "verify_none",
      text: "Whether a client's certificate is asked for and checked.",
    },
    {
      pattern: "ssl_options.fail_if_no_peer_cert",
      type: BOOLEAN,
      fallback: "false",
      text: "With `verify_peer`: refuse clients that have no certificate.",
    },
    {
      pattern: "ssl_options.versions.$n",
      type: words("tlsv1.3", "tlsv1.2", "tlsv1.1", "tlsv1"),
      text: "TLS versions to offer, without a gap; unset: 1.2 and 1.3.",
    },
    {
      pattern: "ssl_options.ciphers.$n",
      type: STRING,
      text: "Cipher suites by OpenSSL's names, in order of preference.",
    },
    {
      pattern: "ssl_options.honor_cipher_order",
      type: BOOLEAN,
      fallback: "true",
      text: "The broker's order of cipher suites decides, not the client's.",
    },
    loud("ssl_options.depth", "Node.js bounds the certificate chain itself."),
    loudUnlessOff("ssl_options.crl_check", "Revocation lists are not read."),
    quiet("ssl_options.*", "Other options of Erlang's TLS."),
    quiet("ssl_allow_poodle_attack", "SSL 3.0 is never offered."),
    loud("ssl_cert_login_from", "There is no login by certificate (EXTERNAL) yet."),
    loud("ssl_cert_login_san_type", "There is no login by certificate yet."),
    loud("ssl_cert_login_san_index", "There is no login by certificate yet."),
  ],
};

const LIMITS: ConfigSection = {
  title: "Limits",
  keys: [
    {
      pattern: "heartbeat",
      type: integer(0, UINT16_MAX),
      fallback: "60",
      text: "Seconds, offered in `connection.tune`; the client's answer counts. 0: none.",
    },
    {
      pattern: "frame_max",
      type: BYTESIZE,
      fallback: "131072",
      text: "Largest frame, offered in `connection.tune`; at least 4096.",
    },
    {
      pattern: "initial_frame_max",
      type: BYTESIZE,
      fallback: "4096",
      text: "Largest frame before `connection.tune-ok`; at least 4096.",
    },
    {
      pattern: "channel_max",
      type: integer(0, UINT16_MAX),
      fallback: "2047",
      text: "Channels open at once on a connection. 0: no limit.",
    },
    {
      pattern: "max_channels_per_connection",
      type: integer(0, UINT16_MAX),
      text: "The name of `channel_max` in RabbitMQ 4.",
    },
    {
      pattern: "channel_max_per_node",
      type: integerOr("infinity", 0),
      fallback: "infinity",
      text: "Channels open at once on this node.",
    },
    {
      pattern: "consumer_max_per_channel",
      type: integerOr("infinity", 1),
      fallback: "infinity",
      text: "Consumers on a channel.",
    },
    {
      pattern: "connection_max",
      type: integerOr("infinity", 0),
      fallback: "infinity",
      text: "Client connections to this node.",
    },
    {
      pattern: "max_connections",
      type: integerOr("infinity", 0),
      text: "The name of `connection_max` in RabbitMQ 4.",
    },
    {
      pattern: "ranch_connection_max",
      type: integerOr("infinity", 0),
      text: "Taken as `connection_max`, if that is unset.",
    },
    {
      pattern: "vhost_max",
      type: integerOr("infinity", 0),
      fallback: "infinity",
      text: "Virtual hosts.",
    },
    {
      pattern: "cluster_queue_limit",
      type: integerOr("infinity", 0),
      fallback: "infinity",
      text: "Queues in all virtual hosts together.",
    },
    {
      pattern: "max_message_size",
      type: integer(0, MESSAGE_SIZE_MAX),
      fallback: "134217728",
      text: "Largest message body in bytes.",
    },
    {
      pattern: "consumer_timeout",
      type: integerOr("infinity", 1),
      fallback: "infinity",
      text: "Milliseconds that a delivery may stay unacknowledged; then the channel is closed. RabbitMQ's default is 1800000; ours is none.",
    },
    loud("cluster_exchange_limit", "There is no limit of exchanges."),
    quiet("consumer_disconnected_timeout", "RabbitMQ 4 only."),
    quiet("session_max_per_connection", "AMQP 1.0 only."),
    quiet("link_max_per_session", "AMQP 1.0 only."),
    quiet("runtime_parameters.limits.*", "RabbitMQ 4 only."),
  ],
};

const AUTHENTICATION: ConfigSection = {
  title: "Authentication",
  keys: [
    {
      pattern: "auth_mechanisms.$n",
      type: words("PLAIN", "AMQPLAIN"),
      text: "SASL mechanisms to offer; unset: AMQPLAIN and PLAIN.",
    },
    {
      pattern: "auth_backends.$n",
      type: words("internal", "rabbit_auth_backend_internal"),
      text: "Users are those of the broker; there is no other backend yet.",
    },
    loud("auth_backends.$n.$part", "There is no backend but the internal one."),
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
      ),
      fallback: "rabbit_password_hashing_sha256",
      text: "How new passwords are stored.",
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

const DEFAULTS: ConfigSection = {
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
      text: "Another user, and its password; unset: it cannot log in by password.",
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
      type: words(
        "classic",
        "quorum",
        "stream",
        "rabbit_classic_queue",
        "rabbit_quorum_queue",
        "rabbit_stream_queue",
      ),
      fallback: "classic",
      text: "Type of a queue declared without `x-queue-type`.",
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
    quiet("definitions.skip_if_unchanged", "Definitions are loaded at each start."),
    quiet("definitions.hashing.algorithm", "Definitions are loaded at each start."),
    loud("definitions.*", "Definitions are loaded from files only."),
  ],
};

const RESOURCES: ConfigSection = {
  title: "Memory and disk alarms",
  keys: [
    {
      pattern: "vm_memory_high_watermark.relative",
      type: { kind: "float", min: 0, max: 1 },
      fallback: "0.4",
      text: "Publishers are blocked while the process uses more than this part of the memory.",
    },
    {
      pattern: "vm_memory_high_watermark.absolute",
      type: MEMORY,
      text: "The same in bytes; takes precedence.",
    },
    {
      pattern: "total_memory_available_override_value",
      type: MEMORY,
      text: "Total memory; unset: that of the machine, or of its control group (container) if less.",
    },
    {
      pattern: "memory_monitor_interval",
      type: integer(100, UINT32_MAX >>> 1),
      fallback: "2500",
      text: "Milliseconds between two looks at the memory.",
    },
    {
      pattern: "vm_memory_calculation_strategy",
      type: words("rss", "allocated", "erlang", "legacy"),
      fallback: "rss",
      text: "The resident set counts, whichever is given: Node.js has no other figure that a container is judged by.",
    },
    {
      pattern: "disk_free_limit.absolute",
      type: MEMORY,
      text: "Publishers are blocked while less is free in the data directory. Unset: not watched, as this version writes nothing to it (RabbitMQ: 50MB).",
    },
    {
      pattern: "disk_free_limit.relative",
      type: { kind: "float", min: 0, max: 100 },
      text: "The same as a multiple of the total memory; `absolute` takes precedence.",
    },
    quiet("vm_memory_high_watermark_paging_ratio", "Bodies are not paged by a ratio."),
    quiet("disk_monitor.*", "The interval follows the free space, from 100 ms to 10 s."),
  ],
};

const LOG: ConfigSection = {
  title: "Log",
  keys: [
    { pattern: "log.console", type: BOOLEAN, fallback: "true", text: "Log to the console." },
    {
      pattern: "log.console.level",
      type: LEVEL,
      fallback: "info",
      text: "What reaches the console.",
    },
    {
      pattern: "log.console.formatter",
      type: words("plaintext", "json"),
      text: "Unset: readable lines on a terminal, JSON lines elsewhere.",
    },
    {
      pattern: "log.console.stdio",
      type: words("stdout", "stderr"),
      fallback: "stdout",
      text: "Where the console is.",
    },
    {
      pattern: "log.file",
      type: STRING,
      fallback: "false",
      text: "A log file, appended to; `false`: none. RabbitMQ has one by default.",
    },
    { pattern: "log.file.level", type: LEVEL, fallback: "info", text: "What reaches the file." },
    {
      pattern: "log.file.formatter",
      type: words("plaintext", "json"),
      fallback: "plaintext",
      text: "How.",
    },
    { pattern: "log.dir", type: STRING, text: "Folder of the log file, if its name is relative." },
    ...LOG_CATEGORIES.map(
      (category): ConfigKey => ({
        pattern: `log.${category}.level`,
        type: LEVEL,
        text: category === "default" ? "Of all else." : `Of lines about: ${category}.`,
      }),
    ),
    quiet("log.file.rotation.*", "Use logrotate, with `copytruncate`."),
    loudUnlessOff("log.syslog", "There is no output to syslog."),
    loudUnlessOff("log.journald", "The console does for journald."),
    loudUnlessOff("log.exchange", "There is no log exchange yet."),
    quiet("log.*", "Other log settings."),
  ],
};

const NODE: ConfigSection = {
  title: "Node and product",
  keys: [
    { pattern: "cluster_name", type: STRING, text: "Shown to clients; unset: the node's name." },
    { pattern: "product.name", type: STRING, text: "Reported as `product` instead of Leveret." },
    {
      pattern: "product.version",
      type: STRING,
      text: "Reported as `version` instead of 3.13.7, for clients that want another.",
    },
    {
      pattern: "config.strict",
      type: BOOLEAN,
      fallback: "false",
      text: "Unknown keys are errors (`--strict-config`), as in RabbitMQ.",
    },
  ],
};

const WITHOUT_EFFECT: ConfigSection = {
  title: "Other keys of RabbitMQ",
  keys: [
    quiet("management.*", "There is no HTTP API yet."),
    quiet("management_agent.*", "There is no HTTP API yet."),
    quiet("prometheus.*", "There are no metrics yet."),
    quiet("cluster_formation.*", "There is no cluster yet."),
    quiet("cluster_partition_handling", "There is no cluster yet."),
    quiet("cluster_partition_handling.*", "There is no cluster yet."),
    quiet("cluster_keepalive_interval", "There is no cluster yet."),
    quiet("cluster_tags.$tag", "There is no cluster yet."),
    quiet("node_tags.$tag", "There is no cluster yet."),
    quiet("net_ticktime", "There is no cluster yet."),
    quiet("distribution.*", "Erlang only."),
    quiet("raft.*", "There are no replicas yet."),
    quiet("quorum_queue.*", "There are no replicas yet."),
    quiet("queue_types.*", "RabbitMQ 4 only."),
    quiet("queue_master_locator", "There is no cluster yet."),
    quiet("queue_leader_locator", "There is no cluster yet."),
    quiet("mirroring_sync_batch_size", "There are no replicas yet."),
    quiet("mirroring_sync_max_throughput", "There are no replicas yet."),
    quiet("stream.*", "There are no streams yet."),
    quiet("collect_statistics", "There are no statistics yet."),
    quiet("collect_statistics_interval", "There are no statistics yet."),
    quiet("queue_index_embed_msgs_below", "There is no queue index."),
    quiet("classic_queue.default_version", "Classic queues have one version."),
    quiet("message_store_shutdown_timeout", "There is no message store yet."),
    quiet("mnesia_table_loading_retry_timeout", "There is no cluster yet."),
    quiet("mnesia_table_loading_retry_limit", "There is no cluster yet."),
    quiet("metadata_store.*", "Erlang only."),
    quiet("vhost_restart_strategy", "Virtual hosts do not fail by themselves."),
    quiet("default_worker_pool_size", "Erlang only."),
    quiet("delegate_count", "Erlang only."),
    quiet("background_gc_enabled", "Erlang only."),
    quiet("background_gc_target_interval", "Erlang only."),
    quiet("hipe_compile", "Erlang only."),
    quiet("erlang.*", "Erlang only."),
    quiet("sysmon_handler.*", "Erlang only."),
    quiet("motd_file", "There is no message of the day."),
    loud(
      "deprecated_features.permit.$name",
      "Transient non-exclusive queues and the like are always permitted.",
    ),
    loud("message_interceptors.*", "There are no interceptors."),
    loud("exchange_types.*", "All exchange types are always there."),
    loud("prevent_startup_if_node_was_reset", "Not checked."),
    quiet("amqp_client.*", "Erlang only."),
    quiet("amqp10_client.*", "Erlang only."),
    ...[
      "aws",
      "mqtt",
      "stomp",
      "web_mqtt",
      "web_stomp",
      "amqp1_0",
      "shovel",
      "federation",
      "event_exchange",
      "tracing",
      "trust_store",
      "auth_cache",
      "auth_http",
      "auth_ldap",
      "auth_oauth2",
      "http_dispatch",
    ].map((plugin) => loud(`${plugin}.*`, "There is no such plugin.")),
  ],
};

/** All keys that are known, in the order of the documentation. */
export const CONFIG_SECTIONS: readonly ConfigSection[] = [
  LISTENERS,
  TLS,
  LIMITS,
  AUTHENTICATION,
  DEFAULTS,
  RESOURCES,
  LOG,
  NODE,
  WITHOUT_EFFECT,
];
