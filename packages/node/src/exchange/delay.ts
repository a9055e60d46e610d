import { ChannelError, type FieldTable, type FieldValue, integerOf, textOf } from "@leveret/amqp";

/** Exchange type that holds messages back for the milliseconds in their `x-delay` header. */
export const DELAYED_MESSAGE_TYPE = "x-delayed-message";

const DELAYED_TYPE_ARGUMENT = "x-delayed-type";
const DELAY_HEADER = "x-delay";
/** Longest delay of the plugin, about 49 days; it does not delay messages that ask for more. */
const MAX_DELAY_MS: number = 2 ** 32 - 1;
const INTEGER = /^[+-]?\d+$/;

/**
 * How long to hold a message back, in milliseconds; undefined: not at all. As in RabbitMQ's plugin
 * (rabbit_delayed_message_utils) any integer type counts, a longstr of digits is read as a number and
 * other numbers are truncated; absent, zero, negative and too long delays mean at once.
 */
export function delayOf(headers: FieldTable | undefined): number | undefined {
  const value = headers?.get(DELAY_HEADER);
  const delayMs = value === undefined ? 0 : Math.trunc(numberOf(value));
  return delayMs > 0 && delayMs <= MAX_DELAY_MS ? delayMs : undefined;
}

function numberOf(value: FieldValue): number {
  if (value.type === "longstr") return integerIn(textOf(value) ?? "");
  if (value.type === "decimal") return value.value.value / 10 ** value.value.scale;
  if (value.type === "float" || value.type === "double") return value.value;
  return Number(integerOf(value) ?? 0);
}

function integerIn(text: string): number {
  return INTEGER.test(text) ? Number(text) : 0;
}

/** The type whose rules an x-delayed-message exchange routes by; undefined when not given as text. */
export function delayedTypeOf(args: FieldTable): string | undefined {
  const value = args.get(DELAYED_TYPE_ARGUMENT);
  const isText = value?.type === "longstr" || value?.type === "binary";
  return isText ? value.value.toString("utf8") : undefined;
}

/** The inner type of a declaration; throws ChannelError PRECONDITION_FAILED with the plugin's texts. */
export function requireDelayedType(args: FieldTable): string {
  const type = delayedTypeOf(args);
  if (type === undefined) {
    throw new ChannelError(
      "PRECONDITION_FAILED",
      "Invalid argument, 'x-delayed-type' must be an existing exchange type",
    );
  }
  if (type === DELAYED_MESSAGE_TYPE) {
    throw new ChannelError(
      "PRECONDITION_FAILED",
      "Invalid argument, 'x-delayed-message' can't be used for 'x-delayed-type'",
    );
  }
  return type;
}
