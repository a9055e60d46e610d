import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HashRing } from "../src/index.ts";

interface Entry {
  readonly key: string;
  readonly weight: number;
}

function ringOf(entries: readonly Entry[]): HashRing<string> {
  const ring = new HashRing<string>();
  for (const { key, weight } of entries) ring.add(key, key, weight);
  return ring;
}

function keys(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `key-${index}`);
}

function shares(ring: HashRing<string>, count: number): Map<string, number> {
  const found = new Map<string, number>();
  for (const key of keys(count)) {
    const node = ring.locate(key) ?? "";
    found.set(node, (found.get(node) ?? 0) + 1);
  }
  return found;
}

const entries: fc.Arbitrary<Entry[]> = fc.uniqueArray(
  fc.record({
    key: fc.string({ minLength: 1, maxLength: 12 }),
    weight: fc.integer({ min: 1, max: 5 }),
  }),
  { selector: ({ key }) => key, minLength: 1, maxLength: 12 },
);

describe("an empty ring", () => {
  test("locates nothing", () => {
    const ring = new HashRing<string>();
    expect(ring.locate("a")).toBeUndefined();
    expect(ring.locateMany("a", 3)).toEqual([]);
    expect(ring.locateBounded("a", () => 0)).toBeUndefined();
  });

  test("locates nothing again after its last node is gone", () => {
    const ring = ringOf([{ key: "a", weight: 1 }]);
    expect(ring.locate("k")).toBe("a");
    expect(ring.remove("a")).toBe(true);
    expect(ring.remove("a")).toBe(false);
    expect(ring.locate("k")).toBeUndefined();
  });
});

describe("placement", () => {
  test("is the same in every process and version", () => {
    const ring = ringOf([
      { key: "rabbit@a", weight: 1 },
      { key: "rabbit@b", weight: 1 },
      { key: "rabbit@c", weight: 2 },
    ]);
    // Fixed results: a change of them moves every replica of every existing cluster.
    expect(
      keys(12)
        .map((key) => ring.locate(key)?.at(-1))
        .join(""),
    ).toBe("cbcacaaaacac");
    expect(ring.locateMany("orders", 3)).toEqual(["rabbit@c", "rabbit@b", "rabbit@a"]);
  });

  test("does not depend on the order in which nodes were added", () => {
    fc.assert(
      fc.property(entries, fc.integer(), (list, salt) => {
        const shuffled = [...list].sort(
          (a, b) => ((a.key.length * 31 + salt) % 7) - ((b.key.length * 31 + salt) % 7),
        );
        const [left, right] = [ringOf(list), ringOf(shuffled.reverse())];
        for (const key of keys(100)) expect(left.locate(key)).toBe(right.locate(key));
      }),
      { numRuns: 50 },
    );
  });

  test("takes text and its UTF-8 bytes for the same key", () => {
    const ring = ringOf([
      { key: "a", weight: 1 },
      { key: "b", weight: 1 },
    ]);
    for (const key of keys(50)) expect(ring.locate(Buffer.from(key))).toBe(ring.locate(key));
  });

  test("moves only keys of a node that is removed", () => {
    fc.assert(
      fc.property(entries, fc.nat(), (list, pick) => {
        const gone = list[pick % list.length]?.key ?? "";
        const ring = ringOf(list);
        const before = keys(200).map((key) => ring.locate(key));
        ring.remove(gone);
        for (const [index, key] of keys(200).entries()) {
          if (before[index] !== gone) expect(ring.locate(key)).toBe(before[index]);
        }
      }),
      { numRuns: 50 },
    );
  });

  test("moves keys only to a node that is added", () => {
    fc.assert(
      fc.property(entries, fc.integer({ min: 1, max: 5 }), (list, weight) => {
        const ring = ringOf(list);
        const before = keys(200).map((key) => ring.locate(key));
        ring.add("the new one", "the new one", weight);
        for (const [index, key] of keys(200).entries()) {
          const now = ring.locate(key);
          if (now !== "the new one") expect(now).toBe(before[index]);
        }
      }),
      { numRuns: 50 },
    );
  });

  test("moves keys only to a node whose weight grows", () => {
    const ring = ringOf(["a", "b", "c"].map((key) => ({ key, weight: 2 })));
    const before = keys(2000).map((key) => ring.locate(key));
    ring.add("a", "a", 6);
    const after = keys(2000).map((key) => ring.locate(key));
    expect(ring.size).toBe(3);
    const moved = after.filter((node, index) => node !== before[index]);
    expect(moved.length).toBeGreaterThan(300);
    expect(new Set(moved)).toEqual(new Set(["a"]));
  });
});

describe("balance", () => {
  test("gives ten equal nodes between 0.7 and 1.3 of the fair share each", () => {
    const ring = ringOf(keys(10).map((key) => ({ key, weight: 1 })));
    const found = [...shares(ring, 20_000).values()];
    expect(found).toHaveLength(10);
    expect(Math.min(...found)).toBeGreaterThan(1400);
    expect(Math.max(...found)).toBeLessThan(2600);
  });

  test("follows the weights", () => {
    const ring = ringOf([
      { key: "q1", weight: 10 },
      { key: "q2", weight: 20 },
      { key: "q3", weight: 70 },
    ]);
    const found = shares(ring, 20_000);
    expect((found.get("q1") ?? 0) / 20_000).toBeCloseTo(0.1, 1);
    expect((found.get("q2") ?? 0) / 20_000).toBeCloseTo(0.2, 1);
    expect((found.get("q3") ?? 0) / 20_000).toBeCloseTo(0.7, 1);
  });

  test("follows weights in the billions, which could not have a point for each unit", () => {
    const ring = ringOf([
      { key: "small", weight: 1 },
      { key: "large", weight: 3e9 },
      { key: "larger", weight: 9e9 },
    ]);
    const found = shares(ring, 20_000);
    expect((found.get("larger") ?? 0) / 20_000).toBeCloseTo(0.75, 1);
    expect((found.get("large") ?? 0) / 20_000).toBeCloseTo(0.25, 1);
  });

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])("refuses the weight %d", (weight) => {
    expect(() => new HashRing<string>().add("a", "a", weight)).toThrow(RangeError);
  });
});

describe("locateMany", () => {
  test("gives different nodes, the owner first, as many as asked for or as there are", () => {
    fc.assert(
      fc.property(entries, fc.string(), fc.integer({ min: 0, max: 20 }), (list, key, count) => {
        const ring = ringOf(list);
        const found = ring.locateMany(key, count);
        expect(found).toHaveLength(Math.min(count, list.length));
        expect(new Set(found).size).toBe(found.length);
        if (count > 0) expect(found[0]).toBe(ring.locate(key));
      }),
      { numRuns: 100 },
    );
  });

  test("keeps the order of the others when a node goes", () => {
    fc.assert(
      fc.property(entries, fc.string(), fc.nat(), (list, key, pick) => {
        const gone = list[pick % list.length]?.key ?? "";
        const ring = ringOf(list);
        const before = ring.locateMany(key, list.length);
        ring.remove(gone);
        expect(ring.locateMany(key, list.length)).toEqual(before.filter((node) => node !== gone));
      }),
      { numRuns: 100 },
    );
  });
});

describe("locateBounded", () => {
  test("never loads a node beyond its capacity", () => {
    const factors = fc.constantFrom(1, 1.1, 1.25, 2);
    fc.assert(
      fc.property(entries, factors, fc.integer({ min: 1, max: 120 }), (list, factor, items) => {
        const ring = ringOf(list);
        const loads = new Map(list.map(({ key }) => [key, 0]));
        const loadOf = (node: string): number => loads.get(node) ?? 0;
        for (const key of keys(items)) {
          const node = ring.locateBounded(key, loadOf, factor) ?? "";
          loads.set(node, loadOf(node) + 1);
        }
        const totalWeight = list.reduce((sum, { weight }) => sum + weight, 0);
        for (const { key, weight } of list) {
          const capacity = Math.ceil((factor * items * weight) / totalWeight + 1e-9);
          expect(loadOf(key)).toBeLessThanOrEqual(capacity);
        }
      }),
      { numRuns: 100 },
    );
  });

  test("gives the owner of the key while that has room", () => {
    const ring = ringOf(["a", "b", "c"].map((key) => ({ key, weight: 1 })));
    for (const key of keys(50)) {
      expect(ring.locateBounded(key, () => 10)).toBe(ring.locate(key));
    }
  });

  test("gives the next node of the key's order when the owner is full", () => {
    const ring = ringOf(["a", "b", "c"].map((key) => ({ key, weight: 1 })));
    for (const key of keys(50)) {
      const [owner, next] = ring.locateMany(key, 2);
      expect(ring.locateBounded(key, (node) => (node === owner ? 30 : 1), 1.5)).toBe(next);
    }
  });

  test("refuses a capacity factor below 1", () => {
    const ring = ringOf([{ key: "a", weight: 1 }]);
    expect(() => ring.locateBounded("k", () => 0, 0.5)).toThrow(RangeError);
  });
});
