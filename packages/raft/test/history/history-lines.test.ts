import { describe, expect, test } from "vitest";
import {
  formatComplete,
  formatInvoke,
  formatOperation,
  formatWhole,
  HISTORY_READ_LIMITS,
  HistoryError,
  HistoryReader,
  HistoryRecorder,
  isSameJson,
  parseHistory,
} from "../../src/history/index.ts";
import { registerOfFew } from "./objects-under-test.ts";
import { draw, operation } from "./operation-makers.ts";
import { randomHistory } from "./random-history.ts";
import { SeededRandom } from "./seeded-random.ts";

const INVOKE = { process: 3, kind: "write", key: "x", input: 5, at: 10.5 } as const;

describe("history lines", () => {
  test("of whole operations read back as they were", () => {
    const options = { processes: 5, operations: 200, unknownPercent: 10, failPercent: 10 };
    const history = randomHistory(registerOfFew, new SeededRandom(1), options);
    const text = history.map((each) => `${formatWhole(each)}\n`).join("");
    expect(parseHistory(text)).toEqual({ operations: history, isTorn: false });
  });

  test("of starts and ends are put together by id, in the order of the starts", () => {
    const text = [
      formatInvoke(7, INVOKE),
      formatInvoke(8, { ...INVOKE, process: 4, kind: "read", input: null }),
      "",
      formatComplete(8, { outcome: "ok", output: [1, { a: null }], at: 11 }),
      formatComplete(7, { outcome: "fail", output: null, at: 12 }),
    ].join("\n");
    expect(parseHistory(text).operations.map(formatOperation)).toEqual([
      "process 3 write x 5 -> fail, 10.5 to 12 ms",
      'process 4 read x -> [1,{"a":null}], 10.5 to 11 ms',
    ]);
  });

  test("without an end, or with an unknown one, are open for ever", () => {
    const text = [
      formatInvoke(1, INVOKE),
      formatInvoke(2, INVOKE),
      formatComplete(2, { outcome: "unknown", output: null, at: 99 }),
    ].join("\n");
    const open = "process 3 write x 5 -> unknown, 10.5 to ? ms";
    expect(parseHistory(text).operations.map(formatOperation)).toEqual([open, open]);
  });

  test("may be cut at every byte: whatever is whole counts", () => {
    const line = `${formatWhole(operation({ kind: "read", output: "é" }))}\n`;
    for (let cut = 0; cut < line.length - 1; cut++) {
      const parsed = parseHistory(line + line.slice(0, cut));
      expect(parsed).toMatchObject({ operations: { length: 1 }, isTorn: cut > 0 });
    }
    expect(parseHistory(line + line.trim())).toMatchObject({
      operations: { length: 2 },
      isTorn: false,
    });
  });

  test.each([
    ["not JSON", "{", "not JSON"],
    ["no object", "[1]", "not an object"],
    ["nothing", "null", "not an object"],
    ["no event", "{}", '"event" is not a text'],
    ["an unknown event", '{"event":"end"}', 'unknown event "end"'],
    ["no id", '{"event":"invoke"}', '"id" is not a whole number'],
    ["no process", '{"event":"invoke","id":1}', '"process" is not a whole number'],
    [
      "a negative process",
      '{"event":"invoke","id":1,"process":-1}',
      '"process" is not a whole number',
    ],
    ["no kind", '{"event":"invoke","id":1,"process":1}', '"kind" is not a text'],
    [
      "no time",
      '{"event":"invoke","id":1,"process":1,"kind":"read","key":""}',
      '"at" is not a number',
    ],
    [
      "an end without a start",
      '{"event":"complete","id":1,"outcome":"ok","at":1}',
      "id 1 was never invoked",
    ],
    ["no outcome", '{"event":"complete","id":1,"at":1}', '"outcome" is not ok, fail or unknown'],
    ["no end time", '{"event":"complete","id":1,"outcome":"ok"}', '"at" is not a number'],
    [
      "an end before the start",
      formatWhole(operation({ kind: "read", invokedAt: 5, completedAt: 4 })),
      "operation invoked at 5 is completed at 4",
    ],
    ["too deep", `{"a":${"[".repeat(40)}${"]".repeat(40)}}`, "nested deeper than 32"],
    ["too long", `{"a":"${"x".repeat(70_000)}"}`, "longer than 65536"],
  ])("are refused, with their number: %s", (_name, line, message) => {
    expect(() => parseHistory(`\n${line}\n`)).toThrow(new HistoryError(`line 2: ${message}`));
  });

  test.each([
    ["an id is used twice", formatInvoke(1, INVOKE), "id 1 is used twice"],
    [
      "an operation ends twice",
      formatComplete(1, { outcome: "fail", output: null, at: 13 }),
      "id 1 is completed twice",
    ],
  ])("are refused when %s", (_name, line, message) => {
    const reader = new HistoryReader();
    reader.push(formatInvoke(1, INVOKE));
    reader.push(formatComplete(1, { outcome: "ok", output: null, at: 12 }));
    expect(() => reader.push(line)).toThrow(message);
  });

  test("beyond the limit of operations are refused", () => {
    const line = formatWhole(operation({ kind: "read" }));
    const limits = { ...HISTORY_READ_LIMITS, operationsMax: 2 };
    expect(() => parseHistory([line, line, line].join("\n"), limits)).toThrow(
      "line 3: more than 2 operations",
    );
  });
});

describe("a recorder", () => {
  test("gives what was recorded, what is under way with an unknown outcome", () => {
    const recorder = new HistoryRecorder();
    const first = recorder.invoke(INVOKE);
    recorder.add({ ...INVOKE, process: 9 }, { outcome: "ok", output: null, at: 10.5 });
    recorder.invoke({ ...INVOKE, process: 4 });
    recorder.complete(first, { outcome: "ok", output: 1, at: 20 });
    expect(recorder.count).toBe(3);
    expect(recorder.operations().map(formatOperation)).toEqual([
      "process 3 write x 5 -> 1, 10.5 to 20 ms",
      "process 9 write x 5 -> null, 10.5 to 10.5 ms",
      "process 4 write x 5 -> unknown, 10.5 to ? ms",
    ]);
  });

  test("refuses the end of what never started, or is over", () => {
    const recorder = new HistoryRecorder();
    const end = { outcome: "ok", output: null, at: 20 } as const;
    expect(() => recorder.complete(0, end)).toThrow("operation 0 was never invoked");
    recorder.complete(recorder.invoke(INVOKE), end);
    expect(() => recorder.complete(0, end)).toThrow("operation 0 is completed twice");
  });
});

test("a drawing has its times from its columns", () => {
  expect(draw(["|write 1|  |read -> ?|"]).map(formatOperation)).toEqual([
    "process 0 write x 1 -> null, 0 to 8 ms",
    "process 0 read x -> unknown, 11 to ? ms",
  ]);
});

test.each([
  [1, 1, true],
  [1, "1", false],
  [null, 0, false],
  [null, {}, false],
  [{ a: 1, b: [2] }, { b: [2], a: 1 }, true],
  [{ a: 1 }, { a: 1, b: null }, false],
  [[1, 2], [2, 1], false],
  [[], {}, false],
])("%j and %j are the same: %j", (left, right, isSame) => {
  expect(isSameJson(left, right)).toBe(isSame);
});

test("a long value is cut for people", () => {
  const text = formatOperation(operation({ kind: "write", input: "x".repeat(1000) }));
  expect(text.length).toBeLessThan(250);
});
