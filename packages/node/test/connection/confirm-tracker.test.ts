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
      tracker.settle(true, send);
    }
    expect(lines).toEqual([]);
    tracker.flush(send);
    expect(lines).toEqual(["ack 3 multiple"]);
  });

  test("does not say multiple for a single one", () => {
    const tracker = new ConfirmTracker();
    const { lines, send } = recording();
    tracker.next();
    tracker.settle(false, send);
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
      tracker.settle(isAck, send);
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
            tracker.settle(each === "ack", send);
          }
        }
        tracker.flush(send);
        expect(told).toEqual(
          steps.filter((each) => each !== "flush").map((each) => each === "ack"),
        );
      }),
    );
  });
});
