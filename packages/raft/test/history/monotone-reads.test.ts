import { describe, expect, test } from "vitest";
import { checkMonotoneReads, HistoryError } from "../../src/history/index.ts";
import { draw } from "./operation-makers.ts";

describe("reads of a growing number", () => {
  test.each<[string, readonly string[]]>([
    ["go forward or stay", ["|read -> 1| |read -> 1| |read -> 5|"]],
    ["of one process may be behind another's", ["|read -> 5|", "             |read -> 1|"]],
  ])("%s", (_name, lines) => {
    expect(checkMonotoneReads(draw(["|read -> 0| |read -> 0|", ...lines])).validity).toBe("valid");
  });

  test("never go back in one process", () => {
    const verdict = checkMonotoneReads(draw(["|read -> 1| |read -> 5| |read -> 6| |read -> 4|"]));
    expect(verdict).toMatchObject({ validity: "invalid", problemCounts: { "went-back": 1 } });
    expect(verdict.problems[0]?.text).toBe("x went back from 6 to 4");
  });

  test("that are strong never go back behind another process", () => {
    const history = draw(["|read -> 5|", "             |read -> 1|"]);
    expect(checkMonotoneReads(history, { scope: "strong" }).validity).toBe("invalid");
  });

  test("that are strong and overlap may differ", () => {
    const history = draw(["|read -> 5|", "   |read -> 1|", "|read -> 0|"]);
    expect(checkMonotoneReads(history, { scope: "strong" }).validity).toBe("valid");
  });

  test("are compared by key", () => {
    const [first, second] = draw(["|read -> 5| |read -> 1|"]);
    if (first === undefined || second === undefined) throw new Error("two reads");
    const history = [first, first, { ...second, key: "y" }];
    expect(checkMonotoneReads(history).validity).toBe("valid");
  });

  test("show nothing when nobody reads twice", () => {
    expect(checkMonotoneReads(draw(["|read -> 1|", "|read -> ?|"])).validity).toBe("unknown");
  });

  test("have a number as output", () => {
    const history = draw(['|read -> 1| |read -> "x"| |read -> 3|']);
    expect(() => checkMonotoneReads(history)).toThrow(HistoryError);
  });
});
