import { EMPTY_TABLE, type FieldTable, type FieldValue, longstr } from "@leveret/amqp";
import { describe, expect, test } from "vitest";
import { bindingId } from "../../src/metadata/binding-id.ts";
import { bindingPropertiesKey } from "../../src/metadata/binding-properties-key.ts";

function binding(routingKey: string, args: FieldTable = EMPTY_TABLE) {
  const destinationType = "queue" as const;
  return {
    vhost: "/",
    source: "x",
    destination: "q",
    destinationType,
    routingKey,
    arguments: args,
  };
}

describe("the properties key of a binding", () => {
  test.each([
    ["", "~"],
    ["order.created", "order.created"],
    ["order.*.email", "order.%2A.email"],
    ["a b/c~d", "a+b%2Fc%7Ed"],
    ["ü#", "%C3%BC%23"],
  ])("of routing key '%s' is '%s'", (routingKey, expected) => {
    expect(bindingPropertiesKey(binding(routingKey))).toBe(expected);
  });

  test("has a hash of the arguments, whatever their order", () => {
    const forward = new Map([
      ["a", longstr("1")],
      ["b", longstr("2")],
    ]);
    const backward = new Map([
      ["b", longstr("2")],
      ["a", longstr("1")],
    ]);
    expect(bindingPropertiesKey(binding("k~", forward))).toMatch(/^k%7E~[\w-]{6}$/);
    expect(bindingPropertiesKey(binding("", forward))).toMatch(/^~[\w-]{6}$/);
    expect(bindingPropertiesKey(binding("k", backward))).toBe(
      bindingPropertiesKey(binding("k", forward)),
    );
  });

  test("of a key with half a character does not throw", () => {
    expect(bindingPropertiesKey(binding("a\ud800"))).toBe("a%EF%BF%BD");
  });
});

test.each([
  [
    { type: "byte", value: 1 },
    { type: "short", value: 1 },
  ],
  [
    { type: "double", value: 0 },
    { type: "double", value: -0 },
  ],
  [longstr("a"), { type: "binary", value: Buffer.from("a") }],
  [
    { type: "array", value: [longstr("a"), longstr("b")] },
    { type: "array", value: [longstr("ab")] },
  ],
  [
    { type: "void", value: null },
    { type: "bool", value: false },
  ],
  [
    { type: "decimal", value: { scale: 1, value: 1 } },
    { type: "decimal", value: { scale: 0, value: 1 } },
  ],
  [
    { type: "table", value: EMPTY_TABLE },
    { type: "array", value: [] },
  ],
] as const)("bindings whose argument is %j and %j are different", (left, right) => {
  const idOf = (value: FieldValue) => bindingId(binding("k", new Map([["a", value]])));
  expect(idOf(left)).not.toBe(idOf(right));
  expect(idOf(left)).toBe(idOf(left));
});
