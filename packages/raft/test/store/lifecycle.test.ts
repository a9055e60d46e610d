import { describe, expect, test } from "vitest";
import { CONF, entries, Machine } from "./store-fixture.ts";

/** Writes and forgets entries of a group until many files came and went. */
function churn(machine: Machine, groupId: number, files: number): void {
  const log = machine.store.log(groupId);
  const target = machine.store.statistics.removedFiles + files;
  for (let round = 0; machine.store.statistics.removedFiles < target; round++) {
    if (round > 2000) throw new Error("no files are removed");
    const first = log.lastIndex + 1;
    machine.append(groupId, {
      hardState: { currentTerm: 2, votedFor: 0, commitIndex: first + 9 },
      entries: entries(groupId, { first, last: first + 9 }, 2, 200),
    });
    machine.save(groupId, { index: first + 9, term: 2, state: Buffer.from("s") });
    machine.runFor(250);
  }
}

/** Damages the place of the log where `text` is. */
function spoil(machine: Machine, text: string): void {
  for (const { path, file } of machine.disk.files()) {
    const at = Buffer.from(file.durableBytes).indexOf(text);
    if (at < 0 || !path.endsWith(".hot")) continue;
    file.damage(at, Buffer.from("spoiled"));
    return;
  }
  throw new Error(`${text} is nowhere`);
}

describe("files come and go", () => {
  test("idle groups keep term, vote, promise, members, snapshot and entries", () => {
    const machine = new Machine(1, { hotFileBytes: 8192 });
    machine.open();
    for (const groupId of [1, 2, 3, 4]) machine.create(groupId);
    machine.append(2, { hardState: { currentTerm: 9, votedFor: 131073, commitIndex: 1 } });
    churn(machine, 1, 2);
    machine.append(3, {
      hardState: { currentTerm: 4, votedFor: 0, commitIndex: 5 },
      entries: entries(3, { first: 2, last: 8 }, 4, 50),
      promise: { index: 20, term: 4 },
    });
    const live = [{ first: 3, last: 3 }];
    machine.save(3, { index: 5, term: 4, state: Buffer.from("three"), live });
    for (let index = 2; index < 6; index++) {
      churn(machine, 1, 2);
      machine.append(4, { entries: entries(4, { first: index, last: index }, 1, 50) });
    }
    const before = machine.store.groups().filter(({ groupId }) => groupId !== 1);
    churn(machine, 1, 30);
    expect(machine.store.statistics.rewrittenBytes).toBeGreaterThan(0);
    for (const power of [true, false, true]) {
      machine.restart(power);
      const after = machine.store.groups().filter(({ groupId }) => groupId !== 1);
      expect(after.sort((a, b) => a.groupId - b.groupId)).toEqual(before);
      expect(machine.loadState(3)).toEqual(Buffer.from("three"));
      expect(machine.readAll(3, 6, 8)).toEqual(entries(3, { first: 6, last: 8 }, 4, 50));
      expect(machine.readAll(3, 3, 3)).toEqual(entries(3, { first: 3, last: 3 }, 4, 50));
      churn(machine, 1, 10);
    }
  }, 60_000);

  test("a deleted group stays away, whichever old files there still are", () => {
    const machine = new Machine(2, { hotFileBytes: 8192 });
    machine.open();
    machine.create(1);
    machine.create(2);
    machine.append(2, { entries: entries(2, { first: 2, last: 30 }, 1, 300) });
    machine.wait<void>((done) => machine.store.deleteGroup(2, () => done()));
    expect(() => machine.store.log(2)).toThrow("not here");
    for (let round = 0; round < 6; round++) {
      machine.restart(round % 2 === 0);
      expect(machine.store.groups().map(({ groupId }) => groupId)).toEqual([1]);
      churn(machine, 1, 4);
    }
  }, 60_000);

  test("a reader that is slow gets what it asked for, though its file goes meanwhile", () => {
    const machine = new Machine(3, {
      hotFileBytes: 8192,
      bodyCacheBytes: 4096,
      indexCacheBytes: 0,
    });
    machine.open();
    machine.create(1);
    machine.create(2);
    machine.append(2, { entries: entries(2, { first: 2, last: 21 }, 1, 100) });
    churn(machine, 1, 6);
    machine.disk.faults.readMeanMs = 300;
    let answers = 0;
    for (let index = 2; index <= 21; index++) {
      machine.process.run(() =>
        machine.store.read(2, index, index, 1000, (result) => {
          answers++;
          expect(result.kind).toBe("entries");
        }),
      );
    }
    churn(machine, 1, 6);
    machine.runFor(5000);
    expect(answers).toBe(20);
  }, 60_000);
});

describe("the directory", () => {
  test("of another node or cluster is refused, with the reason", () => {
    const machine = new Machine();
    machine.open();
    machine.close();
    expect(String(machine.tryOpen({ nodeId: 2 }))).toContain("belongs to node 1, not 2");
    machine.kill(false);
    expect(String(machine.tryOpen({ clusterId: "x" }))).toContain('belongs to cluster "test"');
    machine.kill(false);
    machine.open();
  });

  test("is one process's at a time", () => {
    const machine = new Machine();
    machine.open();
    const first = machine.process;
    machine.startOtherProcess();
    expect(String(machine.tryOpen())).toContain("another process");
    expect(first.isAlive).toBe(true);
  });
});

describe("the operator", () => {
  test("forces members and epoch at the end of the log", () => {
    const machine = new Machine();
    machine.open();
    machine.create(1);
    machine.append(1, {
      hardState: { currentTerm: 3, votedFor: 0, commitIndex: 2 },
      entries: entries(1, { first: 2, last: 9 }, 3),
    });
    const conf = { ...CONF, voters: [65537] };
    machine.wait<void>((done) => machine.store.forceConf(1, conf, 2, () => done()));
    for (let life = 0; life < 3; life++) {
      expect(machine.store.groups()[0]).toMatchObject({
        epoch: 2,
        snapshot: { index: 1, term: 1, conf },
        hardState: { currentTerm: 3, commitIndex: 9 },
        forcedIndex: 9,
      });
      machine.restart();
    }
  });

  test("accepts a loss: the log ends before the first hole", () => {
    const machine = new Machine(1, { bodyCacheBytes: 0, hotFileBytes: 8192 });
    machine.open();
    machine.create(1);
    for (let first = 2; first < 40; first += 2) {
      machine.append(1, {
        hardState: { currentTerm: 3, votedFor: 0, commitIndex: first },
        entries: entries(1, { first, last: first + 1 }, 3, 500),
      });
    }
    machine.close();
    spoil(machine, "1/8/3 ");
    machine.open();
    expect(machine.read(1, 8)).toMatchObject({ kind: "damaged", range: { first: 8, last: 8 } });
    expect(machine.listener.damage).toEqual([[1, { first: 8, last: 8 }]]);
    expect(machine.store.log(1).term(8)).toBeUndefined();
    expect(machine.readAll(1, 9, 12)).toEqual(entries(1, { first: 9, last: 12 }, 3, 500));
    machine.wait<void>((done) => machine.store.acceptLoss(1, () => done()));
    for (let life = 0; life < 3; life++) {
      expect(machine.store.log(1).lastIndex).toBe(7);
      expect(machine.store.groups()[0]).toMatchObject({ holes: [], promise: undefined });
      expect(machine.readAll(1, 2, 7)).toEqual(entries(1, { first: 2, last: 7 }, 3, 500));
      machine.restart();
    }
  });

  test("an entry that was spoilt in memory before it was written is found by its checksum", () => {
    const machine = new Machine(1);
    machine.open();
    machine.create(1);
    const list = entries(1, { first: 2, last: 9 }, 3);
    const spoilt = list.map((item) =>
      item.index === 5 ? { ...item, data: Buffer.from("spoilt") } : item,
    );
    machine.append(1, { entries: spoilt });
    machine.append(1, { entries: entries(1, { first: 10, last: 11 }, 3) });
    machine.restart();
    expect(machine.store.groups()[0]).toMatchObject({
      holes: [{ first: 5, last: 5 }],
      promise: { term: 3, index: 5 },
    });
    expect(machine.readAll(1, 6, 11)).toEqual(entries(1, { first: 6, last: 11 }, 3));
  });

  test("a hole is filled by a repair, which replaces nothing", () => {
    const machine = new Machine(1, { bodyCacheBytes: 0, hotFileBytes: 8192 });
    machine.open();
    machine.create(1);
    machine.append(1, { entries: entries(1, { first: 2, last: 20 }, 3, 300) });
    machine.close();
    spoil(machine, "1/8/3 ");
    machine.open();
    expect(machine.read(1, 8)).toMatchObject({ kind: "damaged" });
    machine.append(1, { repairs: entries(1, { first: 8, last: 8 }, 3, 300) });
    for (let life = 0; life < 3; life++) {
      expect(machine.store.groups()[0]).toMatchObject({ holes: [], promise: undefined });
      expect(machine.readAll(1, 2, 20)).toEqual(entries(1, { first: 2, last: 20 }, 3, 300));
      machine.restart();
    }
  });
});
