import {
  canonicalJson,
  formatOperation,
  HistoryError,
  member,
  type Operation,
} from "../format/operation.ts";

// Operations of a queue; their key is its name, a message's name is any text or number, unique in the queue.
//
//   kind     process    input                        output, if ok
//   enqueue  publisher  { message, ttlMs? }          -
//   dequeue  consumer   -                            { message, redelivered?, deliveryCount?, autoAck? }
//   settle   consumer   { message, how }             -
//   drain    any        -                            -
//
// enqueue: ok when confirmed. A negative confirm is unknown, not fail: the message may be there. Sending it again
// is another enqueue of the same message.
// dequeue: ok when a message came, pushed or asked for; fail when there was none.
// settle: how is ack, requeue (counts as a failed delivery), return (does not count) or discard. ok when it is known to have
// arrived, fail when it is known that it did not. It belongs to the consumer's latest delivery of the message.
// drain: ok when the queue was seen empty, with nothing delivered and not settled, twice and on all nodes.

/** How a consumer ended a delivery. */
export type Settlement = "ack" | "requeue" | "return" | "discard";

/** One publish of a message to a queue. */
export interface Attempt {
  readonly queue: string;
  readonly message: string;
  readonly operation: Operation;
  /** Place in the history; tells apart what has the same time. */
  readonly position: number;
  readonly ttlMs: number | undefined;
}

/** One delivery of a message to a consumer. */
export interface Delivery {
  readonly queue: string;
  readonly message: string;
  readonly operation: Operation;
  readonly position: number;
  /** When it was in the consumer's hands. */
  readonly at: number;
  readonly isRedelivered: boolean;
  /** Failed deliveries before, as the queue says; undefined: it did not. */
  readonly deliveryCount: number | undefined;
  readonly isAutoAck: boolean;
  /** Set when the settle operation is met, which comes later in the history. */
  settlement: { readonly how: Settlement; readonly operation: Operation } | undefined;
}

/** The attempt that an `enqueue` is. @throws HistoryError */
export function readAttempt(operation: Operation, position: number): Attempt {
  const ttl = member(operation.input, "ttlMs");
  if (ttl !== null && (typeof ttl !== "number" || ttl < 0)) throw badOperation(operation, "ttlMs");
  const message = messageOf(operation, "input");
  return { queue: operation.key, message, operation, position, ttlMs: ttl ?? undefined };
}

/** The delivery that a `dequeue` with outcome ok is. @throws HistoryError */
export function readDelivery(operation: Operation, position: number): Delivery {
  const count = member(operation.output, "deliveryCount");
  if (count !== null && typeof count !== "number") throw badOperation(operation, "deliveryCount");
  return {
    queue: operation.key,
    message: messageOf(operation, "output"),
    operation,
    position,
    at: operation.completedAt,
    isRedelivered: member(operation.output, "redelivered") === true,
    deliveryCount: count ?? undefined,
    isAutoAck: member(operation.output, "autoAck") === true,
    settlement: undefined,
  };
}

/** What a `settle` does to which message. @throws HistoryError */
export function readSettlement(operation: Operation): {
  readonly message: string;
  readonly how: Settlement;
} {
  const how = member(operation.input, "how");
  if (how !== "ack" && how !== "requeue" && how !== "return" && how !== "discard") {
    throw badOperation(operation, "how");
  }
  return { message: messageOf(operation, "input"), how };
}

function messageOf(operation: Operation, side: "input" | "output"): string {
  const message = member(operation[side], "message");
  if (typeof message === "string") return message;
  if (typeof message === "number") return canonicalJson(message);
  throw badOperation(operation, "message");
}

function badOperation(operation: Operation, what: string): HistoryError {
  return new HistoryError(`${what} is missing or wrong in: ${formatOperation(operation)}`);
}
