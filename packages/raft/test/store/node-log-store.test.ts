import { describe, expect, test } from "vitest";
import { CONF, entries, Machine } from "./store-fixture.ts";

const HARD_STATE = { currentTerm: 5, votedFor: 65537, commitIndex: 3 };

describe("NodeLogStore", () => {
  test("a new directory has no groups, and each open is a new incarnation", () => {
    const machine = new Machine();
    expect(machine.open().groups()).toEqual([]);
    expect(machine.store.incarnation).toBe(1);
    expect(machine.restart().incarnation).toBe(2);
    expect(machine.restart(false).incarnation).toBe(3);
  });

  test("a created group, its hard state and entries are there after a loss of power", () => {
    const machine = new Machine();
    machine.open();
    machine.create(7);
    machine.append(7, { hardState: HARD_STATE, entries: entries(7, { first: 2, last: 40 }, 5) });
    machine.restart();
    expect(machine.store.groups()).toEqual([
      {
        groupId: 7,
        epoch: 1,
        replicaId: 65537,
        hardState: HARD_STATE,
        snapshot: { index: 1, term: 1, conf: CONF },
        holes: [],
        isSnapshotDamaged: false,
        promise: undefined,
        forcedIndex: 0,
      },
    ]);
    expect(machine.store.log(7).lastIndex).toBe(40);
    expect(machine.readAll(7, 2, 40)).toEqual(entries(7, { first: 2, last: 40 }, 5));
  });

  test("many groups and files, several restarts", () => {
    const machine = new Machine();
    machine.open();
    for (let group = 1; group <= 5; group++) machine.create(group);
    for (let round = 0; round < 30; round++) {
      for (let group = 1; group <= 5; group++) {
        const first = 2 + round * 4;
        machine.append(group, {
          hardState: { currentTerm: round + 1, votedFor: 0, commitIndex: first - 1 },
          entries: entries(group, { first, last: first + 3 }, round + 1, 100),
        });
      }
      if (round % 10 === 9) machine.restart(round === 19);
    }
    machine.close();
    machine.open();
    for (let group = 1; group <= 5; group++) {
      const all = machine.readAll(group, 2, 121);
      expect(all.map((item) => item.index)).toEqual(Array.from({ length: 120 }, (_, i) => i + 2));
      expect(all.map((item) => item.term)).toEqual(
        Array.from({ length: 120 }, (_, i) => Math.floor(i / 4) + 1),
      );
    }
  });

  test("small and large snapshots come back, and the log ends where they say", () => {
    const machine = new Machine();
    machine.open();
    machine.create(7);
    machine.append(7, { hardState: HARD_STATE, entries: entries(7, { first: 2, last: 40 }, 5) });
    const small = Buffer.alloc(700, "small");
    expect(
      machine.save(7, { index: 10, term: 5, state: small, live: [{ first: 4, last: 5 }] }),
    ).toBe("saved");
    expect(machine.loadState(7)).toEqual(small);
    machine.restart();
    expect(machine.loadState(7)).toEqual(small);
    expect(machine.store.log(7).compactedIndex).toBe(10);
    expect(machine.read(7, 3)).toEqual({ kind: "compacted" });
    expect(machine.readAll(7, 4, 5)).toEqual(entries(7, { first: 4, last: 5 }, 5));
    const large = Buffer.alloc(200_000, "large");
    expect(machine.save(7, { index: 20, term: 5, state: large })).toBe("saved");
    expect(machine.loadState(7)).toEqual(large);
    machine.restart();
    expect(machine.loadState(7)).toEqual(large);
    expect(machine.readAll(7, 21, 40)).toEqual(entries(7, { first: 21, last: 40 }, 5));
    expect(machine.read(7, 4)).toEqual({ kind: "compacted" });
  });
});
