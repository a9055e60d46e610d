import { describe, expect, it } from "vitest";
import { createEntryMaker } from "../../src/codec/entry-maker.ts";
import {
  entryChecksum,
  entryRecordSize,
  writeEntryRecord,
  writeEntryRecords,
} from "../../src/codec/entry-record.ts";
import { EntrySlab } from "../../src/codec/entry-slab.ts";
import { messageSize, readMessage, writeMessage } from "../../src/codec/message-codec.ts";
import { type Entry, EntryType } from "../../src/core/entry.ts";
import { MessageType } from "../../src/core/message.ts";
import { Random } from "../../src/core/random.ts";
import { messageOf } from "../transport/link-cluster.ts";
import { randomBytes } from "./message-maker.ts";

const GROUP = 9;

/** New entries of one leader, with data of these sizes. */
function made(sizes: readonly number[]): Entry[] {
  const random = new Random(sizes.length);
  const createEntry = createEntryMaker();
  return sizes.map((size, at) =>
    createEntry(GROUP, 5 + at, 3, EntryType.Command, randomBytes(random, size), undefined),
  );
}

/** The entries as a follower has them. */
function sent(entries: readonly Entry[], index: number): readonly Entry[] {
  const message = messageOf(1, 2, {
    type: MessageType.AppendEntries,
    groupId: GROUP,
    index,
    entries,
  });
  const size = messageSize(message);
  const bytes = Buffer.alloc(size);
  writeMessage(bytes, 0, size, message);
  return readMessage(bytes, 0, size, new EntrySlab()).entries;
}

function encodedOneByOne(entries: readonly Entry[]): Buffer {
  const bytes = Buffer.alloc(entries.reduce((sum, entry) => sum + entryRecordSize(entry), 0));
  let at = 0;
  for (const entry of entries) at = writeEntryRecord(bytes, at, GROUP, entry);
  return bytes;
}

function encodedTogether(entries: readonly Entry[]): Buffer {
  const bytes = Buffer.alloc(encodedOneByOne(entries).length + 7, 0xee);
  const end = writeEntryRecords(bytes, 7, GROUP, entries);
  expect(end).toBe(bytes.length);
  return bytes.subarray(7);
}

const SIZES = Array.from({ length: 500 }, (_unused, at) =>
  at % 60 === 59 ? 9000 : (at * 7) % 300,
);

describe("entries whose records are at hand", () => {
  it("have their leader's checksum, and know what was proposed", () => {
    const createEntry = createEntryMaker();
    const data = Buffer.from("a command");
    const command = { name: "a command" };
    const entry = createEntry(GROUP, 7, 2, EntryType.Command, data, command);
    expect(entry).toMatchObject({ index: 7, term: 2, type: EntryType.Command, command });
    expect(entry.data).toBe(data);
    expect(entry.crc).toBe(entryChecksum(GROUP, 7, 2, EntryType.Command, data));
  });

  it("are written as others are, wherever a run of them begins and ends", () => {
    const entries = made(SIZES);
    const received = sent(entries, 4);
    const bytes = encodedOneByOne(entries);
    expect(encodedTogether(entries)).toEqual(bytes);
    expect(encodedTogether(received)).toEqual(bytes);
    for (let first = 0; first < entries.length; first += 37) {
      for (const count of [1, 2, 3, 100]) {
        const some = received.slice(first, first + count);
        expect(encodedTogether(some)).toEqual(encodedOneByOne(some));
      }
    }
  });

  it("are written in the order asked for, next to others that are not at hand", () => {
    const entries = made(SIZES);
    const mixed = entries.map((entry, at) => {
      if (at % 3 !== 0) return entry;
      const { index, term, type, data, crc } = entry;
      return { index, term, type, data, crc };
    });
    expect(encodedTogether(mixed)).toEqual(encodedOneByOne(entries));
    const reversed = [...entries].reverse();
    expect(encodedTogether(reversed)).toEqual(encodedOneByOne(reversed));
  });

  it("share memory if they are small, and keep what was proposed if it is large", () => {
    const [small, next, large] = made([100, 100, 9000]);
    expect(next?.record).toBe(small?.record);
    expect(large?.record).toBeUndefined();
  });
});
