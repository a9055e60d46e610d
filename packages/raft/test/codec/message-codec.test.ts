import { describe, expect, it } from "vitest";
import { DecodeError } from "../../src/codec/decode-error.ts";
import { ENTRY_SLAB_BYTES, EntrySlab } from "../../src/codec/entry-slab.ts";
import {
  MESSAGE_HEADER_SIZE,
  messageSize,
  messageSizeAt,
  readMessage,
  writeMessage,
} from "../../src/codec/message-codec.ts";
import { MessageType, type RaftMessage } from "../../src/core/message.ts";
import { Random } from "../../src/core/random.ts";
import { messageOf } from "../transport/link-cluster.ts";
import { entryOf, randomBytes, randomMessage } from "./message-maker.ts";

function encode(message: RaftMessage): Buffer {
  const size = messageSize(message);
  const bytes = Buffer.alloc(size, 0xee);
  writeMessage(bytes, 0, size, message);
  return bytes;
}

function decode(bytes: Buffer): RaftMessage {
  return readMessage(bytes, 0, bytes.length, new EntrySlab());
}

describe("message codec", () => {
  it("reads what it wrote, for messages of all types with values up to the edges", () => {
    const random = new Random(1);
    const types = new Set<number>();
    for (let round = 0; round < 3000; round++) {
      const message = randomMessage(random);
      types.add(message.type);
      const decoded = decode(encode(message));
      expect(plain(decoded)).toEqual(plain(message));
    }
    expect(types.size).toBe(Object.values(MessageType).length);
  });

  it("writes a fixed layout (changes need a new protocol version)", () => {
    const message = messageOf(1, 2, {
      type: MessageType.AppendEntriesReply,
      groupId: 0x0102_0304_0506,
      epoch: 7,
      term: 8,
      index: 9,
      logTerm: 10,
      commit: 11,
      hint: 12,
      context: 13,
      reject: true,
    });
    expect(encode(message).toString("hex")).toBe(
      [
        "0201",
        "060504030201",
        "0700",
        "01000100",
        "01000200",
        "080000000000",
        "090000000000",
        "0a0000000000",
        "0b0000000000",
        "0c0000000000",
        "0d00000000000000",
        "00000000",
      ].join(""),
    );
  });

  it("does not read beyond the end, wherever a message is cut", () => {
    const message = randomAppend();
    const bytes = encode(message);
    for (let end = 0; end < bytes.length; end++) {
      const cut = Buffer.from(bytes.subarray(0, end));
      expect(() => decode(cut)).toThrow(DecodeError);
      expect(() => readMessage(bytes, 0, end, new EntrySlab())).toThrow(DecodeError);
    }
  });

  it("refuses bytes after a message", () => {
    const bytes = Buffer.concat([encode(randomAppend()), Buffer.alloc(1)]);
    expect(messageSizeAt(bytes, 0, bytes.length)).toBe(bytes.length - 1);
    expect(() => decode(bytes)).toThrow(DecodeError);
  });

  it("notices each flipped bit of an entry by its leader's checksum", () => {
    const bytes = encode(randomAppend());
    for (let bit = MESSAGE_HEADER_SIZE * 8; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      const at = bit >>> 3;
      flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << (bit & 7)), at);
      expect(() => decode(flipped), `bit ${bit}`).toThrow(DecodeError);
    }
  });

  it("throws nothing but DecodeError for random bytes and flipped fields", () => {
    const random = new Random(2);
    let refused = 0;
    for (let round = 0; round < 5000; round++) {
      const bytes =
        round % 2 === 0
          ? Buffer.from(randomBytes(random, random.below(300)))
          : damaged(encode(randomMessage(random)), random);
      try {
        decode(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(2500);
  });

  it("refuses entries of another group, and entries that do not follow the previous index", () => {
    const entry = entryOf(9, 5, 3, Buffer.from("x"));
    const append = { type: MessageType.AppendEntries, index: 4, entries: [entry] };
    expect(decode(encode(messageOf(1, 2, append))).entries).toHaveLength(1);
    expect(() => decode(encode(messageOf(1, 2, { ...append, groupId: 8 })))).toThrow(DecodeError);
    expect(() => decode(encode(messageOf(1, 2, { ...append, index: 5 })))).toThrow(DecodeError);
  });

  it("refuses a body in a message that has none", () => {
    const bytes = encode(randomAppend());
    bytes[0] = MessageType.Heartbeat;
    expect(() => decode(bytes)).toThrow(DecodeError);
  });

  it("refuses members of a snapshot that are not ascending", () => {
    const conf = {
      voters: [7, 3],
      votersOutgoing: [],
      learners: [],
      learnersNext: [],
      autoLeave: false,
    };
    const message = messageOf(1, 2, {
      type: MessageType.InstallSnapshot,
      snapshot: { index: 1, term: 1, conf },
    });
    expect(() => decode(encode(message))).toThrow(DecodeError);
  });

  it("throws at the sender's when a field does not fit its place", () => {
    for (const wrong of [{ index: -1 }, { term: 2 ** 48 }, { context: 2 ** 53 }, { hint: 1.5 }]) {
      expect(() => encode(messageOf(1, 2, wrong))).toThrow(RangeError);
    }
  });

  it("gives entries memory of their own, shared by few and never the input's", () => {
    const small = entryOf(9, 5, 3, Buffer.alloc(100, 1));
    const large = entryOf(9, 6, 3, Buffer.alloc(200_000, 2));
    const bytes = encode(
      messageOf(1, 2, { type: MessageType.AppendEntries, index: 4, entries: [small, large] }),
    );
    const decoded = decode(bytes);
    bytes.fill(0xde);
    expect(plain(decoded).entries).toEqual([small, large].map(plainEntry));
    const [first, second] = decoded.entries;
    expect(first?.data.buffer.byteLength).toBe(ENTRY_SLAB_BYTES);
    expect(second?.data.buffer.byteLength).toBeLessThan(200_100);
  });

  it("finds small entries, of which many share memory, and large ones between them", () => {
    const sizes = Array.from({ length: 300 }, (_unused, at) => (at % 50 === 49 ? 9000 : 3 * at));
    const entries = sizes.map((size, at) => entryOf(9, 5 + at, 3, Buffer.alloc(size, at)));
    const append = { type: MessageType.AppendEntries, index: 4, entries };
    const decoded = decode(encode(messageOf(1, 2, append)));
    expect(plain(decoded).entries).toEqual(entries.map(plainEntry));
    const pieces = new Set(decoded.entries.map(({ data }) => data.buffer));
    expect(pieces.size).toBeLessThan(20);
  });
});

function randomAppend(): RaftMessage {
  const entries = [5, 6, 7].map((index) => entryOf(9, index, 3, Buffer.from(`entry ${index}`)));
  return messageOf(1, 2, { type: MessageType.AppendEntries, index: 4, logTerm: 2, entries });
}

function damaged(bytes: Buffer, random: Random): Buffer {
  for (let count = 1 + random.below(3); count > 0; count--) {
    bytes[random.below(bytes.length)] = random.below(256);
  }
  return random.below(3) === 0 ? bytes.subarray(0, random.below(bytes.length)) : bytes;
}

/** With plain arrays, so that views and buffers compare by their bytes, and wherever a record is in memory. */
function plain(message: RaftMessage): RaftMessage {
  return { ...message, entries: message.entries.map(plainEntry) };
}

function plainEntry(entry: RaftMessage["entries"][number]): RaftMessage["entries"][number] {
  const { index, term, type, data, crc } = entry;
  return { index, term, type, data: Uint8Array.from(data), crc };
}
