import { describe, expect, test } from "vitest";
import { checkStream, formatVerdict, HistoryError } from "../../src/history/index.ts";
import { draw } from "./operation-makers.ts";

const append = (value: string, offset: number): string =>
  `|append "${value}" -> {"offset":${offset}}|`;
const poll = (...records: readonly (readonly [number, string])[]): string =>
  `|poll -> {"records":${JSON.stringify(records)}}|`;
const lines = (...operations: readonly string[]): string => operations.join(" ");

const AB = lines(append("a", 0), append("b", 1));
const LATER = " ".repeat(200);
const READ_AB = `${LATER}${poll([0, "a"], [1, "b"])} |drain|`;

function check(...drawing: readonly string[]) {
  return checkStream(draw(drawing));
}

describe("a stream that behaves", () => {
  test.each<[string, readonly string[]]>([
    ["gives what was appended, in its order", [AB, READ_AB]],
    ["gives the same to each reader", [AB, READ_AB, `${LATER}${poll([0, "a"])} ${poll([1, "b"])}`]],
    [
      "starts anywhere and has gaps",
      [AB, READ_AB, `${LATER}${poll([1, "b"], [9, "c"])}`, '|append "c" -> ?|'],
    ],
    [
      "gives an earlier offset after a seek",
      [AB, READ_AB, `${LATER}${poll([1, "b"])} |seek| ${poll([0, "a"])}`],
    ],
    [
      "has a value twice that was appended twice",
      [`${AB} ${append("a", 2)}`, `${LATER}${poll([0, "a"], [1, "b"], [2, "a"])} |drain|`],
    ],
    [
      "orders overlapping appends as it likes",
      [append("a", 1), append("b", 0), `${LATER}${poll([0, "b"], [1, "a"])} |drain|`],
    ],
  ])("%s", (_name, drawing) => {
    const verdict = check(...drawing);
    expect(verdict.validity, formatVerdict(verdict)).toBe("valid");
  });
});

describe("a stream that does not", () => {
  test.each<[string, string, readonly string[]]>([
    [
      "offset-conflict",
      "two readers see different values",
      [AB, READ_AB, `${LATER}${poll([1, "c"])}`, '|append "c" -> ?|'],
    ],
    [
      "offset-conflict",
      "two appends get the same offset",
      [append("a", 0), append("b", 0), `${LATER}${poll([0, "a"])} |drain|`],
    ],
    [
      "repeated",
      "a value is there twice",
      [AB, `${LATER}${poll([0, "a"], [1, "b"], [2, "a"])} |drain|`],
    ],
    [
      "unexpected",
      "nobody appended a value",
      [AB, `${LATER}${poll([0, "a"], [1, "b"], [2, "c"])} |drain|`],
    ],
    [
      "unexpected",
      "a failed append is there",
      [`${AB} |append "c" -> !|`, `${LATER}${poll([0, "a"], [1, "b"], [2, "c"])} |drain|`],
    ],
    [
      "went-back",
      "a reader gets an offset again",
      [AB, `${LATER}${poll([0, "a"], [1, "b"])} ${poll([1, "b"])} |drain|`],
    ],
    ["lost", "an acknowledged value is missing", [AB, `${LATER}${poll([0, "a"])} |drain|`]],
    [
      "out-of-order",
      "a later append gets a lower offset",
      [lines(append("a", 1), append("b", 0)), `${LATER}${poll([0, "b"], [1, "a"])} |drain|`],
    ],
  ])("%s: %s", (kind, _name, drawing) => {
    const verdict = check(...drawing);
    expect(verdict.validity).toBe("invalid");
    expect(Object.keys(verdict.problemCounts), formatVerdict(verdict)).toEqual([kind]);
  });
});

describe("a history of streams that shows nothing is unknown:", () => {
  test.each<[string, readonly string[]]>([
    ["it is empty", []],
    ["no append was acknowledged", ['|append "a" -> ?|', `${LATER}${poll([0, "a"])} |drain|`]],
    ["it was not drained", [AB, `${LATER}${poll([0, "a"], [1, "b"])}`]],
    ["it was drained too early", [`${LATER}${append("a", 0)}`, `|drain| ${poll()}`]],
  ])("%s", (_name, drawing) => {
    expect(check(...drawing).validity).toBe("unknown");
  });
});

test.each<[string, string]>([
  ["an unknown kind", "|push 1|"],
  ["an append without an offset", "|append 1|"],
  ["a poll without records", "|poll|"],
  ["a record without an offset", '|poll -> {"records":[1]}|'],
])("%s is no history of a stream", (_name, line) => {
  expect(() => check(line)).toThrow(HistoryError);
});
