import type { FieldValue } from "@leveret/amqp";
import { describe, expect, test } from "vitest";
import { binding, message, routed, routerOf, table } from "./routing.ts";

const VOID: FieldValue = { type: "void", value: null };

function int(value: number): FieldValue {
  return { type: "signedint", value };
}

function isRouted(
  args: Record<string, FieldValue | string>,
  headers: Record<string, FieldValue | string> | undefined,
): boolean {
  const router = routerOf("headers", [binding("q", "", table(args))]);
  return routed(router, message("ignored", headers && table(headers))).length === 1;
}

describe("a headers exchange", () => {
  test.each([
    ["all conditions hold", { a: "1", b: "2" }, { a: "1", b: "2", c: "3" }, true],
    ["one condition does not hold", { a: "1", b: "2" }, { a: "1", b: "3" }, false],
    ["one header is missing", { a: "1", b: "2" }, { a: "1" }, false],
    ["x-match is all", { "x-match": "all", a: "1", b: "2" }, { a: "1" }, false],
    ["x-match is any and one holds", { "x-match": "any", a: "1", b: "2" }, { b: "2" }, true],
    ["x-match is any and none holds", { "x-match": "any", a: "1" }, { a: "2", b: "1" }, false],
    ["all has no conditions", {}, { a: "1" }, true],
    ["any has no conditions", { "x-match": "any" }, { a: "1" }, false],
    ["all ignores conditions on x- headers", { "x-a": "1", b: "2" }, { b: "2" }, true],
    [
      "any ignores conditions on x- headers",
      { "x-match": "any", "x-a": "1" },
      { "x-a": "1" },
      false,
    ],
    [
      "all-with-x counts x- headers",
      { "x-match": "all-with-x", "x-a": "1" },
      { "x-a": "2" },
      false,
    ],
    ["any-with-x counts x- headers", { "x-match": "any-with-x", "x-a": "1" }, { "x-a": "1" }, true],
    [
      "any-with-x does not count x-match",
      { "x-match": "any-with-x" },
      { "x-match": "any-with-x" },
      false,
    ],
    ["all-with-x does not count x-match", { "x-match": "all-with-x" }, {}, true],
    ["names differ in case", { A: "1" }, { a: "1" }, false],
  ])("decides when %s", (_when, args, headers, expected) => {
    expect(isRouted(args, headers)).toBe(expected);
  });

  test("takes a message without headers as one with no header", () => {
    expect(isRouted({}, undefined)).toBe(true);
    expect(isRouted({ a: VOID }, undefined)).toBe(false);
  });
});

describe("a headers binding", () => {
  test("unbinds by destination, key and arguments in any order", () => {
    const router = routerOf("headers", [
      binding("q", "k", table({ a: "1", b: "2" })),
      binding("q", "k", table({ a: "1" })),
    ]);
    router.unbind(binding("q", "k", table({ b: "2", a: "1" })));
    router.unbind(binding("q", "other", table({ a: "1" })));
    router.unbind(binding("q", "k", table({ a: "2" })));
    expect(routed(router, message("", table({ a: "1" })))).toEqual(["q"]);
    router.unbind(binding("q", "k", table({ a: "1" })));
    expect(routed(router, message("", table({ a: "1", b: "2" })))).toEqual([]);
  });

  test("takes a void value in the binding for any value of the header", () => {
    expect(isRouted({ a: VOID }, { a: "whatever" })).toBe(true);
    expect(isRouted({ a: VOID }, { a: VOID })).toBe(true);
    expect(isRouted({ a: VOID }, { b: "whatever" })).toBe(false);
    expect(isRouted({ a: "1" }, { a: VOID })).toBe(false);
  });
});

describe("the values of a headers exchange", () => {
  // Recorded from RabbitMQ 3.10.8, which compares values and not types.
  test.each<[FieldValue, FieldValue, boolean]>([
    [int(1), { type: "long", value: 1 }, true],
    [int(1), { type: "byte", value: 1 }, true],
    [int(1), { type: "timestamp", value: 1 }, true],
    [int(1), { type: "double", value: 1 }, true],
    [{ type: "float", value: 0.5 }, { type: "double", value: 0.5 }, true],
    [{ type: "long", value: 2n ** 60n }, { type: "long", value: 2n ** 60n }, true],
    [{ type: "long", value: 2n ** 60n }, { type: "long", value: 2n ** 60n + 1n }, false],
    [int(1), int(2), false],
    [int(1), { type: "longstr", value: Buffer.from("1") }, false],
    [int(1), { type: "bool", value: true }, false],
    [
      { type: "longstr", value: Buffer.from("x") },
      { type: "binary", value: Buffer.from("x") },
      true,
    ],
    [{ type: "decimal", value: { scale: 0, value: 1 } }, int(1), false],
    [{ type: "array", value: [int(1)] }, { type: "array", value: [int(1)] }, true],
    [
      { type: "array", value: [int(1)] },
      { type: "array", value: [{ type: "byte", value: 1 }] },
      false,
    ],
    [
      { type: "table", value: table({ a: "1" }) },
      { type: "table", value: table({ a: "1" }) },
      true,
    ],
    [
      { type: "table", value: table({ a: "1" }) },
      { type: "table", value: table({ a: "2" }) },
      false,
    ],
    [{ type: "table", value: table({}) }, { type: "array", value: [] }, true],
  ])("compares the condition %o with the header %o: %s", (condition, header, expected) => {
    expect(isRouted({ a: condition }, { a: header })).toBe(expected);
    expect(isRouted({ a: header }, { a: condition })).toBe(expected);
  });
});
