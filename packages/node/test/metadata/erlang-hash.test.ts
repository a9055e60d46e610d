import { EMPTY_TABLE, type FieldTable, type FieldValue, longstr } from "@leveret/amqp";
import { expect, test } from "vitest";
import { erlangTableHash } from "../../src/metadata/erlang-hash.ts";

function one(value: FieldValue): FieldTable {
  return new Map([["a", value]]);
}

/** What `erlang:phash2(Table, 1 bsl 32)` of OTP 25 says. */
const HASHES: readonly (readonly [what: string, table: FieldTable, hash: number])[] = [
  ["a small negative integer", one({ type: "signedint", value: -1 }), 1057434218],
  ["the least integer of 28 bits", one({ type: "long", value: -134217728 }), 2848721854],
  ["the next lower one", one({ type: "long", value: -134217729 }), 1441918508],
  ["the greatest integer of 28 bits", one({ type: "long", value: 134217727 }), 2890050621],
  ["the next higher one", one({ type: "long", value: 134217728 }), 1878799901],
  ["an integer of more than 32 bits", one({ type: "long", value: 12345678901 }), 215990325],
  ["a negative one", one({ type: "long", value: -12345678901 }), 3533685442],
  ["the greatest integer", one({ type: "long", value: 2n ** 63n - 1n }), 3174272260],
  ["the least integer", one({ type: "long", value: -(2n ** 63n) }), 3568775212],
  [
    "booleans",
    new Map([
      ["a", { type: "bool", value: true }],
      ["b", { type: "bool", value: false }],
    ]),
    425116314,
  ],
  ["nothing", one({ type: "void", value: null }), 972185960],
  ["a double", one({ type: "double", value: 1.5 }), 3398307074],
  ["zero", one({ type: "double", value: 0 }), 1914965849],
  ["a float", one({ type: "float", value: -2.25 }), 1008692442],
  ["an empty text", one(longstr("")), 1715640515],
  ["a text of one block", one(longstr("exactly 12 b")), 3059609360],
  ["a text of more", one(longstr("one block of twelve and then some")), 584669291],
  ["bytes", one({ type: "binary", value: Buffer.from([0, 255, 128]) }), 1847037175],
  [
    "an array",
    one({ type: "array", value: [{ type: "signedint", value: 1 }, longstr("two")] }),
    612867126,
  ],
  ["an empty array", one({ type: "array", value: [] }), 2387373417],
  [
    "a table",
    one({ type: "table", value: new Map([["deep", { type: "long", value: -3 }]]) }),
    2701071109,
  ],
  ["an empty table", one({ type: "table", value: EMPTY_TABLE }), 605878053],
  ["a decimal", one({ type: "decimal", value: { scale: 2, value: 314 } }), 2016928084],
  ["a timestamp", one({ type: "timestamp", value: 1_700_000_000 }), 3135102134],
  [
    "the small integers",
    new Map([
      ["a", { type: "byte", value: -1 }],
      ["b", { type: "unsignedbyte", value: 200 }],
      ["c", { type: "short", value: -300 }],
      ["d", { type: "unsignedshort", value: 60_000 }],
      ["e", { type: "unsignedint", value: 4_000_000_000 }],
    ]),
    181302022,
  ],
  [
    "a key that is not ASCII",
    new Map([["ä", { type: "longstr", value: Buffer.from([0xfc]) }]]),
    3859809280,
  ],
  ["no entry", EMPTY_TABLE, 3468870702],
];

test.each(HASHES)("the hash of a table with %s is Erlang's", (_what, table, hash) => {
  expect(erlangTableHash(table)).toBe(hash);
});

test("the order of entries does not count", () => {
  const entries = [
    ["b", longstr("2")],
    ["a", longstr("1")],
  ] as const;
  expect(erlangTableHash(new Map(entries))).toBe(erlangTableHash(new Map(entries.toReversed())));
});
