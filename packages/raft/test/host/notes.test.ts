import { describe, expect, test } from "vitest";
import { DecodeError } from "../../src/codec/decode-error.ts";
import { entryChecksum } from "../../src/codec/entry-record.ts";
import type { Entry } from "../../src/core/entry.ts";
import {
  decodeDigest,
  decodeGroupIds,
  decodeVerdict,
  encodeDigest,
  encodeGroupIds,
  encodeVerdict,
} from "../../src/host/digest-codec.ts";
import {
  AnswerStatus,
  decodeAnswer,
  decodeChunk,
  decodeOffer,
  decodeTransferId,
  encodeAnswer,
  encodeEntriesChunk,
  encodeOffer,
  encodeStateChunk,
  encodeTransferId,
  isSameTransfer,
  readChunkEntries,
  type TransferId,
} from "../../src/host/transfer-codec.ts";
import { Random } from "../../src/sim/random.ts";

const BIG = 2 ** 48 - 1;
const ID: TransferId = {
  transferId: 0xffff_fffe,
  groupId: BIG,
  epoch: 7,
  from: 65_537,
  to: 131_073,
  term: BIG - 1,
  snapshotIndex: BIG - 2,
  snapshotTerm: 3,
};
const META = {
  index: ID.snapshotIndex,
  term: ID.snapshotTerm,
  conf: {
    voters: [65_537],
    votersOutgoing: [],
    learners: [131_073],
    learnersNext: [],
    autoLeave: false,
  },
};
const RANGES = [
  { first: 1, last: 1 },
  { first: 5, last: BIG },
];

function entry(index: number, text: string): Entry {
  const data = Buffer.from(text);
  return { index, term: 2, type: 0, data, crc: entryChecksum(ID.groupId, index, 2, 0, data) };
}

const DIGEST = encodeDigest({
  round: 0xffff_ffff,
  part: 3,
  isLast: true,
  entries: [
    { groupId: 1, epoch: 1, term: 2, commitIndex: 3, lastIndex: 4 },
    { groupId: BIG, epoch: 0xffff, term: BIG, commitIndex: BIG, lastIndex: BIG },
  ],
});

describe("notes between hosts", () => {
  test("are decoded to what was encoded", () => {
    expect(encodeDigest(decodeDigest(DIGEST))).toEqual(DIGEST);
    expect(decodeGroupIds(encodeGroupIds([1, BIG]))).toEqual([1, BIG]);
    const verdict = { groupId: BIG, epoch: 9, replica: 0xffff_ffff };
    expect(decodeVerdict(encodeVerdict(verdict))).toEqual(verdict);
    expect(decodeTransferId(encodeTransferId(ID))).toEqual(ID);
    const offer = { id: ID, meta: META, live: RANGES };
    expect(decodeOffer(encodeOffer(offer))).toEqual(offer);
    const answer = { id: ID, status: AnswerStatus.Accept, nextSeq: 5, missing: RANGES };
    expect(decodeAnswer(encodeAnswer(answer))).toEqual(answer);
  });

  test("carry chunks of state and of entries, and show damage", () => {
    const state = encodeStateChunk(ID, { seq: 4, isLast: true, payload: Buffer.from("state") });
    const chunk = decodeChunk(state);
    expect(chunk).toMatchObject({ id: ID, seq: 4, isLast: true, isState: true, isIntact: true });
    expect(chunk.payload.toString()).toBe("state");
    const list = [entry(5, "a"), entry(6, "")];
    const bytes = encodeEntriesChunk(ID, { seq: 0, entries: list });
    const decoded = decodeChunk(bytes);
    expect(decoded).toMatchObject({ seq: 0, isLast: false, isState: false, isIntact: true });
    expect(readChunkEntries(ID.groupId, decoded.payload)).toEqual(list);
    expect(readChunkEntries(1, decoded.payload)).toBeUndefined();
    expect(readChunkEntries(ID.groupId, decoded.payload.subarray(1))).toBeUndefined();
    const last = state.length - 1;
    state[last] = (state[last] ?? 0) ^ 1;
    expect(decodeChunk(state).isIntact).toBe(false);
  });

  test("of two transfers are never the same if any part differs", () => {
    expect(isSameTransfer(ID, { ...ID })).toBe(true);
    for (const key of Object.keys(ID) as (keyof TransferId)[]) {
      expect(isSameTransfer(ID, { ...ID, [key]: ID[key] - 1 })).toBe(false);
    }
  });

  test("that are no notes throw DecodeError, and nothing else", () => {
    const random = new Random(7);
    const samples = [
      DIGEST,
      encodeGroupIds([1, 2]),
      encodeOffer({ id: ID, meta: META, live: RANGES }),
      encodeAnswer({ id: ID, status: AnswerStatus.Ack, nextSeq: 1, missing: RANGES }),
      encodeStateChunk(ID, { seq: 0, isLast: false, payload: Buffer.from("x") }),
    ];
    const decoders = [
      decodeDigest,
      decodeGroupIds,
      decodeVerdict,
      decodeTransferId,
      decodeOffer,
      decodeAnswer,
      decodeChunk,
    ];
    for (let round = 0; round < 3000; round++) {
      const bytes = Buffer.from(random.pick(samples)).subarray(0, random.below(90));
      if (bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256);
      for (const decode of decoders) {
        try {
          decode(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }
    }
  });
});
