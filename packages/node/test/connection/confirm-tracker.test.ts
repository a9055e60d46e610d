import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfirmTracker } from "../../src/connection/confirm-tracker.ts";

/** Answers, as `ack 3 multiple`. */
function recording(): {
  lines: string[];
  send: (n: number, multiple: boolean, ack: boolean) => void;
} {
  const lines: string[] = [];
  const send = (sequence: number, multiple: boolean, isAck: boolean): void => {
    lines.push(`${isAck ? "ack" : "nack"} ${sequence}${multiple ? " multiple" : ""}`);
  };
  return { lines, send };
}

describe("ConfirmTracker", () => {
  test("answers all that gathered with one frame", () => {
    const tracker = new ConfirmTracker();
    const { lines, send } = recording();
    for (let count = 0; count < 3; count++) {
      tracker.next();
      tracker.decide(true, send);
    }
    expect(lines).toEqual([]);
    tracker.flush(send);
    expect(lines).toEqual(["ack 3 multiple"]);
  });

  test("does not say multiple for a single one", () => {
    const tracker = new ConfirmTracker();
    const { lines, send } = recording();
    tracker.next();
    tracker.decide(false, send);
    expect(tracker.hasPending).toBe(true);
    tracker.flush(send);
    tracker.flush(send);
    expect(tracker.hasPending).toBe(false);
    expect(lines).toEqual(["nack 1"]);
  });

  test("keeps acks and nacks apart, in order", () => {
    const tracker = new ConfirmTracker();
    const { lines, send } = recording();
    for (const isAck of [true, true, false, true]) {
      tracker.next();
      tracker.decide(isAck, send);
    }
    tracker.flush(send);
    expect(lines).toEqual(["ack 2 multiple", "nack 3", "ack 4"]);
  });

  test("gives every publish exactly its own answer, whenever it is flushed", () => {
    const step = fc.constantFrom("ack" as const, "nack" as const, "flush" as const);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const tracker = new ConfirmTracker();
        const told: boolean[] = [];
        const send = (sequence: number, multiple: boolean, isAck: boolean): void => {
          if (!multiple) expect(sequence).toBe(told.length + 1);
          while (told.length < sequence) told.push(isAck);
        };
        for (const each of steps) {
          if (each === "flush") tracker.flush(send);
          else {
            tracker.next();
            tracker.decide(each === "ack", send);
          }
        }
        tracker.flush(send);
        expect(told).toEqual(
          steps.filter((each) => each !== "flush").map((each) => each === "ack"),
        );
      }),
    );
  });

  test("answers what durable queues store later, together from the oldest on", () => {
    let late = 0;
    const tracker = new ConfirmTracker(() => late++);
    const { lines, send } = recording();
    for (let count = 0; count < 4; count++) {
      tracker.next();
      tracker.expect(1, true);
    }
    tracker.settle(1, true);
    tracker.settle(2, true);
    tracker.settle(4, true);
    expect(late).toBe(3);
    tracker.flush(send);
    expect(lines).toEqual(["ack 2 multiple", "ack 4"]);
    tracker.settle(3, true);
    tracker.flush(send);
    expect(lines.slice(2)).toEqual(["ack 3"]);
    expect(tracker.undecidedCount).toBe(0);
  });

  test("waits for all queues of a publish, and says nack if one refused", () => {
    const tracker = new ConfirmTracker();
    const { lines, send } = recording();
    tracker.next();
    tracker.expect(2, true);
    tracker.next();
    tracker.expect(1, false);
    tracker.settle(2, true);
    tracker.settle(1, true);
    tracker.flush(send);
    expect(lines).toEqual(["nack 2"]);
    tracker.settle(1, true);
    tracker.flush(send);
    expect(lines).toEqual(["nack 2", "ack 1"]);
  });

  test("gives every publish exactly one answer, in whatever order queues store", () => {
    const publish = fc.record({
      queues: fc.integer({ min: 0, max: 3 }),
      refusals: fc.integer({ min: 0, max: 3 }),
    });
    const orders = fc.array(fc.nat(), { minLength: 30, maxLength: 30 });
    fc.assert(
      fc.property(
        fc.array(publish, { maxLength: 30 }),
        orders,
        fc.nat(),
        (publishes, order, at) => {
          const tracker = new ConfirmTracker();
          const answers = new Map<number, boolean>();
          const send = (sequence: number, multiple: boolean, isAck: boolean): void => {
            if (!multiple) {
              expect(answers.has(sequence)).toBe(false);
              answers.set(sequence, isAck);
              return;
            }
            let count = 0;
            for (let each = 1; each <= sequence; each++) {
              if (answers.has(each)) continue;
              answers.set(each, isAck);
              count++;
            }
            expect(count).toBeGreaterThan(1);
          };
          const outcomes: { sequence: number; isAccepted: boolean }[] = [];
          publishes.forEach(({ queues, refusals }, index) => {
            const sequence = tracker.next();
            if (queues === 0) tracker.decide(refusals === 0, send);
            else tracker.expect(queues, true);
            for (let queue = 0; queue < queues; queue++) {
              outcomes.push({ sequence, isAccepted: queue >= refusals });
            }
            if (index === at % 30) tracker.flush(send);
          });
          while (outcomes.length > 0) {
            const pick = (order[outcomes.length % 30] ?? 0) % outcomes.length;
            const [outcome] = outcomes.splice(pick, 1);
            if (outcome !== undefined) tracker.settle(outcome.sequence, outcome.isAccepted);
            if (pick % 2 === 0) tracker.flush(send);
          }
          tracker.flush(send);
          const expected = publishes.map(({ refusals }) => refusals === 0);
          expect(publishes.map((_, index) => answers.get(index + 1))).toEqual(expected);
          expect(tracker.undecidedCount).toBe(0);
        },
      ),
    );
  });
});
