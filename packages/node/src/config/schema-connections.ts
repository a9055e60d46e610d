import {
  BOOLEAN,
  BYTESIZE,
  type ConfigSection,
  integer,
  integerOr,
  LISTENER,
  loud,
  loudUnlessOff,
  quiet,
  STRING,
  words,
} from "./schema-key.ts";

const UINT16_MAX = 0xffff;
/** Hard ceiling of RabbitMQ. */
const MESSAGE_SIZE_MAX = 536870912;

/** Where clients connect, and with which certificate. */
export const LISTENERS: ConfigSection = {
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

/** `ssl_options`. */
export const TLS: ConfigSection = {
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

/** What a client or a node may use. */
export const LIMITS: ConfigSection = {
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
      type: integerOr("infinity", 1),
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
