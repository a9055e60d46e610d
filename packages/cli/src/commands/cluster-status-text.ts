import { bold } from "../terminal.ts";
import { FEATURE_FLAGS } from "./feature-flags.ts";

/** The node's answer to `cluster_status`. */
export interface ClusterStatus {
  readonly clusterName: string;
  readonly diskNodes: readonly string[];
  readonly runningNodes: readonly string[];
  readonly versions: Readonly<Record<string, NodeVersions>>;
  readonly alarms: readonly NodeAlarm[];
  readonly listeners: readonly ListenerInfo[];
  readonly partitions: Readonly<Record<string, readonly string[]>>;
  /** true: being drained. */
  readonly maintenance: Readonly<Record<string, boolean>>;
}

interface NodeVersions {
  readonly rabbitmq: string;
  readonly product: string;
  readonly platform: string;
}

export interface NodeAlarm {
  readonly node: string;
  readonly resource: "memory" | "disk";
}

export interface ListenerInfo {
  readonly node: string;
  readonly interface: string;
  readonly port: number;
  readonly protocol: string;
  readonly purpose: string;
}

/** Sections with a bold heading each, as RabbitMQ shows them. */
export function clusterStatusText(status: ClusterStatus): string {
  const { clusterName, diskNodes, runningNodes } = status;
  return [
    section("Basics", [`Cluster name: ${clusterName}`]),
    section("Disk Nodes", diskNodes),
    section("Running Nodes", runningNodes),
    section("Versions", versionLines(status)),
    section("Maintenance status", maintenanceLines(status)),
    section("Alarms", status.alarms.map(alarmText)),
    section("Network Partitions", partitionLines(status)),
    section("Listeners", status.listeners.map(listenerText)),
    section(
      "Feature flags",
      FEATURE_FLAGS.map(({ name }) => `Flag: ${name}, state: enabled`),
    ),
  ].join("\n\n");
}

/** RabbitMQ's JSON; `erlang_version` holds what the node runs on instead. */
export function clusterStatusJson(status: ClusterStatus): unknown {
  const { alarms, clusterName, diskNodes, listeners, partitions, runningNodes } = status;
  return {
    alarms: alarms.map(({ node, resource }) => ({ node, resource, type: "resource_limit" })),
    cluster_name: clusterName,
    disk_nodes: diskNodes,
    feature_flags: FEATURE_FLAGS.map(({ name, desc }) => ({
      desc,
      doc_url: "",
      name,
      provided_by: "rabbit",
      stability: "stable",
      state: "enabled",
    })),
    listeners: Object.fromEntries(
      runningNodes.map((name) => [name, listeners.filter(({ node }) => node === name)]),
    ),
    maintenance_status: mapped(status.maintenance, maintenanceText),
    partitions,
    ram_nodes: [],
    running_nodes: runningNodes,
    versions: mapped(status.versions, ({ rabbitmq, product, platform }) => ({
      erlang_version: platform,
      rabbitmq_name: "RabbitMQ",
      rabbitmq_version: rabbitmq,
      leveret_version: product,
    })),
  };
}

export function section(heading: string, lines: readonly string[]): string {
  return `${bold(heading)}\n\n${lines.length === 0 ? "(none)" : lines.join("\n")}`;
}

export function alarmText({ node, resource }: NodeAlarm): string {
  return resource === "memory"
    ? `Memory alarm on node ${node}`
    : `Free disk space alarm on node ${node}`;
}

function listenerText(listener: ListenerInfo): string {
  const { node, port, protocol, purpose } = listener;
  const where = `interface: ${listener.interface}, port: ${port}`;
  return `Node: ${node}, ${where}, protocol: ${protocol}, purpose: ${purpose}`;
}

function versionLines({ versions }: ClusterStatus): string[] {
  return Object.entries(versions).map(
    ([node, { rabbitmq, product, platform }]) =>
      `${node}: RabbitMQ ${rabbitmq} (Leveret ${product}) on ${platform}`,
  );
}

function maintenanceLines({ maintenance }: ClusterStatus): string[] {
  return Object.entries(maintenance).map(
    ([node, isDraining]) => `Node: ${node}, status: ${maintenanceText(isDraining)}`,
  );
}

function maintenanceText(isDraining: boolean): string {
  return isDraining ? "marked for maintenance" : "not under maintenance";
}

function partitionLines({ partitions }: ClusterStatus): string[] {
  return Object.entries(partitions).map(
    ([node, unreachable]) => `Node ${node} cannot communicate with ${unreachable.join(", ")}`,
  );
}

function mapped<From, To>(
  record: Readonly<Record<string, From>>,
  map: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
