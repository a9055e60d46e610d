import { describe, expect, test } from "vitest";
import { QueueLog } from "../../../src/queue/log/queue-log.ts";
import { alike, enqueue, progress, pullAll, restored, walk } from "./log-rig.ts";

const INDEX = 10;
const REF = INDEX * 256;

/** Two levels, runs, expiry, returns, and a gap. */
function example(): QueueLog {
  const log = new QueueLog();
  enqueue(log, INDEX, [...alike(3), ...alike(1, { level: 4, size: 300 })]);
  enqueue(log, INDEX + 1, alike(2, { expiresAtMs: 1_700_000_000_000 }));
  progress(log, INDEX + 2, {
    removed: [{ level: 0, first: REF + 1, last: REF + 1 }],
    delivered: [{ level: 0, ref: REF + 2 }],
    returned: [{ level: 0, ref: REF + 2, count: 3 }],
  });
  enqueue(log, INDEX + 5, alike(1, { expiresAtMs: 1_699_999_999_999 }));
  return log;
}

const EXAMPLE_INDEX = INDEX + 5;
const LEVELS_HEX =
  // Two levels; level 0: mark, five messages, first ref.
  "02" +
  "00831405" +
  "8014" +
  // Three runs: one message, one returned three times, two that expire; then one that expires earlier.
  "000a" +
  "240a03" +
  "a33f000a80a0abfef962" +
  "caff010a01" +
  // Level 4: one message of 300 octets.
  "040001831400ac02";
const DIGEST_HEX = "97f6977b";
/** Format, levels, no origin, digest. */
const EXAMPLE_HEX = `02${LEVELS_HEX}00${DIGEST_HEX}`;
/** As it was before batches were numbered. */
const OLD_EXAMPLE_HEX = `01${LEVELS_HEX}${DIGEST_HEX}`;

function exampleBytes(): Uint8Array {
  return pullAll(example().snapshot());
}

describe("a snapshot", () => {
  test("has the bytes that it always had", () => {
    expect(Buffer.from(exampleBytes()).toString("hex")).toBe(EXAMPLE_HEX);
  });

  test("is still read as it was before batches were numbered", () => {
    const old = restored(Buffer.from(OLD_EXAMPLE_HEX, "hex"), EXAMPLE_INDEX);
    expect(old.digest()).toBe(example().digest());
  });

  test("of a new queue is a snapshot, too", () => {
    const bytes = pullAll(new QueueLog().snapshot());
    expect(restored(bytes, 1).digest()).toBe(new QueueLog().digest());
  });

  test("shows the moment it was made, whatever happens while it is pulled", () => {
    const log = new QueueLog();
    for (let entry = 1; entry <= 64; entry++) enqueue(log, entry, alike(256, { size: entry }));
    progress(log, 65, { removed: [{ level: 0, first: 0, last: 5 * 256 }] });
    const digest = log.digest();
    const source = log.snapshot();
    const pieces = [source.next(100) ?? Buffer.alloc(0)];
    progress(log, 66, {
      removed: [{ level: 0, first: 0, last: 40 * 256 }],
      returned: [{ level: 0, ref: 41 * 256, count: 9 }],
    });
    for (let entry = 67; entry <= 90; entry++) enqueue(log, entry, alike(256, { expiresAtMs: 5 }));
    progress(log, 91, { removed: [{ level: 0, first: 0, last: 91 * 256 - 1 }] });
    const bytes = Buffer.concat([...pieces, pullAll(source, 1000)]);
    expect(restored(bytes, 65).digest()).toBe(digest);
    expect(log.count).toBe(0);
  });

  test("names the entries that are needed, and gaps of eight entries with them", () => {
    const log = new QueueLog();
    for (const entry of [10, 11, 20, 30, 31]) enqueue(log, entry, alike(2));
    const liveOf = (): unknown => {
      const source = log.snapshot();
      source.close();
      return source.live;
    };
    expect(liveOf()).toEqual([
      { first: 10, last: 20 },
      { first: 30, last: 31 },
    ]);
    progress(log, 32, { removed: [{ level: 0, first: 11 * 256, last: 21 * 256 }] });
    expect(liveOf()).toEqual([
      { first: 10, last: 10 },
      { first: 30, last: 31 },
    ]);
    progress(log, 33, { removed: [{ level: 0, first: 10 * 256, last: 30 * 256 }] });
    expect(liveOf()).toEqual([{ first: 30, last: 31 }]);
  });

  test("does not name entries that an earlier one has set free, though the gap is small", () => {
    const log = new QueueLog();
    enqueue(log, 10, alike(2));
    pullAll(log.snapshot());
    enqueue(log, 15, alike(2));
    const bytes = pullAll(log.snapshot());
    const expected = [
      { first: 10, last: 10 },
      { first: 15, last: 15 },
    ];
    expect(log.snapshot().live).toEqual(expected);
    expect(restored(bytes, 15).snapshot().live).toEqual(expected);
  });

  test("keeps the gaps closed that it closed", () => {
    const log = new QueueLog();
    for (const entry of [10, 15, 20, 40]) enqueue(log, entry, alike(2));
    const expected = [
      { first: 10, last: 20 },
      { first: 40, last: 40 },
    ];
    const source = log.snapshot();
    expect(source.live).toEqual(expected);
    expect(restored(pullAll(source), 40).snapshot().live).toEqual(expected);
  });
});

describe("where entries are lost", () => {
  test("a snapshot can do without those in gaps, for good", () => {
    const log = new QueueLog();
    for (const entry of [10, 12, 15, 16]) enqueue(log, entry, alike(2));
    progress(log, 17, { removed: [{ level: 0, first: 12 * 256, last: 12 * 256 }] });
    const source = log.snapshot();
    expect(source.live).toEqual([{ first: 10, last: 16 }]);
    source.narrow?.();
    const expected = [
      { first: 10, last: 10 },
      { first: 12, last: 12 },
      { first: 15, last: 16 },
    ];
    expect(source.live).toEqual(expected);
    const copy = restored(pullAll(source), 17);
    expect(copy.digest()).toBe(log.digest());
    expect(copy.snapshot().live).toEqual(expected);
    expect(log.snapshot().live).toEqual(expected);
  });
});

describe("a damaged snapshot is refused", () => {
  test("cut anywhere, or followed by more", () => {
    const bytes = exampleBytes();
    for (let size = 0; size < bytes.length; size++) {
      expect(() => restored(bytes.subarray(0, size), EXAMPLE_INDEX), `${size} bytes`).toThrow();
    }
    const more = Buffer.concat([bytes, Buffer.alloc(100)]);
    expect(() => restored(more, EXAMPLE_INDEX)).toThrow("follow the snapshot");
    expect(() => restored(more, EXAMPLE_INDEX, 7)).toThrow("follow the snapshot");
  });

  test("with any bit changed, unless it means the same", () => {
    const bytes = exampleBytes();
    const digest = example().digest();
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Uint8Array.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      let log: QueueLog;
      try {
        log = restored(changed, EXAMPLE_INDEX);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
        continue;
      }
      expect(log.digest(), `bit ${bit}`).toBe(digest);
      expect(walk(log), `bit ${bit}`).toEqual(walk(restored(bytes, EXAMPLE_INDEX)));
    }
  });

  test("with messages of entries behind it", () => {
    expect(() => restored(exampleBytes(), EXAMPLE_INDEX - 1)).toThrow("of a later entry");
  });

  test("and leaves the machine as it was", () => {
    const log = example();
    const digest = log.digest();
    const conf = {
      voters: [],
      votersOutgoing: [],
      learners: [],
      learnersNext: [],
      autoLeave: false,
    };
    const sink = log.restore({ index: 99, term: 1, conf });
    sink.add(exampleBytes().subarray(0, 20));
    expect(() => sink.finish()).toThrow();
    expect(log.digest()).toBe(digest);
  });
});
