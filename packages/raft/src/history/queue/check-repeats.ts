import type { QueueCheck } from "./check-presence.ts";
import { isConsumed, possibleAttempts } from "./message-facts.ts";
import type { MessageRecord } from "./queue-ledger.ts";
import { rulesOf } from "./queue-rules.ts";

/** A message that comes more than once is marked as redelivered, or was published more than once. */
export function checkRepeats(check: QueueCheck, record: MessageRecord): void {
  const { findings } = check;
  const { deliveries } = record;
  if (deliveries.length < 2) return;
  findings.count("delivered more than once", 1);
  const unmarked = deliveries.filter((each) => !each.isRedelivered);
  if (unmarked.length > copiesOf(check, record)) {
    const text = `message ${record.message} of ${record.queue} came ${unmarked.length} times without the redelivered mark`;
    findings.problem("duplicated", text, [
      ...record.attempts.map((each) => each.operation),
      ...unmarked.map((each) => each.operation),
    ]);
  }
  if (check.options.isAckFinal) checkAfterAck(check, record);
}

/** How many messages of this name may have been in the queue. */
function copiesOf({ ledger, options }: QueueCheck, record: MessageRecord): number {
  let copies = possibleAttempts(record).length;
  for (const source of ledger.sourcesOf(record)) {
    const { mayRepeatDeadLetters } = rulesOf(options, source.queue);
    if (mayRepeatDeadLetters) return Number.POSITIVE_INFINITY;
    copies += possibleAttempts(source).length;
  }
  return copies;
}

function checkAfterAck(check: QueueCheck, record: MessageRecord): void {
  const { deliveries } = record;
  if (copiesOf(check, record) > 1) return;
  const consumed = deliveries.find(isConsumed);
  if (consumed === undefined) return;
  const end = consumed.settlement?.operation.completedAt ?? consumed.at;
  const again = deliveries.find((each) => each !== consumed && each.operation.invokedAt > end);
  if (again === undefined) return;
  const text = `message ${record.message} of ${record.queue} came again after it was acked`;
  check.findings.problem("delivered-after-ack", text, [consumed.operation, again.operation]);
}
