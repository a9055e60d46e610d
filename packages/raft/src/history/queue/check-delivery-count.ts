import type { QueueCheck } from "./check-presence.ts";
import { possibleAttempts } from "./message-facts.ts";
import type { MessageRecord } from "./queue-ledger.ts";
import type { Delivery } from "./queue-operations.ts";
import { type QueueRules, rulesOf } from "./queue-rules.ts";

/** How often the earlier deliveries of a message failed: at least, and at most. */
interface Failures {
  least: number;
  most: number;
}

/** The delivery count that comes with a delivery is the number of failed deliveries that the history shows before it. */
export function checkDeliveryCount(check: QueueCheck, record: MessageRecord): void {
  const rules = rulesOf(check.options, record.queue);
  // Two copies are counted apart, and the history does not tell which one a delivery is of.
  const isOneCopy = possibleAttempts(record).length === 1;
  for (const [nth, delivery] of record.deliveries.entries()) {
    const { deliveryCount } = delivery;
    if (deliveryCount === undefined) continue;
    checkLimit(check, delivery, rules);
    if (isOneCopy) checkCount(check, delivery, record.deliveries.slice(0, nth));
  }
}

function checkLimit({ findings }: QueueCheck, delivery: Delivery, rules: QueueRules): void {
  const { deliveryCount = 0, message, queue, operation } = delivery;
  if (rules.deliveryLimit === undefined || deliveryCount <= rules.deliveryLimit) return;
  const text = `message ${message} of ${queue} came after ${deliveryCount} failures, the limit is ${rules.deliveryLimit}`;
  findings.problem("over-delivery-limit", text, [operation]);
}

function checkCount(check: QueueCheck, delivery: Delivery, before: readonly Delivery[]): void {
  const { deliveryCount = 0, message, queue, isRedelivered, operation } = delivery;
  const { least, most } = countFailures(before, delivery.at, rulesOf(check.options, queue));
  const isTooHigh = check.options.isEveryDeliverySeen && deliveryCount > most;
  const isUnmarked = deliveryCount > 0 && !isRedelivered;
  if (deliveryCount >= least && !isTooHigh && !isUnmarked) return;
  const expected = least === most ? `${least}` : `${least} to ${most}`;
  const mark = isUnmarked ? " and no redelivered mark" : "";
  const text = `message ${message} of ${queue} came with delivery count ${deliveryCount}${mark}; failures seen before: ${expected}`;
  const shown = before.flatMap((each) => each.settlement?.operation ?? each.operation);
  check.findings.problem("wrong-delivery-count", text, [operation, ...shown]);
}

function countFailures(before: readonly Delivery[], at: number, rules: QueueRules): Failures {
  const failures: Failures = { least: 0, most: 0 };
  for (const each of before) {
    const { least, most } = failuresOf(each, at, rules);
    failures.least += least;
    failures.most += most;
  }
  return failures;
}

const NONE: Failures = { least: 0, most: 0 };
const ONE: Failures = { least: 1, most: 1 };
const MAYBE_ONE: Failures = { least: 0, most: 1 };

/** What a delivery adds to the counts of those after `at`. */
function failuresOf(delivery: Delivery, at: number, rules: QueueRules): Failures {
  const { settlement } = delivery;
  const abandoned = { always: ONE, never: NONE, maybe: MAYBE_ONE }[rules.abandonedCounts];
  if (settlement === undefined || settlement.operation.outcome === "fail") return abandoned;
  const { how, operation } = settlement;
  const isSure = operation.outcome === "ok" && operation.completedAt <= at;
  if (!isSure) return rules.abandonedCounts === "never" && how !== "requeue" ? NONE : MAYBE_ONE;
  return how === "requeue" ? ONE : NONE;
}
