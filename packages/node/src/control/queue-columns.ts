import type { BrokerNode } from "../broker/broker-node.ts";
import { ChannelConsumer } from "../connection/channel-consumer.ts";
import { homeOf, replicasOf } from "../metadata/queue-replicas.ts";
import type { QueueRecord } from "../metadata/records.ts";
import type { BrokerQueue, ConsumerHandle } from "../queue/broker-queue.ts";
import type { QueueCounts } from "../queue/queue-counts.ts";
import { type Cell, type Columns, tableCell } from "./cells.ts";
import type { ControlledNode } from "./controlled-node.ts";
import { channelPid, connectionPid, queuePid } from "./pid-text.ts";
import type { LeaderInfo } from "./queue-operations.ts";

/** A queue with what was asked about it. */
export interface ListedQueue {
  readonly record: QueueRecord;
  readonly queue: BrokerQueue | undefined;
  /** It has answered: its counts can be believed. */
  readonly isResponsive: boolean;
  readonly leaderInfo: LeaderInfo;
}

/**
 * What the metadata say, for a node that has no better knowledge: the first replica is to lead, and a queue in memory is at home. A node
 * in no cluster has everything itself.
 */
export function plannedLeaderInfo(
  { nodeName }: ControlledNode,
  { administration }: BrokerNode,
  record: QueueRecord,
): LeaderInfo {
  const { metadata } = administration;
  const replicas = replicasOf(record).map(({ nodeId }) => nodeId);
  const places = replicas.length === 0 ? [homeOf(record)] : replicas;
  const members = places.map((nodeId) => metadata.member(nodeId)?.name ?? nodeName);
  const online = places.flatMap((nodeId, at) =>
    metadata.member(nodeId)?.state === "stopped" ? [] : [members[at] ?? nodeName],
  );
  return { leader: online[0], members, online, synchronised: online };
}

/** Whether somebody can use it now. */
export function isUsable({ queue, isResponsive, leaderInfo }: ListedQueue): boolean {
  return isResponsive && queue?.failure === undefined && leaderInfo.leader !== undefined;
}

/** What RabbitMQ measures and we do not is left empty: `disk_reads`, counts of messages in memory. */
export function queueColumns(nodeName: string, broker: BrokerNode): Columns<ListedQueue> {
  const { metadata } = broker.administration;
  const policies = ({ record }: ListedQueue) =>
    metadata.effectivePolicy("queue", record.vhost, record.name);
  // An exclusive queue lives where its connection is.
  const ownerPid = (record: QueueRecord, owner: number): string =>
    connectionPid(metadata.member(homeOf(record))?.name ?? nodeName, owner);
  return {
    name: ({ record }) => record.name,
    type: ({ record }) => record.type,
    durable: ({ record }) => record.durable,
    auto_delete: ({ record }) => record.autoDelete,
    arguments: ({ record }) => tableCell(record.arguments),
    exclusive: ({ record }) =>
      record.type === "classic" ? record.exclusiveOwner !== undefined : null,
    owner_pid: ({ record }) =>
      record.exclusiveOwner === undefined ? null : ownerPid(record, record.exclusiveOwner),
    policy: (listed) => policies(listed).policy?.name ?? null,
    operator_policy: (listed) => policies(listed).operatorPolicy?.name ?? null,
    state: (listed) => (isUsable(listed) ? "running" : "down"),
    ...COUNTS,
    ...REPLICAS,
    ...activeConsumerColumns(nodeName),
  };
}

const COUNTS: Columns<ListedQueue> = {
  messages: count(({ ready, unacked }) => ready + unacked),
  messages_ready: count(({ ready }) => ready),
  messages_unacknowledged: count(({ unacked }) => unacked),
  messages_persistent: count(({ persistent }) => persistent),
  message_bytes: count(({ readyBytes, unackedBytes }) => readyBytes + unackedBytes),
  message_bytes_ready: count(({ readyBytes }) => readyBytes),
  message_bytes_unacknowledged: count(({ unackedBytes }) => unackedBytes),
  message_bytes_persistent: count(({ persistentBytes }) => persistentBytes),
  consumers: count(({ consumers }) => consumers),
};

/** Of a queue that nobody can use, nobody knows them; what was heard last is not shown (RabbitMQ). */
function count(of: (counts: QueueCounts) => number): (listed: ListedQueue) => Cell {
  return (listed) =>
    listed.queue !== undefined && isUsable(listed) ? of(listed.queue.counts) : null;
}

const REPLICAS: Columns<ListedQueue> = {
  leader: ({ leaderInfo }) => leaderInfo.leader ?? null,
  members: ({ leaderInfo }) => leaderInfo.members,
  online: ({ leaderInfo }) => leaderInfo.online,
  /** No column of RabbitMQ: for checks of replicas that have not got all yet. */
  synchronised_members: ({ leaderInfo }) => leaderInfo.synchronised,
  pid: ({ record, leaderInfo }) =>
    leaderInfo.leader === undefined ? null : queuePid(leaderInfo.leader, record),
  slave_pids: (listed) => mirrorPids(listed, listed.leaderInfo.members),
  synchronised_slave_pids: (listed) => mirrorPids(listed, listed.leaderInfo.synchronised),
  mirror_pids: (listed) => mirrorPids(listed, listed.leaderInfo.members),
  synchronised_mirror_pids: (listed) => mirrorPids(listed, listed.leaderInfo.synchronised),
  recoverable_slaves: ({ leaderInfo }) => others(leaderInfo, leaderInfo.members),
};

/** Of mirrored classic queues; others have none to speak of (RabbitMQ). */
function mirrorPids({ record, leaderInfo }: ListedQueue, nodes: readonly string[]): Cell {
  const isMirrored = record.type === "classic" && leaderInfo.members.length > 1;
  if (!isMirrored) return null;
  const online = nodes.filter((name) => leaderInfo.online.includes(name));
  return others(leaderInfo, online).map((name) => queuePid(name, record));
}

function others({ leader }: LeaderInfo, nodes: readonly string[]): string[] {
  return nodes.filter((name) => name !== leader);
}

/** The consumer that alone gets the messages, if it is one of this node. */
function activeConsumerColumns(nodeName: string): Columns<ListedQueue> {
  const tag = (consumer: ChannelConsumer | undefined): Cell => consumer?.tag ?? null;
  const pid = (consumer: ChannelConsumer | undefined): Cell =>
    consumer === undefined ? null : channelPid(nodeName, consumer.channel);
  return {
    single_active_consumer_tag: ({ queue }) => tag(findConsumer(queue, ({ isActive }) => isActive)),
    single_active_consumer_pid: ({ queue }) => pid(findConsumer(queue, ({ isActive }) => isActive)),
    exclusive_consumer_tag: ({ queue }) => tag(findConsumer(queue, ({ spec }) => spec.exclusive)),
    exclusive_consumer_pid: ({ queue }) => pid(findConsumer(queue, ({ spec }) => spec.exclusive)),
  };
}

function findConsumer(
  queue: BrokerQueue | undefined,
  is: (consumer: ConsumerHandle) => boolean,
): ChannelConsumer | undefined {
  for (const consumer of queue?.consumers() ?? []) {
    const { context } = consumer.spec;
    if (is(consumer) && context instanceof ChannelConsumer) return context;
  }
  return undefined;
}
