import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decodeProgress,
  encodeProgress,
  type Progress,
  RETURN_COUNT_MAX,
} from "../../../src/queue/log/progress.ts";

const EXAMPLE: Progress = {
  removed: [
    { level: 0, first: 512, last: 575 },
    { level: 3, first: 513, last: 513 },
  ],
  delivered: [{ level: 0, ref: 1000 }],
  returned: [{ level: 3, ref: 700, count: 300 }],
};
const EXAMPLE_HEX = "0201" + "02" + "0080083f" + "037b00" + "01" + "00ce07" + "01" + "03d704ac02";

const level = fc.integer({ min: 0, max: 255 });
const ref = fc.integer({ min: 0, max: 2 ** 52 - 1 });
const progress: fc.Arbitrary<Progress> = fc.record({
  removed: fc.array(
    fc
      .tuple(level, ref, ref)
      .map(([at, a, b]) => ({ level: at, first: Math.min(a, b), last: Math.max(a, b) })),
  ),
  delivered: fc.array(fc.record({ level, ref })),
  returned: fc.array(
    fc.record({ level, ref, count: fc.integer({ min: 0, max: RETURN_COUNT_MAX }) }),
  ),
});

describe("the progress codec", () => {
  test("writes the bytes that it always wrote", () => {
    expect(Buffer.from(encodeProgress(EXAMPLE)).toString("hex")).toBe(EXAMPLE_HEX);
    expect(decodeProgress(Buffer.from(EXAMPLE_HEX, "hex"))).toEqual(EXAMPLE);
  });

  test("an ordinary acknowledgement of one batch takes 14 bytes", () => {
    const first = 1_000_000 * 256;
    const removed = [{ level: 0, first, last: first + 63 }];
    const delivered = [{ level: 0, ref: first + 80 }];
    expect(encodeProgress({ removed, delivered, returned: [] }).length).toBe(14);
  });

  test("what is written is read again", () => {
    fc.assert(
      fc.property(progress, (each) => {
        expect(decodeProgress(encodeProgress(each))).toEqual(each);
      }),
    );
  });

  test("bytes cut anywhere, or followed by others, are refused", () => {
    const bytes = encodeProgress(EXAMPLE);
    for (let size = 0; size < bytes.length; size++) {
      expect(() => decodeProgress(bytes.subarray(0, size)), `${size} bytes`).toThrow(Error);
    }
    expect(() => decodeProgress(Buffer.concat([bytes, Buffer.from([0])]))).toThrow(
      "1 bytes follow",
    );
  });

  test("any bytes are either refused or a progress that can be written", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (rest) => {
        let decoded: Progress;
        try {
          decoded = decodeProgress(Buffer.from([2, 1, ...rest]));
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          return;
        }
        expect(decodeProgress(encodeProgress(decoded))).toEqual(decoded);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ["another type", "0101000000", "no progress"],
    ["a newer version", "0202000000", "version 2"],
    ["more items than bytes", "0201ffff03", "items in"],
    ["a number of nine bytes", "020101008080808080808080", "not written as it should"],
    ["a number with a needless byte", "02010100810000", "not written as it should"],
    ["a ref below zero", "020101000100", "a ref of -1"],
  ])("%s is refused", (_name, hex, text) => {
    expect(() => decodeProgress(Buffer.from(hex, "hex"))).toThrow(text);
  });

  test.each<[string, Partial<Progress>]>([
    ["a range that ends before it begins", { removed: [{ level: 0, first: 6, last: 5 }] }],
    ["a level above 255", { removed: [{ level: 256, first: 5, last: 5 }] }],
    ["a ref below zero", { delivered: [{ level: 0, ref: -1 }] }],
    ["half a ref", { delivered: [{ level: 0, ref: 0.5 }] }],
    ["a huge return count", { returned: [{ level: 0, ref: 1, count: RETURN_COUNT_MAX + 1 }] }],
  ])("%s is not written", (_name, what) => {
    const none: Progress = { removed: [], delivered: [], returned: [] };
    expect(() => encodeProgress({ ...none, ...what })).toThrow(RangeError);
  });
});
