import { describe, expect, test } from "vitest";
import { fieldTableFromJson, fieldTableToJson } from "../src/field-json.ts";
import { longstr } from "../src/field-value.ts";

describe("JSON of field tables", () => {
  test("maps to the types RabbitMQ gives definitions", () => {
    const json = { s: "x", i: 5, d: 1.5, b: true, n: null, a: [1, "y"], t: { k: -1 } };
    const table = fieldTableFromJson(json);
    expect(table).toEqual(
      new Map<string, unknown>([
        ["s", longstr("x")],
        ["i", { type: "long", value: 5 }],
        ["d", { type: "double", value: 1.5 }],
        ["b", { type: "bool", value: true }],
        ["n", { type: "void", value: null }],
        ["a", { type: "array", value: [{ type: "long", value: 1 }, longstr("y")] }],
        ["t", { type: "table", value: new Map([["k", { type: "long", value: -1 }]]) }],
      ]),
    );
    expect(fieldTableToJson(table)).toEqual(json);
  });

  test("takes integers beyond 2^53 as long, beyond 2^63 as double", () => {
    const table = fieldTableFromJson({ large: 2 ** 60, huge: 1e300 });
    expect(table.get("large")).toEqual({ type: "long", value: 2n ** 60n });
    expect(table.get("huge")).toEqual({ type: "double", value: 1e300 });
    expect(fieldTableToJson(table)).toEqual({ large: 2 ** 60, huge: 1e300 });
  });

  test("keeps __proto__ a key like any other", () => {
    const json = fieldTableToJson(fieldTableFromJson(JSON.parse('{"__proto__":{"x":1}}')));
    expect(JSON.stringify(json)).toBe('{"__proto__":{"x":1}}');
  });

  test("shows decimals as numbers", () => {
    const table = new Map([["p", { type: "decimal", value: { scale: 2, value: 150 } } as const]]);
    expect(fieldTableToJson(table)).toEqual({ p: 1.5 });
  });

  test("treats no value and an empty array as the empty table, and refuses the rest", () => {
    expect(fieldTableFromJson(undefined).size).toBe(0);
    expect(fieldTableFromJson([]).size).toBe(0);
    for (const wrong of [1, "x", [1], null])
      expect(() => fieldTableFromJson(wrong)).toThrow(TypeError);
    expect(() => fieldTableFromJson({ f: () => 1 })).toThrow(TypeError);
    let deep: unknown = {};
    for (let depth = 0; depth < 1000; depth++) deep = { deep };
    expect(() => fieldTableFromJson(deep)).toThrow(/too deep/);
  });
});
