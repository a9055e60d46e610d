import { join, resolve } from "node:path";
import type { ClusterConfig, ClusterTlsConfig, FormationConfig, PeerAddress } from "./config.ts";
import { fileOf } from "./file-of.ts";
import type { GivenFlags } from "./given-flags.ts";
import type { Settings } from "./settings.ts";

/** As RabbitMQ's port between nodes. */
export const DEFAULT_CLUSTER_PORT = 25_672;

/** What the cluster's section is made from. */
interface ClusterParts {
  readonly settings: Settings;
  readonly flags: GivenFlags;
  readonly cwd: string;
  readonly dataDir: string | undefined;
}

/** Texts about what is wrong are put on `problems`. */
export function buildCluster(parts: ClusterParts, problems: string[]): ClusterConfig {
  const { settings, flags, cwd, dataDir } = parts;
  const cookieFile = flags.text("cookie-file");
  const runtimeDir = flags.text("runtime-dir");
  const cluster: ClusterConfig = {
    listener: listener(parts),
    cookie: flags.text("cookie"),
    cookieFile: cookieFile === undefined ? defaultCookieFile(dataDir) : resolve(cwd, cookieFile),
    tls: buildTls(settings, problems),
    peers: peersOf(flags.list("peer"), "--peer", problems),
    formation: buildFormation(settings, problems),
    runtimeDir: runtimeDir === undefined ? undefined : resolve(cwd, runtimeDir),
    bootRetryLimit: settings.number("mnesia_table_loading_retry_limit"),
    bootRetryTimeoutMs: settings.number("mnesia_table_loading_retry_timeout"),
    onBootTimeout: settings.text("cluster.on_boot_timeout") === "exit" ? "exit" : "wait",
    queueLeaderLocator: leaderLocator(settings),
  };
  const hasCookie = cluster.cookie !== undefined || cluster.cookieFile !== undefined;
  if (cluster.listener !== undefined && !hasCookie) {
    problems.push("a cluster port with --in-memory needs --cookie or --cookie-file");
  }
  return cluster;
}

/** A node in memory has no part in a cluster unless it is asked for. */
function listener({ flags, dataDir }: ClusterParts): ClusterConfig["listener"] {
  const port = flags.port("cluster-port") ?? (dataDir === undefined ? "off" : usualPort(flags));
  return port === "off" ? undefined : { address: flags.text("bind"), port };
}

/** As RabbitMQ: nodes of one host that have been given ports for clients need no others (RABBITMQ_NODE_PORT). */
function usualPort(flags: GivenFlags): number {
  const amqp = flags.port("amqp-port");
  if (amqp === 0) return 0;
  if (typeof amqp !== "number" || amqp + ABOVE_AMQP > 65_535) return DEFAULT_CLUSTER_PORT;
  return amqp + ABOVE_AMQP;
}

/** 5672 and 25672. */
const ABOVE_AMQP = 20_000;

function defaultCookieFile(dataDir: string | undefined): string | undefined {
  return dataDir === undefined ? undefined : join(dataDir, "cookie");
}

function buildFormation(settings: Settings, problems: string[]): FormationConfig {
  const backend = settings.text("cluster_formation.peer_discovery_backend") ?? "";
  const dnsHostname = settings.text("cluster_formation.dns.hostname");
  const pattern = "cluster_formation.classic_config.nodes.$n";
  const nodes = settings.numbered(pattern).map(({ value }) => String(value));
  const isDns = backend.endsWith("dns");
  if (isDns && dnsHostname === undefined) {
    problems.push("discovery by dns needs cluster_formation.dns.hostname");
  }
  return {
    nodes: isDns ? [] : peersOf(nodes, "cluster_formation.classic_config.nodes", problems),
    dnsHostname: isDns ? dnsHostname : undefined,
    retryLimit: settings.limit("cluster_formation.discovery_retry_limit"),
    retryIntervalMs: settings.number("cluster_formation.discovery_retry_interval"),
    targetSize: settings.limit("cluster_formation.target_cluster_size_hint"),
  };
}

function leaderLocator(settings: Settings): ClusterConfig["queueLeaderLocator"] {
  const older = settings.text("queue_master_locator");
  const isOlder = older !== undefined && settings.find("queue_leader_locator") === undefined;
  const locator = isOlder ? older : settings.text("queue_leader_locator");
  return locator === "client-local" ? "client-local" : "balanced";
}

/** All three files or none: a certificate alone would let everybody in. */
function buildTls(settings: Settings, problems: string[]): ClusterTlsConfig | undefined {
  const certFile = fileOf(settings, "cluster.tls.certfile");
  const keyFile = fileOf(settings, "cluster.tls.keyfile");
  const caCertFile = fileOf(settings, "cluster.tls.cacertfile");
  if (certFile !== undefined && keyFile !== undefined && caCertFile !== undefined) {
    return { certFile, keyFile, caCertFile };
  }
  if (certFile !== undefined || keyFile !== undefined || caCertFile !== undefined) {
    problems.push(
      "TLS of the cluster port needs cluster.tls.certfile, cluster.tls.keyfile and cluster.tls.cacertfile",
    );
  }
  return undefined;
}

function peersOf(
  texts: readonly string[],
  origin: string,
  problems: string[],
): readonly PeerAddress[] {
  return texts.flatMap((text) => {
    const peer = parsePeer(text);
    if (peer === undefined) {
      problems.push(`${origin} must be NAME@HOST:PORT, not \`${text.slice(0, 80)}\``);
    }
    return peer ?? [];
  });
}

/** `NAME@HOST:PORT`, or without a port. undefined: it is neither. */
export function parsePeer(text: string): PeerAddress | undefined {
  const [, name, host, digits] =
    /^([^@\s:]{1,255})@([^@\s:]{1,255})(?::(\d{1,5}))?$/.exec(text) ?? [];
  const port = digits === undefined ? undefined : Number(digits);
  if (name === undefined || host === undefined) return undefined;
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined;
  return { name: `${name}@${host}`, host, port };
}
