import type { MessageRecord } from "./queue-ledger.ts";
import type { Attempt, Delivery } from "./queue-operations.ts";
import type { QueueRules } from "./queue-rules.ts";

/** Publishes of the message that put it into the queue, or may have. */
export function possibleAttempts(record: MessageRecord): Attempt[] {
  return record.attempts.filter((each) => each.operation.outcome !== "fail");
}

/** The first confirmed publish to complete. */
export function firstConfirm(record: MessageRecord): Attempt | undefined {
  let first: Attempt | undefined;
  for (const each of record.attempts) {
    if (each.operation.outcome !== "ok") continue;
    if (first !== undefined && first.operation.completedAt <= each.operation.completedAt) continue;
    first = each;
  }
  return first;
}

/** The message's time to live by its own and its queue's rule; undefined: for ever. */
export function ttlOf(attempt: Attempt, rules: QueueRules): number | undefined {
  if (attempt.ttlMs === undefined) return rules.ttlMs;
  return rules.ttlMs === undefined ? attempt.ttlMs : Math.min(attempt.ttlMs, rules.ttlMs);
}

/** Whether some publish of the message could have expired by `time`. */
export function mayHaveExpired(record: MessageRecord, rules: QueueRules, time: number): boolean {
  return possibleAttempts(record).some((each) => {
    const ttl = ttlOf(each, rules);
    return ttl !== undefined && each.operation.invokedAt + ttl <= time;
  });
}

/** The delivery ended the message's life in its queue, or may have. */
export function mayBeFinal(delivery: Delivery): boolean {
  const { settlement, isAutoAck } = delivery;
  if (isAutoAck) return true;
  if (settlement === undefined || settlement.operation.outcome === "fail") return false;
  return settlement.how === "ack" || settlement.how === "discard";
}

/** The consumer took the message for good, and the queue knows. */
export function isConsumed({ settlement, isAutoAck }: Delivery): boolean {
  if (isAutoAck) return true;
  return settlement?.how === "ack" && settlement.operation.outcome === "ok";
}

/** The message may have been delivered as often as its queue permits. */
export function hasReachedLimit(record: MessageRecord, rules: QueueRules): boolean {
  const { deliveryLimit } = rules;
  if (deliveryLimit === undefined) return false;
  const counted = record.deliveries.some((each) => (each.deliveryCount ?? 0) >= deliveryLimit);
  return counted || record.deliveries.length > deliveryLimit;
}
