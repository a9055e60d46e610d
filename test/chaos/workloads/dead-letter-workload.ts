import type { Operation } from "@leveret/raft/history";
import { findMissingDeadLetters } from "../checks/check-dead-lettered.ts";
import type { ClientParts } from "../clients/publisher.ts";
import { QueueWorkload } from "./queue-workload.ts";
import type { WorkloadVerdict } from "./workload.ts";

const SOURCE = "chaos-dead-source";
const TARGET = "chaos-dead-target";
const QUORUM = { "x-queue-type": "quorum" } as const;
const SHOWN = 10;

/** Every third message is rejected, and comes out of the dead-letter queue, at least once. */
export class DeadLetterWorkload extends QueueWorkload {
  constructor(parts: ClientParts, rate: number) {
    const [first = 0, second = 0, third = 0] = parts.cluster.indices;
    const judge = (message: string): "ack" | "discard" => (isRejected(message) ? "discard" : "ack");
    super(parts, {
      name: "dead-letter",
      plans: [
        {
          name: SOURCE,
          arguments: {
            ...QUORUM,
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": TARGET,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
          },
          rules: { deadLetterQueue: TARGET, mayRepeatDeadLetters: true },
        },
        {
          name: TARGET,
          arguments: QUORUM,
          rules: { isOrdered: false },
        },
      ],
      publishers: [{ queue: SOURCE, home: first, rate }],
      consumers: [
        { queue: SOURCE, home: second, judge },
        { queue: SOURCE, home: third, judge },
        { queue: TARGET, home: first },
        { queue: TARGET, home: third },
      ],
      // A message that came to its target may come back in its source, if that failed before it knew.
      permitted: ["in-two-places"],
    });
  }

  override check(operations: readonly Operation[]): WorkloadVerdict {
    const { findings, counts } = super.check(operations);
    const queues = { source: SOURCE, target: TARGET };
    const missing = findMissingDeadLetters(operations, queues, isRejected);
    if (missing.length === 0) return { findings, counts };
    const text = `rejected, and not in ${TARGET}: ${missing.slice(0, SHOWN).join(", ")}`;
    return { findings: [...findings, { kind: "lost", count: missing.length, text }], counts };
  }
}

/** By its number: whoever gets a message, and however often, does the same with it. */
function isRejected(message: string): boolean {
  return Number(message.split(".")[1]) % 3 === 0;
}
