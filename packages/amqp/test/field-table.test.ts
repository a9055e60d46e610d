import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decodeFieldArray,
  decodeFieldTable,
  encodeFieldArray,
  encodeFieldTable,
} from "../src/field-table.ts";
import {
  EMPTY_TABLE,
  type FieldTable,
  type FieldValue,
  integerOf,
  longstr,
  textOf,
} from "../src/field-value.ts";
import { fieldTable, fieldValue } from "./arbitraries.ts";

/** A table of one entry `k` whose value is the octets given, letter first. */
function tableOf(...value: (number | string)[]): Buffer {
  const octets = value.flatMap((part) =>
    typeof part === "string" ? [...Buffer.from(part)] : part,
  );
  return Buffer.from([0, 0, 0, octets.length + 2, 1, 0x6b, ...octets]);
}

function decode(bytes: Buffer): FieldTable {
  return decodeFieldTable(bytes, 0, bytes.length);
}

describe("field tables", () => {
  test("survive a round trip, at any offset", () => {
    fc.assert(
      fc.property(fieldTable, fc.nat(9), (table, offset) => {
        const bytes = Buffer.concat([Buffer.alloc(offset, 255), encodeFieldTable(table)]);
        expect(decodeFieldTable(bytes, offset, bytes.length)).toEqual(table);
      }),
      { seed: 3 },
    );
  });

  test("hold arrays that survive a round trip", () => {
    fc.assert(
      fc.property(fc.array(fieldValue), (array) => {
        const bytes = encodeFieldArray(array);
        expect(decodeFieldArray(bytes, 0, bytes.length)).toEqual(array);
      }),
      { seed: 4 },
    );
  });

  test.each<[string, (number | string)[], FieldValue]>([
    ["S", ["S", 0, 0, 0, 1, "x"], longstr("x")],
    ["I", ["I", 255, 255, 255, 254], { type: "signedint", value: -2 }],
    ["D", ["D", 2, 0, 0, 1, 0], { type: "decimal", value: { scale: 2, value: 256 } }],
    ["T", ["T", 0, 0, 0, 0, 0, 0, 1, 0], { type: "timestamp", value: 256 }],
    ["F", ["F", 0, 0, 0, 0], { type: "table", value: new Map() }],
    ["b", ["b", 255], { type: "byte", value: -1 }],
    ["d", ["d", 0x3f, 0xf8, 0, 0, 0, 0, 0, 0], { type: "double", value: 1.5 }],
    ["f", ["f", 0x3f, 0xc0, 0, 0], { type: "float", value: 1.5 }],
    ["l", ["l", 255, 255, 255, 255, 255, 255, 255, 255], { type: "long", value: -1 }],
    ["L", ["L", 0, 0, 0, 0, 0, 0, 0, 7], { type: "long", value: 7 }],
    [
      "L beyond 2^53",
      ["L", 127, 0, 0, 0, 0, 0, 0, 1],
      { type: "long", value: 0x7f00000000000001n },
    ],
    ["s", ["s", 255, 255], { type: "short", value: -1 }],
    ["t", ["t", 2], { type: "bool", value: true }],
    ["x", ["x", 0, 0, 0, 1, 255], { type: "binary", value: Buffer.from([255]) }],
    ["V", ["V"], { type: "void", value: null }],
    ["A", ["A", 0, 0, 0, 1, "V"], { type: "array", value: [{ type: "void", value: null }] }],
    ["B", ["B", 255], { type: "unsignedbyte", value: 255 }],
    ["u", ["u", 255, 255], { type: "unsignedshort", value: 65_535 }],
    ["i", ["i", 255, 255, 255, 255], { type: "unsignedint", value: 4_294_967_295 }],
  ])("read the letter %s as RabbitMQ does (3.3)", (_letter, octets, expected) => {
    const bytes = tableOf(...octets);
    expect(decode(bytes).get("k")).toEqual(expected);
    if (octets[0] !== "L" && octets[0] !== "t") {
      expect(encodeFieldTable(new Map([["k", expected]]))).toEqual(bytes);
    }
  });

  test("keep the first of two entries with one key, as RabbitMQ's look-ups do", () => {
    const bytes = Buffer.from([0, 0, 0, 8, 1, 0x78, 0x74, 1, 1, 0x78, 0x74, 0]);
    expect(decode(bytes)).toEqual(new Map([["x", { type: "bool", value: true }]]));
  });

  test("copy what they keep", () => {
    const bytes = tableOf("S", 0, 0, 0, 1, "x");
    const table = decode(bytes);
    bytes.fill(0);
    expect(textOf(table.get("k"))).toBe("x");
  });
});

describe("malformed field tables", () => {
  test("are refused with 501 when cut anywhere", () => {
    fc.assert(
      fc.property(fieldTable, fc.nat(), (table, cut) => {
        const bytes = encodeFieldTable(table);
        const short = bytes.subarray(0, cut % bytes.length);
        expect(() => decode(short)).toThrow(expect.objectContaining({ replyCode: 501 }));
      }),
      { seed: 5 },
    );
  });

  test.each([
    ["an unknown letter", tableOf("Z")],
    ["a string that leaves its table", tableOf("S", 0, 0, 0, 99)],
    ["an entry that leaves its table", Buffer.from([0, 0, 0, 1, 1, 0x78, 0x74, 1])],
    ["a size that leaves the input", Buffer.from([0, 0, 0, 99, 1, 0x78])],
    ["a size beyond 2^31", Buffer.from([255, 255, 255, 255, 1, 0x78])],
  ])("are refused with the octets in the text: %s", (_name, bytes) => {
    const text = `FRAME_ERROR - cannot decode <<${[...bytes].join(",")}>>`;
    expect(() => decode(bytes)).toThrow(
      expect.objectContaining({ name: "ConnectionError", replyCode: 501, message: text }),
    );
  });

  test("are refused when nested without end", () => {
    let array = encodeFieldArray([]);
    const letter = Buffer.from("A");
    for (let depth = 0; depth < 100; depth++) array = sized(Buffer.concat([letter, array]));
    expect(decodeFieldArray(array, 0, array.length)).toHaveLength(1);
    for (let depth = 0; depth < 10_000; depth++) array = sized(Buffer.concat([letter, array]));
    expect(() => decodeFieldArray(array, 0, array.length)).toThrow(/cannot decode/);
  });
});

function sized(bytes: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(bytes.length);
  return Buffer.concat([size, bytes]);
}

describe("field values", () => {
  test("give their integer for integer types only", () => {
    expect(integerOf({ type: "byte", value: -1 })).toBe(-1);
    expect(integerOf({ type: "long", value: 2n ** 60n })).toBe(2n ** 60n);
    expect(integerOf({ type: "double", value: 1 })).toBeUndefined();
    expect(integerOf({ type: "timestamp", value: 1 })).toBeUndefined();
    expect(integerOf(undefined)).toBeUndefined();
  });

  test("give their text for longstr only", () => {
    expect(textOf(longstr("größe"))).toBe("größe");
    expect(textOf({ type: "binary", value: Buffer.from("x") })).toBeUndefined();
    expect(textOf(EMPTY_TABLE.get("x"))).toBeUndefined();
  });
});
