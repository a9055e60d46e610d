import { describe, expect, it } from "vitest";
import {
  readU16,
  readU32,
  readU48,
  readU53,
  U48_MAX,
  writeU16,
  writeU32,
  writeU48,
  writeU53,
} from "../../src/codec/u48.ts";

const EDGES = [0, 1, 0xff, 0x7fff_ffff, 0x8000_0000, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 5, U48_MAX];

describe("little-endian integers", () => {
  it("keep values beyond 32 bits whole (pitfall: bit operators truncate)", () => {
    const bytes = Buffer.alloc(8);
    for (const value of EDGES) {
      writeU48(bytes, 1, value);
      expect(readU48(bytes, 1)).toBe(value);
      expect(bytes.readUIntLE(1, 6)).toBe(value);
    }
    for (const value of [...EDGES, 2 ** 52, Number.MAX_SAFE_INTEGER]) {
      writeU53(bytes, 0, value);
      expect(readU53(bytes, 0)).toBe(value);
      expect(bytes.readBigUInt64LE(0)).toBe(BigInt(value));
    }
    for (const value of [0, 0x8000_0000, 2 ** 32 - 1]) {
      writeU32(bytes, 2, value);
      expect(readU32(bytes, 2)).toBe(value);
    }
    writeU16(bytes, 3, 0xfffe);
    expect(readU16(bytes, 3)).toBe(0xfffe);
  });

  it("refuse what does not fit", () => {
    const bytes = Buffer.alloc(8);
    for (const value of [-1, 1.5, Number.NaN, U48_MAX + 1, Number.POSITIVE_INFINITY]) {
      expect(() => writeU48(bytes, 0, value)).toThrow(RangeError);
    }
    for (const value of [-1, 1.5, Number.NaN, 2 ** 53]) {
      expect(() => writeU53(bytes, 0, value)).toThrow(RangeError);
    }
    bytes.writeBigUInt64LE(2n ** 53n, 0);
    expect(readU53(bytes, 0)).toBeUndefined();
  });
});
