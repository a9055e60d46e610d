import { describe, expect, test } from "vitest";
import { binding, message, routed, routerOf, table } from "./routing.ts";

describe("a direct exchange", () => {
  test("routes to the destinations bound with the message's routing key", () => {
    const router = routerOf("direct", [
      binding("q1", "red"),
      binding("q2", "red"),
      binding("q2", "blue"),
      binding("q3", "*"),
    ]);
    expect(routed(router, message("red"))).toEqual(["q1", "q2"]);
    expect(routed(router, message("blue"))).toEqual(["q2"]);
    expect(routed(router, message("green"))).toEqual([]);
    expect(routed(router, message("*"))).toEqual(["q3"]);
  });

  test("gives a destination one copy however many of its bindings match", () => {
    const router = routerOf("direct", [
      binding("q1", "k"),
      binding("q1", "k", table({ note: "second" })),
    ]);
    expect(routed(router, message("k"))).toEqual(["q1"]);
  });

  test("keeps a destination until the last of its bindings is gone", () => {
    const first = binding("q1", "k");
    const second = binding("q1", "k", table({ note: "second" }));
    const router = routerOf("direct", [first, second]);
    router.unbind(second);
    expect(routed(router, message("k"))).toEqual(["q1"]);
    router.unbind(first);
    expect(routed(router, message("k"))).toEqual([]);
  });

  test("ignores an unbind whose destination, key or arguments differ", () => {
    const router = routerOf("direct", [binding("q1", "k", table({ note: "a" }))]);
    router.unbind(binding("q2", "k", table({ note: "a" })));
    router.unbind(binding("q1", "other", table({ note: "a" })));
    router.unbind(binding("q1", "k", table({ note: "b" })));
    router.unbind(binding("q1", "k"));
    expect(routed(router, message("k"))).toEqual(["q1"]);
    router.unbind(binding("q1", "k", table({ note: "a" })));
    expect(routed(router, message("k"))).toEqual([]);
  });
});

describe("a fanout exchange", () => {
  test("routes every message to every destination, once", () => {
    const router = routerOf("fanout", [binding("q1", "a"), binding("q1", "b"), binding("q2")]);
    expect(routed(router, message("anything"))).toEqual(["q1", "q2"]);
  });

  test("keeps a destination until the last of its keys is unbound", () => {
    const router = routerOf("fanout", [binding("q1", "a"), binding("q1", "b")]);
    router.unbind(binding("q1", "a"));
    expect(routed(router, message(""))).toEqual(["q1"]);
    router.unbind(binding("q1", "a"));
    expect(routed(router, message(""))).toEqual(["q1"]);
    router.unbind(binding("q1", "b"));
    expect(routed(router, message(""))).toEqual([]);
  });
});
