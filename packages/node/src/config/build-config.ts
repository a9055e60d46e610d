import { dirname, resolve } from "node:path";
import { DEFAULT_DISK_FREE_LIMIT } from "../limits.ts";
import { LOG_CATEGORIES, type LogCategory, type LogLevel } from "../logger.ts";
import { buildCluster } from "./build-cluster.ts";
import { buildManagement } from "./build-management.ts";
import { buildPrometheus } from "./build-prometheus.ts";
import { buildTls } from "./build-tls.ts";
import { buildAuth, buildDefaults } from "./build-users.ts";
import type {
  AlarmsConfig,
  Config,
  LimitsConfig,
  ListenAddress,
  ListenersConfig,
  LogConfig,
  NodeConfig,
  ResourceLimit,
} from "./config.ts";
import { ConfigError } from "./config-error.ts";
import { deepFreeze } from "./deep-freeze.ts";
import { defaultProblems } from "./default-problems.ts";
import { fileOf } from "./file-of.ts";
import type { GivenFlags } from "./given-flags.ts";
import { fallbackOf, type Settings } from "./settings.ts";
import { parseListener } from "./value-type.ts";

/** Checked settings and flags, and what they refer to. */
export interface ConfigParts {
  readonly settings: Settings;
  readonly flags: GivenFlags;
  readonly files: readonly string[];
  readonly cwd: string;
  readonly host: string;
  /** Directory of data directories, each named after its node; undefined: none is named. */
  readonly dataBase?: string | undefined;
  /** Names of nodes have the whole name of the host. */
  readonly hasLongNames?: boolean;
}

/** frame_max of less is refused by RabbitMQ's clients and by the specification (1.2, FRAME-MIN-SIZE). */
const FRAME_MAX_MIN = 4096;
/** Each may name a definitions file. */
const DEFINITIONS_KEYS = [
  "load_definitions",
  "management.load_definitions",
  "definitions.local.path",
];

/** Puts all settings into one value and checks them against each other. Throws {@link ConfigError}. */
export function buildConfig(parts: ConfigParts): Config {
  const { settings, flags, files, cwd } = parts;
  const node = buildNode(parts);
  const problems: string[] = [];
  const config: Config = {
    node,
    cluster: buildCluster({ settings, flags, cwd, dataDir: node.dataDir }, problems),
    listeners: buildListeners(settings, flags),
    tls: buildTls(settings, "ssl_options"),
    limits: buildLimits(settings),
    auth: buildAuth(settings),
    defaults: buildDefaults(settings, flags),
    eventExchange: {
      isEnabled: settings.boolean("event_exchange.enabled"),
      vhost: settings.text("event_exchange.vhost"),
    },
    alarms: buildAlarms(settings, !flags.isSet("in-memory")),
    log: buildLog(settings, flags),
    definitions: [
      ...DEFINITIONS_KEYS.flatMap((key) => fileOf(settings, key) ?? []),
      ...flags.list("definitions").map((file) => resolve(cwd, file)),
    ],
    skipsUnchangedDefinitions: settings.boolean("definitions.skip_if_unchanged"),
    management: buildManagement(settings, flags, problems),
    prometheus: buildPrometheus(settings, flags, problems),
    product: { name: settings.text("product.name"), version: settings.text("product.version") },
    files,
  };
  problems.push(...contradictions(config));
  if (flags.text("data-dir") === "") problems.push("--data-dir names no directory");
  if (problems.length > 0) throw new ConfigError(problems);
  return deepFreeze(config);
}

function contradictions(config: Config): string[] {
  const { listeners, tls, limits, node } = config;
  const problems: string[] = [];
  if (!/^[^@\s]{1,255}@[^@\s]{1,255}$/.test(node.name)) {
    problems.push(`the node name must be NAME@HOST, not \`${node.name.slice(0, 80)}\``);
  }
  if (listeners.tls.length > 0 && (tls?.certFile === undefined || tls.keyFile === undefined)) {
    problems.push("a TLS listener needs ssl_options.certfile and ssl_options.keyfile");
  }
  for (const [key, value] of [
    ["frame_max", limits.frameMax],
    ["initial_frame_max", limits.initialFrameMax],
  ] as const) {
    if (value !== 0 && value < FRAME_MAX_MIN)
      problems.push(`${key} must be at least ${FRAME_MAX_MIN}`);
  }
  problems.push(...defaultProblems(config.defaults, config.auth));
  return problems;
}

function buildNode(parts: ConfigParts): NodeConfig {
  const { settings, flags, cwd, dataBase } = parts;
  const name = nodeName(parts);
  const pidFile = flags.text("pid-file");
  const usualDir = dataBase === undefined ? "data" : resolve(dataBase, name);
  return {
    name,
    clusterName: settings.text("cluster_name"),
    dataDir: flags.isSet("in-memory")
      ? undefined
      : resolve(cwd, flags.text("data-dir") ?? usualDir),
    pidFile: pidFile === undefined ? undefined : resolve(cwd, pidFile),
    isDetached: flags.isSet("detached"),
  };
}

function nodeName({ flags, host, hasLongNames = false }: ConfigParts): string {
  const name = flags.text("node-name") ?? "rabbit";
  if (name.includes("@")) return name;
  return `${name}@${hasLongNames ? host : (host.split(".")[0] ?? host)}`;
}

function buildListeners(settings: Settings, flags: GivenFlags): ListenersConfig {
  const bind = flags.text("bind");
  const defaultPort = Number(fallbackOf("listeners.tcp.$name"));
  return {
    tcp: fromFlag(flags.port("amqp-port"), bind) ??
      fromFile(settings, "listeners.tcp", bind) ?? [{ address: bind, port: defaultPort }],
    tls: fromFlag(flags.port("tls-port"), bind) ?? fromFile(settings, "listeners.ssl", bind) ?? [],
    hasProxyProtocol: settings.boolean("proxy_protocol"),
    handshakeTimeoutMs: settings.limit("handshake_timeout"),
    tlsHandshakeTimeoutMs: settings.number("ssl_handshake_timeout"),
    backlog: settings.number("tcp_listen_options.backlog"),
    isNoDelay: settings.boolean("tcp_listen_options.nodelay"),
    isKeepAlive: settings.boolean("tcp_listen_options.keepalive"),
  };
}

function fromFlag(
  port: number | "off" | undefined,
  bind: string | undefined,
): readonly ListenAddress[] | undefined {
  if (port === undefined) return undefined;
  return port === "off" ? [] : [{ address: bind, port }];
}

/** undefined: the file says nothing of such listeners. As in RabbitMQ, `none` beats any that are named. */
function fromFile(
  settings: Settings,
  family: "listeners.tcp" | "listeners.ssl",
  bind: string | undefined,
): readonly ListenAddress[] | undefined {
  if (settings.find(family) !== undefined) return [];
  const named = settings.all(`${family}.$name`);
  if (named.length === 0) return undefined;
  return named.flatMap(({ value }) => {
    const listener = parseListener(String(value));
    if (listener === undefined || listener === "none") return [];
    return { address: listener.address ?? bind, port: listener.port };
  });
}

function buildLimits(settings: Settings): LimitsConfig {
  const firstOf = (...keys: readonly [string, ...string[]]): string => {
    return keys.find((key) => settings.find(key) !== undefined) ?? keys[0];
  };
  return {
    heartbeatSeconds: settings.number("heartbeat"),
    frameMax: settings.number("frame_max"),
    initialFrameMax: settings.number("initial_frame_max"),
    channelMax: settings.number(firstOf("channel_max", "max_channels_per_connection")),
    channelMaxPerNode: settings.limit("channel_max_per_node"),
    consumerMaxPerChannel: settings.limit("consumer_max_per_channel"),
    connectionMax: settings.limit(
      firstOf("connection_max", "max_connections", "ranch_connection_max"),
    ),
    vhostMax: settings.limit("vhost_max"),
    queueMax: settings.limit("cluster_queue_limit"),
    maxMessageSize: settings.number("max_message_size"),
    consumerTimeoutMs: settings.limit("consumer_timeout"),
  };
}

function buildAlarms(settings: Settings, hasStorage: boolean): AlarmsConfig {
  const diskFreeLimit = hasStorage ? { absolute: DEFAULT_DISK_FREE_LIMIT } : undefined;
  return {
    memoryWatermark: findLimit(settings, "vm_memory_high_watermark") ?? {
      relative: settings.number("vm_memory_high_watermark.relative"),
    },
    totalMemoryOverride: settings.limit("total_memory_available_override_value"),
    memoryMonitorIntervalMs: settings.number("memory_monitor_interval"),
    diskFreeLimit: findLimit(settings, "disk_free_limit") ?? diskFreeLimit,
  };
}

function findLimit(settings: Settings, family: string): ResourceLimit | undefined {
  if (settings.find(`${family}.absolute`) !== undefined) {
    return { absolute: settings.number(`${family}.absolute`) };
  }
  if (settings.find(`${family}.relative`) === undefined) return undefined;
  return { relative: settings.number(`${family}.relative`) };
}

function buildLog(settings: Settings, flags: GivenFlags): LogConfig {
  const format = flags.text("log-format") ?? settings.text("log.console.formatter");
  return {
    isConsole: settings.boolean("log.console"),
    consoleFd: settings.text("log.console.stdio") === "stderr" ? 2 : 1,
    consoleLevel: logLevel(flags.text("log-level") ?? settings.text("log.console.level")),
    consoleFormat: format === "json" ? "json" : isPretty(format) ? "pretty" : "auto",
    file: logFile(settings, "log.file"),
    fileLevel: logLevel(settings.text("log.file.level")),
    fileFormat: settings.text("log.file.formatter") === "json" ? "json" : "pretty",
    auditFile: logFile(settings, "log.audit.file"),
    categoryLevels: categoryLevels(settings),
  };
}

function isPretty(format: string | undefined): boolean {
  return format === "pretty" || format === "plaintext";
}

function logLevel(text: string | undefined): LogLevel {
  return text as LogLevel; // The schema admits only the words of LogLevel, and has a default.
}

function categoryLevels(settings: Settings): Partial<Record<LogCategory, LogLevel>> {
  const levels: Partial<Record<LogCategory, LogLevel>> = {};
  for (const category of LOG_CATEGORIES) {
    const level = settings.text(`log.${category}.level`);
    if (level !== undefined) levels[category] = logLevel(level);
  }
  return levels;
}

function logFile(settings: Settings, key: "log.file" | "log.audit.file"): string | undefined {
  const setting = settings.find(key);
  if (setting === undefined || setting.value === "false") return undefined;
  const folder = fileOf(settings, "log.dir") ?? dirname(setting.entry.file);
  return resolve(folder, String(setting.value));
}
