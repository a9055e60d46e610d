import type { Caller } from "../caller.ts";
import type { Row } from "../cell.ts";
import type { ClusterStatus, NodeAlarm } from "./cluster-status-text.ts";
import { rowsFrom } from "./listing.ts";
import { vhostNames } from "./policy-checks.ts";
import type { NodeStatus } from "./status-text.ts";

export interface TopQueue {
  readonly vhost: string;
  readonly name: string;
  readonly type: string;
  readonly leader: string;
  readonly ready: number;
  readonly unacked: number;
  readonly consumers: number;
  readonly bytes: number;
  /** Ready messages more, or fewer, each second; 0 at the first look. */
  readonly growth: number;
  /** Each second; undefined at the first look. */
  readonly publishRate: number | undefined;
  readonly deliverRate: number | undefined;
}

export interface TopConnection {
  readonly name: string;
  /** What the client calls itself, if it does. */
  readonly clientName: string;
  readonly user: string;
  readonly vhost: string;
  readonly state: string;
  readonly channels: number;
  /** Octets each second; undefined: the node does not count them. */
  readonly receiveRate: number | undefined;
  readonly sendRate: number | undefined;
}

export interface TopNode {
  readonly name: string;
  readonly isRunning: boolean;
  readonly version: string;
  readonly alarms: readonly NodeAlarm["resource"][];
}

/** What there is at one moment, of the whole cluster. */
export interface TopSample {
  readonly atMs: number;
  /** The node that was asked. */
  readonly node: NodeStatus;
  readonly clusterName: string;
  readonly nodes: readonly TopNode[];
  readonly queues: readonly TopQueue[];
  readonly connections: readonly TopConnection[];
  /** Counters by what they are of, for the rates of the next look. */
  readonly counters: Readonly<Record<string, readonly (number | undefined)[]>>;
}

const QUEUE_COLUMNS = [
  ...["name", "type", "leader", "messages_ready", "messages_unacknowledged", "consumers"],
  "message_bytes",
];
const CONNECTION_COLUMNS = [
  ...["pid", "name", "user_provided_name", "user", "vhost", "state", "channels", "recv_oct"],
  "send_oct",
];

/** Looks at everything once; rates are those since `before`. */
export async function takeSample(caller: Caller, before?: TopSample): Promise<TopSample> {
  const atMs = Date.now();
  const rates = new Rates(atMs, before);
  // As their handlers send them.
  const node = (await caller.call("status", {})) as NodeStatus;
  const cluster = (await caller.call("cluster_status", {})) as ClusterStatus;
  const traffic = await queueTraffic(caller);
  const queues: TopQueue[] = [];
  for (const vhost of await vhostNames(caller)) {
    const asked = { vhost, columns: QUEUE_COLUMNS };
    for await (const row of rowsFrom(caller, "list_queues", asked)) {
      queues.push(topQueue(vhost, row, { rates, traffic }));
    }
  }
  const connections: TopConnection[] = [];
  const asked = { columns: CONNECTION_COLUMNS };
  for await (const row of rowsFrom(caller, "list_connections", asked)) {
    connections.push(topConnection(row, rates));
  }
  const { clusterName } = cluster;
  const { counters } = rates;
  return { atMs, node, clusterName, nodes: nodesOf(cluster), queues, connections, counters };
}

/** Messages published and handed out since the nodes started, by vhost and queue; clients of all nodes together. */
type Traffic = ReadonlyMap<string, readonly [published: number, delivered: number]>;

async function queueTraffic(caller: Caller): Promise<Traffic> {
  const sums = new Map<string, readonly [number, number]>();
  for await (const row of caller.stream("queue_traffic", {})) {
    const [vhost, name, published, delivered] = row as [string, string, number, number]; // As its handler sends them.
    const key = queueKey(vhost, name);
    const [publishedBefore, deliveredBefore] = sums.get(key) ?? [0, 0];
    sums.set(key, [publishedBefore + published, deliveredBefore + delivered]);
  }
  return sums;
}

function queueKey(vhost: string, name: string): string {
  return `queue ${vhost} ${name}`;
}

function topQueue(
  vhost: string,
  row: Row,
  { rates, traffic }: { readonly rates: Rates; readonly traffic: Traffic },
): TopQueue {
  const [name, type, leader, ready, unacked, consumers, bytes] = row;
  const key = queueKey(vhost, String(name));
  const [published = 0, delivered = 0] = traffic.get(key) ?? [];
  const counts = [numberOf(ready), published, delivered];
  const [growth = 0, publishRate, deliverRate] = rates.of(key, counts);
  return {
    vhost,
    name: String(name),
    type: String(type),
    leader: leader === null ? "" : String(leader),
    ready: numberOf(ready),
    unacked: numberOf(unacked),
    consumers: numberOf(consumers),
    bytes: numberOf(bytes),
    growth,
    publishRate,
    deliverRate,
  };
}

function topConnection(row: Row, rates: Rates): TopConnection {
  const [pid, name, clientName, user, vhost, state, channels, received, sent] = row;
  const key = `connection ${String(pid)}`;
  const [receiveRate, sendRate] = rates.of(key, [optional(received), optional(sent)]);
  return {
    name: String(name),
    clientName: clientName === null ? "" : String(clientName),
    user: String(user),
    vhost: String(vhost),
    state: String(state),
    channels: numberOf(channels),
    receiveRate,
    sendRate,
  };
}

function nodesOf(cluster: ClusterStatus): TopNode[] {
  return cluster.diskNodes.map((name) => ({
    name,
    isRunning: cluster.runningNodes.includes(name),
    version: cluster.versions[name]?.product ?? "",
    alarms: cluster.alarms.filter(({ node }) => node === name).map(({ resource }) => resource),
  }));
}

function numberOf(cell: unknown): number {
  return typeof cell === "number" ? cell : 0;
}

function optional(cell: unknown): number | undefined {
  return typeof cell === "number" ? cell : undefined;
}

/** Differences to the look before. */
class Rates {
  readonly counters: Record<string, readonly (number | undefined)[]> = {};
  readonly #seconds: number;
  readonly #before: TopSample | undefined;

  constructor(atMs: number, before: TopSample | undefined) {
    this.#before = before;
    this.#seconds = before === undefined ? 0 : Math.max(0.001, (atMs - before.atMs) / 1000);
  }

  /** Each second; undefined where there is nothing to compare, or nothing is counted. */
  of(key: string, counts: readonly (number | undefined)[]): readonly (number | undefined)[] {
    this.counters[key] = counts;
    const before = this.#before?.counters[key];
    return counts.map((count, at) => {
      const last = before?.[at];
      if (count === undefined || last === undefined) return undefined;
      return (count - last) / this.#seconds;
    });
  }
}
