import { describe, expect, it } from "vitest";
import { decodeConfChange, encodeConfChange } from "../../src/core/conf-change-codec.ts";
import type { ConfChange } from "../../src/core/conf-state.ts";
import { Random } from "../../src/core/random.ts";
import { change } from "./make.ts";

const EXAMPLE: ConfChange = {
  ...change(
    [
      ["add-voter", 65_535],
      ["add-learner", 2],
      ["remove", 3],
    ],
    "joint-explicit",
  ),
  context: Uint8Array.from([1, 2, 3]),
};

describe("the payload of a change of members", () => {
  it.each(["auto", "joint-implicit", "joint-explicit"] as const)(
    "of %s is read as it was written",
    (transition) => {
      for (const steps of [[], EXAMPLE.steps]) {
        const written = { ...EXAMPLE, transition, steps };
        expect(decodeConfChange(encodeConfChange(written))).toEqual(written);
      }
    },
  );

  it("has its documented form", () => {
    expect([
      ...encodeConfChange({ ...change([["add-learner", 2]]), context: Uint8Array.of(9) }),
    ]).toEqual([1, 0, 1, 1, 1, 0, 2, 0, 9]);
  });

  it("is bounded in steps and context", () => {
    const steps = Array.from({ length: 129 }, (_, at) => ["remove", at + 1] as const);
    expect(() => encodeConfChange(change(steps))).toThrow(RangeError);
    expect(decodeConfChange(encodeConfChange(change(steps.slice(1))))?.steps.length).toBe(128);
    const context = new Uint8Array(64 * 1024);
    expect(decodeConfChange(encodeConfChange({ ...EXAMPLE, context }))?.context.length).toBe(
      65_536,
    );
    expect(() => encodeConfChange({ ...EXAMPLE, context: new Uint8Array(65_537) })).toThrow(
      RangeError,
    );
    expect(decodeConfChange(new Uint8Array(3 + 65_537).fill(0).with(0, 1))).toBeUndefined();
  });

  it.each([
    ["nothing", []],
    ["another version", [2, 0, 0]],
    ["an unknown transition", [1, 3, 0]],
    ["fewer steps than announced", [1, 0, 2, 0, 1, 0, 0, 0]],
    ["too many steps", [1, 0, 200, ...new Array<number>(1_000).fill(0)]],
    ["an unknown step", [1, 0, 1, 3, 1, 0, 0, 0]],
  ])("is nothing that is known: %s", (_, bytes) => {
    expect(decodeConfChange(Uint8Array.from(bytes))).toBeUndefined();
  });

  it("reads any bytes without throwing, and what it reads it writes again as it was", () => {
    const random = new Random(9);
    for (let round = 0; round < 20_000; round++) {
      const isNear = random.below(2) === 0;
      const bytes = isNear
        ? encodeConfChange(EXAMPLE).slice(0, random.below(25))
        : new Uint8Array(random.below(30));
      for (let flips = random.below(4); flips > 0 && bytes.length > 0; flips--) {
        bytes[random.below(bytes.length)] = random.below(256);
      }
      const read = decodeConfChange(bytes);
      if (read !== undefined) expect(encodeConfChange(read)).toEqual(bytes);
    }
  });
});
