import type { QueueCheck } from "./check-presence.ts";
import { possibleAttempts, ttlOf } from "./message-facts.ts";
import type { MessageRecord } from "./queue-ledger.ts";
import { rulesOf } from "./queue-rules.ts";

/** What has expired is not delivered any more. (That nothing expires early, the checks of loss and dead-lettering see.) */
export function checkExpiry({ options, findings }: QueueCheck, record: MessageRecord): void {
  const rules = rulesOf(options, record.queue);
  const attempts = possibleAttempts(record);
  if (attempts.length === 0) return;
  let expiresAt = 0;
  for (const each of attempts) {
    const ttl = ttlOf(each, rules) ?? Number.POSITIVE_INFINITY;
    // Its time began when it was in the queue, which is no later than its confirm.
    expiresAt = Math.max(expiresAt, each.operation.completedAt + ttl);
  }
  const late = record.deliveries.find((each) => each.at > expiresAt + options.slackMs);
  if (late === undefined) return;
  const by = Math.round(late.at - expiresAt);
  const text = `message ${record.message} of ${record.queue} was delivered ${by} ms after it expired`;
  const shown = [...attempts.map((each) => each.operation), late.operation];
  findings.problem("delivered-late", text, shown);
}
