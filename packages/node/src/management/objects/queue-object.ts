import { decodeBasicProperties, fieldTableToJson } from "@leveret/amqp";
import type { JsonObject, JsonValue } from "@leveret/management";
import { ChannelConsumer } from "../../connection/channel-consumer.ts";
import { isUsable, type ListedQueue } from "../../control/queue-columns.ts";
import type { MetadataView } from "../../metadata/metadata-machine.ts";
import type { EffectivePolicy } from "../../metadata/records.ts";
import type { BrokerQueue, ConsumerHandle } from "../../queue/broker-queue.ts";
import type { QueueCounts } from "../../queue/queue-counts.ts";
import type { ObjectColumns } from "./object-columns.ts";

/** What every node knows of a queue: its record, its policies, where its replicas are. */
export function queueFacts(metadata: MetadataView): ObjectColumns<ListedQueue> {
  const policies = ({ record }: ListedQueue): EffectivePolicy =>
    metadata.effectivePolicy("queue", record.vhost, record.name);
  return {
    ...RECORD,
    ...REPLICAS,
    policy: (queue) => policies(queue).policy?.name ?? null,
    operator_policy: (queue) => policies(queue).operatorPolicy?.name ?? null,
    effective_policy_definition: (queue) => effectiveDefinition(policies(queue)),
  };
}

const RECORD: ObjectColumns<ListedQueue> = {
  name: ({ record }) => record.name,
  vhost: ({ record }) => record.vhost,
  type: ({ record }) => record.type,
  durable: ({ record }) => record.durable,
  auto_delete: ({ record }) => record.autoDelete,
  exclusive: ({ record }) => record.exclusiveOwner !== undefined,
  arguments: ({ record }) => fieldTableToJson(record.arguments) as JsonObject,
};

const REPLICAS: ObjectColumns<ListedQueue> = {
  node: ({ leaderInfo }) => leaderInfo.leader ?? leaderInfo.members[0],
  leader: quorumOnly(({ leaderInfo }) => leaderInfo.leader),
  members: quorumOnly(({ leaderInfo }) => [...leaderInfo.members]),
  online: quorumOnly(({ leaderInfo }) => [...leaderInfo.online]),
  slave_nodes: mirroredOnly(({ leaderInfo }) => mirrors(leaderInfo.members, leaderInfo.leader)),
  synchronised_slave_nodes: mirroredOnly(({ leaderInfo }) =>
    mirrors(leaderInfo.synchronised, leaderInfo.leader),
  ),
  recoverable_slaves: (queue) => {
    if (queue.record.type !== "classic") return undefined;
    const { members, leader } = queue.leaderInfo;
    return members.length > 1 ? mirrors(members, leader) : null;
  },
};

function quorumOnly(
  find: (queue: ListedQueue) => JsonObject[string],
): ObjectColumns<ListedQueue>[string] {
  return (queue) => (queue.record.type === "quorum" ? find(queue) : undefined);
}

function mirroredOnly(find: (queue: ListedQueue) => string[]): ObjectColumns<ListedQueue>[string] {
  return (queue) => {
    const isMirrored = queue.record.type === "classic" && queue.leaderInfo.members.length > 1;
    return isMirrored ? find(queue) : undefined;
  };
}

function mirrors(nodes: readonly string[], leader: string | undefined): string[] {
  return nodes.filter((name) => name !== leader);
}

/** The policy's keys, and the operator policy's, of whose limits the lower one counts. */
function effectiveDefinition({ policy, operatorPolicy }: EffectivePolicy): JsonObject {
  const definition = new Map<string, JsonValue>(policy?.definition);
  for (const [key, value] of operatorPolicy?.definition ?? []) {
    const own = definition.get(key);
    const areNumbers = typeof own === "number" && typeof value === "number";
    definition.set(key, areNumbers ? Math.min(own, value) : value);
  }
  return Object.fromEntries(definition);
}

/** What only the node that leads a queue knows. Of a queue that nobody can use, the state alone. */
export const QUEUE_FIGURES: ObjectColumns<ListedQueue> = {
  state: (queue) => (isUsable(queue) ? "running" : "down"),
  messages: count(({ ready, unacked }) => ready + unacked),
  messages_ready: count(({ ready }) => ready),
  messages_unacknowledged: count(({ unacked }) => unacked),
  messages_persistent: count(({ persistent }) => persistent),
  messages_ram: count(inMemory),
  messages_ready_ram: classicCount(readyInMemory),
  messages_unacknowledged_ram: classicCount((counts) => inMemory(counts) - readyInMemory(counts)),
  messages_paged_out: classicCount(({ persistent }) => persistent),
  message_bytes: count(({ readyBytes, unackedBytes }) => readyBytes + unackedBytes),
  message_bytes_ready: count(({ readyBytes }) => readyBytes),
  message_bytes_unacknowledged: count(({ unackedBytes }) => unackedBytes),
  message_bytes_persistent: count(({ persistentBytes }) => persistentBytes),
  message_bytes_ram: count(bytesInMemory),
  message_bytes_paged_out: classicCount(({ persistentBytes }) => persistentBytes),
  memory: count(memoryOf),
  consumers: count(({ consumers }) => consumers),
  consumer_capacity: count(capacity),
  consumer_utilisation: count(capacity),
  head_message_timestamp: (queue) =>
    queue.queue === undefined || queue.record.type !== "classic" || !isUsable(queue)
      ? undefined
      : headTimestamp(queue.queue),
};

function count(of: (counts: QueueCounts) => number): ObjectColumns<ListedQueue>[string] {
  return (queue) =>
    queue.queue !== undefined && isUsable(queue) ? of(queue.queue.counts) : undefined;
}

function classicCount(of: (counts: QueueCounts) => number): ObjectColumns<ListedQueue>[string] {
  const find = count(of);
  return (queue) => (queue.record.type === "classic" ? find(queue) : undefined);
}

/** Messages that are in memory as a whole: those that no log has. */
function inMemory({ ready, unacked, persistent }: QueueCounts): number {
  return Math.max(0, ready + unacked - persistent);
}

/** Which of the logged ones are ready is not counted: as many as can be. */
function readyInMemory(counts: QueueCounts): number {
  return Math.max(0, Math.min(counts.ready, inMemory(counts)));
}

function bytesInMemory({ readyBytes, unackedBytes, persistentBytes }: QueueCounts): number {
  return Math.max(0, readyBytes + unackedBytes - persistentBytes);
}

/** Bytes that the queue takes in memory, by what its parts are known to take. */
function memoryOf(counts: QueueCounts): number {
  const places = inMemory(counts) * ENTRY_SIZE + counts.persistent * LOGGED_ENTRY_SIZE;
  return QUEUE_SIZE + places + bytesInMemory(counts);
}

/** What an idle queue takes. */
const QUEUE_SIZE = 2048;
/** The place of a message in memory, besides its body. */
const ENTRY_SIZE = 96;
/** The place of a message that the log has. */
const LOGGED_ENTRY_SIZE = 16;

/** Whether the consumers would take a message that came now: no message is ready while one of them can. */
function capacity({ consumers, ready }: QueueCounts): number {
  return consumers > 0 && ready === 0 ? 1 : 0;
}

/** The `timestamp` of the message that is next. null: it has none, or only the log has the message. */
function headTimestamp(queue: BrokerQueue): number | null {
  let found: number | null = null;
  queue.peek(1, (message) => {
    if (!message.isLoaded) return;
    const { bytes, propertiesStart, propertiesEnd } = message;
    const { timestamp } = decodeBasicProperties(bytes, propertiesStart, propertiesEnd);
    if (timestamp !== undefined) found = Number(timestamp);
  });
  return found;
}

/** What each node knows of its own clients: who alone gets the messages; absent where it is none of them. */
export const QUEUE_CLIENTS: ObjectColumns<ListedQueue> = {
  exclusive_consumer_tag: classicOnly(({ queue }) => tagOf(queue, ({ spec }) => spec.exclusive)),
  single_active_consumer_tag: classicOnly(({ queue }) => tagOf(queue, ({ isActive }) => isActive)),
  single_active_consumer_ctag: quorumOnly(({ queue }) => tagOf(queue, ({ isActive }) => isActive)),
};

function classicOnly(
  find: (queue: ListedQueue) => JsonObject[string],
): ObjectColumns<ListedQueue>[string] {
  return (queue) => (queue.record.type === "classic" ? find(queue) : undefined);
}

function tagOf(
  queue: BrokerQueue | undefined,
  is: (consumer: ConsumerHandle) => boolean,
): string | undefined {
  for (const consumer of ownConsumers(queue)) {
    if (consumer.handle !== undefined && is(consumer.handle)) return consumer.tag;
  }
  return undefined;
}

/** Consumers of this node's channels. */
export function* ownConsumers(queue: BrokerQueue | undefined): Generator<ChannelConsumer> {
  for (const { spec } of queue?.consumers() ?? []) {
    if (spec.context instanceof ChannelConsumer) yield spec.context;
  }
}
