import { type FieldValue, longstr } from "@leveret/amqp";
import { describe, expect, test } from "vitest";
import {
  assertEquivalentArgument,
  assertEquivalentProperty,
  isEquivalentTable,
  isEquivalentValue,
  valueText,
} from "../../src/metadata/argument-equivalence.ts";

const RESOURCE = "queue 'q' in vhost '/'";
const THOUSAND: FieldValue = { type: "short", value: 1000 };

function double(value: number): FieldValue {
  return { type: "double", value };
}

function tableOf(entries: [string, FieldValue][]): FieldValue {
  return { type: "table", value: new Map(entries) };
}

function refusal(received: FieldValue | undefined, current: FieldValue | undefined): string {
  try {
    assertEquivalentArgument("x-message-ttl", received, current, RESOURCE);
  } catch (error) {
    if (error instanceof Error) return error.message;
  }
  return "";
}

const PREFIX = `PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for ${RESOURCE}: received `;

// All recorded from RabbitMQ 3.10.8.
describe("an argument of a second declaration", () => {
  test.each<[string, FieldValue | undefined, FieldValue | undefined]>([
    ["absent both times", undefined, undefined],
    ["the same number in another integer type", { type: "long", value: 1000 }, THOUSAND],
    ["the same number as a big integer", { type: "long", value: 1000n }, THOUSAND],
    ["the same number as a timestamp", { type: "timestamp", value: 1000 }, THOUSAND],
    [
      "the same bytes in another string type",
      { type: "binary", value: Buffer.from("a") },
      longstr("a"),
    ],
    ["the same float in another float type", { type: "float", value: 0.5 }, double(0.5)],
    ["void both times", { type: "void", value: null }, { type: "void", value: null }],
  ])("is equivalent when %s", (_when, received, current) => {
    expect(refusal(received, current)).toBe("");
    expect(refusal(current, received)).toBe("");
  });

  test.each<[FieldValue | undefined, FieldValue | undefined, string]>([
    [THOUSAND, undefined, "the value '1000' of type 'short' but current is none"],
    [undefined, THOUSAND, "none but current is the value '1000' of type 'short'"],
    [{ type: "long", value: 2000 }, THOUSAND, "'2000' but current is '1000'"],
    [double(1000), THOUSAND, "'1.0e3' but current is '1000'"],
    [{ type: "bool", value: true }, THOUSAND, "'true' but current is '1000'"],
    [{ type: "void", value: null }, THOUSAND, "none but current is '1000'"],
    [longstr("1000"), THOUSAND, "'1000' but current is '1000'"],
    [tableOf([]), THOUSAND, "'[]' but current is '1000'"],
    [tableOf([]), undefined, "the value '[]' of type 'table' but current is none"],
  ])("is refused: received %o, current %o", (received, current, text) => {
    expect(refusal(received, current)).toBe(PREFIX + text);
  });

  test("is compared inside arrays and tables with type and order", () => {
    const one: FieldValue = { type: "byte", value: 1 };
    const wide: FieldValue = { type: "long", value: 1 };
    const list = (...value: FieldValue[]): FieldValue => ({ type: "array", value });
    expect(isEquivalentValue(list(one), list(one))).toBe(true);
    expect(isEquivalentValue(list(one), list(wide))).toBe(false);
    expect(isEquivalentValue(list(one), list(one, one))).toBe(false);
    expect(isEquivalentValue(list(), tableOf([]))).toBe(true);
    const forward = tableOf([
      ["a", one],
      ["b", one],
    ]);
    const backward = tableOf([
      ["b", one],
      ["a", one],
    ]);
    expect(isEquivalentValue(forward, forward)).toBe(true);
    expect(isEquivalentValue(forward, backward)).toBe(false);
    expect(isEquivalentValue(forward, tableOf([["a", one]]))).toBe(false);
  });
});

describe("a property of a second declaration", () => {
  test("is refused when it differs", () => {
    expect(() => assertEquivalentProperty("durable", true, true, RESOURCE)).not.toThrow();
    expect(() => assertEquivalentProperty("durable", true, false, RESOURCE)).toThrow(
      `inequivalent arg 'durable' for ${RESOURCE}: received 'true' but current is 'false'`,
    );
  });
});

describe("tables of binding arguments", () => {
  test("are equal in any order of names", () => {
    const entries: [string, FieldValue][] = [
      ["a", THOUSAND],
      ["b", longstr("x")],
    ];
    expect(isEquivalentTable(new Map(entries), new Map(entries.toReversed()))).toBe(true);
    expect(isEquivalentTable(new Map(entries), new Map(entries.slice(1)))).toBe(false);
    expect(
      isEquivalentTable(
        new Map(entries),
        new Map([
          ["a", THOUSAND],
          ["c", longstr("x")],
        ]),
      ),
    ).toBe(false);
  });
});

describe("the text of a value", () => {
  test.each<[FieldValue, string]>([
    [longstr("é"), "é"],
    [{ type: "signedint", value: -5 }, "-5"],
    [{ type: "long", value: 2n ** 60n }, "1152921504606846976"],
    [{ type: "float", value: 0.10000000149011612 }, "0.10000000149011612"],
    [double(100), "100.0"],
    [double(100_000.5), "100000.5"],
    [double(100_000), "1.0e5"],
    [double(123_456), "123456.0"],
    [double(1_200_000), "1.2e6"],
    [double(0.0001), "0.0001"],
    [double(0.000_12), "1.2e-4"],
    [double(1.5e-7), "1.5e-7"],
    [double(-0), "-0.0"],
    [double(9_007_199_254_740_991), "9007199254740991.0"],
    [double(9_007_199_254_740_992), "9.007199254740992e15"],
    [double(1.25e21), "1.25e21"],
    [double(1e100), "1.0e100"],
    [
      {
        type: "array",
        value: [{ type: "byte", value: 1 }, longstr("a"), { type: "bool", value: true }],
      },
      '[{byte,1},{longstr,<<"a">>},{bool,true}]',
    ],
    [
      {
        type: "array",
        value: [
          longstr('é\n"\\'),
          { type: "binary", value: Buffer.from([1, 2, 200]) },
          longstr(""),
        ],
      },
      '[{longstr,<<"é\\n\\"\\\\">>},{binary,<<1,2,200>>},{longstr,<<>>}]',
    ],
    [
      tableOf([["d", { type: "array", value: [{ type: "void", value: null }, double(1.5)] }]]),
      '[{<<"d">>,array,[{void,undefined},{double,1.5}]}]',
    ],
    [{ type: "decimal", value: { scale: 2, value: 1000 } }, "{2,1000}"],
  ])("of %o is %j", (value, text) => {
    expect(valueText(value)).toBe(text);
  });

  test("breaks long lists into lines as Erlang does", () => {
    const array = (count: number): FieldValue => ({
      type: "array",
      value: Array.from({ length: count }, () => longstr("x".repeat(20))),
    });
    const item = `{longstr,<<"${"x".repeat(20)}">>}`;
    expect(refusal(array(3), THOUSAND)).toBe(
      `${PREFIX}'[${item},\n  ${item},\n  ${item}]' but current is '1000'`,
    );
    expect(
      refusal(
        tableOf([
          ["a", { type: "byte", value: 1 }],
          ["k", array(3)],
        ]),
        THOUSAND,
      ),
    ).toBe(
      `${PREFIX}'[{<<"a">>,byte,1},\n  {<<"k">>,array,\n   [${item},\n    ${item},\n    ${item}]}]' ` +
        "but current is '1000'",
    );
  });
});
