import { ChannelError, type FieldTable, type FieldValue, integerOf, textOf } from "@leveret/amqp";
import { resourceText } from "../errors.ts";
import {
  assertEquivalentArgument,
  assertEquivalentProperty,
} from "../metadata/argument-equivalence.ts";
import type { QueueRecord } from "../metadata/records.ts";
import { ARGUMENT_CHECKS, ARGUMENTS_OF, FOREIGN_ARGUMENTS } from "./queue-argument-checks.ts";
import type { QueueType } from "./queue-config.ts";

/** The flags of queue.declare that a queue type may refuse. */
export interface QueueProperties {
  readonly durable: boolean;
  readonly exclusive: boolean;
  readonly autoDelete: boolean;
}

/** RabbitMQ's names of the types in its reply texts. */
const MODULE_NAMES = {
  classic: "rabbit_classic_queue",
  quorum: "rabbit_quorum_queue",
} as const satisfies Record<QueueType, string>;

function invalidArgument(key: string, resource: string, term: string): ChannelError {
  return new ChannelError("PRECONDITION_FAILED", `invalid arg '${key}' for ${resource}: ${term}`);
}

/**
 * The queue type that x-queue-type asks for, classic when absent.
 * @throws ChannelError 406 for another value, and for streams, which this broker does not offer
 */
export function queueTypeOf(args: FieldTable, name: string, vhost: string): QueueType {
  const value = args.get("x-queue-type");
  if (value === undefined) return "classic";
  const resource = resourceText("queue", name, vhost);
  const text = textOf(value);
  if (text === undefined) {
    throw invalidArgument("x-queue-type", resource, `{unacceptable_type,${value.type}}`);
  }
  if (text === "classic" || text === "quorum") return text;
  const term =
    text === "stream" ? '"streams are not supported"' : `"unsupported queue type '${text}'"`;
  throw invalidArgument("x-queue-type", resource, term);
}

/**
 * Checks what a new queue is declared with, in RabbitMQ 3.10's order: the type of the dead-letter
 * exchange, the values of the arguments its type knows, arguments of other types, refused properties.
 * @throws ChannelError 406 with RabbitMQ's text
 */
export function validateQueueArguments(
  vhost: string,
  name: string,
  type: QueueType,
  args: FieldTable,
  properties: QueueProperties,
): void {
  const resource = resourceText("queue", name, vhost);
  deadLetterExchangeOf(args, vhost, name);
  for (const key of ARGUMENTS_OF[type]) {
    const value = args.get(key);
    if (value === undefined) continue;
    const fault = ARGUMENT_CHECKS[key]?.(value, args);
    if (fault !== undefined) throw invalidArgument(key, resource, fault);
  }
  assertNoForeignArgument(type, args, resource);
  if (type === "quorum") assertQuorumProperties(resource, properties);
}

/** The dead-letter exchange that the arguments name. @throws ChannelError 406 when it is no longstr */
export function deadLetterExchangeOf(
  args: FieldTable,
  vhost: string,
  name: string,
): string | undefined {
  const exchange = args.get("x-dead-letter-exchange");
  if (exchange === undefined) return undefined;
  if (exchange.type === "longstr") return textOf(exchange);
  throw new ChannelError(
    "PRECONDITION_FAILED",
    `invalid type '${exchange.type}' for arg 'x-dead-letter-exchange' in ${resourceText("queue", name, vhost)}`,
  );
}

/** Arguments that only other types know are refused; those that no type knows are ignored. */
function assertNoForeignArgument(type: QueueType, args: FieldTable, resource: string): void {
  for (const key of args.keys()) {
    if (!FOREIGN_ARGUMENTS[type].has(key)) continue;
    throw new ChannelError(
      "PRECONDITION_FAILED",
      `invalid arg '${key}' for ${resource} of queue type ${MODULE_NAMES[type]}`,
    );
  }
}

function assertQuorumProperties(resource: string, properties: QueueProperties): void {
  const refused = refusedQuorumProperty(properties);
  if (refused === undefined) return;
  throw new ChannelError("PRECONDITION_FAILED", `invalid property '${refused}' for ${resource}`);
}

function refusedQuorumProperty(properties: QueueProperties): string | undefined {
  if (properties.autoDelete) return "auto-delete";
  if (properties.exclusive) return "exclusive-owner";
  return properties.durable ? undefined : "non-durable";
}

/**
 * Checks a second declaration against the existing queue: durable (which exclusive queues do not have),
 * auto_delete, then the arguments that the existing queue's type knows.
 * @throws ChannelError 406 `inequivalent arg ...` with RabbitMQ's text
 */
export function assertQueueEquivalence(existing: QueueRecord, requested: QueueRecord): void {
  const resource = resourceText("queue", existing.name, existing.vhost);
  if (existing.exclusiveOwner === undefined) {
    assertEquivalentProperty("durable", requested.durable, existing.durable, resource);
  }
  assertEquivalentProperty("auto_delete", requested.autoDelete, existing.autoDelete, resource);
  for (const key of ARGUMENTS_OF[existing.type]) {
    const received = requested.arguments.get(key);
    const current = existing.arguments.get(key);
    if (key === "x-queue-type" && requested.type === existing.type) continue;
    assertEquivalentArgument(key, received, current, resource);
  }
}

/** The whole number of an argument in the safe range; undefined: absent or of another type. */
export function safeIntegerOf(value: FieldValue | undefined): number | undefined {
  const integer = integerOf(value);
  return typeof integer === "bigint" ? Number.MAX_SAFE_INTEGER : integer;
}
