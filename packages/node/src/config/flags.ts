import { LOG_LEVELS } from "../logger.ts";
import type { ValueType } from "./value-type.ts";

/** One flag of the command line; also an environment variable. Data: parsing and documentation use it. */
export interface Flag {
  /** Without dashes; `data-dir` is also `LEVERET_DATA_DIR`. */
  readonly name: FlagName;
  /** Name of its value in the help; undefined: a switch. */
  readonly argument?: string;
  /** May be given more than once; in the environment, separated by commas. */
  readonly isRepeatable?: boolean;
  readonly type: ValueType;
  /** Other environment variables that mean the same, as RabbitMQ's image has them. */
  readonly variables?: readonly string[];
  /** Shown in the help. */
  readonly fallback?: string;
  readonly text: string;
  /** Accepted, for what a later version brings; only `off` is silent. */
  readonly withoutEffect?: string;
}

export const FLAG_NAMES = [
  "data-dir",
  "in-memory",
  "node-name",
  "amqp-port",
  "tls-port",
  "bind",
  "config",
  "strict-config",
  "definitions",
  "default-user",
  "default-pass",
  "default-vhost",
  "log-level",
  "log-format",
  "detached",
  "pid-file",
  "management-port",
  "prometheus-port",
  "cluster-port",
  "peer",
  "cookie",
  "cookie-file",
  "runtime-dir",
] as const;
export type FlagName = (typeof FLAG_NAMES)[number];

/** As given: text, a switch, or the values of a repeatable flag. */
export type FlagValues = Readonly<Partial<Record<FlagName, string | boolean | readonly string[]>>>;

const PORT: ValueType = { kind: "integer", min: 0, max: 65535, also: "off" };
const STRING: ValueType = { kind: "string" };
const SWITCH: ValueType = { kind: "boolean" };

export const FLAGS: readonly Flag[] = [
  {
    name: "data-dir",
    argument: "DIR",
    type: STRING,
    variables: ["RABBITMQ_MNESIA_DIR"],
    fallback: "./data",
    text: "storage: durable exchanges, queues and messages, users and settings",
  },
  { name: "in-memory", type: SWITCH, text: "no storage" },
  {
    name: "node-name",
    argument: "NAME@HOST",
    type: STRING,
    variables: ["RABBITMQ_NODENAME"],
    fallback: "rabbit@<short host name>",
    text: "name of this node",
  },
  {
    name: "amqp-port",
    argument: "PORT",
    type: PORT,
    variables: ["RABBITMQ_NODE_PORT"],
    fallback: "5672",
    text: "plain AMQP; 0: any free port, off: none",
  },
  {
    name: "tls-port",
    argument: "PORT",
    type: PORT,
    fallback: "off",
    text: "AMQP with TLS; needs ssl_options in the configuration file",
  },
  {
    name: "bind",
    argument: "ADDRESS",
    type: STRING,
    variables: ["RABBITMQ_NODE_IP_ADDRESS"],
    fallback: "all interfaces",
    text: "address to listen on; guest may come from this machine only, in any case",
  },
  {
    name: "config",
    argument: "FILE",
    type: STRING,
    variables: ["RABBITMQ_CONFIG_FILE"],
    fallback: "./leveret.conf if present",
    text: "configuration, in the format of rabbitmq.conf; conf.d/*.conf beside it follow",
  },
  { name: "strict-config", type: SWITCH, text: "refuse to start with unknown configuration keys" },
  {
    name: "definitions",
    argument: "FILE",
    isRepeatable: true,
    type: STRING,
    text: "users, vhosts, queues ... to load at boot (RabbitMQ's JSON format)",
  },
  {
    name: "default-user",
    argument: "NAME",
    type: STRING,
    variables: ["RABBITMQ_DEFAULT_USER"],
    fallback: "guest",
    text: "name of the first user",
  },
  {
    name: "default-pass",
    argument: "PASSWORD",
    type: STRING,
    variables: ["RABBITMQ_DEFAULT_PASS"],
    fallback: "guest",
    text: "its password; better in the environment, as others can see flags",
  },
  {
    name: "default-vhost",
    argument: "NAME",
    type: STRING,
    variables: ["RABBITMQ_DEFAULT_VHOST"],
    fallback: "/",
    text: "name of the first virtual host",
  },
  {
    name: "log-level",
    argument: "LEVEL",
    type: { kind: "one of", words: LOG_LEVELS },
    fallback: "info",
    text: "what is logged to the console",
  },
  {
    name: "log-format",
    argument: "FORMAT",
    type: { kind: "one of", words: ["auto", "pretty", "json"] },
    fallback: "auto",
    text: "auto is pretty on a terminal, else json",
  },
  { name: "detached", type: SWITCH, text: "start in the background" },
  {
    name: "pid-file",
    argument: "FILE",
    type: STRING,
    variables: ["RABBITMQ_PID_FILE"],
    text: "write the process id there, remove it at the end",
  },
  {
    name: "management-port",
    argument: "PORT",
    type: PORT,
    fallback: "15672",
    text: "HTTP API; 0: any free port, off: none",
  },
  {
    name: "prometheus-port",
    argument: "PORT",
    type: PORT,
    fallback: "15692",
    text: "metrics for Prometheus; 0: any free port, off: none",
  },
  {
    name: "cluster-port",
    argument: "PORT",
    type: PORT,
    variables: ["RABBITMQ_DIST_PORT"],
    fallback: "20000 more than --amqp-port: 25672; off with --in-memory",
    text: "other nodes and leveretctl; 0: any free port, off: none",
  },
  {
    name: "peer",
    argument: "NAME@HOST:PORT",
    isRepeatable: true,
    type: STRING,
    text: "another node of the cluster; a new node forms or joins a cluster with it",
  },
  {
    name: "cookie",
    argument: "VALUE",
    type: STRING,
    variables: ["RABBITMQ_ERLANG_COOKIE"],
    text: "secret shared by the nodes of a cluster and their tools; better in a file, as others can see flags",
  },
  {
    name: "cookie-file",
    argument: "FILE",
    type: STRING,
    fallback: "<data-dir>/cookie",
    text: "file that holds it; made at the first start",
  },
  {
    name: "runtime-dir",
    argument: "DIR",
    type: STRING,
    fallback: "leveret in $XDG_RUNTIME_DIR, else leveret-<uid> in the temp directory",
    text: "where a node tells leveretctl and other nodes of this host its cluster port while it runs",
  },
];

/** `data-dir` -> `LEVERET_DATA_DIR`. */
export function flagVariable(name: FlagName): string {
  return `LEVERET_${name.toUpperCase().replaceAll("-", "_")}`;
}
