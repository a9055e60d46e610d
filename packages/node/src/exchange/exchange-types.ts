import { ChannelError, type FieldTable, textOf } from "@leveret/amqp";
import {
  ConsistentHashRouter,
  validateConsistentHashArguments,
  validateWeight,
} from "./consistent-hash-router.ts";
import { DELAYED_MESSAGE_TYPE, delayedTypeOf, requireDelayedType } from "./delay.ts";
import { DelayedRouter } from "./delayed-router.ts";
import { DirectRouter } from "./direct-router.ts";
import { FanoutRouter } from "./fanout-router.ts";
import { HeadersRouter } from "./headers-router.ts";
import { ModulusHashRouter } from "./modulus-hash-router.ts";
import { RandomRouter } from "./random-router.ts";
import { validateRecentHistoryArguments } from "./recent-history.ts";
import type { Router } from "./router.ts";
import { TopicRouter } from "./topic-router.ts";
import { validateXMatch } from "./x-match.ts";

/** All exchange types, as exchange.declare names them. */
export const EXCHANGE_TYPES = [
  "direct",
  "fanout",
  "headers",
  "topic",
  "x-consistent-hash",
  "x-delayed-message",
  "x-local-random",
  "x-modulus-hash",
  "x-random",
  "x-recent-history",
] as const;

/** Name of an exchange type. */
export type ExchangeType = (typeof EXCHANGE_TYPES)[number];

/** Whether exchange.declare may name this type. */
export function isKnownExchangeType(type: string): type is ExchangeType {
  const types: readonly string[] = EXCHANGE_TYPES;
  return types.includes(type);
}

/** Throws ChannelError PRECONDITION_FAILED for a type it does not know (RabbitMQ 3.13; 3.10 closes the connection). */
export function requireExchangeType(type: string): ExchangeType {
  if (isKnownExchangeType(type)) return type;
  const kind = type === "" ? "invalid" : "unknown";
  throw new ChannelError("PRECONDITION_FAILED", `${kind} exchange type '${type}'`);
}

/**
 * Makes the router of a new exchange; type and arguments have been validated. `random` returns numbers of
 * [0, 1). `nameOf` is the unique name of a destination, the same on every node and after a restart; without
 * it a consistent-hash exchange places keys by the order of bindings.
 */
export function createRouter<D>(
  type: string,
  args: FieldTable,
  random: () => number,
  nameOf?: (destination: D) => string,
): Router<D> {
  const known = requireExchangeType(type);
  switch (known) {
    case "direct":
      return new DirectRouter();
    case "fanout":
      return new FanoutRouter();
    case "headers":
      return new HeadersRouter();
    case "topic":
      return new TopicRouter();
    case "x-consistent-hash":
      return new ConsistentHashRouter(args, nameOf);
    case "x-delayed-message":
      return new DelayedRouter(createRouter(requireDelayedType(args), args, random, nameOf));
    case "x-modulus-hash":
      return new ModulusHashRouter();
    case "x-random":
    case "x-local-random":
      return new RandomRouter(random);
    case "x-recent-history":
      // Not cacheable: the broker must see every message to remember it.
      return new FanoutRouter(false);
    default:
      return known satisfies never;
  }
}

/**
 * The exchange named by `alternate-exchange`; undefined when absent. Throws ChannelError
 * PRECONDITION_FAILED when it is no longstr. `resource` prints as `exchange 'x' in vhost '/'`.
 */
export function alternateExchangeOf(args: FieldTable, resource: string): string | undefined {
  const value = args.get("alternate-exchange");
  if (value === undefined) return undefined;
  if (value.type === "longstr") return textOf(value);
  throw new ChannelError(
    "PRECONDITION_FAILED",
    `invalid type '${value.type}' for arg 'alternate-exchange' in ${resource}`,
  );
}

/**
 * Checks the arguments of a new exchange, the common ones first. Throws ChannelError PRECONDITION_FAILED,
 * also when `x-delayed-type` names no type.
 */
export function validateExchangeArguments(type: string, args: FieldTable, resource: string): void {
  alternateExchangeOf(args, resource);
  validateTypeArguments(type, args, resource);
}

function validateTypeArguments(type: string, args: FieldTable, resource: string): void {
  if (type === DELAYED_MESSAGE_TYPE) {
    validateTypeArguments(requireExchangeType(requireDelayedType(args)), args, resource);
  } else if (type === "x-consistent-hash") validateConsistentHashArguments(args, resource);
  else if (type === "x-recent-history") validateRecentHistoryArguments(args);
}

/** What a binding must look like depends on the type and, for delayed exchanges, on the inner type. */
export interface BindingSource {
  readonly type: string;
  readonly arguments: FieldTable;
}

/** Checks a new binding of an exchange; throws ChannelError PRECONDITION_FAILED. */
export function validateBinding(source: BindingSource, routingKey: string, args: FieldTable): void {
  const type = source.type === DELAYED_MESSAGE_TYPE ? delayedTypeOf(source.arguments) : source.type;
  if (type === "x-consistent-hash") validateWeight(routingKey);
  else if (type === "headers") validateXMatch(args);
}
