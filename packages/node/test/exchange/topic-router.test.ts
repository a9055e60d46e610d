import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { binding, message, routed, routerOf, table } from "./routing.ts";

/** The rules of spec 3.1.3.3 word for word; exponential, so for short keys only. */
function isTopicMatch(pattern: readonly string[], words: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return words.length === 0;
  if (first === "#") {
    return words.concat("").some((_, taken) => isTopicMatch(rest, words.slice(taken)));
  }
  if (words.length === 0) return false;
  return (first === "*" || first === words[0]) && isTopicMatch(rest, words.slice(1));
}

function wordsOf(key: string): string[] {
  return key === "" ? [] : key.split(".");
}

function keyOf(...words: string[]): fc.Arbitrary<string> {
  return fc.array(fc.constantFrom(...words), { maxLength: 6 }).map((list) => list.join("."));
}

const patterns = keyOf("a", "b", "", "*", "#", "#");
const routingKeys = keyOf("a", "b", "c", "");

describe("a topic exchange", () => {
  test.each([
    ["*.orange.*", "quick.orange.rabbit", true],
    ["*.orange.*", "orange", false],
    ["*.orange.*", "quick.orange.new.rabbit", false],
    ["*.*.rabbit", "lazy.orange.rabbit", true],
    ["lazy.#", "lazy", true],
    ["lazy.#", "lazy.orange.new.rabbit", true],
    ["lazy.#", "lazyorange", false],
    ["#", "", true],
    ["#", "a.b.c", true],
    ["*", "", false],
    ["", "", true],
    ["", "a", false],
    ["*", "*", true],
    ["#.b.#", "a.b", true],
    ["#.b.#", "a.a", false],
    ["a.#.b", "a.b", true],
    ["a.#.b", "a.x.y.b", true],
    ["a.#.b", "a.x.y", false],
    ["a.*.#", "a", false],
    ["a.*.#", "a.", true],
    ["a..b", "a..b", true],
    ["a.*.b", "a..b", true],
    ["*.*", ".", true],
    ["#.#", "", true],
    ["a*", "ab", false],
  ])("matches the binding key %j with the routing key %j: %j", (pattern, key, isMatch) => {
    const router = routerOf("topic", [binding("q", pattern)]);
    expect(routed(router, message(key))).toEqual(isMatch ? ["q"] : []);
  });

  test("routes as the rules say, for any set of bindings and after any of them went", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(patterns, { maxLength: 12 }),
        fc.array(routingKeys, { minLength: 1, maxLength: 8 }),
        fc.nat(12),
        (bound, keys, gone) => {
          const bindings = bound.map((pattern) => binding(pattern, pattern));
          const router = routerOf("topic", bindings);
          for (const each of bindings.slice(0, gone)) router.unbind(each);
          for (const key of keys) {
            const expected = bound
              .slice(gone)
              .filter((pattern) => isTopicMatch(wordsOf(pattern), wordsOf(key)));
            expect(routed(router, message(key))).toEqual(expected.sort());
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("the bindings of a topic exchange", () => {
  test("gives a destination one copy however many binding keys match", () => {
    const router = routerOf("topic", [
      binding("q", "#"),
      binding("q", "a.*"),
      binding("q", "a.b"),
      binding("q", "a.b", table({ note: "again" })),
    ]);
    expect(routed(router, message("a.b"))).toEqual(["q"]);
  });

  test("unbinds only the binding with the same key, destination and arguments", () => {
    const router = routerOf("topic", [binding("q1", "a.#"), binding("q2", "a.#")]);
    router.unbind(binding("q1", "a.*"));
    router.unbind(binding("q1", "a.#.b"));
    router.unbind(binding("q1", "a.#", table({ note: "other" })));
    expect(routed(router, message("a.b"))).toEqual(["q1", "q2"]);
    router.unbind(binding("q1", "a.#"));
    expect(routed(router, message("a.b"))).toEqual(["q2"]);
  });

  test("takes work for many # in proportion to words and bindings, not to their combinations", () => {
    // A matcher that backtracks needs more than 2^100 steps for this and would never end.
    const pattern = Array.from({ length: 60 }, () => "#.a").join(".");
    const router = routerOf("topic", [binding("q", `${pattern}.end`), binding("all", pattern)]);
    const key = Array.from({ length: 127 }, () => "a").join(".");
    expect(routed(router, message(key))).toEqual(["all"]);
    expect(routed(router, message(`${key}.end`))).toEqual(["q"]);
  });

  test("routes keys and binding keys of 255 bytes", () => {
    const dots = ".".repeat(255);
    const router = routerOf("topic", [
      binding("dots", dots),
      binding("stars", Array.from({ length: 128 }, () => "*").join(".")),
    ]);
    expect(routed(router, message(dots))).toEqual(["dots"]);
    expect(routed(router, message(".".repeat(127)))).toEqual(["stars"]);
  });

  test("finds the one binding among 10,000", () => {
    const router = routerOf(
      "topic",
      Array.from({ length: 10_000 }, (_, index) => binding(`q${index}`, `*.item.${index}.#`)),
    );
    expect(routed(router, message("shop.item.4711.sold"))).toEqual(["q4711"]);
  });
});
