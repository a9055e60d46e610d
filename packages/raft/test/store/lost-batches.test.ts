import { expect, test } from "vitest";
import { takeImage } from "./disk-image.ts";
import { CONF, entries, Machine } from "./store-fixture.ts";

interface Written {
  readonly path: string;
  /** Positions of the sectors that changed. */
  readonly sectors: readonly number[];
}

/** What `action` made durable in the log. */
function written(machine: Machine, action: () => void): Written {
  const before = takeImage(machine);
  action();
  for (const [path, bytes] of takeImage(machine)) {
    const old = before.get(path) ?? Buffer.alloc(0);
    if (!path.endsWith(".hot") || bytes.equals(old)) continue;
    const sectors: number[] = [];
    for (let at = 0; at < bytes.length; at += 512) {
      if (!bytes.subarray(at, at + 512).equals(old.subarray(at, at + 512))) sectors.push(at);
    }
    return { path, sectors };
  }
  throw new Error("nothing was written");
}

function zero(machine: Machine, path: string, sectors: readonly number[]): void {
  const found = machine.disk.files().find((other) => other.path.replace(/^\//, "") === path);
  if (found === undefined) throw new Error(`no ${path}`);
  for (const at of sectors) found.file.damage(at, new Uint8Array(512));
}

const TERM_1 = { currentTerm: 1, votedFor: 0, commitIndex: 3 };
const TERM_3 = { currentTerm: 3, votedFor: 65537, commitIndex: 3 };

test("a batch that reads as zeros is not taken for one without records", () => {
  const machine = new Machine();
  machine.open();
  machine.create(1);
  machine.append(1, { hardState: TERM_1, entries: entries(1, { first: 2, last: 10 }, 1) });
  const { path, sectors } = written(machine, () =>
    machine.append(1, { hardState: TERM_3, entries: entries(1, { first: 8, last: 10 }, 3) }),
  );
  machine.runFor(200);
  machine.kill(false);
  zero(machine, path, sectors);
  machine.open();
  const [group] = machine.store.groups();
  expect([TERM_3, "lost"]).toContainEqual(group?.hardState);
  if (group?.hardState === "lost") return;
  expect(group?.holes).toEqual([{ first: 8, last: 10 }]);
  expect(machine.store.log(1).term(9)).toBeUndefined();
  expect(group?.promise).toEqual({ term: 3, index: 10 });
});

test("votes of many groups in a batch that reads as zeros are known to be lost", () => {
  const machine = new Machine();
  machine.open();
  for (let group = 1; group <= 20; group++) machine.create(group);
  machine.runFor(200);
  const { path, sectors } = written(machine, () => {
    for (let group = 1; group <= 20; group++) machine.submit(group, { hardState: TERM_3 });
    machine.process.run(() => machine.store.kick());
    machine.runFor(20);
  });
  machine.runFor(200);
  machine.kill(false);
  zero(machine, path, sectors);
  machine.open();
  for (const { hardState } of machine.store.groups()) {
    expect([TERM_3, "lost"]).toContainEqual(hardState);
  }
});

test("a lost batch between two of which a part is left is known to be lost", () => {
  const machine = new Machine();
  machine.open();
  for (let group = 1; group <= 3; group++) machine.create(group);
  machine.runFor(200);
  const batches = [1, 2, 3].map((group) =>
    written(machine, () =>
      machine.append(group, {
        hardState: TERM_3,
        entries: entries(group, { first: 2, last: 4 }, 3, 400),
      }),
    ),
  );
  machine.runFor(200);
  machine.kill(false);
  const [first, second, third] = batches;
  zero(machine, first?.path ?? "", first?.sectors.slice(0, 1) ?? []);
  zero(machine, second?.path ?? "", second?.sectors ?? []);
  zero(machine, third?.path ?? "", third?.sectors.slice(0, 1) ?? []);
  machine.open();
  for (const { groupId, hardState, holes } of machine.store.groups()) {
    if (hardState === "lost") continue;
    expect([groupId, hardState]).toEqual([groupId, TERM_3]);
    if (groupId === 2) expect(holes).toEqual([{ first: 2, last: 4 }]);
  }
});

test("a file in the middle of the log that reads as zeros is not used as a new one", () => {
  const machine = new Machine(1, { hotFileBytes: 8 * 1024, rewriteLiveRatio: 0 });
  machine.open();
  machine.create(1);
  machine.disk.faults.capacityBytes = Number.MAX_SAFE_INTEGER;
  let last = 1;
  const more = (term: number): void => {
    machine.append(1, {
      hardState: { currentTerm: term, votedFor: 65537, commitIndex: last },
      entries: entries(1, { first: last + 1, last: last + 5 }, term, 200),
    });
    last += 5;
  };
  for (let round = 0; round < 30; round++) more(2);
  machine.kill(false);
  const hot = machine.disk
    .files()
    .filter(({ path }) => path.endsWith(".hot"))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  const middle = hot[1];
  if (middle === undefined) throw new Error("too few files");
  middle.file.damage(0, new Uint8Array(middle.file.size));
  const index = machine.disk
    .files()
    .find(({ path }) => path === middle.path.replace(".hot", ".idx"));
  index?.file.damage(0, new Uint8Array(index.file.size));
  machine.open();
  for (let round = 0; round < 20; round++) more(3);
  const before = machine.store.log(1).lastIndex;
  machine.restart();
  expect(machine.store.groups()[0]?.hardState).toMatchObject({ currentTerm: 3, votedFor: 65537 });
  expect(machine.store.log(1).lastIndex).toBe(before);
  expect(machine.store.log(1).term(before)).toBe(3);
});

test("entries that a lost batch replaced are not taken for good because of a later, damaged one", () => {
  const machine = new Machine();
  machine.open();
  machine.create(1);
  machine.create(2);
  machine.append(1, { hardState: TERM_1, entries: entries(1, { first: 2, last: 10 }, 1) });
  machine.runFor(200);
  const lost = written(machine, () =>
    machine.append(1, { hardState: TERM_3, entries: entries(1, { first: 8, last: 10 }, 3) }),
  );
  const damaged = written(machine, () =>
    machine.append(1, { hardState: TERM_3, entries: entries(1, { first: 11, last: 14 }, 3, 300) }),
  );
  machine.runFor(200);
  machine.kill(false);
  zero(machine, lost.path, lost.sectors);
  // Not its last sectors: its rows and trailer are whole.
  zero(machine, damaged.path, damaged.sectors.slice(0, 1));
  machine.open();
  const group = machine.store.groups().find(({ groupId }) => groupId === 1);
  if (group?.hardState === "lost") return;
  const terms = [8, 9, 10].map((index) => machine.store.log(1).term(index));
  expect(terms).not.toContain(1);
});

test("a file that ends in a torn batch, before one whose beginning is damaged, hides nothing", () => {
  const machine = new Machine();
  machine.open();
  machine.create(1);
  machine.append(1, { hardState: TERM_1, entries: entries(1, { first: 2, last: 10 }, 1) });
  machine.runFor(200);
  const torn = written(machine, () =>
    machine.append(1, { entries: entries(1, { first: 11, last: 14 }, 1, 500) }),
  );
  machine.kill(false);
  zero(machine, torn.path, torn.sectors.slice(-1));
  machine.open();
  expect(machine.store.log(1).lastIndex).toBe(10);
  const next = takeImage(machine);
  machine.append(1, { hardState: TERM_3, entries: entries(1, { first: 11, last: 12 }, 3) });
  machine.runFor(200);
  const [path] = [...next.keys()]
    .filter((name) => name.endsWith(".hot"))
    .sort()
    .reverse();
  machine.kill(false);
  for (const { path: name, file } of machine.disk.files()) {
    // As if the index had not been written yet.
    if (name.endsWith(".idx")) file.damage(0, new Uint8Array(file.size));
  }
  for (const { path: name } of machine.disk.files()) {
    if (name.endsWith(".hot") && name !== torn.path) zero(machine, name, [0]);
  }
  expect(path).toBeDefined();
  machine.open();
  const [group] = machine.store.groups();
  if (group?.hardState === "lost") return;
  expect(group?.hardState).toMatchObject({ currentTerm: 3, votedFor: 65537 });
  expect(machine.store.log(1).lastIndex).toBeGreaterThanOrEqual(12);
});

test("a commit index that is known after a loss does not vouch for what may have been lost", () => {
  const machine = new Machine(1, { hotFileBytes: 64 * 1024 });
  machine.open();
  for (let group = 1; group <= 20; group++) machine.create(group);
  machine.append(1, { hardState: TERM_1, entries: entries(1, { first: 2, last: 10 }, 1) });
  machine.runFor(200);
  const lost = written(machine, () => {
    machine.submit(1, { hardState: TERM_3, entries: entries(1, { first: 8, last: 10 }, 3) });
    for (let group = 2; group <= 20; group++) machine.submit(group, { hardState: TERM_3 });
    machine.process.run(() => machine.store.kick());
    machine.runFor(20);
  });
  machine.append(1, {
    hardState: { currentTerm: 4, votedFor: 65537, commitIndex: 10 },
    entries: entries(1, { first: 11, last: 12 }, 4),
  });
  machine.runFor(200);
  machine.kill(false);
  zero(machine, lost.path, lost.sectors);
  machine.open();
  const group = machine.store.groups().find(({ groupId }) => groupId === 1);
  expect(group?.holes).toEqual([{ first: 4, last: 10 }]);
  expect(machine.store.log(1).term(9)).toBeUndefined();
});

/** Queues changes of one turn, which go into one batch, and returns where it was written. */
function writtenAtOnce(machine: Machine, changes: () => void): Written {
  return written(machine, () => {
    machine.process.run(() => {
      changes();
      machine.store.kick();
    });
    machine.runFor(20);
  });
}

function startGroup(machine: Machine, groupId: number): void {
  const group = { groupId, epoch: 1, replicaId: 65537, conf: { ...CONF } };
  machine.store.createGroup(group, () => undefined);
}

function hardStateOf(machine: Machine, groupId: number): unknown {
  return machine.store.groups().find((group) => group.groupId === groupId)?.hardState;
}

test("a group whose creation is the last of several lost batches is lost, not gone", () => {
  const machine = new Machine();
  machine.open();
  machine.create(1);
  const lost = [
    written(machine, () => machine.append(1, { entries: entries(1, { first: 2, last: 2 }, 1) })),
    written(machine, () => machine.append(1, { entries: entries(1, { first: 3, last: 3 }, 1) })),
    written(machine, () => machine.create(2)),
  ];
  machine.append(1, { entries: entries(1, { first: 4, last: 4 }, 1) });
  machine.runFor(200);
  machine.kill(false);
  for (const { path, sectors } of lost) zero(machine, path, sectors);
  machine.open();
  expect(hardStateOf(machine, 2)).toBe("lost");
  machine.restart();
  expect(hardStateOf(machine, 2)).toBe("lost");
});

test("a group is lost, not gone, if only the copy of its row is left in a batch without a header", () => {
  const machine = new Machine();
  machine.open();
  machine.create(1);
  const creation = writtenAtOnce(machine, () => {
    machine.submit(1, { entries: entries(1, { first: 2, last: 3 }, 1, 700) });
    startGroup(machine, 2);
  });
  const next = written(machine, () =>
    machine.append(1, { entries: entries(1, { first: 4, last: 5 }, 1, 700) }),
  );
  machine.append(1, { entries: entries(1, { first: 6, last: 6 }, 1) });
  machine.runFor(200);
  machine.kill(false);
  zero(machine, creation.path, creation.sectors.slice(1));
  zero(machine, next.path, next.sectors.slice(0, 1));
  machine.open();
  expect(hardStateOf(machine, 2)).toBe("lost");
});

test("a group is lost, not gone, if only the copy of its row is left in a marker without a header", () => {
  const machine = new Machine(1, { hotFileBytes: 128 * 1024, batchAlignBytes: 4096 });
  machine.open();
  machine.create(1);
  const creation = written(machine, () => machine.create(2));
  machine.runFor(200);
  machine.append(1, { entries: entries(1, { first: 2, last: 2 }, 1) });
  machine.runFor(200);
  machine.kill(false);
  // The marker starts behind it.
  const marker = (creation.sectors.at(-1) ?? 0) + 512;
  zero(machine, creation.path, [...creation.sectors, marker]);
  machine.open();
  expect(hardStateOf(machine, 2)).toBe("lost");
});
