import type { FieldValue } from "@leveret/amqp";
import { describe, expect, test } from "vitest";
import { createRouter } from "../../src/exchange/exchange-types.ts";
import type { Router, RoutingMessage } from "../../src/exchange/router.ts";
import { binding, message, routed, routerOf, table } from "./routing.ts";

const KEYS: readonly string[] = Array.from({ length: 3000 }, (_, index) => `key.${index}`);

function counts(router: Router<string>, sent: readonly RoutingMessage[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const each of sent) {
    const destinations = routed(router, each);
    expect(destinations).toHaveLength(1);
    for (const name of destinations) found.set(name, (found.get(name) ?? 0) + 1);
  }
  return found;
}

const byKey: readonly RoutingMessage[] = KEYS.map((key) => message(key));

describe("an x-consistent-hash exchange", () => {
  test("routes each message to one destination, in proportion to the weights", () => {
    const router = routerOf("x-consistent-hash", [
      binding("q1", "10"),
      binding("q2", "10"),
      binding("q3", "20"),
    ]);
    const found = counts(router, byKey);
    expect((found.get("q1") ?? 0) / KEYS.length).toBeCloseTo(0.25, 1);
    expect((found.get("q2") ?? 0) / KEYS.length).toBeCloseTo(0.25, 1);
    expect((found.get("q3") ?? 0) / KEYS.length).toBeCloseTo(0.5, 1);
  });

  test("sends the same routing key to the same destination", () => {
    const router = routerOf("x-consistent-hash", [binding("q1", "1"), binding("q2", "1")]);
    expect(router.cacheable).toBe(true);
    for (const each of byKey.slice(0, 100))
      expect(routed(router, each)).toEqual(routed(router, each));
  });

  test("moves only the keys of a destination that is unbound", () => {
    const bindings = ["q1", "q2", "q3", "q4"].map((name) => binding(name, "3"));
    const router = routerOf("x-consistent-hash", bindings);
    const before = byKey.map((each) => routed(router, each)[0]);
    router.unbind(binding("q2", "3"));
    for (const [index, each] of byKey.entries()) {
      if (before[index] !== "q2") expect(routed(router, each)).toEqual([before[index]]);
    }
  });

  test("keeps the first weight of a destination until that binding goes (RabbitMQ plugin)", () => {
    const bindings = [binding("q1", "1"), binding("q2", "1"), binding("q1", "50")];
    const router = routerOf("x-consistent-hash", bindings);
    expect((counts(router, byKey).get("q1") ?? 0) / KEYS.length).toBeCloseTo(0.5, 1);
    router.unbind(binding("q1", "1"));
    expect((counts(router, byKey).get("q1") ?? 0) / KEYS.length).toBeGreaterThan(0.9);
    router.unbind(binding("q1", "50"));
    expect(counts(router, byKey)).toEqual(new Map([["q2", KEYS.length]]));
    router.unbind(binding("q2", "1"));
    expect(routed(router, message("k"))).toEqual([]);
  });

  test("places keys alike on every node when destinations have names", () => {
    const names = ["q1", "q2", "q3"];
    const [left, right] = [names, names.toReversed()].map((order) => {
      const router = createRouter<string>(
        "x-consistent-hash",
        table({}),
        () => 0,
        (name) => name,
      );
      for (const name of order) router.bind(binding(name, "2"));
      return router;
    });
    for (const each of byKey.slice(0, 200)) {
      expect(left && routed(left, each)).toEqual(right && routed(right, each));
    }
  });
});

describe("an x-consistent-hash exchange that hashes something else than the routing key", () => {
  test("hashes a header of any type when told so, and is not cacheable then", () => {
    const bindings = [binding("q1", "1"), binding("q2", "1")];
    const router = routerOf("x-consistent-hash", bindings, table({ "hash-header": "user" }));
    expect(router.cacheable).toBe(false);
    const values: FieldValue[] = KEYS.map((_, value) => ({ type: "signedint", value }));
    const byHeader = values.map((user) => message("same", table({ user })));
    expect((counts(router, byHeader).get("q1") ?? 0) / KEYS.length).toBeCloseTo(0.5, 1);
    const withText = KEYS.map((user) => message("same", table({ user })));
    expect((counts(router, withText).get("q1") ?? 0) / KEYS.length).toBeCloseTo(0.5, 1);
  });

  test.each(["message_id", "correlation_id", "timestamp"])("hashes the property %s", (name) => {
    const bindings = [binding("q1", "1"), binding("q2", "1")];
    const router = routerOf("x-consistent-hash", bindings, table({ "hash-property": name }));
    expect(router.cacheable).toBe(false);
    const byProperty = KEYS.map((value) => message("same", undefined, { [name]: value }));
    expect((counts(router, byProperty).get("q1") ?? 0) / KEYS.length).toBeCloseTo(0.5, 1);
  });

  test("sends all messages without the header or property to one destination", () => {
    const bindings = [binding("q1", "1"), binding("q2", "1")];
    for (const args of [{ "hash-header": "user" }, { "hash-property": "message_id" }]) {
      const router = routerOf("x-consistent-hash", bindings, table(args));
      expect(counts(router, byKey).size).toBe(1);
    }
  });
});

describe.each(["x-random", "x-local-random"])("an %s exchange", (type) => {
  test("routes each message to the destination that the random number picks", () => {
    let next = 0;
    const bindings = [
      binding("q1", "a"),
      binding("q2", "b"),
      binding("q3", "b"),
      binding("q1", "c"),
    ];
    const router = routerOf(type, bindings, table({}), () => next);
    expect(router.cacheable).toBe(false);
    const picks = [0, 0.34, 0.67, 0.999].map((number) => {
      next = number;
      return routed(router, message("any"))[0];
    });
    expect(picks).toEqual(["q1", "q2", "q3", "q3"]);
  });

  test("routes nowhere without bindings", () => {
    expect(routed(routerOf(type), message("k"))).toEqual([]);
  });
});

describe("an x-modulus-hash exchange", () => {
  test("spreads routing keys evenly and sends the same key to the same destination", () => {
    const bindings = ["q1", "q2", "q3"].map((name) => binding(name, "ignored"));
    const router = routerOf("x-modulus-hash", bindings);
    for (const count of counts(router, byKey).values()) {
      expect(count / KEYS.length).toBeCloseTo(1 / 3, 1);
    }
    expect(routed(router, message("k"))).toEqual(routed(router, message("k")));
  });

  test("routes nowhere without bindings", () => {
    expect(routed(routerOf("x-modulus-hash"), message("k"))).toEqual([]);
  });
});
