import { checkTotalQueue, type Verdict } from "@leveret/raft/history";
import { beforeEach, expect, test } from "vitest";
import { CrashHistory, type Excuses } from "./crash-history.ts";

const QUEUE = "q";
const KILLED_AT = 100;
const SETTLED_BEFORE = 90;

let history: CrashHistory;
let excuses: Excuses;

beforeEach(() => {
  history = new CrashHistory();
  excuses = { unmarked: 0, unmarkedMs: 0, unconfirmed: 0 };
});

function publish(name: string, at: number, confirmedAt?: number): void {
  const message = history.onPublish(QUEUE, name, { lane: 1, at, ttlMs: undefined });
  if (confirmedAt !== undefined) history.onConfirm(message, confirmedAt);
}

function deliver(name: string, at: number, isRedelivered = false, lane = 2) {
  return history.onDeliver(QUEUE, name, { lane, at, isRedelivered, deliveryCount: undefined });
}

function ack(delivery: ReturnType<typeof deliver>, at: number, arrivedAt?: number): void {
  history.onSettle(delivery, "ack", at);
  if (arrivedAt !== undefined) history.onArrived([delivery], arrivedAt);
}

/** Something that is right, so that the verdict is not unknown for lack of anything. */
function deliverAnother(): void {
  publish("another", 1, 2);
  ack(deliver("another", 3), 4, 5);
}

function check(): Verdict {
  history.onDrained(QUEUE, KILLED_AT + 100, KILLED_AT + 110);
  return checkTotalQueue(history.takeOperations(excuses), { isAckFinal: true });
}

test("a confirmed message that never comes is lost", () => {
  deliverAnother();
  publish("a", 10, 20);
  history.endSession(KILLED_AT, SETTLED_BEFORE);
  expect(check().problemCounts).toEqual({ lost: 1 });
});

test("a confirmed message that was delivered at the kill and never comes again is lost", () => {
  deliverAnother();
  publish("a", 95, 97);
  deliver("a", 98);
  history.endSession(KILLED_AT, SETTLED_BEFORE);
  expect(check().problemCounts).toEqual({ lost: 1 });
});

test("an ack that arrived long before the kill is final", () => {
  publish("a", 10, 20);
  ack(deliver("a", 30), 40, 50);
  history.endSession(KILLED_AT, SETTLED_BEFORE);
  ack(deliver("a", KILLED_AT + 10, true, 3), KILLED_AT + 11, KILLED_AT + 12);
  expect(check().problemCounts).toEqual({ "delivered-after-ack": 1 });
});

test("an ack in the last moments may be forgotten, but not the mark of a delivery before them", () => {
  publish("a", 10, 20);
  ack(deliver("a", 30), 91, 92);
  publish("b", 10, 20);
  ack(deliver("b", 30), 91, 92);
  history.endSession(KILLED_AT, SETTLED_BEFORE);
  ack(deliver("a", KILLED_AT + 10, true, 3), KILLED_AT + 11, KILLED_AT + 12);
  ack(deliver("b", KILLED_AT + 10, false, 3), KILLED_AT + 11, KILLED_AT + 12);
  const { problemCounts, problems } = check();
  expect(problemCounts).toEqual({ duplicated: 1 });
  expect(problems[0]?.text).toContain("message b");
});

test("a delivery in the last moments may be forgotten, and is counted", () => {
  publish("a", 10, 20);
  deliver("a", 95);
  history.endSession(KILLED_AT, SETTLED_BEFORE);
  ack(deliver("a", KILLED_AT + 10, false, 3), KILLED_AT + 11, KILLED_AT + 12);
  expect(check().validity).toBe("valid");
  expect(excuses).toEqual({ unmarked: 1, unmarkedMs: 5, unconfirmed: 0 });
});

test("all deliveries in the last moments may be forgotten", () => {
  publish("a", 10, 20);
  history.onSettle(deliver("a", 93), "requeue", 94);
  deliver("a", 95, true);
  history.endSession(KILLED_AT, SETTLED_BEFORE);
  ack(deliver("a", KILLED_AT + 10, false, 3), KILLED_AT + 11, KILLED_AT + 12);
  expect(check().validity).toBe("valid");
  expect(excuses).toEqual({ unmarked: 2, unmarkedMs: 7, unconfirmed: 0 });
});

test("what was never confirmed may vanish in the last moments only", () => {
  deliverAnother();
  publish("a", 91);
  history.onSettle(deliver("a", 93), "requeue", 94);
  deliver("a", 95, true);
  history.endSession(KILLED_AT, SETTLED_BEFORE);
  expect(check().validity).toBe("valid");
  expect(excuses).toEqual({ unmarked: 0, unmarkedMs: 0, unconfirmed: 2 });
  deliverAnother();
  publish("b", 10);
  deliver("b", 20);
  history.endSession(KILLED_AT, SETTLED_BEFORE);
  expect(check().problemCounts).toEqual({ lost: 1 });
});

test("a message of a history that was checked before must not come again", () => {
  publish("a", 10, 20);
  ack(deliver("a", 30), 40, 50);
  expect(check().validity).toBe("valid");
  deliverAnother();
  ack(deliver("a", KILLED_AT + 10, true, 3), KILLED_AT + 11, KILLED_AT + 12);
  expect(check().problemCounts).toEqual({ unexpected: 1 });
});

test("the order of what comes for the first time is kept over a restart", () => {
  publish("a", 10, 20);
  publish("b", 11, 20);
  history.endSession(KILLED_AT, SETTLED_BEFORE);
  ack(deliver("b", KILLED_AT + 10, false, 3), KILLED_AT + 11, KILLED_AT + 12);
  ack(deliver("a", KILLED_AT + 11, false, 3), KILLED_AT + 12, KILLED_AT + 13);
  expect(check().problemCounts).toEqual({ "out-of-order": 1 });
});
