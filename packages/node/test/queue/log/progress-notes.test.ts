import { expect, test } from "vitest";
import { ProgressNotes } from "../../../src/queue/log/progress-notes.ts";

test("notes are told to the log in commands of a bounded size, each once and in order", () => {
  const notes = new ProgressNotes();
  for (let number = 1; number <= 5; number++) notes.removed(0, number * 256);
  notes.removed(0, 5 * 256 + 1); // Joins the last one.
  for (let number = 6; number <= 8; number++) notes.returned(0, number * 256, 1);
  notes.delivered(0, 8 * 256);
  const range = (number: number, count = 1): object => {
    return { level: 0, first: number * 256, last: number * 256 + count - 1 };
  };
  const returned = (number: number): object => ({ level: 0, ref: number * 256, count: 1 });
  expect(notes.take(2)).toEqual({
    removed: [range(1), range(2)],
    delivered: [{ level: 0, ref: 8 * 256 }],
    returned: [returned(6), returned(7)],
  });
  expect(notes.take(2)).toEqual({
    removed: [range(3), range(4)],
    delivered: [],
    returned: [returned(8)],
  });
  expect(notes.isEmpty).toBe(false);
  expect(notes.take(2)).toEqual({ removed: [range(5, 2)], delivered: [], returned: [] });
  expect(notes.isEmpty).toBe(true);
});
