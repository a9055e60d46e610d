import { crc32 as platformCrc32 } from "node:zlib";
import { expect, test } from "vitest";
import { crc32, shiftCrc32 } from "../../src/codec/crc32.ts";

const LENGTHS = [0, 1, 2, 3, 4, 5, 31, 127, 128, 129, 255, 256, 257, 4096, 4096, 99_999, 3_000_001];

test("checksums are zlib's, from any seed", () => {
  for (const length of LENGTHS) {
    const bytes = Buffer.from(Array.from({ length }, (_unused, at) => (at * 7) ^ length));
    expect(crc32(bytes, 0xfedc_ba98), `${length} bytes`).toBe(platformCrc32(bytes, 0xfedc_ba98));
  }
});

test("every length that is worked off here and not by zlib", () => {
  const all = Buffer.from(Array.from({ length: 300 }, (_unused, at) => (at * 31) ^ (at >> 3)));
  for (let length = 0; length < 260; length++) {
    const bytes = all.subarray(3, 3 + length);
    expect(crc32(bytes, length), `${length} bytes`).toBe(platformCrc32(bytes, length));
  }
});

test("a checksum is that of its parts, the first one shifted by the length of the second", () => {
  const first = Buffer.from("what comes before");
  for (const length of LENGTHS) {
    const second = Buffer.alloc(length, 0xa7);
    const joined = (shiftCrc32(crc32(first), length) ^ crc32(second)) >>> 0;
    expect(joined, `${length} bytes`).toBe(crc32(Buffer.concat([first, second])));
  }
});
