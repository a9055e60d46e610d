import { describe, expect, test } from "vitest";
import { crc32 } from "../../src/codec/crc32.ts";
import { DecodeError } from "../../src/codec/decode-error.ts";
import {
  continueWithEntry,
  entryChecksum,
  entryRecordSize,
  readEntryRecord,
  viewEntryRecord,
  writeEntryRecord,
} from "../../src/codec/entry-record.ts";
import { RecordType, readControlRecord, writeRecord } from "../../src/codec/record.ts";
import {
  BATCH_ROW_SIZE,
  BATCH_TRAILER_SIZE,
  batchBodyCrc,
  readBatchHeader,
  readBatchTrailer,
  writeBatchHeader,
  writeBatchRow,
  writeBatchTrailer,
} from "../../src/codec/record-batch.ts";
import { RecordReader, RecordWriter } from "../../src/codec/record-bytes.ts";
import { decodeFileStart, encodeFileStart } from "../../src/codec/record-file-start.ts";
import {
  type GroupImage,
  readGroupImage,
  writeGroupImage,
} from "../../src/codec/record-group-image.ts";
import { decodeIndexSection, encodeIndexSection } from "../../src/codec/record-index.ts";
import { decodeNodeMeta, encodeNodeMeta } from "../../src/codec/record-node-meta.ts";
import { decodeSnapshotRecord, encodeSnapshotRecord } from "../../src/codec/record-snapshot.ts";
import { decodeSnapshotEnd, encodeSnapshotEnd } from "../../src/codec/record-snapshot-file.ts";
import { ENTRY_OVERHEAD, EntryType } from "../../src/core/entry.ts";
import { Random } from "../../src/sim/random.ts";

const LARGE = 2 ** 48 - 1;
const CONF = {
  voters: [65537, 131073],
  votersOutgoing: [65537],
  learners: [196609],
  learnersNext: [],
  autoLeave: true,
};

const IMAGE: GroupImage = {
  groupId: LARGE,
  epoch: 3,
  replicaId: 4_294_967_295,
  isHardStateLost: true,
  isSnapshotDamaged: true,
  hardState: { currentTerm: LARGE, votedFor: 65537, commitIndex: LARGE },
  snapshot: { index: 2 ** 32 - 5, term: 7, conf: CONF },
  snapshotPlace: { kind: "record", fileSeq: 5, offset: 4096, size: 333 },
  compactedIndex: 2 ** 32 - 5,
  compactedTerm: 7,
  lastIndex: LARGE,
  promise: { index: LARGE, term: LARGE },
  stateFile: 9,
  forcedIndex: 12,
  holes: [20, 30, 32, 32],
  live: [1, 1, 5, 9],
  terms: [11, 7, 15, 0, 20, 8],
  extents: [1, 9, 3, 6, 600, 11, 19, 4, 9, 900],
};

function imageBytes(image: GroupImage): Buffer {
  const writer = new RecordWriter();
  writeGroupImage(writer, image);
  return writer.finish();
}

const FILE_START = {
  incarnation: 9,
  previousFileSeq: 4,
  previousEnd: 8192,
  previousBatchSeq: LARGE,
  hotFiles: [1, 2, 4],
};

const SNAPSHOT = {
  meta: { index: LARGE, term: 4, conf: CONF },
  compactTo: 90,
  compactTerm: 4,
  live: [1, 4, 8, 8],
  stateSize: 5,
  stateFile: 0,
  state: Buffer.from("state"),
  fetched: { fileSeq: 12, ranges: [8, 8], bytes: 77 },
};

const DESCRIPTION = {
  stamp: 5,
  groupId: 8,
  meta: SNAPSHOT.meta,
  stateSize: 70_000,
};

/** All decoders, with something that they accept. */
const DECODERS: readonly (readonly [string, Buffer, (bytes: Buffer) => unknown])[] = [
  [
    "group image",
    imageBytes(IMAGE),
    (bytes) => {
      const reader = new RecordReader(bytes);
      const image = readGroupImage(reader);
      reader.finish();
      return image;
    },
  ],
  ["file start", encodeFileStart(FILE_START), decodeFileStart],
  ["snapshot record", encodeSnapshotRecord(SNAPSHOT), decodeSnapshotRecord],
  [
    "node meta",
    encodeNodeMeta({
      formatVersion: 1,
      nodeId: 3,
      clusterId: "käse",
      incarnation: 4,
      isInUse: true,
    }),
    decodeNodeMeta,
  ],
  [
    "index section",
    encodeIndexSection({
      count: 2,
      firstIndex: LARGE - 5,
      locations: Uint32Array.of(64, 40, 104, 50),
      indexes: Float64Array.of(LARGE - 5, LARGE),
    }),
    decodeIndexSection,
  ],
  [
    "snapshot end",
    encodeSnapshotEnd([1, 2], DESCRIPTION),
    (bytes) => decodeSnapshotEnd(bytes, 70_000),
  ],
];

describe("what is encoded comes back", () => {
  test("group image", () => expect(DECODERS[0]?.[2](imageBytes(IMAGE))).toEqual(IMAGE));
  test("file start", () => {
    expect(decodeFileStart(encodeFileStart(FILE_START))).toEqual(FILE_START);
  });
  test("snapshot record, with its state or without", () => {
    expect(decodeSnapshotRecord(encodeSnapshotRecord(SNAPSHOT))).toEqual(SNAPSHOT);
    const inFile = { ...SNAPSHOT, stateFile: 3, state: undefined, fetched: undefined };
    expect(decodeSnapshotRecord(encodeSnapshotRecord(inFile))).toEqual(inFile);
  });
  test("the end of a snapshot file", () => {
    expect(decodeSnapshotEnd(encodeSnapshotEnd([1, 2], DESCRIPTION), 70_000)).toEqual({
      checksums: [1, 2],
      description: DESCRIPTION,
    });
  });
});

test.each(DECODERS)(
  "%s: bytes cut anywhere or made up are refused, and nothing else happens",
  (_name, bytes, decode) => {
    decode(bytes);
    for (let end = 0; end < bytes.length; end++) {
      expect(() => decode(bytes.subarray(0, end))).toThrow(DecodeError);
    }
    const random = new Random(5);
    for (let round = 0; round < 3000; round++) {
      const other = Buffer.from(bytes);
      const changes = 1 + random.below(3);
      for (let change = 0; change < changes; change++)
        other[random.below(other.length)] = random.below(256);
      try {
        decode(other);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }
  },
);

describe("an entry's record", () => {
  const data = Buffer.from("hello");
  const crc = entryChecksum(LARGE, LARGE - 1, LARGE - 2, EntryType.ConfChange, data);
  const entry = { index: LARGE - 1, term: LARGE - 2, type: EntryType.ConfChange, data, crc };
  const bytes = Buffer.alloc(entryRecordSize(entry) + 7);
  const end = writeEntryRecord(bytes, 7, LARGE, entry, 0x10);

  test("comes back as it was", () => {
    expect(readEntryRecord(bytes, 7, end)).toEqual({ groupId: LARGE, flags: 0x10, entry, end });
    expect(viewEntryRecord(bytes, 7)).toEqual(entry);
  });

  test("is short when it is cut, and damaged whichever bit flips", () => {
    for (let cut = 7; cut < end; cut++) expect(readEntryRecord(bytes, 7, cut)).toBe("short");
    for (let at = 7; at < end; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const copy = Buffer.from(bytes);
        copy[at] = (copy[at] ?? 0) ^ (1 << bit);
        expect(typeof readEntryRecord(copy, 7, end)).toBe("string");
      }
    }
  });
});

test("any other record is refused whichever bit flips", () => {
  const head = { type: RecordType.Promise, flags: 0, groupId: 5, index: 6, term: 7, extra: 8 };
  const bytes = Buffer.alloc(40);
  const end = writeRecord(bytes, 0, head, Buffer.from("payload!"));
  expect(readControlRecord(bytes, 0, end)).toEqual({ ...head, payload: Buffer.from("payload!") });
  for (let at = 0; at < end; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const copy = Buffer.from(bytes);
      copy[at] = (copy[at] ?? 0) ^ (1 << bit);
      expect(readControlRecord(copy, 0, end)).toBeUndefined();
    }
  }
});

test("an entry's checksum continues that of what is before its data, as the data's bytes would", () => {
  for (const size of [0, 1, 4096, 70_000]) {
    const data = Buffer.alloc(size, size + 3);
    const place = { index: LARGE, term: 3, type: EntryType.Command };
    const crc = entryChecksum(7, place.index, place.term, place.type, data);
    const bytes = Buffer.alloc(20 + ENTRY_OVERHEAD + size, 9);
    const end = writeEntryRecord(bytes, 20, 7, { ...place, data, crc });
    const before = crc32(bytes.subarray(0, end - size));
    expect(continueWithEntry(before, 7, { ...place, data, crc })).toBe(crc32(bytes));
  }
});

describe("a batch", () => {
  const place = { fileSeq: 3, position: 4096, stamp: 99 };
  const row = {
    groupId: 5,
    flags: 4,
    firstIndex: 6,
    lastIndex: LARGE,
    lastTerm: 8,
    currentTerm: 9,
    votedFor: 65537,
    commitIndex: 10,
    promiseIndex: 11,
    promiseTerm: 12,
    snapshotIndex: 13,
    snapshotTerm: 14,
  };
  const bytes = Buffer.alloc(1024);
  writeBatchRow(bytes, 1024 - BATCH_TRAILER_SIZE - BATCH_ROW_SIZE, row);
  const endPlace = { ...place, position: 4096 + 1024 };
  writeBatchTrailer(bytes, 1024, endPlace, { batchSeq: 7, rowCount: 1, copiedRowCount: 0 });
  const header = {
    flags: 0,
    batchSeq: 7,
    durableSeq: 6,
    size: 1024,
    recordsSize: 100,
    recordCount: 1,
    rowCount: 1,
    copiedRowCount: 0,
    previousCrc: 5,
    bodyCrc: batchBodyCrc(bytes, 0, 1024),
  };
  writeBatchHeader(bytes, 0, place, header);

  test("says what was written", () => {
    expect(readBatchHeader(bytes, 0, place)).toMatchObject(header);
    expect(readBatchTrailer(bytes, 0, 1024, endPlace)).toEqual({
      batchSeq: 7,
      rows: [row],
      copiedRows: undefined,
    });
  });

  test("counts only where it was written", () => {
    for (const other of [
      { ...place, fileSeq: 4 },
      { ...place, position: 8192 },
      { ...place, stamp: 98 },
    ]) {
      expect(readBatchHeader(bytes, 0, other)).toBeUndefined();
      const end = { ...other, position: other.position + 1024 };
      expect(readBatchTrailer(bytes, 0, 1024, end)).toBeUndefined();
    }
  });
});
