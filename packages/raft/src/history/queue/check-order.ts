import type { QueueCheck } from "./check-presence.ts";
import type { MessageRecord } from "./queue-ledger.ts";
import type { Attempt, Delivery } from "./queue-operations.ts";
import { rulesOf } from "./queue-rules.ts";

/** A delivery with the only publish that it can come from. */
interface Pair {
  readonly attempt: Attempt;
  readonly delivery: Delivery;
}

/**
 * What one publisher sends to a queue comes to one consumer in the same order, as long as it comes for the first time.
 * Messages published or delivered more than once, and those marked as redelivered, have no place in it.
 */
export function checkOrder(check: QueueCheck, queue: string): void {
  if (!rulesOf(check.options, queue).isOrdered) return;
  const pairs = Array.from(check.ledger.recordsOf(queue)).flatMap((record) => pairOf(record) ?? []);
  pairs.sort(compareDelivered);
  /** The latest published message delivered so far, by publisher and consumer. */
  const latest = new Map<string, Pair>();
  for (const pair of pairs) {
    const lane = `${pair.attempt.operation.process} ${pair.delivery.operation.process}`;
    const before = latest.get(lane);
    if (before === undefined || isPublishedBefore(before, pair)) {
      latest.set(lane, pair);
      continue;
    }
    reportOrder(check, before, pair);
  }
  check.findings.count("checked for order", pairs.length);
}

function pairOf(record: MessageRecord): Pair | undefined {
  const [attempt, secondAttempt] = record.attempts;
  const [delivery, secondDelivery] = record.deliveries;
  if (attempt === undefined || secondAttempt !== undefined) return undefined;
  if (delivery === undefined || delivery.isRedelivered) return undefined;
  // The first of several is a first delivery as long as the others are marked.
  if (secondDelivery !== undefined && !secondDelivery.isRedelivered) return undefined;
  return { attempt, delivery };
}

function compareDelivered(left: Pair, right: Pair): number {
  return left.delivery.at - right.delivery.at || left.delivery.position - right.delivery.position;
}

function isPublishedBefore(left: Pair, right: Pair): boolean {
  const { invokedAt } = left.attempt.operation;
  const other = right.attempt.operation.invokedAt;
  if (invokedAt !== other) return invokedAt < other;
  return left.attempt.position < right.attempt.position;
}

function reportOrder({ findings }: QueueCheck, before: Pair, pair: Pair): void {
  const { message, queue } = pair.delivery;
  const text = `message ${message} of ${queue} was published before ${before.delivery.message} and delivered after it`;
  findings.problem("out-of-order", text, [
    pair.attempt.operation,
    before.attempt.operation,
    before.delivery.operation,
    pair.delivery.operation,
  ]);
}
