import { expect, test } from "vitest";
import type { ReadResult } from "../../src/store/log-store.ts";
import { entries, Machine } from "./store-fixture.ts";

test("reads that come while a damaged index is made again find everything", () => {
  const machine = new Machine(1, { hotFileBytes: 4 << 20, batchMaxBytes: 64 << 10 });
  machine.open();
  machine.create(1);
  machine.create(2);
  for (let round = 0; round < 60; round++) {
    for (const group of [1, 2]) {
      const first = 2 + round * 20;
      machine.append(group, { entries: entries(group, { first, last: first + 19 }, 1, 1000) });
    }
  }
  machine.close();
  const index = machine.disk.files().find(({ path }) => path.endsWith(".idx"));
  if (index === undefined) throw new Error("no index");
  // The first section: the images stay whole.
  for (let at = 80; at < 1200; at += 16) index.file.damage(at, Buffer.from([0xff, 0xff]));
  machine.open();
  const results: ReadResult[] = [];
  const ask = (group: number, at: number): void =>
    machine.store.read(group, at, at, 1 << 20, (result) => results.push(result));
  machine.process.run(() => {
    ask(1, 1100);
    ask(1, 1150);
  });
  let asked = 2;
  machine.runUntil(() => {
    if (asked < 60) {
      asked++;
      machine.process.run(() => ask(1, 1000 + asked));
    }
    return results.length === asked;
  });
  expect(results.map(({ kind }) => kind)).toEqual(results.map(() => "entries"));
  expect(machine.listener.damage).toEqual([]);
});
