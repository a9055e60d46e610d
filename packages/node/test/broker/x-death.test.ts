import { type FieldTable, type FieldValue, integerOf, longstr, textOf } from "@leveret/amqp";
import { describe, expect, test } from "vitest";
import { hasCycle, type NewDeath, sortedByKey, withDeath } from "../../src/broker/x-death.ts";

const NOW = 1_700_000_000_999;

function death(queue: string, reason = "expired", more: Partial<NewDeath> = {}): NewDeath {
  const base = {
    queue,
    reason,
    now: NOW,
    exchange: "orders",
    keys: ["new"],
    expiration: undefined,
  };
  return { ...base, ...more };
}

/** The header after these deaths, one after the other. */
function headerOf(...deaths: NewDeath[]): FieldValue | undefined {
  return deaths.reduce<FieldValue | undefined>(withDeath, undefined);
}

function entries(header: FieldValue | undefined): FieldTable[] {
  if (header?.type !== "array") throw new Error("x-death is an array");
  return header.value.map((entry) => {
    if (entry.type !== "table") throw new Error("x-death holds tables");
    return entry.value;
  });
}

/** `queue reason count` of each entry. */
function summary(header: FieldValue | undefined): string[] {
  return entries(header).map(
    (entry) =>
      `${textOf(entry.get("queue"))} ${textOf(entry.get("reason"))} ${integerOf(entry.get("count"))}`,
  );
}

function table(fields: Record<string, FieldValue>): FieldValue {
  return { type: "table", value: new Map(Object.entries(fields)) };
}

describe("withDeath", () => {
  test("writes the first death with RabbitMQ's fields, types and order", () => {
    const [entry] = entries(headerOf(death("q", "expired", { keys: ["new", "copy"] })));
    expect([...(entry ?? [])]).toEqual([
      ["count", { type: "long", value: 1 }],
      ["reason", longstr("expired")],
      ["queue", longstr("q")],
      ["time", { type: "timestamp", value: 1_700_000_000 }],
      ["exchange", longstr("orders")],
      ["routing-keys", { type: "array", value: [longstr("new"), longstr("copy")] }],
    ]);
  });

  test("adds the expiration that is taken off", () => {
    const [entry] = entries(headerOf(death("q", "expired", { expiration: "60000" })));
    expect(entry?.get("original-expiration")).toEqual(longstr("60000"));
  });

  test("puts the newest death first, one for each queue and reason", () => {
    const header = headerOf(death("a"), death("b"), death("a", "rejected"));
    expect(summary(header)).toEqual(["a rejected 1", "b expired 1", "a expired 1"]);
  });

  test("moves a pair that is known to the front and counts it, its other fields as they were", () => {
    const first = headerOf(death("a", "expired", { now: 5000, keys: ["old"] }), death("b"));
    const again = withDeath(first, death("a", "expired", { now: 9000, keys: ["changed"] }));
    expect(summary(again)).toEqual(["a expired 2", "b expired 1"]);
    const [entry] = entries(again);
    expect(entry?.get("time")).toEqual({ type: "timestamp", value: 5 });
    expect(entry?.get("routing-keys")).toEqual({ type: "array", value: [longstr("old")] });
  });

  test("counts on in a thousand repeated deaths without growing", () => {
    let header: FieldValue | undefined;
    for (let round = 0; round < 500; round++) {
      header = withDeath(header, death("work", "rejected"));
      header = withDeath(header, death("retry", "expired"));
    }
    expect(summary(header)).toEqual(["retry expired 500", "work rejected 500"]);
  });

  test("keeps at most 100 deaths, the newest ones", () => {
    const deaths = Array.from({ length: 150 }, (_, index) => death(`q${index}`));
    const kept = summary(headerOf(...deaths));
    expect(kept).toHaveLength(100);
    expect(kept[0]).toBe("q149 expired 1");
    expect(kept.at(-1)).toBe("q50 expired 1");
  });

  test.each<[string, FieldValue]>([
    ["a text", longstr("mine")],
    ["a table", table({ queue: longstr("q") })],
    [
      "an array of other things",
      { type: "array", value: [longstr("x"), { type: "void" }] as never },
    ],
    ["an empty array", { type: "array", value: [] }],
  ])("starts afresh where a client made x-death %s", (_what, header) => {
    expect(summary(withDeath(header, death("q")))).toEqual(["q expired 1"]);
  });

  test.each<[string, FieldValue, number]>([
    ["of another integer type", { type: "signedint", value: 4 }, 5],
    ["that is a text", longstr("many"), 1],
    ["that is negative", { type: "long", value: -3 }, -2],
  ])("counts on from a client-made count %s", (_what, count, next) => {
    const header: FieldValue = {
      type: "array",
      value: [table({ queue: longstr("q"), reason: longstr("expired"), count })],
    };
    const [entry] = entries(withDeath(header, death("q")));
    expect(Number(integerOf(entry?.get("count")))).toBe(next);
  });

  test("leaves the header it was given as it was", () => {
    const header = headerOf(death("a"));
    const before = summary(header);
    withDeath(header, death("a"));
    expect(summary(header)).toEqual(before);
  });
});

describe("hasCycle", () => {
  test.each<[string, NewDeath[], boolean]>([
    ["a queue that is not among the deaths", [death("b")], false],
    ["the queue it has just died in", [death("a")], true],
    ["a queue further back", [death("a"), death("b"), death("c")], true],
    ["a queue before a rejection", [death("a"), death("b", "rejected")], false],
    ["a queue in which it was rejected itself", [death("a", "rejected")], false],
    ["a queue after a rejection", [death("b", "rejected"), death("a")], true],
    ["a queue in which it exceeded the length", [death("a", "maxlen")], true],
    ["a queue in which it exceeded the delivery limit", [death("a", "delivery_limit")], true],
  ])("judges %s", (_what, deaths, expected) => {
    expect(hasCycle(headerOf(...deaths), "a")).toBe(expected);
  });

  test("sees none where there is no x-death, or one that a client made of other things", () => {
    expect(hasCycle(undefined, "a")).toBe(false);
    expect(hasCycle(longstr("a"), "a")).toBe(false);
    expect(hasCycle({ type: "array", value: [longstr("a")] }, "a")).toBe(false);
  });
});

test("sortedByKey sorts by key and leaves the values", () => {
  const sorted = sortedByKey(
    new Map([
      ["b", longstr("1")],
      ["a", longstr("2")],
      ["C", longstr("3")],
    ]),
  );
  expect([...sorted.keys()]).toEqual(["C", "a", "b"]);
  expect(textOf(sorted.get("a"))).toBe("2");
});
