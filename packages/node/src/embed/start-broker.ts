import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { BrokerNode } from "../broker/broker-node.ts";
import type { Config, ManagementConfig } from "../config/config.ts";
import { defaultConfig } from "../config/load-config.ts";
import { type Logging, type LogLevel, openLogging, SILENT_LOGGING } from "../logger.ts";
import type { VirtualClock } from "../runtime/virtual-clock.ts";
import { EmbeddedBroker } from "./embedded-broker.ts";
import {
  EMBEDDED_MANAGEMENT_LISTENER,
  EMBEDDED_SHUTDOWN_TIMEOUT_MS,
  EMBEDDED_SILENT_CLOSE_DELAY_MS,
  EMBEDDED_STORAGE_LIMITS,
} from "./embedded-limits.ts";
import type { EmbeddedManagement } from "./embedded-management.ts";

/** What `startBroker` can be told; everything has a default that suits a test. */
export interface StartBrokerOptions {
  /** 0, the default: any free port. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** RabbitMQ's definitions JSON, as a document or the name of a file; loaded after the default user. */
  readonly definitions?: object | string;
  /** Moves message TTLs, queue expiry and delayed messages by hand; connections stay in real time. */
  readonly clock?: VirtualClock;
  /** Log to stdout from this level on; default: nothing. */
  readonly logLevel?: LogLevel;
  /** Seconds, offered to clients; default 60, 0: none. */
  readonly heartbeatSeconds?: number;
  /** Bytes; default 128 MiB. */
  readonly maxMessageSize?: number;
  /** Where to keep what is durable, made if it is not there; default: nowhere, all is in memory. */
  readonly dataDir?: string;
  /** Opens the HTTP API on this port of the same host; 0: any free port. Default: there is none, and nothing of it is loaded. */
  readonly managementPort?: number;
  /** Changes anything else of the configuration. */
  readonly configure?: (config: Config) => Config;
}

/**
 * Starts a broker in this process, in memory unless it gets a data directory: for tests, and for programs that carry
 * their own broker. Several may run side by side. Stop it with `await broker.stop()` or hold it with `await using`.
 * @throws DefinitionsError, StorageError, or ListenError with `code` and `port` if the port cannot be had
 */
export async function startBroker(options: StartBrokerOptions = {}): Promise<EmbeddedBroker> {
  const config = embeddedConfig(options);
  const definitions = await documents(options.definitions);
  const log = logging(options.logLevel);
  const node = await BrokerNode.start(config, {
    logging: log,
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    definitions,
    silentCloseDelayMs: EMBEDDED_SILENT_CLOSE_DELAY_MS,
    shutdownTimeoutMs: EMBEDDED_SHUTDOWN_TIMEOUT_MS,
    storageLimits: EMBEDDED_STORAGE_LIMITS,
  });
  const management = await managementOf(node, log);
  return new EmbeddedBroker(node, { clock: options.clock, definitions, management });
}

/** Its code is loaded only where it is wanted. */
async function managementOf(
  node: BrokerNode,
  log: Logging,
): Promise<EmbeddedManagement | undefined> {
  if (node.config.management.listeners.length === 0) return undefined;
  try {
    const { openEmbeddedManagement } = await import("./embedded-management.ts");
    return await openEmbeddedManagement(node, log);
  } catch (error) {
    await node.stop();
    throw error;
  }
}

function embeddedConfig(options: StartBrokerOptions): Config {
  const base = defaultConfig();
  const config: Config = {
    ...base,
    node: {
      ...base.node,
      dataDir: options.dataDir === undefined ? undefined : resolve(options.dataDir),
    },
    listeners: {
      ...base.listeners,
      tcp: [{ address: options.host ?? "127.0.0.1", port: options.port ?? 0 }],
    },
    management: embeddedManagement(base.management, options),
    limits: {
      ...base.limits,
      heartbeatSeconds: options.heartbeatSeconds ?? base.limits.heartbeatSeconds,
      maxMessageSize: options.maxMessageSize ?? base.limits.maxMessageSize,
    },
  };
  return options.configure?.(config) ?? config;
}

function embeddedManagement(
  base: ManagementConfig,
  { managementPort: port, host = "127.0.0.1" }: StartBrokerOptions,
): ManagementConfig {
  if (port === undefined) return base;
  return { ...base, listeners: [{ ...EMBEDDED_MANAGEMENT_LISTENER, address: host, port }] };
}

function logging(level: LogLevel | undefined): Logging {
  if (level === undefined) return SILENT_LOGGING;
  return openLogging({ outputs: [{ destination: 1, format: "json", level }] });
}

async function documents(definitions: object | string | undefined): Promise<string[]> {
  if (definitions === undefined) return [];
  if (typeof definitions === "string") return [await readFile(definitions, "utf8")];
  return [JSON.stringify(definitions)];
}
