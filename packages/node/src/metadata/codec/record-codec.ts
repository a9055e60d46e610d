import type { QueueType } from "../../queue/queue-config.ts";
import type {
  ApplyTo,
  BindingRecord,
  DestinationType,
  ExchangeRecord,
  GlobalParameterRecord,
  HashingAlgorithm,
  MemberRecord,
  MemberState,
  ParameterRecord,
  PermissionRecord,
  PolicyRecord,
  QueueRecord,
  QueueReplica,
  TopicPermissionRecord,
  UserRecord,
  VirtualHostRecord,
} from "../records.ts";
import type { OriginRecord } from "../submission-origins.ts";
import {
  type Field,
  type Fields,
  jsonField,
  jsonMapField,
  MetadataCodecError,
  optional,
  tableField,
  trailing,
} from "./fields.ts";

/** How one kind of record is stored. The order of fields is the format; new fields are added at the end. */
export interface RecordCodec<R> {
  write(record: R): Field[];
  /** @throws MetadataCodecError */
  read(fields: Fields): R;
}

const QUEUE_TYPES: readonly QueueType[] = ["classic", "quorum"];
const MEMBER_STATES: readonly MemberState[] = ["joining", "running", "stopped"];
const DESTINATION_TYPES: readonly DestinationType[] = ["queue", "exchange"];
const APPLY_TO: readonly ApplyTo[] = [
  "all",
  "exchanges",
  "queues",
  "classic_queues",
  "quorum_queues",
  "streams",
];
export const HASHING_ALGORITHMS: readonly HashingAlgorithm[] = [
  "rabbit_password_hashing_sha256",
  "rabbit_password_hashing_sha512",
  "rabbit_password_hashing_md5",
  "leveret_password_hashing_scrypt",
];

export function readInteger(fields: Fields): number {
  return fields.integer();
}

export function readFlag(fields: Fields): boolean {
  return fields.flag();
}

export function readText(fields: Fields): string {
  return fields.text();
}

export function readQueueType(fields: Fields): QueueType {
  return fields.oneOf(QUEUE_TYPES);
}

export const ORIGIN: RecordCodec<OriginRecord> = {
  write: ({ nodeId, incarnation, seq }) => [nodeId, incarnation, seq],
  read: (fields) => ({
    nodeId: fields.integer(),
    incarnation: fields.integer(),
    seq: fields.integer(),
  }),
};

export const EXCHANGE: RecordCodec<ExchangeRecord> = {
  write: (exchange) => [
    exchange.vhost,
    exchange.name,
    exchange.type,
    exchange.durable,
    exchange.autoDelete,
    exchange.internal,
    tableField(exchange.arguments),
  ],
  read: (fields) => ({
    vhost: fields.text(),
    name: fields.text(),
    type: fields.text(),
    durable: fields.flag(),
    autoDelete: fields.flag(),
    internal: fields.flag(),
    arguments: fields.table(),
  }),
};

export const QUEUE: RecordCodec<QueueRecord> = {
  write: (queue) => [
    queue.vhost,
    queue.name,
    queue.type,
    queue.durable,
    queue.autoDelete,
    optional(queue.exclusiveOwner),
    tableField(queue.arguments),
    optional(queue.groupId),
    ...trailing(
      optional(queue.home),
      optional(queue.replicas?.flatMap(({ nodeId, generation }) => [nodeId, generation])),
      optional(queue.nextGeneration),
      optional(queue.memoryId),
    ),
  ],
  read: (fields) => ({
    vhost: fields.text(),
    name: fields.text(),
    type: readQueueType(fields),
    durable: fields.flag(),
    autoDelete: fields.flag(),
    exclusiveOwner: fields.optional(readInteger),
    arguments: fields.table(),
    groupId: fields.optional(readInteger),
    home: fields.trailing(readInteger),
    replicas: fields.trailing(readReplicas),
    nextGeneration: fields.trailing(readInteger),
    memoryId: fields.trailing(readInteger),
  }),
};

/** Node and generation of each in turn. */
function readReplicas(fields: Fields): QueueReplica[] {
  const numbers = fields.integers();
  const replicas: QueueReplica[] = [];
  for (let at = 0; at < numbers.length; at += 2) {
    const [nodeId, generation] = numbers.slice(at, at + 2);
    if (nodeId === undefined || generation === undefined) {
      throw new MetadataCodecError("a queue's replica has no generation");
    }
    replicas.push({ nodeId, generation });
  }
  return replicas;
}

export const MEMBER: RecordCodec<MemberRecord> = {
  write: ({ nodeId, name, address, generation, state }) => [
    nodeId,
    name,
    address,
    generation,
    state,
  ],
  read: (fields) => ({
    nodeId: fields.integer(),
    name: fields.text(),
    address: fields.text(),
    generation: fields.integer(),
    state: fields.oneOf(MEMBER_STATES),
  }),
};

export const BINDING: RecordCodec<BindingRecord> = {
  write: (binding) => [
    binding.vhost,
    binding.source,
    binding.destination,
    binding.destinationType,
    binding.routingKey,
    tableField(binding.arguments),
  ],
  read: (fields) => ({
    vhost: fields.text(),
    source: fields.text(),
    destination: fields.text(),
    destinationType: fields.oneOf(DESTINATION_TYPES),
    routingKey: fields.text(),
    arguments: fields.table(),
  }),
};

export const VHOST: RecordCodec<VirtualHostRecord> = {
  write: (vhost) => [
    vhost.name,
    vhost.description,
    vhost.tags,
    optional(vhost.defaultQueueType),
    vhost.tracing,
    optional(vhost.limits.maxConnections),
    optional(vhost.limits.maxQueues),
    ...trailing(optional(vhost.isProtected)),
  ],
  read: (fields) => ({
    name: fields.text(),
    description: fields.text(),
    tags: fields.texts(),
    defaultQueueType: fields.optional(readQueueType),
    tracing: fields.flag(),
    limits: {
      maxConnections: fields.optional(readInteger),
      maxQueues: fields.optional(readInteger),
    },
    ...(fields.trailing(readFlag) === true && { isProtected: true as const }),
  }),
};

export const USER: RecordCodec<UserRecord> = {
  write: (user) => [
    user.name,
    user.passwordHash,
    user.hashingAlgorithm,
    user.tags,
    optional(user.limits.maxConnections),
    optional(user.limits.maxChannels),
  ],
  read: (fields) => ({
    name: fields.text(),
    passwordHash: fields.text(),
    hashingAlgorithm: fields.oneOf(HASHING_ALGORITHMS),
    tags: fields.texts(),
    limits: {
      maxConnections: fields.optional(readInteger),
      maxChannels: fields.optional(readInteger),
    },
  }),
};

export const PERMISSION: RecordCodec<PermissionRecord> = {
  write: ({ user, vhost, configure, write, read }) => [user, vhost, configure, write, read],
  read: (fields) => ({
    user: fields.text(),
    vhost: fields.text(),
    configure: fields.text(),
    write: fields.text(),
    read: fields.text(),
  }),
};

export const TOPIC_PERMISSION: RecordCodec<TopicPermissionRecord> = {
  write: ({ user, vhost, exchange, write, read }) => [user, vhost, exchange, write, read],
  read: (fields) => ({
    user: fields.text(),
    vhost: fields.text(),
    exchange: fields.text(),
    write: fields.text(),
    read: fields.text(),
  }),
};

export const POLICY: RecordCodec<PolicyRecord> = {
  write: (policy) => [
    policy.vhost,
    policy.name,
    policy.pattern,
    policy.applyTo,
    policy.priority,
    jsonMapField(policy.definition),
  ],
  read: (fields) => ({
    vhost: fields.text(),
    name: fields.text(),
    pattern: fields.text(),
    applyTo: fields.oneOf(APPLY_TO),
    priority: fields.integer(),
    definition: fields.jsonMap(),
  }),
};

export const PARAMETER: RecordCodec<ParameterRecord> = {
  write: ({ vhost, component, name, value }) => [vhost, component, name, jsonField(value)],
  read: (fields) => ({
    vhost: fields.text(),
    component: fields.text(),
    name: fields.text(),
    value: fields.json(),
  }),
};

export const GLOBAL_PARAMETER: RecordCodec<GlobalParameterRecord> = {
  write: ({ name, value }) => [name, jsonField(value)],
  read: (fields) => ({ name: fields.text(), value: fields.json() }),
};
