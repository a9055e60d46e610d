import fc from "fast-check";
import { expect, test } from "vitest";
import { Slices } from "../../src/lists/slices.ts";
import { compareValues, type SortValue, sortRows } from "../../src/lists/sorted.ts";

test("values of different kinds have an order: nothing, numbers, words, objects, text", () => {
  const values: SortValue[] = ["b", "a", { x: 1 }, null, true, 5, -1, undefined];
  const sorted = values
    .map((value) => [value] as const)
    .toSorted(([a], [b]) => compareValues(a, b));
  expect(sorted.map(([value]) => value)).toEqual([
    undefined,
    -1,
    5,
    null,
    true,
    { x: 1 },
    "a",
    "b",
  ]);
});

test("sorting in slices gives what sorting at once gives, and keeps the order of equals", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 3000 }),
      fc.boolean(),
      async (numbers, isReverse) => {
        const rows = numbers.map((number, row) => ({ row, keys: [number] }));
        const sign = isReverse ? -1 : 1;
        const expected = rows
          .toSorted((left, right) => sign * ((left.keys[0] ?? 0) - (right.keys[0] ?? 0)))
          .map(({ row }) => row);
        expect(await sortRows(rows, isReverse, new Slices())).toEqual(expected);
      },
    ),
    { numRuns: 20 },
  );
});
