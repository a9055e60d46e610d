import type { FieldValue } from "@leveret/amqp";
import { describe, expect, test } from "vitest";
import { delayOf } from "../../src/exchange/delay.ts";
import { binding, message, routed, routerOf, table } from "./routing.ts";

describe("the x-delay header", () => {
  test.each<[string, FieldValue, number | undefined]>([
    ["a signed int", { type: "signedint", value: 5000 }, 5000],
    ["a byte", { type: "byte", value: 5 }, 5],
    ["a long", { type: "long", value: 5000 }, 5000],
    ["an unsigned int", { type: "unsignedint", value: 4_294_967_295 }, 4_294_967_295],
    ["text of digits", { type: "longstr", value: Buffer.from("5000") }, 5000],
    ["a double, cut to whole milliseconds", { type: "double", value: 1500.9 }, 1500],
    ["a decimal", { type: "decimal", value: { scale: 1, value: 25 } }, 2],
    ["zero", { type: "signedint", value: 0 }, undefined],
    [
      "negative, as in a message that was delayed before",
      { type: "signedint", value: -5000 },
      undefined,
    ],
    ["longer than the plugin can hold", { type: "long", value: 4_294_967_296 }, undefined],
    ["beyond exact numbers", { type: "long", value: 2n ** 62n }, undefined],
    ["text of something else", { type: "longstr", value: Buffer.from("5s") }, undefined],
    ["empty text", { type: "longstr", value: Buffer.from("") }, undefined],
    ["not a number", { type: "double", value: Number.NaN }, undefined],
    ["a boolean", { type: "bool", value: true }, undefined],
    ["a timestamp", { type: "timestamp", value: 5000 }, undefined],
    ["a table", { type: "table", value: table({}) }, undefined],
  ])("is read when it is %s", (_what, value, expected) => {
    expect(delayOf(table({ "x-delay": value }))).toBe(expected);
  });

  test("may be absent", () => {
    expect(delayOf(undefined)).toBeUndefined();
    expect(delayOf(table({ other: "1" }))).toBeUndefined();
  });
});

describe("an x-delayed-message exchange", () => {
  test.each([
    ["direct", "a.b", ["q2"]],
    ["topic", "a.b", ["q1", "q2"]],
    ["fanout", "x", ["q1", "q2"]],
  ])("routes by the rules of its inner type %s", (inner, key, expected) => {
    const args = table({ "x-delayed-type": inner });
    const bindings = [binding("q1", "a.*"), binding("q2", "a.b")];
    const router = routerOf("x-delayed-message", bindings, args);
    expect(routed(router, message(key))).toEqual(expected);
    expect(router.cacheable).toBe(false);
    for (const each of bindings) router.unbind(each);
    expect(routed(router, message(key))).toEqual([]);
  });
});
