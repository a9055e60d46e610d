import { describe, expect, it } from "vitest";
import { type Entry, EntryType, entrySize } from "../../src/core/entry.ts";
import { RaftInvariantError } from "../../src/core/invariant.ts";
import { RaftLog } from "../../src/core/raft-log.ts";
import type { Append } from "../../src/core/ready.ts";
import { FakeLog } from "./fake-log.ts";
import { confOf, entriesOf, entryOf } from "./make.ts";

const BASE = { index: 3, term: 1 };
const ALL = Number.MAX_SAFE_INTEGER;

interface Made {
  readonly view: FakeLog;
  readonly log: RaftLog;
}

/** A log compacted at 3, with entries of these terms from 4 on in storage. */
function made(terms: readonly number[] = [], holes: readonly [number, number][] = []): Made {
  const view = new FakeLog(BASE, entriesOf(4, terms));
  for (const [first, last] of holes) {
    for (let index = first; index <= last; index++) view.entries.delete(index);
  }
  const log = new RaftLog(
    view,
    holes.map(([first, last]) => ({ first, last })),
  );
  return { view, log };
}

function appendAll(log: RaftLog, entries: readonly Entry[]): void {
  for (const entry of entries) log.append(entry);
}

/** Hands over what storage has not got. */
function hand({ view, log }: Made): { entries: number[]; repairs: number[] } {
  const { entries, repairs } = log.takeUnhanded();
  const append: Append = {
    seq: 0,
    hardState: undefined,
    entries,
    repairs,
    snapshot: undefined,
    keepsSuffix: false,
    promise: undefined,
    after: [],
  };
  view.write(append);
  return { entries: entries.map(indexOf), repairs: repairs.map(indexOf) };
}

const indexOf = (entry: Entry): number => entry.index;

function termsOf(log: RaftLog, from: number, to: number): (number | undefined)[] {
  return Array.from({ length: to - from + 1 }, (_, at) => log.term(from + at));
}

describe("RaftLog", () => {
  it("starts with what storage has", () => {
    const { log } = made([1, 2]);
    expect([log.lastIndex, log.contiguousLast, log.compactedIndex, log.compactedTerm]).toEqual([
      5, 5, 3, 1,
    ]);
    expect(termsOf(log, 2, 6)).toEqual([undefined, 1, 1, 2, undefined]);
    expect(log.lastPosition()).toEqual({ term: 2, index: 5 });
    expect([log.hasUnhanded, log.tailFirst, log.snapshotIndex]).toEqual([false, 6, 3]);
  });

  it("hands each appended entry to storage once and keeps it in memory", () => {
    const it = made([1]);
    appendAll(it.log, entriesOf(5, [2, 2]));
    expect(it.log.hasUnhanded).toBe(true);
    expect(hand(it).entries).toEqual([5, 6]);
    expect(it.log.hasUnhanded).toBe(false);
    expect(hand(it).entries).toEqual([]);
    expect(it.log.inTail(6)?.term).toBe(2);
    expect([it.log.inTail(4), it.log.inTail(7)]).toEqual([undefined, undefined]);
  });

  it("takes no entry out of order", () => {
    expect(() => made([1]).log.append(entryOf(6, 1))).toThrow(RaftInvariantError);
    expect(() => made([1]).log.append(entryOf(4, 1))).toThrow(RaftInvariantError);
  });

  it("drops from memory only what was handed to storage", () => {
    const it = made();
    appendAll(it.log, entriesOf(4, [1, 1]));
    hand(it);
    it.log.append(entryOf(6, 1));
    it.log.trim(6);
    expect(it.log.tailFirst).toBe(6);
    expect(termsOf(it.log, 4, 6)).toEqual([1, 1, 1]);
    hand(it);
    it.log.trim(6);
    expect([it.log.tailFirst, it.log.inTail(6)]).toEqual([7, undefined]);
    it.log.trim(6);
    expect(it.log.tailFirst).toBe(7);
  });

  it("keeps its entries through many trims", () => {
    const it = made();
    for (let index = 4; index < 2_004; index++) {
      it.log.append(entryOf(index, 1));
      hand(it);
      if (index % 7 === 0) it.log.trim(index - 400);
      expect(it.log.inTail(index)?.index).toBe(index);
    }
    expect(it.log.slice(it.log.tailFirst, 2_003, ALL)?.map(indexOf)[0]).toBe(it.log.tailFirst);
    expect(it.log.slice(1_900, 2_003, ALL)?.map(indexOf)).toEqual(
      Array.from({ length: 104 }, (_, at) => 1_900 + at),
    );
  });

  describe("truncate", () => {
    it("drops the end of the tail and hands what replaces it to storage", () => {
      const it = made();
      appendAll(it.log, entriesOf(4, [1, 1, 1]));
      hand(it);
      it.log.truncate(5);
      it.log.append(entryOf(5, 2));
      expect([it.log.lastIndex, it.log.term(5), it.log.term(6)]).toEqual([5, 2, undefined]);
      expect(hand(it).entries).toEqual([5]);
    });

    it("drops what only storage has", () => {
      const it = made([1, 1, 1]);
      it.log.truncate(5);
      expect([it.log.lastIndex, it.log.term(5), it.log.tailFirst]).toEqual([4, undefined, 5]);
      it.log.append(entryOf(5, 3));
      expect(hand(it).entries).toEqual([5]);
      expect(it.view.lastIndex).toBe(5);
    });

    it("of entries after the end does nothing", () => {
      const { log } = made([1]);
      log.truncate(5);
      expect(log.lastIndex).toBe(4);
    });

    it("forgets entries that storage never got", () => {
      const it = made();
      appendAll(it.log, entriesOf(4, [1, 1]));
      it.log.truncate(4);
      expect([it.log.hasUnhanded, it.log.lastIndex]).toEqual([false, 3]);
    });
  });

  it("knows the last change of members, or an upper bound of it", () => {
    const it = made([1, 1]);
    expect(it.log.lastConfChangeIndex).toBe(5);
    it.log.append(entryOf(6, 1));
    expect(it.log.lastConfChangeIndex).toBe(5);
    it.log.append({ ...entryOf(7, 1), type: EntryType.ConfChange });
    expect(it.log.lastConfChangeIndex).toBe(7);
    it.log.truncate(7);
    expect(it.log.lastConfChangeIndex).toBe(6);
  });

  describe("slice", () => {
    it("takes as many entries as fit, at least one", () => {
      const it = made();
      appendAll(it.log, entriesOf(4, [1, 1, 1]));
      const size = entrySize(entryOf(4, 1));
      expect(it.log.slice(4, 6, 2 * size)?.map(indexOf)).toEqual([4, 5]);
      expect(it.log.slice(4, 6, 2 * size - 1)?.map(indexOf)).toEqual([4]);
      expect(it.log.slice(5, 6, 0)?.map(indexOf)).toEqual([5]);
      expect(it.log.slice(6, 9, ALL)?.map(indexOf)).toEqual([6]);
      expect(it.log.slice(6, 5, ALL)).toEqual([]);
    });

    it("takes from storage what memory does not hold, up to where memory begins", () => {
      const it = made([1, 1]);
      it.log.append(entryOf(6, 1));
      expect(it.log.slice(4, 6, ALL)?.map(indexOf)).toEqual([4, 5]);
      it.view.evictedTo = 4;
      expect(it.log.slice(4, 6, ALL)).toBeUndefined();
    });
  });

  describe("restore", () => {
    const meta = { index: 6, term: 2, conf: confOf([1]) };

    it("without suffix leaves nothing but the snapshot's position", () => {
      const it = made([1, 1]);
      appendAll(it.log, entriesOf(6, [1, 1, 1]));
      it.log.restore(meta, false);
      expect([it.log.lastIndex, it.log.compactedIndex, it.log.compactedTerm]).toEqual([6, 6, 2]);
      expect(termsOf(it.log, 5, 7)).toEqual([undefined, 2, undefined]);
      expect([it.log.snapshotIndex, it.log.hasUnhanded, it.log.tailFirst]).toEqual([6, false, 7]);
      it.log.append(entryOf(7, 3));
      expect(it.log.takeUnhanded().entries.map(indexOf)).toEqual([7]);
    });

    it("with suffix keeps what follows", () => {
      const it = made([1, 1]);
      appendAll(it.log, entriesOf(6, [2, 2, 2]));
      it.log.restore(meta, true);
      expect([it.log.lastIndex, it.log.compactedIndex, it.log.tailFirst]).toEqual([8, 6, 7]);
      expect(termsOf(it.log, 5, 8)).toEqual([undefined, 2, 2, 2]);
      expect(it.log.takeUnhanded().entries.map(indexOf)).toEqual([7, 8]);
    });

    it("beyond the end starts anew there", () => {
      const { log } = made([1]);
      log.restore({ ...meta, index: 20 }, false);
      expect([log.lastIndex, log.term(20), log.term(4)]).toEqual([20, 2, undefined]);
    });

    it("gives way to what storage compacts later", () => {
      const it = made([1, 1]);
      it.log.restore(meta, false);
      appendAll(it.log, entriesOf(7, [2, 3]));
      hand(it);
      it.view.compact(8);
      expect([it.log.compactedIndex, it.log.compactedTerm, it.log.snapshotIndex]).toEqual([
        8, 3, 8,
      ]);
    });
  });

  describe("with holes", () => {
    it("reaches up to the first of them, and has the one behind it to be joined", () => {
      const { log } = made([1, 1, 2, 2, 2], [[5, 5]]);
      expect([log.lastIndex, log.contiguousLast]).toEqual([8, 4]);
      expect(log.holes.ranges).toEqual([{ first: 5, last: 6 }]);
      expect(termsOf(log, 4, 8)).toEqual([1, undefined, undefined, 2, 2]);
      expect([log.readableTerm(5), log.readableTerm(6), log.readableTerm(7)]).toEqual([
        undefined,
        2,
        2,
      ]);
      expect(log.lastPosition()).toEqual({ term: 2, index: 8 });
    });

    it("whose end is damaged has the position before the damage", () => {
      const { log } = made([1, 1, 2], [[5, 6]]);
      expect(log.holes.ranges).toEqual([{ first: 5, last: 6 }]);
      expect(log.lastPosition()).toEqual({ term: 1, index: 4 });
    });

    it("whose last entry is only to be joined has its position", () => {
      const { log } = made([1, 1, 2], [[5, 5]]);
      expect(log.lastPosition()).toEqual({ term: 2, index: 6 });
    });

    it("is whole again when all were filled and joined; what was filled goes to storage as repairs", () => {
      const it = made([1, 1, 2, 2], [[5, 5]]);
      it.log.repair(entryOf(5, 1));
      expect([it.log.contiguousLast, it.log.term(5), it.log.firstRepair()]).toEqual([5, 1, 5]);
      it.log.confirm(6);
      expect([it.log.contiguousLast, it.log.holes.isEmpty]).toEqual([7, true]);
      expect(hand(it)).toEqual({ entries: [], repairs: [5] });
      expect([it.log.term(5), it.log.firstRepair(), it.log.hasUnhanded]).toEqual([
        1,
        Number.POSITIVE_INFINITY,
        false,
      ]);
    });

    it("raises the bound of the last change by a repaired one", () => {
      const { log } = made([1, 1, 1], [[6, 6]]);
      log.truncate(6);
      log.addHole({ first: 5, last: 5 });
      log.truncate(5);
      expect(log.lastConfChangeIndex).toBe(4);
      const other = made([1, 1, 1], [[5, 5]]).log;
      other.repair({ ...entryOf(5, 1), type: EntryType.ConfChange });
      expect(other.lastConfChangeIndex).toBe(6);
    });

    it("loses holes, joins and repairs where it is cut", () => {
      const it = made([1, 1, 1, 1, 1], [[5, 6]]);
      it.log.repair(entryOf(5, 1));
      it.log.truncate(5);
      expect([it.log.holes.isEmpty, it.log.lastIndex, it.log.hasUnhanded]).toEqual([
        true,
        4,
        false,
      ]);
    });

    it("needs no join between holes that touch, and moves it when the damage grows", () => {
      const { log } = made(
        [1, 1, 1, 1, 1, 1],
        [
          [4, 4],
          [5, 6],
        ],
      );
      expect(log.holes.ranges).toEqual([{ first: 4, last: 7 }]);
      expect([log.readableTerm(5), log.readableTerm(7)]).toEqual([undefined, 1]);
      log.addHole({ first: 7, last: 7 });
      expect([log.readableTerm(7), log.readableTerm(8)]).toEqual([undefined, 1]);
    });

    it("keeps holes after a snapshot that is joined to a suffix, and drops those before it", () => {
      const { log } = made(
        [1, 1, 1, 1, 1, 1],
        [
          [4, 4],
          [8, 8],
        ],
      );
      log.restore({ index: 5, term: 1, conf: confOf([1]) }, true);
      expect(log.holes.ranges).toEqual([{ first: 8, last: 9 }]);
      log.restore({ index: 20, term: 2, conf: confOf([1]) }, false);
      expect(log.holes.isEmpty).toBe(true);
    });

    it("forgets holes only when they are compacted and applied", () => {
      const it = made([1, 1, 1, 1], [[4, 4]]);
      it.log.forgetOldHoles(7);
      expect(it.log.contiguousLast).toBe(3);
      it.view.compact(5);
      it.log.forgetOldHoles(3);
      expect(it.log.contiguousLast).toBe(3);
      it.log.forgetOldHoles(5);
      expect(it.log.contiguousLast).toBe(7);
    });
  });

  describe("findConflictByTerm", () => {
    it.each([
      // index, term -> where both may agree
      [8, 5, 8, 5],
      [8, 4, 6, 2],
      [8, 2, 6, 2],
      [8, 1, 4, 1],
      [20, 9, 8, 5],
      [5, 1, 4, 1],
      [2, 9, 2, 0],
      [8, 0, 3, 1],
    ])("of (%i, %i) is (%i, %i)", (index, term, foundIndex, foundTerm) => {
      const { log } = made([1, 2, 2, 5, 5]);
      expect(log.findConflictByTerm(index, term)).toEqual({ index: foundIndex, term: foundTerm });
    });

    it("never looks behind a hole", () => {
      const { log } = made([1, 2, 2, 5, 5], [[5, 5]]);
      expect(log.findConflictByTerm(8, 5)).toEqual({ index: 4, term: 1 });
    });
  });
});
