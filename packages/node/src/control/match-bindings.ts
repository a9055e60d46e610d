import { fieldTableToJson } from "@leveret/amqp";
import type { LiveExchange } from "../broker/live-exchange.ts";
import { DELAYED_MESSAGE_TYPE, delayedTypeOf } from "../exchange/delay.ts";
import { createRouter } from "../exchange/exchange-types.ts";
import type { BindingRecord, ExchangeRecord } from "../metadata/records.ts";
import { SHOWN_BINDINGS_MAX, UNMATCHED_SHOWN_MAX } from "./control-limits.ts";
import type { ExplainedMessage } from "./explain-queue.ts";

/** A binding, and why a message goes along it or not. */
interface ExplainedBinding {
  readonly destination: string;
  readonly destination_type: "queue" | "exchange";
  readonly routing_key: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly reason: string;
}

/** The bindings of one exchange, as a message finds them. */
export interface ExplainedBindings {
  /** Along which it goes. */
  readonly bindings: readonly ExplainedBinding[];
  /** Matching ones beyond those shown. */
  readonly more_bindings: number;
  /** How many do not match. */
  readonly unmatched: number;
  /** The first of them. */
  readonly unmatched_examples: readonly ExplainedBinding[];
}

/** Which of an exchange's bindings a message goes along. */
export function matchBindings(
  exchange: LiveExchange,
  bindings: readonly BindingRecord[],
  message: ExplainedMessage,
): ExplainedBindings {
  const chosen = destinationsOf(exchange, message);
  const matched: BindingRecord[] = [];
  const others: BindingRecord[] = [];
  for (const binding of bindings) {
    const isChosen = chosen.has(keyOf(binding)) && matchesAlone(exchange.record, binding, message);
    (isChosen ? matched : others).push(binding);
  }
  const type = typeOf(exchange.record);
  return {
    bindings: matched.slice(0, SHOWN_BINDINGS_MAX).map((one) => explained(one, MATCHES[type])),
    more_bindings: Math.max(0, matched.length - SHOWN_BINDINGS_MAX),
    unmatched: others.length,
    unmatched_examples: others
      .slice(0, UNMATCHED_SHOWN_MAX)
      .map((one) => explained(one, MISMATCHES[type])),
  };
}

/** Where the exchange's own router sends it; of one that takes a destination at random, all that it may take. */
function destinationsOf(
  { record, router }: LiveExchange,
  { message, keys }: ExplainedMessage,
): {
  has(key: string): boolean;
} {
  if (record.type === "x-random" || record.type === "x-local-random") return { has: () => true };
  const found = new Set<Parameters<typeof router.route>[1] extends Set<infer D> ? D : never>();
  for (const routingKey of keys) router.route({ ...message, routingKey }, found);
  const names = [...found].map((one) => {
    const isQueue = "config" in one;
    return `${isQueue ? "queue" : "exchange"} ${one.record.name}`;
  });
  return new Set(names);
}

function keyOf({ destinationType, destination }: BindingRecord): string {
  return `${destinationType} ${destination}`;
}

/** Whether a message would go along the binding if there were no other: a destination may be bound many times. */
function matchesAlone(
  record: ExchangeRecord,
  { routingKey, arguments: args }: BindingRecord,
  { message, keys }: ExplainedMessage,
): boolean {
  const router = createRouter<"here">(record.type, record.arguments, () => 0);
  router.bind({ destination: "here", routingKey, arguments: args });
  const found = new Set<"here">();
  for (const key of keys) router.route({ ...message, routingKey: key }, found);
  return found.size > 0;
}

function explained(
  { destination, destinationType, routingKey, arguments: args }: BindingRecord,
  reason: string | undefined,
): ExplainedBinding {
  return {
    destination,
    destination_type: destinationType,
    routing_key: routingKey,
    arguments: fieldTableToJson(args),
    reason: reason ?? "",
  };
}

/** The type by whose rules it routes. */
function typeOf({ type, arguments: args }: ExchangeRecord): string {
  return type === DELAYED_MESSAGE_TYPE ? (delayedTypeOf(args) ?? type) : type;
}

const MATCHES: Readonly<Record<string, string>> = {
  direct: "the binding key is the routing key",
  fanout: "a fanout exchange sends to all that is bound",
  topic: "the pattern matches the routing key",
  headers: "the headers are those that the binding asks for",
  "x-consistent-hash": "the hash of the message falls to it",
  "x-modulus-hash": "the hash of the routing key falls to it",
  "x-random": "it may be taken",
  "x-local-random": "it may be taken",
  "x-recent-history": "it sends to all that is bound",
};
const MISMATCHES: Readonly<Record<string, string>> = {
  direct: "the binding key is another one",
  topic: "the pattern does not match the routing key",
  headers: "the headers are not those that the binding asks for",
  "x-consistent-hash": "the hash of the message falls to another one",
  "x-modulus-hash": "the hash of the routing key falls to another one",
};
