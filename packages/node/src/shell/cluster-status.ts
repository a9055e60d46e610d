import type { Broker } from "../broker/broker.ts";
import type { BrokerNode } from "../broker/broker-node.ts";
import type { ClusterRecord } from "../cluster/members/cluster-record.ts";
import type {
  ClusterStatus,
  ListenerInfo,
  NodeAlarm,
  NodeVersions,
} from "../control/controlled-node.ts";
import { PRODUCT } from "../product.ts";

export interface StatusFacts {
  readonly nodeName: string;
  /** undefined: a node that belongs to no cluster, or has no data directory. */
  readonly record: ClusterRecord | undefined;
  /** undefined: the app does not run. */
  readonly broker: BrokerNode | undefined;
  readonly clusterPort: { readonly host: string | undefined; readonly port: number } | undefined;
  readonly configuredName: string | undefined;
}

/** As this node sees it: of others it knows what it is told without asking. */
export function clusterStatus(facts: StatusFacts): ClusterStatus {
  const { nodeName, record, broker } = facts;
  const members = record?.members.map(({ name }) => name) ?? [nodeName];
  const runningNodes = running(facts);
  return {
    clusterName: clusterName(facts),
    diskNodes: members.toSorted(),
    runningNodes,
    versions: Object.fromEntries(runningNodes.map((name) => [name, OWN_VERSIONS])),
    alarms: broker === undefined ? [] : alarmsOf(broker.broker),
    listeners: listenersOf(facts),
    partitions: {},
    maintenance: Object.fromEntries(runningNodes.map((name) => [name, false])),
  };
}

const OWN_VERSIONS: NodeVersions = {
  rabbitmq: PRODUCT.version,
  product: PRODUCT.productVersion,
  platform: PRODUCT.platform,
};

function running({ nodeName, record, broker }: StatusFacts): string[] {
  const known = (record?.running ?? []).flatMap((nodeId) => {
    const member = record?.members.find((other) => other.nodeId === nodeId);
    return member === undefined || member.name === nodeName ? [] : [member.name];
  });
  return (broker === undefined ? known : [...known, nodeName]).toSorted();
}

/** The name that was set, or that of this node (RabbitMQ). */
export function clusterName({ nodeName, broker, configuredName }: StatusFacts): string {
  const value = broker?.broker.metadata.parameters.findGlobal("cluster_name")?.value;
  return typeof value === "string" ? value : (configuredName ?? nodeName);
}

function alarmsOf({ alarms }: Broker): NodeAlarm[] {
  return [...alarms.active].map(({ source, node }) => ({ node, resource: source }));
}

function listenersOf({ nodeName, broker, clusterPort }: StatusFacts): ListenerInfo[] {
  const listeners: ListenerInfo[] = [];
  if (clusterPort !== undefined) {
    listeners.push({
      node: nodeName,
      interface: clusterPort.host ?? "[::]",
      port: clusterPort.port,
      protocol: "clustering",
      purpose: "inter-node and CLI tool communication",
    });
  }
  for (const { address, isTls } of broker?.listeners ?? []) {
    const host = address.address.includes(":") ? `[${address.address}]` : address.address;
    listeners.push({
      node: nodeName,
      interface: host,
      port: address.port,
      protocol: isTls ? "amqp/ssl" : "amqp",
      purpose: isTls ? "AMQP 0-9-1 over TLS" : "AMQP 0-9-1",
    });
  }
  return listeners;
}
