import { describe, expect, test } from "vitest";
import type { GroupState } from "./group-model.ts";
import { type AppendStep, formatLine, type JournalLine, parseJournal } from "./journal.ts";
import { StoreModel } from "./store-model.ts";

// The check of the check: what the kill test would say to stores that keep less, or more, than they reported.

const CREATE = { kind: "create", group: 1 } as const;

function append(seq: number, first: number, count: number, term: number): AppendStep {
  return {
    kind: "append",
    group: 1,
    seq,
    hardState: [term, 0, 1],
    entries: { first, count, term },
    install: undefined,
  };
}

function durable(seq: number): JournalLine {
  return { kind: "durable", group: 1, seq };
}

/** The log of a new group, index 1 of term 1, and then entries of these terms. */
function stateOf(terms: readonly number[], term = terms.at(-1) ?? 1): GroupState {
  const all = [1, ...terms];
  return {
    term,
    vote: 0,
    commit: 1,
    compactedIndex: 1,
    lastIndex: all.length,
    termAt: (index) => all[index - 1],
  };
}

function modelOf(...lines: readonly JournalLine[]): StoreModel {
  const model = new StoreModel();
  for (const line of [CREATE, { kind: "done", step: CREATE } as const, ...lines]) model.take(line);
  return model;
}

const OVERWRITTEN = [append(1, 2, 3, 1), durable(1), append(2, 3, 1, 2), append(3, 4, 2, 2)];

describe("a store that was killed", () => {
  test.each<[string, readonly JournalLine[], GroupState]>([
    ["has what was durable", OVERWRITTEN, stateOf([1, 1, 1])],
    ["has one write more", OVERWRITTEN, stateOf([1, 2])],
    ["has all writes", OVERWRITTEN, stateOf([1, 2, 2, 2])],
    ["has nothing, as nothing was durable", [append(1, 2, 1, 1)], stateOf([], 1)],
  ])("may say that it %s", (_what, lines, state) => {
    expect(
      modelOf(...lines)
        .get(1)
        .match(state),
    ).toBeUndefined();
  });

  test.each<[string, readonly JournalLine[], GroupState]>([
    ["lacks an entry that was durable", OVERWRITTEN, stateOf([1, 1])],
    ["lacks a truncation that was durable", [...OVERWRITTEN, durable(2)], stateOf([1, 1, 1])],
    ["has a later write without an earlier one", OVERWRITTEN, stateOf([1, 1, 2, 2])],
    ["has half a write", OVERWRITTEN, stateOf([1, 2, 2])],
    ["has what was never written", OVERWRITTEN, stateOf([1, 1, 1, 3], 1)],
    ["has an older term", [...OVERWRITTEN, durable(3)], stateOf([1, 2, 2, 2], 1)],
    ["forgot entries", OVERWRITTEN, { ...stateOf([1, 1, 1]), compactedIndex: 2 }],
  ])("is caught when it %s", (_what, lines, state) => {
    expect(
      modelOf(...lines)
        .get(1)
        .match(state),
    ).toMatch(/instead of|compacted/);
  });

  test("goes on from what was found", () => {
    const model = modelOf(...OVERWRITTEN);
    expect(model.get(1).match(stateOf([1, 2]))).toBeUndefined();
    model.take(append(1, 4, 1, 3));
    model.take(durable(1));
    expect(model.get(1).match(stateOf([1, 2, 3]))).toBeUndefined();
  });
});

test("a journal whose writer was killed in the middle of a line ends before it", () => {
  const text = OVERWRITTEN.map(formatLine).join("");
  expect(parseJournal(text)).toHaveLength(OVERWRITTEN.length);
  expect(parseJournal(text.slice(0, -1))).toHaveLength(OVERWRITTEN.length - 1);
  expect(parseJournal("")).toEqual([]);
});
