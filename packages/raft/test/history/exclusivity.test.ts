import { describe, expect, test } from "vitest";
import { checkExclusivity, type Operation } from "../../src/history/index.ts";

function active(process: number, from: number, to: number, key = "q"): Operation {
  const outcome = to === Number.POSITIVE_INFINITY ? "unknown" : "ok";
  return {
    process,
    kind: "active",
    key,
    input: null,
    output: null,
    invokedAt: from,
    completedAt: to,
    outcome,
  };
}

const NEVER_TOLD = Number.POSITIVE_INFINITY;

function lastSeen(operation: Operation, lastActiveAt: number): Operation {
  return { ...operation, output: { lastActiveAt } };
}

describe("one active holder at a time", () => {
  test.each<[string, readonly Operation[], number?]>([
    ["one after the other", [active(1, 0, 10), active(2, 11, 20), active(1, 25, 30)]],
    ["the next begins as the last one ends", [active(1, 0, 10), active(2, 10, 20)]],
    ["each key has its own", [active(1, 0, 10), active(2, 5, 20, "other")]],
    ["the same process is told twice", [active(1, 0, 10), active(1, 5, 20)]],
    [
      "one that was never told it is over is active for a moment",
      [active(1, 0, NEVER_TOLD), active(2, 5, 9)],
    ],
    [
      "one that was never told it is over was seen active before the next",
      [lastSeen(active(1, 0, NEVER_TOLD), 4), active(2, 5, 9)],
    ],
    ["news that take their time, within the slack", [active(1, 0, 10), active(2, 8, 20)], 2],
    ["a failed one never was", [active(1, 0, 10), { ...active(2, 5, 8), outcome: "fail" }]],
  ])("%s", (_name, history, slackMs) => {
    expect(checkExclusivity(history, slackMs).validity).toBe("valid");
  });

  test.each<[string, readonly Operation[], number?]>([
    ["two overlap", [active(1, 0, 10), active(2, 9, 20)]],
    ["one within the other", [active(2, 3, 4), active(1, 0, 10)]],
    [
      "one overlaps with a long one before the last",
      [active(1, 0, 100), active(1, 5, 6), active(2, 90, 95)],
    ],
    ["longer than the slack", [active(1, 0, 10), active(2, 7, 20)], 2],
    [
      "one that was never told it is over goes on",
      [lastSeen(active(1, 0, NEVER_TOLD), 7), active(2, 5, 9)],
    ],
    [
      "one that was never told becomes active in the time of another",
      [active(1, 0, 10), lastSeen(active(2, 5, NEVER_TOLD), 8)],
    ],
  ])("not: %s", (_name, history, slackMs) => {
    const verdict = checkExclusivity(history, slackMs);
    expect(verdict.validity).toBe("invalid");
    expect(verdict.problems[0]?.operations).toHaveLength(2);
  });

  test("is unknown when nothing was active", () => {
    expect(checkExclusivity([]).validity).toBe("unknown");
  });
});
