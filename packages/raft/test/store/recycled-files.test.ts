import { expect, test } from "vitest";
import { entries, Machine } from "./store-fixture.ts";
import { WatchedDisk } from "./watched-disk.ts";

const FILE_BYTES = 16_384;

/** A log of which several files at a time are compacted away, as by snapshots that are far apart. */
function consumeInSteps(machine: Machine, rounds: number, from: number): number {
  let last = from;
  for (let round = 0; round < rounds; round++) {
    for (let batch = 0; batch < 9; batch++) {
      machine.append(1, { entries: entries(1, { first: last + 1, last: last + 10 }, 1, 350) });
      last += 10;
    }
    machine.append(1, { hardState: { currentTerm: 1, votedFor: 0, commitIndex: last } });
    machine.save(1, { index: last, term: 1, state: Buffer.alloc(10) });
    machine.runFor(500);
  }
  return last;
}

function openCounting(): { readonly machine: Machine; readonly made: string[] } {
  const machine = new Machine(1, { spareFiles: 2, hotFileBytes: FILE_BYTES });
  const made: string[] = [];
  machine.wrapDisk = (disk) =>
    new WatchedDisk(disk, (operation, path) => {
      if (operation === "open" && path.includes(".hot")) made.push(path);
    });
  machine.open();
  machine.create(1);
  return { machine, made };
}

function hotFiles(machine: Machine): number {
  return machine.disk.files().filter(({ path }) => path.endsWith(".hot")).length;
}

test("files that die several at once are used again: a log in step with its consumption makes none", () => {
  const { machine, made } = openCounting();
  const last = consumeInSteps(machine, 4, 1);
  made.length = 0;
  consumeInSteps(machine, 8, last);
  expect(made).toEqual([]);
});

test("a log at rest gives the room of recycled files back, and opens again", () => {
  const { machine } = openCounting();
  const last = consumeInSteps(machine, 4, 1);
  const busy = hotFiles(machine);
  machine.runFor(60_000);
  // The one being written to, one that may still be needed, and the spares.
  expect(hotFiles(machine)).toBeLessThanOrEqual(4);
  expect(hotFiles(machine)).toBeLessThan(busy);
  const more = consumeInSteps(machine, 2, last);
  machine.kill();
  machine.open();
  expect(machine.store.log(1).lastIndex).toBe(more);
});
