import { ChannelError, type FieldTable, type FieldValue, textOf } from "@leveret/amqp";
import { HashRing } from "@leveret/hashring";
import { valueText } from "../metadata/argument-equivalence.ts";
import { binaryText } from "../metadata/erlang-term.ts";
import type { Binding, HashProperty, Router, RoutingMessage } from "./router.ts";

const HASH_HEADER = "hash-header";
const HASH_PROPERTY = "hash-property";
const INTEGER = /^[+-]?\d+$/;
/** Messages without the header or property all go to one destination, as in RabbitMQ. */
const ABSENT = "undefined";

const HASH_PROPERTIES: ReadonlySet<string> = new Set<HashProperty>([
  "message_id",
  "correlation_id",
  "timestamp",
]);

function isHashProperty(name: string): name is HashProperty {
  return HASH_PROPERTIES.has(name);
}

/** What one destination has bound; only the first weight counts (RabbitMQ: weights are fixed). */
interface Share {
  readonly ringKey: string;
  /** One entry for each binding, in order. */
  readonly weights: string[];
}

/**
 * x-consistent-hash (RabbitMQ: rabbitmq_consistent_hash_exchange): each message goes to one destination,
 * chosen by hashing the routing key, a header or a property. The binding key is the destination's weight.
 */
export class ConsistentHashRouter<D> implements Router<D> {
  readonly cacheable: boolean;
  readonly #header: string | undefined;
  readonly #property: HashProperty | undefined;
  readonly #ring = new HashRing<D>();
  readonly #shares = new Map<D, Share>();
  readonly #nameOf: ((destination: D) => string) | undefined;
  #nextNumber = 0;

  /**
   * `nameOf` gives a destination the same name on every node of a cluster, so that all place keys alike;
   * without it destinations are numbered in order of binding.
   */
  constructor(args: FieldTable, nameOf?: (destination: D) => string) {
    this.#header = longstrOf(args.get(HASH_HEADER));
    const property = longstrOf(args.get(HASH_PROPERTY));
    this.#property = property !== undefined && isHashProperty(property) ? property : undefined;
    this.cacheable = this.#header === undefined && this.#property === undefined;
    this.#nameOf = nameOf;
  }

  bind(binding: Binding<D>): void {
    const { destination } = binding;
    const share = this.#shares.get(destination);
    if (share !== undefined) {
      share.weights.push(binding.routingKey);
      return;
    }
    const ringKey = this.#nameOf?.(destination) ?? String(this.#nextNumber++);
    this.#shares.set(destination, { ringKey, weights: [binding.routingKey] });
    this.#ring.add(destination, ringKey, weightOf(binding.routingKey));
  }

  unbind(binding: Binding<D>): void {
    const share = this.#shares.get(binding.destination);
    const at = share?.weights.indexOf(binding.routingKey) ?? -1;
    if (share === undefined || at < 0) return;
    share.weights.splice(at, 1);
    const [weight] = share.weights;
    if (weight === undefined) {
      this.#shares.delete(binding.destination);
      this.#ring.remove(share.ringKey);
    } else if (at === 0) {
      this.#ring.add(binding.destination, share.ringKey, weightOf(weight));
    }
  }

  route(message: RoutingMessage, into: Set<D>): void {
    const destination = this.#ring.locate(this.#hashedKey(message));
    if (destination !== undefined) into.add(destination);
  }

  #hashedKey(message: RoutingMessage): string | Uint8Array {
    if (this.#property !== undefined) return message.property(this.#property) ?? ABSENT;
    if (this.#header === undefined) return message.routingKey;
    const value = message.headers?.get(this.#header);
    if (value === undefined) return ABSENT;
    return value.type === "longstr" || value.type === "binary" ? value.value : valueText(value);
  }
}

function longstrOf(value: FieldValue | undefined): string | undefined {
  return value?.type === "longstr" ? textOf(value) : undefined;
}

/** Weights beyond exact integers are all alike; the ring bounds what a weight costs. */
function weightOf(routingKey: string): number {
  const weight = Math.min(Number(routingKey), Number.MAX_SAFE_INTEGER);
  return weight > 0 ? weight : 1;
}

/**
 * Checks the declaration's arguments: `hash-header` or `hash-property`, not both, and a known property.
 * A value that is no longstr ends a connection of RabbitMQ with a bare 541; here it closes the channel.
 */
export function validateConsistentHashArguments(args: FieldTable, resource: string): void {
  const header = args.get(HASH_HEADER);
  const property = args.get(HASH_PROPERTY);
  if (header !== undefined && property !== undefined) {
    throw new ChannelError(
      "PRECONDITION_FAILED",
      "hash-header and hash-property are mutually exclusive",
    );
  }
  requireLongstr(HASH_HEADER, header, resource);
  requireLongstr(HASH_PROPERTY, property, resource);
  const name = longstrOf(property);
  if (name !== undefined && !isHashProperty(name)) {
    throw new ChannelError("PRECONDITION_FAILED", `Unsupported property: ${name}`);
  }
}

function requireLongstr(name: string, value: FieldValue | undefined, resource: string): void {
  if (value === undefined || value.type === "longstr") return;
  throw new ChannelError(
    "PRECONDITION_FAILED",
    `invalid type '${value.type}' for arg '${name}' in ${resource}`,
  );
}

/** A binding key of x-consistent-hash is a weight: a whole number above 0. */
export function validateWeight(routingKey: string): void {
  if (!INTEGER.test(routingKey)) {
    throw new ChannelError(
      "PRECONDITION_FAILED",
      `The binding key must be an integer: ${binaryText(Buffer.from(routingKey))}`,
    );
  }
  if (Number(routingKey) <= 0) {
    throw new ChannelError("PRECONDITION_FAILED", "The binding key must be greater than 0");
  }
}
