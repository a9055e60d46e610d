import { expect, test } from "vitest";
import { DamageNotes } from "../../src/store/damage-notes.ts";
import { entries, Machine } from "./store-fixture.ts";

/** A machine on which group 1 has entries 2 to 4, one batch each, and group 2 none; no store runs. */
function written(): Machine {
  const machine = new Machine();
  machine.open();
  machine.create(1);
  machine.create(2);
  for (let index = 2; index <= 4; index++) {
    machine.append(1, { entries: entries(1, { first: index, last: index }, 1) });
  }
  machine.runFor(200);
  machine.kill(false);
  return machine;
}

function hotFile(machine: Machine): ReturnType<Machine["disk"]["files"]>[number] {
  const files = machine.disk.files().filter(({ path }) => path.endsWith(".hot"));
  const found = files.find(({ file }) => file.durableBytes.some((byte) => byte !== 0));
  if (found === undefined) throw new Error("no log");
  return found;
}

test("nothing is noted of a log that is whole", () => {
  const machine = written();
  machine.open();
  expect(machine.store.damage).toEqual([]);
});

test("a batch with a flipped byte is named with file, offset, size and what it cost", () => {
  const machine = written();
  const { path, file } = hotFile(machine);
  const offset = Buffer.from(file.durableBytes).indexOf("1/3/1 ");
  file.damage(offset, Buffer.from("X"));
  machine.open();
  expect(machine.store.damage).toEqual([
    {
      kind: "batch",
      path: path.replace(/^\//, ""),
      offset: Math.floor(offset / 512) * 512,
      size: 512,
      losses: [{ groupId: 1, what: "entries", first: 3, last: 3 }],
      otherLosses: 0,
    },
  ]);
});

test("of a damaged batch with many entries, only those that cannot be read are lost", () => {
  const machine = new Machine();
  machine.open();
  machine.create(1);
  machine.append(1, { entries: entries(1, { first: 2, last: 20 }, 1) });
  machine.runFor(200);
  machine.kill(false);
  const { file } = hotFile(machine);
  file.damage(Buffer.from(file.durableBytes).indexOf("1/9/1 "), Buffer.from("X"));
  machine.open();
  expect(machine.store.damage).toMatchObject([
    { kind: "batch", losses: [{ groupId: 1, what: "entries", first: 9, last: 9 }] },
  ]);
});

test("a file that is gone is named, with the groups that lost their state", () => {
  const machine = new Machine(1, { hotFileBytes: 4096 });
  machine.open();
  machine.create(1);
  machine.create(2);
  for (let index = 2; index <= 30; index++) {
    machine.append(1, { entries: entries(1, { first: index, last: index }, 1, 300) });
  }
  machine.runFor(200);
  const files = machine.disk.files().filter(({ path }) => path.endsWith(".hot"));
  const { path = "" } = files[0] ?? {};
  const disk = machine.disk.attach(machine.process);
  for (const name of [path, path.replace(".hot", ".idx")]) {
    machine.wait<void>((done) => disk.remove(name.replace(/^\//, ""), () => done()));
  }
  machine.wait<void>((done) => disk.syncDirectory("log", () => done()));
  machine.kill(false);
  machine.open();
  const [damage] = machine.store.damage;
  expect(damage).toMatchObject({ kind: "file", path: path.replace(/^\//, "") });
  expect(damage?.losses.length).toBeGreaterThan(0);
});

test("notes are bounded, and count what they do not tell", () => {
  const notes = new DamageNotes();
  for (let count = 0; count < 1500; count++) {
    notes.begin({ kind: "batch", path: "log/00000001.hot", offset: count * 512, size: 512 });
  }
  expect(notes.list).toHaveLength(1000);
  expect(notes.untold).toBe(500);
  const others = new DamageNotes();
  for (let index = 0; index < 1200; index++) others.loseEntries(1, index, index);
  expect(others.list[0]?.losses).toHaveLength(1000);
  expect(others.list[0]?.otherLosses).toBe(200);
});
