import { describe, expect, test } from "vitest";
import { hashKey, murmur3 } from "../src/index.ts";

const SEED = 0x9747b28c;

describe("murmur3", () => {
  // Published vectors of MurmurHash3 x86 32-bit.
  test.each([
    ["", 0, 0],
    ["", 1, 0x514e28b7],
    ["", 0xffffffff, 0x81f16f39],
    ["ffffffff", 0, 0x76293b50],
    ["21436587", 0, 0xf55b516b],
    ["21436587", 0x5082edee, 0x2362f9de],
    ["214365", 0, 0x7e4a8634],
    ["2143", 0, 0xa0f7b07a],
    ["21", 0, 0x72661cf4],
    ["00000000", 0, 0x2362f9de],
    ["000000", 0, 0x85f0b427],
    ["0000", 0, 0x30f4c306],
    ["00", 0, 0x514e28b7],
  ])("hashes the bytes %j with seed %i as published", (hex, seed, expected) => {
    expect(murmur3(Buffer.from(hex, "hex"), seed)).toBe(expected);
  });

  test.each([
    ["aaaa", 0x5a97808a],
    ["aaa", 0x283e0130],
    ["aa", 0x5d211726],
    ["a", 0x7fa09ea6],
    ["abcd", 0xf0478627],
    ["Hello, world!", 0x24884cba],
    ["The quick brown fox jumps over the lazy dog", 0x2fa826cd],
  ])("hashes the text %j as published", (text, expected) => {
    expect(hashKey(text, SEED)).toBe(expected);
  });

  test("hashes a text as its UTF-8 bytes, whatever its length", () => {
    for (const text of ["häse", "😀".repeat(3), "ü".repeat(400), "x".repeat(5000)]) {
      expect(hashKey(text, 7)).toBe(murmur3(Buffer.from(text), 7));
    }
  });
});
