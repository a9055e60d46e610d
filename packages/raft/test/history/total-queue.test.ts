import { describe, expect, test } from "vitest";
import {
  checkTotalQueue,
  formatVerdict,
  HistoryError,
  type QueueProblemKind,
  type TotalQueueOptions,
} from "../../src/history/index.ts";
import { operation } from "./operation-makers.ts";
import { QueueScript } from "./queue-script.ts";

type Options = Partial<TotalQueueOptions>;
type Script = (script: QueueScript) => QueueScript;

const UNKNOWN = { outcome: "unknown" } as const;
const FAIL = { outcome: "fail" } as const;
const WITH_DEAD_LETTERS: Options = { queues: { q: { deadLetterQueue: "dlq" } } };
const LIMITED: Options = { queues: { q: { deadLetterQueue: "dlq", deliveryLimit: 1 } } };
const EXACT: Options = {
  isEveryDeliverySeen: true,
  queues: { q: { abandonedCounts: "always" } },
};
const FINAL: Options = { isAckFinal: true };
const REDELIVERED = { redelivered: true } as const;

function check(script: Script, options?: Options) {
  return checkTotalQueue(script(new QueueScript()).operations, options);
}

describe("a queue that keeps its promises", () => {
  test.each<[string, Script, Options?]>([
    ["what is confirmed is consumed", (s) => s.publish("a").consume("a").drain()],
    [
      "an unconfirmed message may be missing",
      (s) => s.publish("a").publish("b", UNKNOWN).consume("a").drain(),
    ],
    [
      "an unconfirmed message may be there (recovered)",
      (s) => s.publish("a").publish("b", UNKNOWN).consume("a").consume("b").drain(),
    ],
    [
      "a message given back comes again, marked",
      (s) => s.publish("a").deliver("a").settle("a", "requeue").consume("a", REDELIVERED).drain(),
    ],
    [
      "a message of a lost consumer comes again, marked",
      (s) =>
        s
          .publish("a")
          .deliver("a")
          .consume("a", { ...REDELIVERED, consumer: 11 })
          .drain(),
    ],
    [
      "an ack that may not have arrived may end the message",
      (s) => s.publish("a").deliver("a").settle("a", "ack", UNKNOWN).drain(),
    ],
    [
      "an ack that may not have arrived may not end it",
      (s) =>
        s.publish("a").deliver("a").settle("a", "ack", UNKNOWN).consume("a", REDELIVERED).drain(),
    ],
    [
      "the first delivery seen may be marked: the one before died with its client",
      (s) => s.publish("a").consume("a", REDELIVERED).drain(),
    ],
    [
      "a message published twice may come twice without a mark",
      (s) => s.publish("a", UNKNOWN).publish("a").consume("a").consume("a").drain(),
    ],
    [
      "a message published twice may come once",
      (s) => s.publish("a", UNKNOWN).publish("a").consume("a").drain(),
    ],
    ["automatic acks end messages", (s) => s.publish("a").deliver("a", { autoAck: true }).drain()],
    [
      "a poll of an empty queue says nothing",
      (s) => {
        s.publish("a").consume("a").drain();
        s.operations.push(operation({ kind: "dequeue", key: "q", outcome: "fail" }));
        return s;
      },
    ],
    [
      "publishers overtake each other",
      (s) => s.publish("a").publish("b", { process: 2 }).consume("b").consume("a").drain(),
    ],
    [
      "consumers overtake each other",
      (s) => s.publish("a").publish("b").consume("b").consume("a", { consumer: 11 }).drain(),
    ],
    [
      "a redelivered message comes out of order",
      (s) =>
        s
          .publish("a")
          .publish("b")
          .deliver("a")
          .settle("a", "requeue")
          .consume("b")
          .consume("a", REDELIVERED)
          .drain(),
    ],
    [
      "a queue that promises no order is not asked for it",
      (s) => s.publish("a").publish("b").consume("b").consume("a").drain(),
      { queues: { q: { isOrdered: false } } },
    ],
    [
      "delivery counts are the failures before",
      (s) =>
        s
          .publish("a")
          .deliver("a", { deliveryCount: 0 })
          .settle("a", "requeue")
          .deliver("a", { ...REDELIVERED, deliveryCount: 1 })
          .settle("a", "return")
          .consume("a", { ...REDELIVERED, deliveryCount: 1 })
          .drain(),
      EXACT,
    ],
    [
      "a lost consumer counts, if that is the rule",
      (s) =>
        s
          .publish("a")
          .deliver("a")
          .consume("a", { ...REDELIVERED, deliveryCount: 1 })
          .drain(),
      EXACT,
    ],
    [
      "deliveries that nobody lived to record may have failed",
      (s) =>
        s
          .publish("a")
          .consume("a", { ...REDELIVERED, deliveryCount: 3 })
          .drain(),
    ],
    [
      "a discarded message without a dead-letter queue is gone",
      (s) => s.publish("a").deliver("a").settle("a", "discard").drain(),
    ],
    [
      "a discarded message is dead-lettered",
      (s) =>
        s
          .publish("a")
          .deliver("a")
          .settle("a", "discard")
          .drain()
          .consume("a", { queue: "dlq" })
          .drain("dlq"),
      WITH_DEAD_LETTERS,
    ],
    [
      "a message beyond the delivery limit is dead-lettered",
      (s) =>
        s
          .publish("a")
          .deliver("a")
          .settle("a", "requeue")
          .deliver("a", { ...REDELIVERED, deliveryCount: 1 })
          .settle("a", "requeue")
          .drain()
          .consume("a", { queue: "dlq" })
          .drain("dlq"),
      LIMITED,
    ],
    [
      "a message beyond the delivery limit is dropped if it can go nowhere",
      (s) =>
        s
          .publish("a")
          .deliver("a")
          .settle("a", "requeue")
          .deliver("a", { ...REDELIVERED, deliveryCount: 1 })
          .settle("a", "requeue")
          .drain(),
      { queues: { q: { deliveryLimit: 1 } } },
    ],
    [
      "an expired message is gone",
      (s) => s.publish("a").publish("b", { ttlMs: 50 }).consume("a").wait(100).drain(),
    ],
    [
      "an expired message is dead-lettered",
      (s) => s.publish("a").wait(3000).drain().consume("a", { queue: "dlq" }).drain("dlq"),
      { queues: { q: { deadLetterQueue: "dlq", ttlMs: 2500 } } },
    ],
    [
      "a queue of limited length drops",
      (s) => s.publish("a").publish("b").consume("b").drain(),
      { queues: { q: { mayDrop: true } } },
    ],
    [
      "a dead letter may come twice where that is the rule",
      (s) =>
        s
          .publish("a")
          .deliver("a")
          .settle("a", "discard")
          .drain()
          .consume("a", { queue: "dlq" })
          .consume("a", { queue: "dlq" })
          .drain("dlq"),
      { queues: { q: { deadLetterQueue: "dlq", mayRepeatDeadLetters: true } } },
    ],
  ])("%s", (_name, script, options) => {
    const verdict = check(script, options);
    expect(verdict.validity, formatVerdict(verdict)).toBe("valid");
  });
});

describe("a queue that does not", () => {
  test.each<[QueueProblemKind, string, Script, Options?]>([
    [
      "lost",
      "a confirmed message is missing",
      (s) => s.publish("a").publish("b").consume("b").drain(),
    ],
    [
      "lost",
      "a message given back is missing",
      (s) => s.publish("a").deliver("a").settle("a", "requeue").drain(),
    ],
    ["lost", "a message of a lost consumer is missing", (s) => s.publish("a").deliver("a").drain()],
    [
      "lost",
      "an unconfirmed message was delivered, given back, and is missing",
      (s) =>
        s
          .publish("b")
          .publish("a", UNKNOWN)
          .consume("b")
          .deliver("a")
          .settle("a", "return")
          .drain(),
    ],
    [
      "lost",
      "an ack that did not arrive ends a message",
      (s) => s.publish("a").deliver("a").settle("a", "ack", FAIL).drain(),
    ],
    [
      "lost",
      "a message is gone before it expires",
      (s) => s.publish("a", { ttlMs: 5000 }).publish("b").consume("b").drain(),
    ],
    [
      "lost",
      "an expired message is not dead-lettered",
      (s) =>
        s.publish("a", { ttlMs: 50 }).publish("b").consume("b").wait(5000).drain().drain("dlq"),
      WITH_DEAD_LETTERS,
    ],
    [
      "lost",
      "a discarded message is not dead-lettered",
      (s) => s.publish("a").deliver("a").settle("a", "discard").drain().drain("dlq"),
      WITH_DEAD_LETTERS,
    ],
    [
      "lost",
      "a dead letter given back is missing",
      (s) =>
        s
          .publish("a")
          .deliver("a")
          .settle("a", "discard")
          .drain()
          .deliver("a", { queue: "dlq" })
          .settle("a", "requeue", { key: "dlq" })
          .drain("dlq"),
      WITH_DEAD_LETTERS,
    ],
    [
      "unexpected",
      "a message that nobody published",
      (s) => s.publish("a").consume("a").consume("b").drain(),
    ],
    [
      "unexpected",
      "a message whose publish was refused",
      (s) => s.publish("a").publish("b", FAIL).consume("a").consume("b").drain(),
    ],
    [
      "unexpected",
      "a message that comes before it was published",
      (s) => s.consume("a").publish("a").drain(),
    ],
    [
      "duplicated",
      "a message comes twice, unmarked",
      (s) => s.publish("a").consume("a").consume("a").drain(),
    ],
    [
      "duplicated",
      "a message published twice comes three times, unmarked",
      (s) => s.publish("a").publish("a").consume("a").consume("a").consume("a").drain(),
    ],
    [
      "duplicated",
      "a refused publish explains nothing",
      (s) => s.publish("a").publish("a", FAIL).consume("a").consume("a").drain(),
    ],
    [
      "duplicated",
      "a dead letter comes twice, unmarked",
      (s) =>
        s
          .publish("a")
          .deliver("a")
          .settle("a", "discard")
          .drain()
          .consume("a", { queue: "dlq" })
          .consume("a", { queue: "dlq" })
          .drain("dlq"),
      WITH_DEAD_LETTERS,
    ],
    [
      "delivered-after-ack",
      "a consumed message comes again",
      (s) => s.publish("a").consume("a").consume("a", REDELIVERED).drain(),
      FINAL,
    ],
    [
      "out-of-order",
      "a later message of the publisher comes first",
      (s) => s.publish("a").publish("b").consume("b").consume("a").drain(),
    ],
    [
      "out-of-order",
      "with others between them",
      (s) =>
        s
          .publish("a")
          .publish("c", { process: 2 })
          .publish("b")
          .consume("b")
          .consume("c")
          .consume("a")
          .drain(),
    ],
    [
      "wrong-delivery-count",
      "a failure is not counted",
      (s) =>
        s
          .publish("a")
          .deliver("a")
          .settle("a", "requeue")
          .consume("a", { ...REDELIVERED, deliveryCount: 0 })
          .drain(),
    ],
    [
      "wrong-delivery-count",
      "a failure is counted that was none",
      (s) =>
        s
          .publish("a")
          .deliver("a")
          .settle("a", "return")
          .consume("a", { ...REDELIVERED, deliveryCount: 1 })
          .drain(),
      EXACT,
    ],
    [
      "wrong-delivery-count",
      "failures are counted on a delivery that is not marked",
      (s) => s.publish("a").consume("a", { deliveryCount: 2 }).drain(),
    ],
    [
      "over-delivery-limit",
      "a message is delivered beyond its limit",
      (s) =>
        s
          .publish("a")
          .consume("a", { ...REDELIVERED, deliveryCount: 2 })
          .drain()
          .drain("dlq"),
      LIMITED,
    ],
    [
      "in-two-places",
      "a consumed message is dead-lettered",
      (s) =>
        s
          .publish("a", { ttlMs: 1 })
          .consume("a")
          .drain()
          .consume("a", { queue: "dlq" })
          .drain("dlq"),
      WITH_DEAD_LETTERS,
    ],
    [
      "in-two-places",
      "a dead-lettered message is delivered",
      (s) =>
        s
          .publish("a")
          .deliver("a")
          .settle("a", "discard", UNKNOWN)
          .consume("a", { queue: "dlq" })
          .deliver("a", REDELIVERED)
          .settle("a", "discard", UNKNOWN)
          .drain()
          .drain("dlq"),
      WITH_DEAD_LETTERS,
    ],
    [
      "dead-lettered-without-cause",
      "a message is dead-lettered that nobody rejected",
      (s) => s.publish("a").drain().consume("a", { queue: "dlq" }).drain("dlq"),
      WITH_DEAD_LETTERS,
    ],
    [
      "dead-lettered-without-cause",
      "a message is dead-lettered before its delivery limit",
      (s) =>
        s
          .publish("a")
          .deliver("a")
          .settle("a", "requeue")
          .drain()
          .consume("a", { queue: "dlq" })
          .drain("dlq"),
      { ...LIMITED, isEveryDeliverySeen: true },
    ],
    [
      "delivered-late",
      "a message is delivered after it expired",
      (s) => s.publish("a", { ttlMs: 50 }).wait(1100).consume("a").drain(),
    ],
    [
      "expired-early",
      "a message is dead-lettered before it expires",
      (s) =>
        s
          .publish("a", { ttlMs: 9000 })
          .wait(3000)
          .drain()
          .consume("a", { queue: "dlq" })
          .drain("dlq"),
      WITH_DEAD_LETTERS,
    ],
  ])("%s: %s", (kind, _name, script, options) => {
    const verdict = check(script, options);
    expect(verdict.validity, formatVerdict(verdict)).toBe("invalid");
    expect(Object.keys(verdict.problemCounts), formatVerdict(verdict)).toEqual([kind]);
    expect(verdict.problems[0]?.operations.length).toBeGreaterThan(0);
  });
});

describe("a history of queues that shows nothing is unknown", () => {
  test.each<[string, Script, string, Options?]>([
    ["nothing happened", (s) => s, "only 0 messages were confirmed"],
    [
      "nothing was confirmed",
      (s) => s.publish("a", UNKNOWN).consume("a").drain(),
      "only 0 messages were confirmed",
    ],
    [
      "too little was confirmed",
      (s) => s.publish("a").consume("a").drain(),
      "only 1 messages were confirmed",
      { confirmedMin: 2 },
    ],
    ["nothing was delivered", (s) => s.publish("a", { ttlMs: 0 }).drain(), "nothing was delivered"],
    ["the queue was not drained", (s) => s.publish("a").consume("a"), "q was not drained"],
    [
      "the queue was drained too early",
      (s) => s.publish("a").consume("a").drain().publish("b"),
      "q was not drained after message b was in it",
    ],
    [
      "the message came back after the drain",
      (s) => s.publish("a").deliver("a").drain().settle("a", "requeue"),
      "q was not drained after message a was in it",
    ],
    [
      "the dead-letter queue was drained before its source",
      (s) => s.publish("a", { ttlMs: 0 }).publish("b").consume("b").drain("dlq").drain(),
      "q was not drained after message a was in it",
      WITH_DEAD_LETTERS,
    ],
    [
      "the dead-letter queue was drained before a message was discarded",
      (s) => s.publish("a").deliver("a").drain().drain("dlq").settle("a", "discard"),
      "message a of q was discarded, and its dead-letter queue was not drained after it",
      WITH_DEAD_LETTERS,
    ],
  ])("%s", (_name, script, doubt, options) => {
    const verdict = check(script, options);
    expect(verdict.validity, formatVerdict(verdict)).toBe("unknown");
    expect(verdict.doubts).toContain(doubt);
  });
});

test("the verdict counts what was looked at", () => {
  const verdict = check((s) =>
    s
      .publish("a")
      .publish("b", UNKNOWN)
      .publish("c", { ttlMs: 1 })
      .consume("a")
      .deliver("b")
      .consume("b", REDELIVERED)
      .wait(2000)
      .drain(),
  );
  expect(verdict.counts).toEqual({
    messages: 3,
    attempts: 3,
    deliveries: 3,
    confirmed: 2,
    recovered: 1,
    "delivered more than once": 1,
    "expired or dropped": 1,
    "checked for order": 2,
  });
});

test("many problems of one kind are counted, and the first of them kept", () => {
  const script = new QueueScript();
  for (let each = 0; each < 50; each++) script.publish(`m${each}`);
  const verdict = checkTotalQueue(script.consume("m7").drain().operations);
  expect(verdict.problemCounts).toEqual({ lost: 49 });
  expect(verdict.problems).toHaveLength(10);
  expect(formatVerdict(verdict)).toContain("lost: 49\n- lost: message m0 of q was never delivered");
});

describe("a history that is not one of queues is refused:", () => {
  test.each([
    ["an unknown kind", operation({ kind: "pop" })],
    ["a publish without a message", operation({ kind: "enqueue" })],
    ["a negative time to live", operation({ kind: "enqueue", input: { message: 1, ttlMs: -1 } })],
    ["a delivery without a message", operation({ kind: "dequeue", output: { redelivered: true } })],
    [
      "a delivery count that is no number",
      operation({ kind: "dequeue", output: { message: "a", deliveryCount: "1" } }),
    ],
    ["an unknown settlement", operation({ kind: "settle", input: { message: "a", how: "eat" } })],
    ["a settlement of nothing", operation({ kind: "settle", input: { message: "a", how: "ack" } })],
  ])("%s", (_name, wrong) => {
    expect(() => checkTotalQueue([wrong])).toThrow(HistoryError);
  });

  test("a message settled twice", () => {
    const script = new QueueScript().publish("a").consume("a").settle("a", "ack");
    expect(() => checkTotalQueue(script.operations)).toThrow("nothing is there to settle");
  });
});
