import { type FieldTable, type FieldValue, integerOf, textOf } from "@leveret/amqp";
import type { QueueType } from "./queue-config.ts";

/** What is wrong with an argument, as the Erlang term RabbitMQ prints; undefined: nothing. */
type ArgumentCheck = (value: FieldValue, args: FieldTable) => string | undefined;

/** Ten years, RabbitMQ's maximum for times in milliseconds. */
const TIME_MAX_MS = 315_360_000_000;
/** Priorities are an octet on the wire. */
const PRIORITY_MAX = 255;

function checkInteger(value: FieldValue): string | undefined {
  return integerOf(value) === undefined ? `"expected integer, got ${value.type}"` : undefined;
}

function checkNonNegative(value: FieldValue): string | undefined {
  const integer = integerOf(value);
  if (integer === undefined) return checkInteger(value);
  return integer < 0 ? `{value_negative,${integer}}` : undefined;
}

function checkPositive(value: FieldValue): string | undefined {
  return integerOf(value) === 0 ? "{value_zero,0}" : checkNonNegative(value);
}

function checkTimeMax(value: FieldValue): string | undefined {
  const integer = integerOf(value) ?? 0;
  return integer > TIME_MAX_MS ? `{value_too_large,${integer}}` : undefined;
}

function checkMaxPriority(value: FieldValue): string | undefined {
  const integer = integerOf(value) ?? 0;
  return integer > PRIORITY_MAX ? `{max_value_exceeded,${integer}}` : checkNonNegative(value);
}

function checkQueueVersion(value: FieldValue): string | undefined {
  const fault = checkNonNegative(value);
  if (fault !== undefined) return fault;
  const version = integerOf(value);
  return version === 1 || version === 2 ? undefined : `"unsupported queue version '${version}'"`;
}

function checkText(value: FieldValue): string | undefined {
  return textOf(value) === undefined ? `{unacceptable_type,${value.type}}` : undefined;
}

function checkBoolean(value: FieldValue): string | undefined {
  return value.type === "bool" ? undefined : `{unacceptable_type,${value.type}}`;
}

function checkOneOf(allowed: readonly string[], fault: (text: string) => string): ArgumentCheck {
  return (value) => {
    const text = textOf(value);
    if (text === undefined) return checkText(value);
    return allowed.includes(text) ? undefined : fault(text);
  };
}

function checkDeadLetterRoutingKey(value: FieldValue, args: FieldTable): string | undefined {
  const hasExchange = args.has("x-dead-letter-exchange");
  return checkText(value) ?? (hasExchange ? undefined : "routing_key_but_no_dlx_defined");
}

const LEADER_LOCATORS = ["client-local", "balanced", "random", "least-leaders"];
const MASTER_LOCATORS = ["client-local", "min-masters", "random"];

/** How the value of each known argument is checked; those without an entry are taken as they come. */
export const ARGUMENT_CHECKS: Readonly<Record<string, ArgumentCheck>> = {
  "x-expires": (value) => checkPositive(value) ?? checkTimeMax(value),
  "x-message-ttl": (value) => checkNonNegative(value) ?? checkTimeMax(value),
  "x-dead-letter-exchange": checkText,
  "x-dead-letter-routing-key": checkDeadLetterRoutingKey,
  "x-dead-letter-strategy": checkOneOf(
    ["at-most-once", "at-least-once"],
    () => "invalid_dlx_strategy",
  ),
  "x-max-length": checkNonNegative,
  "x-max-length-bytes": checkNonNegative,
  "x-max-in-memory-length": checkNonNegative,
  "x-max-in-memory-bytes": checkNonNegative,
  "x-max-priority": checkMaxPriority,
  "x-overflow": checkOneOf(
    ["drop-head", "reject-publish", "reject-publish-dlx"],
    () => "invalid_overflow",
  ),
  "x-queue-mode": checkOneOf(["default", "lazy"], (text) => `"unsupported queue mode '${text}'"`),
  "x-queue-version": checkQueueVersion,
  "x-single-active-consumer": checkBoolean,
  "x-quorum-initial-group-size": checkPositive,
  "x-queue-leader-locator": checkOneOf(LEADER_LOCATORS, () => "invalid_queue_locator_arg"),
  // RabbitMQ 3.10 ends the connection with 541 for an unknown one.
  "x-queue-master-locator": checkOneOf(MASTER_LOCATORS, () => "invalid_queue_locator_arg"),
};

/**
 * The arguments each type knows, in the order in which RabbitMQ 3.10 checks and compares them; 3.13 takes
 * x-queue-leader-locator for classic queues, too. The value of x-delivery-limit is not looked at.
 */
export const ARGUMENTS_OF: Readonly<Record<QueueType, readonly string[]>> = {
  classic: [
    "x-expires",
    "x-message-ttl",
    "x-dead-letter-exchange",
    "x-dead-letter-routing-key",
    "x-max-length",
    "x-max-length-bytes",
    "x-max-priority",
    "x-overflow",
    "x-queue-mode",
    "x-queue-version",
    "x-single-active-consumer",
    "x-queue-type",
    "x-queue-master-locator",
    "x-queue-leader-locator",
  ],
  quorum: [
    "x-expires",
    "x-message-ttl",
    "x-dead-letter-exchange",
    "x-dead-letter-routing-key",
    "x-dead-letter-strategy",
    "x-max-length",
    "x-max-length-bytes",
    "x-max-in-memory-length",
    "x-max-in-memory-bytes",
    "x-overflow",
    "x-single-active-consumer",
    "x-queue-type",
    "x-quorum-initial-group-size",
    "x-delivery-limit",
    "x-queue-leader-locator",
  ],
};

const STREAM_ARGUMENTS = [
  "x-max-age",
  "x-stream-max-segment-size-bytes",
  "x-initial-cluster-size",
] as const;

function foreignTo(type: QueueType): ReadonlySet<string> {
  const all = [...ARGUMENTS_OF.classic, ...ARGUMENTS_OF.quorum, ...STREAM_ARGUMENTS];
  return new Set(all.filter((key) => !ARGUMENTS_OF[type].includes(key)));
}

/** Arguments that only other types know. */
export const FOREIGN_ARGUMENTS: Readonly<Record<QueueType, ReadonlySet<string>>> = {
  classic: foreignTo("classic"),
  quorum: foreignTo("quorum"),
};
