import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { identityChecksum } from "../../src/codec/entry-identity.ts";
import { writeU48 } from "../../src/codec/u48.ts";
import { EntryType } from "../../src/core/entry.ts";
import { Random } from "../../src/sim/random.ts";

const LARGE = 2 ** 48 - 1;

function zlibChecksum(group: number, index: number, term: number, type: EntryType): number {
  const bytes = Buffer.alloc(19);
  writeU48(bytes, 0, group);
  writeU48(bytes, 6, index);
  writeU48(bytes, 12, term);
  bytes[18] = type;
  return crc32(bytes);
}

test("it is zlib's checksum of group, index, term and type, whatever was asked for before", () => {
  const random = new Random(5);
  const pick = <T>(...values: readonly [T, ...T[]]): T =>
    values[random.below(values.length)] ?? values[0];
  const start = 2 ** 40 - 700;
  for (let index = start; index < start + 5000; index++) {
    const group = pick(7, 7, 7, 8, LARGE);
    const term = pick(1, 1, 1, 2, LARGE);
    const type = pick(EntryType.Command, EntryType.Command, EntryType.Noop, EntryType.ConfChange);
    const at = pick(index, index, index, random.below(1000), LARGE, LARGE - 255, 0);
    expect(identityChecksum(group, at, term, type)).toBe(zlibChecksum(group, at, term, type));
  }
});

test("numbers that fit no record are refused, and do not harm the next answer", () => {
  const good = (): number => identityChecksum(1, 300, 2, EntryType.Command);
  const expected = zlibChecksum(1, 300, 2, EntryType.Command);
  for (const bad of [-1, 1.5, Number.NaN, LARGE + 1, Number.POSITIVE_INFINITY]) {
    expect(() => identityChecksum(1, bad, 2, EntryType.Command)).toThrow(RangeError);
    expect(() => identityChecksum(bad, 300, 2, EntryType.Command)).toThrow(RangeError);
    expect(() => identityChecksum(1, 300, bad, EntryType.Command)).toThrow(RangeError);
    expect(good()).toBe(expected);
  }
});
