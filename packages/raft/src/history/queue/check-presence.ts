import type { Operation } from "../format/operation.ts";
import type { Findings } from "../format/verdict.ts";
import {
  firstConfirm,
  hasReachedLimit,
  mayBeFinal,
  mayHaveExpired,
  possibleAttempts,
} from "./message-facts.ts";
import type { MessageRecord, QueueLedger } from "./queue-ledger.ts";
import type { Delivery } from "./queue-operations.ts";
import {
  type QueueProblemKind,
  type QueueRules,
  rulesOf,
  type TotalQueueOptions,
} from "./queue-rules.ts";

/** What the checks of one message share. */
export interface QueueCheck {
  readonly ledger: QueueLedger;
  readonly options: TotalQueueOptions;
  readonly findings: Findings<QueueProblemKind>;
}

/** Nothing that was confirmed is missing, and nothing comes from nowhere (Jepsen's total-queue). */
export function checkPresence(check: QueueCheck, record: MessageRecord): void {
  checkOrigin(check, record);
  countRecovered(check, record);
  const confirm = firstConfirm(record);
  if (confirm === undefined) {
    // A message that nobody confirmed but somebody got, or gave back, must not vanish either.
    const [delivery] = record.deliveries;
    if (delivery !== undefined) checkLoss(check, record, delivery.operation);
  } else {
    checkLoss(check, record, confirm.operation);
  }
}

function checkOrigin({ ledger, findings }: QueueCheck, record: MessageRecord): void {
  const [delivery] = record.deliveries;
  if (delivery === undefined) return;
  const origins = [record, ...ledger.sourcesOf(record)];
  const attempts = origins.flatMap((each) => each.attempts);
  const possible = origins.flatMap(possibleAttempts);
  const name = `message ${record.message} of ${record.queue}`;
  const shown = [...attempts.map((each) => each.operation), delivery.operation];
  if (attempts.length === 0) {
    findings.problem("unexpected", `${name} was never published`, shown);
  } else if (possible.length === 0) {
    findings.problem("unexpected", `${name} was refused, and delivered`, shown);
  } else if (possible.every((each) => each.operation.invokedAt > delivery.at)) {
    findings.problem("unexpected", `${name} was delivered before it was published`, shown);
  }
}

function countRecovered({ findings }: QueueCheck, record: MessageRecord): void {
  const isConfirmed = firstConfirm(record) !== undefined;
  if (isConfirmed) findings.count("confirmed", 1);
  const isSeen = record.deliveries.length > 0 || record.deadLetters.length > 0;
  if (!isConfirmed && isSeen && possibleAttempts(record).length > 0) findings.count("recovered", 1);
}

/** `proof`: the operation that shows that the message was in the queue. */
function checkLoss(check: QueueCheck, record: MessageRecord, proof: Operation): void {
  const { ledger, options, findings } = check;
  const missing = missingSince(record);
  if (missing === "not-missing") return;
  const since = Math.max(proof.completedAt, missing === undefined ? 0 : endOf(missing));
  const drainedAt = ledger.drainedAfter(record.queue, since);
  if (drainedAt === undefined) {
    findings.count("outstanding", 1);
    findings.doubt(`${record.queue} was not drained after message ${record.message} was in it`);
    return;
  }
  const rules = rulesOf(options, record.queue);
  if (isExcused(record, rules, drainedAt + options.slackMs)) {
    findings.count("expired or dropped", 1);
    return;
  }
  const why = missing === undefined ? "was never delivered" : "was given back and never seen again";
  const shown = missing === undefined ? [proof] : [proof, missing.operation];
  findings.problem("lost", `message ${record.message} of ${record.queue} ${why}`, shown);
}

/**
 * The delivery after which the queue must still have had the message while nothing more is seen of it; undefined if it was
 * never delivered.
 */
function missingSince(record: MessageRecord): Delivery | undefined | "not-missing" {
  const { deliveries, deadLetters } = record;
  if (deadLetters.length > 0) return "not-missing";
  const last = deliveries.at(-1);
  if (last === undefined) return undefined;
  return deliveries.some(mayBeFinal) ? "not-missing" : last;
}

/** When the message was back in its queue, as far as the history tells. */
function endOf({ at, settlement }: Delivery): number {
  if (settlement === undefined) return at;
  const { invokedAt, completedAt } = settlement.operation;
  return Number.isFinite(completedAt) ? completedAt : invokedAt;
}

function isExcused(record: MessageRecord, rules: QueueRules, time: number): boolean {
  // With a dead-letter queue, what expires or is dropped has to show up there.
  if (rules.deadLetterQueue !== undefined) return false;
  if (rules.mayDrop || mayHaveExpired(record, rules, time)) return true;
  return hasReachedLimit(record, rules);
}
