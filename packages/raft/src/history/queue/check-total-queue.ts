import type { Operation } from "../format/operation.ts";
import { Findings, type Verdict } from "../format/verdict.ts";
import { checkDeadLetters } from "./check-dead-letters.ts";
import { checkDeliveryCount } from "./check-delivery-count.ts";
import { checkExpiry } from "./check-expiry.ts";
import { checkOrder } from "./check-order.ts";
import { checkPresence, type QueueCheck } from "./check-presence.ts";
import { checkRepeats } from "./check-repeats.ts";
import { QueueLedger } from "./queue-ledger.ts";
import {
  type QueueProblemKind,
  TOTAL_QUEUE_OPTIONS,
  type TotalQueueOptions,
} from "./queue-rules.ts";

/**
 * Whether queues kept what they promised: everything confirmed comes out, nothing else does, in order, once or marked as
 * redelivered, dead-lettered or expired by the rules. The idea is Jepsen's total-queue. See queue-operations.ts for what the
 * history has to hold. It is unknown if messages are outstanding and a queue was not drained, or if too little happened.
 * @throws HistoryError if an operation is not one of a queue, or lacks something
 */
export function checkTotalQueue(
  history: readonly Operation[],
  options: Partial<TotalQueueOptions> = {},
): Verdict {
  const complete: TotalQueueOptions = { ...TOTAL_QUEUE_OPTIONS, ...options };
  const ledger = new QueueLedger(history, complete);
  const findings = new Findings<QueueProblemKind>();
  const check: QueueCheck = { ledger, options: complete, findings };
  for (const record of ledger.records()) {
    checkPresence(check, record);
    checkRepeats(check, record);
    checkDeliveryCount(check, record);
    checkDeadLetters(check, record);
    checkExpiry(check, record);
    findings.count("messages", 1);
    findings.count("attempts", record.attempts.length);
    findings.count("deliveries", record.deliveries.length);
  }
  for (const queue of ledger.queues()) {
    checkOrder(check, queue);
    if (!ledger.isDrained(queue)) findings.doubt(`${queue} was not drained`);
  }
  doubtIfVacuous(check);
  return findings.verdict();
}

function doubtIfVacuous({ findings, options }: QueueCheck): void {
  const confirmed = findings.countOf("confirmed");
  if (confirmed < Math.max(1, options.confirmedMin)) {
    findings.doubt(`only ${confirmed} messages were confirmed`);
  }
  if (findings.countOf("deliveries") === 0) findings.doubt("nothing was delivered");
}
