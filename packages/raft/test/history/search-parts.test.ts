import { describe, expect, test } from "vitest";
import {
  checkLinearizability,
  HistoryError,
  type Operation,
  type SequentialModel,
} from "../../src/history/index.ts";
import { OperationList } from "../../src/history/linearizability/operation-list.ts";
import { PlacedSet } from "../../src/history/linearizability/placed-set.ts";
import { VisitedSet } from "../../src/history/linearizability/visited-set.ts";
import { isLinearizableByBruteForce } from "./brute-force.ts";
import { randomHistory } from "./random-history.ts";
import { SeededRandom } from "./seeded-random.ts";

function numbersOf(list: OperationList): number[] {
  const numbers: number[] = [];
  for (let each = list.first; each !== list.end; each = list.after(each)) numbers.push(each);
  return numbers;
}

describe("the list of operations not placed yet", () => {
  test("has all of them in order, and none when there are none", () => {
    expect(numbersOf(new OperationList(4))).toEqual([0, 1, 2, 3]);
    expect(numbersOf(new OperationList(0))).toEqual([]);
  });

  test("gets back what was lifted, in the opposite order, where it was", () => {
    const random = new SeededRandom(1);
    const list = new OperationList(50);
    const lifted: number[] = [];
    const shown: number[][] = [];
    while (numbersOf(list).length > 0) {
      shown.push(numbersOf(list));
      const operation = random.pick(numbersOf(list));
      list.lift(operation);
      lifted.push(operation);
      expect(numbersOf(list)).not.toContain(operation);
    }
    while (lifted.length > 0) {
      list.unlift(lifted.pop() ?? 0);
      expect(numbersOf(list)).toEqual(shown.pop());
    }
  });
});

describe("the set of placed operations", () => {
  test("has the same hash however it came about", () => {
    const first = new PlacedSet(100);
    const second = new PlacedSet(100);
    for (const each of [3, 70, 99, 12]) first.flip(each);
    for (const each of [99, 12, 50, 70, 3, 50]) second.flip(each);
    expect(second.hash).toBe(first.hash);
    expect(second.words).toEqual(first.words);
    first.flip(3);
    expect(second.hash).not.toBe(first.hash);
  });
});

describe("the memory of the search", () => {
  test("knows each configuration again, while it grows", () => {
    const count = 200;
    const placed = new PlacedSet(count);
    const visited = new VisitedSet(Number.POSITIVE_INFINITY);
    const places: { readonly flipped: number; readonly first: number; readonly state: number }[] =
      [];
    const random = new SeededRandom(3);
    const model = new Set<string>();
    for (let step = 0; step < 20_000; step++) {
      const flipped = random.below(count);
      placed.flip(flipped);
      const first = firstUnplaced(placed, count);
      const state = random.below(3);
      places.push({ flipped, first, state });
      const key = `${placed.words.join()} ${state}`;
      const expected = model.has(key) ? "known" : "new";
      model.add(key);
      expect(visited.add(placed, first, state)).toBe(expected);
    }
    for (const { flipped, first, state } of places.toReversed()) {
      expect(visited.add(placed, first, state)).toBe("known");
      placed.flip(flipped);
    }
  });

  test("is full at its limit, and still knows what it has", () => {
    const placed = new PlacedSet(32);
    const visited = new VisitedSet(50);
    placed.flip(1);
    expect(visited.add(placed, 0, 0)).toBe("new");
    expect(visited.add(placed, 0, 1)).toBe("new");
    expect(visited.add(placed, 0, 2)).toBe("full");
    expect(visited.add(placed, 0, 1)).toBe("known");
  });

  test("tells states and sets apart whose hashes are the same", () => {
    // All hashes are the same when the set keeps its own at zero.
    class Colliding extends PlacedSet {
      override get hash(): number {
        return 0;
      }
    }
    const placed = new Colliding(64);
    const visited = new VisitedSet(10_000);
    for (let each = 0; each < 64; each++) {
      placed.flip(each);
      expect(visited.add(placed, each + 1, 0)).toBe("new");
      expect(visited.add(placed, each + 1, 0)).toBe("known");
    }
  });
});

function firstUnplaced(placed: PlacedSet, count: number): number {
  let each = 0;
  while (each < count && (((placed.words[each >>> 5] ?? 0) >>> (each & 31)) & 1) === 1) each++;
  return each;
}

/** A model that says the least about itself: what an operation leaves depends on the state before. */
const counterModel: SequentialModel<number> = {
  name: "counter",
  initial: 0,
  step(state, { kind, output, outcome }) {
    if (kind === "add") return state + 1;
    if (kind === "get") return outcome !== "ok" || output === state ? state : undefined;
    throw new HistoryError(kind);
  },
  stateKey: String,
  isReadOnly: ({ kind }) => kind === "get",
  isBlind: () => false,
  needs: ({ kind, output }) => (kind === "get" ? String(output) : undefined),
  leaves: () => undefined,
  isAboutProcess: false,
};

test("a model need not know what its operations leave behind", () => {
  let invalid = 0;
  for (let seed = 0; seed < 500; seed++) {
    const random = new SeededRandom(seed);
    const object = {
      model: counterModel,
      call: () => ({ kind: random.pick(["add", "get"]), input: null }),
      answer: (state: number, { kind }: { readonly kind: string }) =>
        kind === "get" ? state : null,
    };
    const options = { processes: 3, operations: 7, unknownPercent: 20, failPercent: 0 };
    const history: Operation[] = randomHistory(object, random, options).map((each) =>
      each.output !== null && random.chance(20) ? { ...each, output: random.below(4) } : each,
    );
    if (!history.some((each) => each.outcome === "ok")) continue;
    const expected = isLinearizableByBruteForce(history, counterModel) ? "valid" : "invalid";
    expect(checkLinearizability(history, counterModel).validity, `seed ${seed}`).toBe(expected);
    if (expected === "invalid") invalid++;
  }
  expect(invalid).toBeGreaterThan(50);
});
