import { describe, expect, it } from "vitest";
import { crc32 } from "../../src/codec/crc32.ts";
import { DecodeError } from "../../src/codec/decode-error.ts";
import { Lane } from "../../src/codec/frame.ts";
import {
  decodeHandshake,
  encodeHandshake,
  HANDSHAKE_SIZE_MAX,
  type Handshake,
  HandshakeKind,
  HandshakeReader,
} from "../../src/codec/handshake.ts";
import { Random } from "../../src/core/random.ts";
import { randomBytes } from "./message-maker.ts";

const HELLO: Handshake = {
  kind: HandshakeKind.Hello,
  versionMin: 1,
  versionMax: 3,
  lane: Lane.Bulk,
  node: 0xffff,
  nodeMeant: 2,
  incarnation: 2 ** 48 - 1,
  boot: 2 ** 47 + 5,
  wallMs: 1_700_000_000_123,
  features: 0x8000_0001,
  refusal: 4,
  clusterId: "clüster",
};

describe("handshake", () => {
  it("reads what it wrote", () => {
    expect(decodeHandshake(encodeHandshake(HELLO))).toEqual(HELLO);
    const longest = { ...HELLO, clusterId: "x".repeat(255) };
    expect(decodeHandshake(encodeHandshake(longest))).toEqual(longest);
    expect(() => encodeHandshake({ ...HELLO, clusterId: "x".repeat(256) })).toThrow(RangeError);
  });

  it("is found however it is cut, and what follows it is left alone", () => {
    const input = Buffer.concat([encodeHandshake(HELLO), Buffer.from("rest")]);
    for (let cut = 0; cut <= input.length; cut++) {
      const reader = new HandshakeReader();
      const first = reader.push(input.subarray(0, cut));
      if (first.handshake !== undefined) {
        expect(first.used).toBe(input.length - 4);
        continue;
      }
      expect(first.used).toBe(cut);
      const second = reader.push(input.subarray(cut));
      expect(second.handshake).toEqual(HELLO);
      expect(cut + second.used).toBe(input.length - 4);
    }
  });

  it("may be longer in later versions", () => {
    const bytes = encodeHandshake(HELLO);
    const longer = Buffer.concat([bytes.subarray(0, -4), Buffer.alloc(50, 7), Buffer.alloc(4)]);
    longer.writeUInt16LE(longer.length, 4);
    longer.writeUInt32LE(crc32(longer.subarray(0, -4)), longer.length - 4);
    expect(decodeHandshake(longer)).toEqual(HELLO);
  });

  it("refuses another protocol at its first byte", () => {
    expect(() => new HandshakeReader().push(Buffer.from("A"))).toThrow(DecodeError);
    expect(() => new HandshakeReader().push(Buffer.from("LVRX"))).toThrow(DecodeError);
  });

  it("notices each flipped bit", () => {
    const bytes = encodeHandshake(HELLO);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      const at = bit >>> 3;
      flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << (bit & 7)), at);
      expect(() => decodeHandshake(flipped), `bit ${bit}`).toThrow(DecodeError);
    }
  });

  it("throws nothing but DecodeError for random bytes behind the right start", () => {
    const random = new Random(1);
    for (let round = 0; round < 2000; round++) {
      const bytes = Buffer.from(randomBytes(random, 6 + random.below(HANDSHAKE_SIZE_MAX)));
      bytes.write("LVRN", 0);
      if (round % 2 === 0) bytes.writeUInt16LE(bytes.length, 4);
      try {
        new HandshakeReader().push(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }
  });
});
