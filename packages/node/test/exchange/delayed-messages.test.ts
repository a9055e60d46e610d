import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DelayedMessages } from "../../src/exchange/delayed-messages.ts";

interface Pending {
  readonly due: number;
  readonly id: number;
}

/** The specification: sort by due time; a stable sort keeps the order of arrival. */
class SortedMessages {
  #pending: Pending[] = [];

  add(due: number, id: number): void {
    this.#pending.push({ due, id });
  }

  takeDue(now: number, limit: number): number[] {
    const taken = this.#pending
      .filter(({ due }) => due <= now)
      .sort((a, b) => a.due - b.due)
      .slice(0, limit);
    this.#pending = this.#pending.filter((each) => !taken.includes(each));
    return taken.map(({ id }) => id);
  }

  nextDueAtMs(): number | undefined {
    return this.#pending.map(({ due }) => due).sort((a, b) => a - b)[0];
  }
}

type Step = { readonly due: number } | { readonly now: number; readonly limit: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ due: fc.integer({ min: 0, max: 50 }) }) },
    { weight: 1, arbitrary: fc.record({ now: fc.nat(50), limit: fc.integer({ min: 0, max: 9 }) }) },
  ),
  { maxLength: 300 },
);

describe("delayed messages", () => {
  test("come out by due time, then in order of arrival, for any mix of adding and taking", () => {
    fc.assert(
      fc.property(steps, (list) => {
        const delayed = new DelayedMessages<number>();
        const model = new SortedMessages();
        for (const [id, step] of list.entries()) {
          if ("due" in step) {
            delayed.add(step.due, id);
            model.add(step.due, id);
          } else {
            expect(delayed.takeDue(step.now, step.limit)).toEqual(
              model.takeDue(step.now, step.limit),
            );
          }
          expect(delayed.nextDueAtMs()).toBe(model.nextDueAtMs());
        }
        const rest = delayed.size;
        expect(delayed.takeDue(100, rest)).toEqual(model.takeDue(100, rest));
        expect(delayed.size).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  test("stay until their time, to the millisecond", () => {
    const delayed = new DelayedMessages<string>();
    delayed.add(1000, "later");
    delayed.add(500, "sooner");
    expect(delayed.nextDueAtMs()).toBe(500);
    expect(delayed.takeDue(499, 10)).toEqual([]);
    expect(delayed.takeDue(500, 10)).toEqual(["sooner"]);
    expect(delayed.nextDueAtMs()).toBe(1000);
    expect(delayed.takeDue(5000, 10)).toEqual(["later"]);
    expect(delayed.nextDueAtMs()).toBeUndefined();
  });

  test("come out at most as many at a time as asked for", () => {
    const delayed = new DelayedMessages<number>();
    for (let id = 0; id < 5; id++) delayed.add(0, id);
    expect(delayed.takeDue(1, 2)).toEqual([0, 1]);
    expect(delayed.takeDue(1, 2)).toEqual([2, 3]);
    expect(delayed.takeDue(1, 0)).toEqual([]);
    expect(delayed.takeDue(1, 2)).toEqual([4]);
  });

  test("are all released once when cleared, and more can be added after", () => {
    const delayed = new DelayedMessages<number>();
    for (let id = 0; id < 1000; id++) delayed.add(1000 - id, id);
    const released: number[] = [];
    delayed.clear((id) => released.push(id));
    expect(released.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, id) => id));
    expect(delayed.size).toBe(0);
    expect(delayed.nextDueAtMs()).toBeUndefined();
    delayed.add(7, 7);
    expect(delayed.takeDue(7, 10)).toEqual([7]);
  });

  test("come out in order after growing to 200,000 and shrinking again", () => {
    const delayed = new DelayedMessages<number>();
    const count = 200_000;
    // 7919 has no common factor with the count: every due time occurs once.
    for (let id = 0; id < count; id++) delayed.add((id * 7919) % count, (id * 7919) % count);
    for (let due = 0; due < count; due += 1000) {
      const taken = delayed.takeDue(due + 999, 2000);
      expect(taken).toHaveLength(1000);
      expect(taken[0]).toBe(due);
      expect(taken.at(-1)).toBe(due + 999);
    }
    expect(delayed.size).toBe(0);
  });
});
