import type { QueueCheck } from "./check-presence.ts";
import {
  hasReachedLimit,
  isConsumed,
  mayHaveExpired,
  possibleAttempts,
  ttlOf,
} from "./message-facts.ts";
import type { MessageRecord } from "./queue-ledger.ts";
import type { Delivery } from "./queue-operations.ts";
import { type QueueRules, rulesOf } from "./queue-rules.ts";

/** A message is consumed or dead-lettered, one of the two, and dead-lettered for a reason only. */
export function checkDeadLetters(check: QueueCheck, record: MessageRecord): void {
  const rules = rulesOf(check.options, record.queue);
  if (rules.deadLetterQueue === undefined) return;
  const [deadLetter] = record.deadLetters;
  if (deadLetter === undefined) {
    checkDiscarded(check, record);
    return;
  }
  check.findings.count("dead-lettered", 1);
  checkCause(check, { record, rules, deadLetter });
  if (possibleAttempts(record).length === 1) checkOnePlace(check, record, deadLetter);
}

/** What was discarded for certain has to come out of the dead-letter queue. */
function checkDiscarded({ ledger, findings }: QueueCheck, record: MessageRecord): void {
  const discarded = record.deliveries.find(
    ({ settlement }) => settlement?.how === "discard" && settlement.operation.outcome === "ok",
  );
  const operation = discarded?.settlement?.operation;
  if (operation === undefined) return;
  const name = `message ${record.message} of ${record.queue}`;
  if (ledger.drainedAfter(record.queue, operation.completedAt) === undefined) {
    findings.doubt(`${name} was discarded, and its dead-letter queue was not drained after it`);
  } else {
    findings.problem("lost", `${name} was discarded and not dead-lettered`, [operation]);
  }
}

function checkOnePlace(check: QueueCheck, record: MessageRecord, deadLetter: Delivery): void {
  const consumed = record.deliveries.find(isConsumed);
  const after = record.deliveries.find((each) => each.operation.invokedAt > deadLetter.at);
  const other = consumed ?? after;
  if (other === undefined) return;
  const what =
    consumed === undefined ? "dead-lettered, then delivered" : "consumed and dead-lettered";
  const text = `message ${record.message} of ${record.queue} was ${what}`;
  const shown = other.settlement === undefined ? [] : [other.settlement.operation];
  check.findings.problem("in-two-places", text, [other.operation, ...shown, deadLetter.operation]);
}

interface DeadLettered {
  readonly record: MessageRecord;
  readonly rules: QueueRules;
  readonly deadLetter: Delivery;
}

function checkCause(check: QueueCheck, { record, rules, deadLetter }: DeadLettered): void {
  if (rules.mayDrop || record.deliveries.some(mayBeDiscarded)) return;
  if (mayHaveReachedLimit(check, record, rules)) return;
  const { slackMs } = check.options;
  if (mayHaveExpired(record, rules, deadLetter.at + slackMs)) return;
  const attempts = possibleAttempts(record);
  const shown = [...attempts.map((each) => each.operation), deadLetter.operation];
  const name = `message ${record.message} of ${record.queue}`;
  if (attempts.some((each) => ttlOf(each, rules) !== undefined)) {
    check.findings.problem("expired-early", `${name} was dead-lettered before it expired`, shown);
  } else if (attempts.length > 0) {
    const text = `${name} was neither rejected nor could it expire, and was dead-lettered`;
    check.findings.problem("dead-lettered-without-cause", text, shown);
  }
}

function mayBeDiscarded({ settlement }: Delivery): boolean {
  return settlement?.how === "discard" && settlement.operation.outcome !== "fail";
}

/** Deliveries that no one lived to record count as well. */
function mayHaveReachedLimit(
  { options }: QueueCheck,
  record: MessageRecord,
  rules: QueueRules,
): boolean {
  if (rules.deliveryLimit === undefined) return false;
  return !options.isEveryDeliverySeen || hasReachedLimit(record, rules);
}
