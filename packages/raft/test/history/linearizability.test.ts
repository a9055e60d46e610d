import { describe, expect, test } from "vitest";
import {
  checkLinearizability,
  formatVerdict,
  HistoryError,
  LINEARIZABILITY_LIMITS,
  lockModel,
  mapModel,
  registerModel,
  type SequentialModel,
  setModel,
} from "../../src/history/index.ts";
import { draw, operation } from "./operation-makers.ts";

const MODELS: Readonly<Record<string, SequentialModel<never>>> = {
  register: registerModel as SequentialModel<never>,
  map: mapModel as SequentialModel<never>,
  lock: lockModel as SequentialModel<never>,
  set: setModel as SequentialModel<never>,
};

function validityOf(model: string, lines: readonly string[]): string {
  const chosen = MODELS[model];
  if (chosen === undefined) throw new Error(model);
  return checkLinearizability(draw(lines), chosen).validity;
}

describe("a linearizable history", () => {
  test.each<[string, string, readonly string[]]>([
    ["a read after a write sees it", "register", ["|write 1|  |read -> 1|"]],
    ["an untouched register is null", "register", ["|read -> null|"]],
    [
      "a read during a write may see either value",
      "register",
      [
        "|write 1|  |     write 2     |",
        "                |read -> 1|",
        "           |read -> 1||read -> 2|",
      ],
    ],
    [
      "overlapping writes take effect in the order that reads show",
      "register",
      ["|   write 1   |", "|   write 2   |", "                |read -> 1|"],
    ],
    [
      "a write without an answer may be seen much later",
      "register",
      ["|write 1 -> ?|", "               |read -> null|  |read -> 1|"],
    ],
    [
      "a write without an answer may never be seen",
      "register",
      ["|write 1 -> ?|   |read -> null|"],
    ],
    ["a failed write is not seen", "register", ["|write 1 -> !|  |read -> null|"]],
    [
      "a read without an answer says nothing",
      "register",
      ["|write 1|  |read -> ?|", "                       |read -> 1|"],
    ],
    [
      "one of two concurrent compare-and-sets is refused",
      "register",
      ["|cas [null,1] -> true |", "|cas [null,2] -> false|"],
    ],
    [
      "a compare-and-set without an answer explains a later value",
      "register",
      ["|write 1|  |cas [1,2] -> ?|   |read -> 1|  |read -> 2|"],
    ],
    [
      "two unanswered calls may build on each other",
      "register",
      ["|write 1 -> ?|", "|cas [1,2] -> ?|", "                  |read -> 2|"],
    ],
    [
      "an inserted value is found, kept, deleted and gone",
      "map",
      ["|insert 1 -> true| |insert 2 -> false| |get -> 1| |delete -> true| |get -> null|"],
    ],
    ["a delete that does not tell may have met nothing", "map", ["|delete|  |delete -> false|"]],
    [
      "a lock goes from one to the next",
      "lock",
      ["|acquire -> true|   |release|", "     |  acquire -> true        |"],
    ],
    [
      "a lock whose release was not answered is free some time",
      "lock",
      [
        "|acquire -> true|  |release -> ?|",
        "                     |acquire -> false|  |acquire -> true|",
      ],
    ],
    ["a release by another is refused", "lock", ["|acquire -> true|", "      |release -> false|"]],
    [
      "a declared queue exists until it is deleted",
      "set",
      ["|contains -> false| |add| |contains -> true| |remove| |contains -> false|"],
    ],
    [
      "during a delete a queue may be there or not",
      "set",
      [
        "|add|  |     remove                          |",
        "          |contains -> true||contains -> false|",
      ],
    ],
  ])("%s", (_name, model, lines) => {
    expect(validityOf(model, lines)).toBe("valid");
  });
});

describe("a history that is not linearizable", () => {
  test.each<[string, string, readonly string[]]>([
    ["a stale read", "register", ["|write 1|  |write 2|", "                      |read -> 1|"]],
    ["a read from nowhere", "register", ["|write 1|  |read -> 3|"]],
    ["a lost write", "register", ["|write 1|  |read -> null|"]],
    [
      "a value that comes back",
      "register",
      ["|          write 2             |", "|write 1|  |read -> 2||read -> 1|"],
    ],
    [
      "two readers that see writes in different orders",
      "register",
      [
        "|write 1|",
        "|write 2|",
        "           |read -> 1|  |read -> 2|",
        "           |read -> 2|  |read -> 1|",
      ],
    ],
    ["a failed write that is seen", "register", ["|write 1 -> !|  |read -> 1|"]],
    [
      "two winners of a compare-and-set",
      "register",
      ["|cas [null,1] -> true|", "|cas [null,2] -> true|"],
    ],
    ["a compare-and-set refused for no reason", "register", ["|cas [null,1] -> false|"]],
    [
      "an unanswered write that is seen twice, with another between",
      "register",
      ["|write 1 -> ?|", "               |read -> 1| |write 2| |read -> 2| |read -> 1|"],
    ],
    ["a key inserted twice", "map", ["|insert 1 -> true|", "|insert 2 -> true|"]],
    ["a deleted value that is read", "map", ["|put 1|  |delete|  |get -> 1|"]],
    ["a lock granted twice", "lock", ["|acquire -> true|", "      |acquire -> true|"]],
    ["a free lock refused", "lock", ["|acquire -> false|"]],
    ["a lock released by another", "lock", ["|acquire -> true|", "                  |release|"]],
    ["a declared queue that is missing", "set", ["|add|  |contains -> false|"]],
    ["a zombie of a deleted queue", "set", ["|add|  |remove| |contains -> true|"]],
    ["an element added twice", "set", ["|add -> true|  |add -> true|"]],
  ])("%s", (_name, model, lines) => {
    expect(validityOf(model, lines)).toBe("invalid");
  });

  test("is explained by the longest order that works and what has no place in it", () => {
    const history = draw([
      "|write 1|  |write 2|       |read -> 7|",
      "                      |read -> 1|",
    ]);
    const verdict = checkLinearizability(history, registerModel);
    expect(verdict.problems[0]?.text.split("\n")).toEqual([
      "register x is not linearizable. Longest order that works: 2 operations",
      "  process 0 write x 1 -> null, 0 to 8 ms",
      "  process 0 write x 2 -> null, 11 to 19 ms",
      "state then: 2",
      "no place for: process 1 read x -> 1, 22 to 32 ms",
      "  overlaps with: process 0 read x -> 7, 27 to 37 ms",
    ]);
    expect(formatVerdict(verdict)).toContain("not-linearizable: 1");
  });

  test("shows the end only of a long order", () => {
    const history = Array.from({ length: 100 }, (_unused, at) =>
      operation({ kind: "write", input: at, invokedAt: at * 2 }),
    );
    history.push(operation({ kind: "read", output: 7, invokedAt: 1000 }));
    const [problem] = checkLinearizability(history, registerModel).problems;
    expect(problem?.text).toContain("100 operations\n  ... 80 operations\n");
  });
});

describe("a history that shows nothing", () => {
  test.each([
    ["no operations at all", []],
    ["none was answered", draw(["|write 1 -> ?|", "|read -> !|"])],
  ])("is unknown: %s", (_name, history) => {
    const verdict = checkLinearizability(history, registerModel);
    expect(verdict).toMatchObject({
      validity: "unknown",
      doubts: ["no operation was answered"],
    });
  });

  test("is unknown beyond the limit of operations per key, whatever the other keys show", () => {
    const history = draw(["|write 1| |write 2| |write 3|"]);
    const other = operation({ kind: "write", key: "y", input: 1 });
    const limits = { ...LINEARIZABILITY_LIMITS, operationsPerKeyMax: 2 };
    const verdict = checkLinearizability([...history, other], registerModel, limits);
    expect(verdict).toMatchObject({ validity: "unknown", doubts: ["x: more than 2 operations"] });
  });

  test.each([
    ["steps", { stepsMax: 2 }],
    ["memory", { memoryMax: 40 }],
  ])("is unknown when the search runs out of %s", (_name, limit) => {
    const history = draw(["|write 1| |write 2| |write 3| |read -> 3|"]);
    const verdict = checkLinearizability(history, registerModel, {
      ...LINEARIZABILITY_LIMITS,
      ...limit,
    });
    expect(verdict.validity).toBe("unknown");
    expect(verdict.doubts[0]).toContain("search given up");
  });
});

describe("keys", () => {
  test("are checked apart from each other", () => {
    const good = draw(["|write 1|  |read -> 1|"]);
    const bad = draw(["|write 1|  |read -> 2|"]).map((each) => ({ ...each, key: "y" }));
    const verdict = checkLinearizability([...good, ...bad], registerModel);
    expect(verdict).toMatchObject({ validity: "invalid", counts: { keys: 2 } });
    expect(verdict.problems).toHaveLength(1);
    expect(verdict.problems[0]?.text).toContain("register y");
  });
});

describe("equal time stamps", () => {
  test("count as overlap: a coarse clock does not make a history invalid", () => {
    const write = operation({ kind: "write", input: 1, invokedAt: 0, completedAt: 5 });
    const read = operation({ kind: "read", output: null, invokedAt: 5, completedAt: 6 });
    expect(checkLinearizability([write, read], registerModel).validity).toBe("valid");
  });
});

test.each(Object.entries(MODELS))(
  "the %s model refuses a kind it does not know",
  (_name, model) => {
    const history = [operation({ kind: "frobnicate" })];
    expect(() => checkLinearizability(history, model)).toThrow(HistoryError);
  },
);

test("a compare-and-set without its two values is refused", () => {
  const history = [operation({ kind: "cas", input: 1, output: true })];
  expect(() => checkLinearizability(history, registerModel)).toThrow("cas needs [expected, next]");
});
