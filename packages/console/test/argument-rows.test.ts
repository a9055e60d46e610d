import { describe, expect, it } from "vitest";
import { argumentsOf, rowsOf } from "../src/ui/argument-rows.ts";

describe("rows of arguments", () => {
  it("become an object with typed values, without rows that have no name", () => {
    const rows = [
      { key: "x-message-ttl", value: "60000", type: "number" },
      { key: "x-single-active-consumer", value: "true", type: "boolean" },
      { key: "list", value: "[1,2]", type: "json" },
      { key: "name", value: "7", type: "string" },
      { key: "", value: "ignored", type: "string" },
    ] as const;
    const object = argumentsOf(rows);
    expect(object).toEqual({
      "x-message-ttl": 60_000,
      "x-single-active-consumer": true,
      list: [1, 2],
      name: "7",
    });
    expect(argumentsOf(rowsOf(object))).toEqual(object);
  });

  it.each([
    ["number", ""],
    ["number", "12x"],
    ["boolean", "yes"],
    ["json", "{a"],
  ] as const)("refuse the %s %j, naming the row", (type, value) => {
    expect(() => argumentsOf([{ key: "the-key", value, type }])).toThrow(/the-key/);
  });
});
