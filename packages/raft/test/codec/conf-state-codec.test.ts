import { describe, expect, it } from "vitest";
import {
  CONF_LIST_MAX,
  confStateSize,
  readConfState,
  readSnapshotMeta,
  snapshotMetaSize,
  writeConfState,
  writeSnapshotMeta,
} from "../../src/codec/conf-state-codec.ts";
import { DecodeError } from "../../src/codec/decode-error.ts";
import { type ConfState, EMPTY_CONF } from "../../src/core/conf-state.ts";
import { Random } from "../../src/core/random.ts";
import { randomBytes, randomConf, u48 } from "./message-maker.ts";

function encode(conf: ConfState): Uint8Array {
  const bytes = new Uint8Array(confStateSize(conf));
  expect(writeConfState(bytes, 0, conf)).toBe(bytes.length);
  return bytes;
}

describe("configuration codec", () => {
  it("reads what it wrote", () => {
    const random = new Random(1);
    expect(readConfState(encode(EMPTY_CONF), 0, 9)).toEqual(EMPTY_CONF);
    for (let round = 0; round < 500; round++) {
      const conf = randomConf(random);
      const bytes = encode(conf);
      expect(readConfState(bytes, 0, bytes.length)).toEqual(conf);
      const meta = { index: u48(random), term: u48(random), conf };
      const metaBytes = new Uint8Array(snapshotMetaSize(meta) + 3);
      const end = writeSnapshotMeta(metaBytes, 3, meta);
      expect(end).toBe(metaBytes.length);
      expect(readSnapshotMeta(metaBytes, 3, end)).toEqual(meta);
    }
  });

  it("refuses what is cut at any byte, or goes on", () => {
    const conf = randomConf(new Random(3));
    const bytes = encode(conf);
    for (let end = 0; end < bytes.length; end++) {
      expect(() => readConfState(bytes, 0, end)).toThrow(DecodeError);
      expect(() => readConfState(bytes.slice(0, end), 0, end)).toThrow(DecodeError);
    }
    const longer = Uint8Array.from([...bytes, 0]);
    expect(() => readConfState(longer, 0, longer.length)).toThrow(DecodeError);
    expect(() => readConfState(bytes, 0, bytes.length + 1)).toThrow(DecodeError);
  });

  it("refuses members that are not ascending, replica 0, unknown flags and absurd counts", () => {
    for (const voters of [[2, 1], [1, 1], [0]]) {
      const bytes = encode({ ...EMPTY_CONF, voters });
      expect(() => readConfState(bytes, 0, bytes.length)).toThrow(DecodeError);
    }
    const flags = encode(EMPTY_CONF);
    flags[0] = 2;
    expect(() => readConfState(flags, 0, flags.length)).toThrow(DecodeError);
    const huge = new Uint8Array(300_000);
    huge.set([0, 0xff, 0xff]);
    expect(() => readConfState(huge, 0, huge.length)).toThrow(DecodeError);
    const voters = Array.from({ length: CONF_LIST_MAX + 1 }, (_, index) => index + 1);
    expect(() => encode({ ...EMPTY_CONF, voters })).toThrow(RangeError);
  });

  it("throws nothing but DecodeError for random bytes", () => {
    const random = new Random(4);
    for (let round = 0; round < 3000; round++) {
      const bytes = randomBytes(random, random.below(60));
      if (round % 2 === 0 && bytes.length > 2) bytes.set([0, random.below(3), 0]);
      try {
        readConfState(bytes, 0, bytes.length);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }
  });
});
