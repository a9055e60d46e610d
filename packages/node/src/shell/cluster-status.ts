import type { BrokerNode } from "../broker/broker-node.ts";
import { firstName } from "../broker/cluster-name.ts";
import type { ClusterRecord } from "../cluster/members/cluster-record.ts";
import type { ClusterStatus, ListenerInfo } from "../control/controlled-node.ts";
import type { ManagementListener } from "../management/open-management.ts";
import type { PrometheusListener } from "../management/open-prometheus.ts";
import { PRODUCT } from "../product.ts";
import type { NodeStatus } from "./peer-protocol.ts";

export interface StatusFacts {
  readonly nodeName: string;
  /** undefined: a node that belongs to no cluster, or has no data directory. */
  readonly record: ClusterRecord | undefined;
  /** undefined: the app does not run. */
  readonly broker: BrokerNode | undefined;
  readonly clusterPort: { readonly host: string | undefined; readonly port: number } | undefined;
  /** Ports of the HTTP API, and of the metrics. */
  readonly management: readonly (ManagementListener | PrometheusListener)[];
  readonly configuredName: string | undefined;
  /** Names of members that run and do not answer this node. */
  readonly unreachable: readonly string[];
  readonly isUnderMaintenance: boolean;
}

/** This node's own part of it. */
export function ownStatus(facts: StatusFacts): NodeStatus {
  const { nodeName, broker, clusterPort, management, unreachable, isUnderMaintenance } = facts;
  return {
    versions: {
      rabbitmq: PRODUCT.version,
      product: PRODUCT.productVersion,
      platform: PRODUCT.platform,
    },
    // Alarms of others are theirs to tell.
    alarms: (broker?.broker.alarms.active ?? [])
      .filter(({ node }) => node === nodeName)
      .map(({ source, node }) => ({ node, resource: source })),
    listeners: [
      ...portListener(nodeName, clusterPort),
      ...clientListeners(nodeName, broker),
      ...management.map((listener) => httpListener(nodeName, listener)),
    ],
    unreachable,
    isUnderMaintenance,
  };
}

/** Of the whole cluster, from what its running nodes say; `others`: by name, those that answered. */
export function clusterStatus(
  facts: StatusFacts,
  others: ReadonlyMap<string, NodeStatus>,
): ClusterStatus {
  const { nodeName, record } = facts;
  const own = ownStatus(facts);
  const answers = new Map([...others, [nodeName, own] as const]);
  const runningNodes = runningNames(facts);
  const parts = runningNodes.flatMap((name) => answers.get(name) ?? []);
  return {
    clusterName: clusterName(facts),
    diskNodes: (record?.members.map(({ name }) => name) ?? [nodeName]).toSorted(),
    runningNodes,
    versions: Object.fromEntries(
      runningNodes.flatMap((name) => {
        const status = answers.get(name);
        return status === undefined ? [] : [[name, status.versions]];
      }),
    ),
    alarms: parts.flatMap(({ alarms }) => alarms),
    // Its cluster port is there also while the app is stopped.
    listeners: (parts.length === 0 ? [own] : parts).flatMap(({ listeners }) => listeners),
    partitions: partitionsOf(answers),
    maintenance: Object.fromEntries(
      runningNodes.map((name) => [name, answers.get(name)?.isUnderMaintenance === true]),
    ),
  };
}

/** Names of the nodes that run, as far as this node knows. */
export function runningNames({ nodeName, record, broker }: StatusFacts): string[] {
  const known = (record?.running ?? []).flatMap((nodeId) => {
    const member = record?.members.find((other) => other.nodeId === nodeId);
    return member === undefined || member.name === nodeName ? [] : [member.name];
  });
  return (broker === undefined ? known : [...known, nodeName]).toSorted();
}

/** While the app is stopped, a name that was set is not known. */
function clusterName({ nodeName, broker, record, configuredName }: StatusFacts): string {
  if (broker !== undefined) return broker.broker.clusterName;
  return configuredName ?? firstName(record?.members ?? []) ?? nodeName;
}

function partitionsOf(answers: ReadonlyMap<string, NodeStatus>): Record<string, readonly string[]> {
  const cut = [...answers].filter(([, { unreachable }]) => unreachable.length > 0);
  return Object.fromEntries(cut.map(([name, { unreachable }]) => [name, unreachable]));
}

function portListener(nodeName: string, port: StatusFacts["clusterPort"]): ListenerInfo[] {
  if (port === undefined) return [];
  return [
    {
      node: nodeName,
      interface: port.host ?? "[::]",
      port: port.port,
      protocol: "clustering",
      purpose: "inter-node and CLI tool communication",
    },
  ];
}

function clientListeners(nodeName: string, broker: BrokerNode | undefined): ListenerInfo[] {
  return (broker?.listeners ?? []).map(({ address, isTls }) => ({
    node: nodeName,
    interface: bracketed(address.address),
    port: address.port,
    protocol: isTls ? "amqp/ssl" : "amqp",
    purpose: isTls ? "AMQP 0-9-1 over TLS" : "AMQP 0-9-1",
  }));
}

function httpListener(
  node: string,
  { protocol, address, port }: ManagementListener | PrometheusListener,
): ListenerInfo {
  const purpose = PURPOSES[protocol];
  return { node, interface: bracketed(address), port, protocol, purpose };
}

/** RabbitMQ's words. */
const PURPOSES: Readonly<Record<(ManagementListener | PrometheusListener)["protocol"], string>> = {
  http: "HTTP API",
  https: "HTTP API over TLS (HTTPS)",
  "http/prometheus": "Prometheus exporter API over HTTP",
  "https/prometheus": "Prometheus exporter API over TLS (HTTPS)",
};

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}
