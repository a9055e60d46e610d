import { expect, test } from "vitest";
import type { DiskErrorCode } from "../../src/env/disk.ts";
import { FailingDisk, type FailingOperation } from "./failing-disk.ts";
import { entries, entry, Machine } from "./store-fixture.ts";

type Failure = (operation: FailingOperation, path: string) => DiskErrorCode | undefined;

/** A machine whose disk fails as `setFailure` says. */
function failingMachine(limits: ConstructorParameters<typeof Machine>[1] = {}): {
  machine: Machine;
  setFailure(failure: Failure): void;
} {
  let failure: Failure = () => undefined;
  const machine = new Machine(1, limits);
  machine.wrapDisk = (disk) => new FailingDisk(disk, (...asked) => failure(...asked));
  return {
    machine,
    setFailure(next) {
      failure = next;
    },
  };
}

function isReading(operation: FailingOperation): boolean {
  return operation === "open" || operation === "read";
}

/** Entries 2 to 61 of group 1 in several files, none of them in memory. */
function writeLog(machine: Machine): void {
  machine.open();
  machine.create(1);
  for (let first = 2; first < 62; first += 4) {
    machine.append(1, {
      hardState: { currentTerm: 1, votedFor: 0, commitIndex: first - 1 },
      entries: entries(1, { first, last: first + 3 }, 1, 700),
    });
  }
  machine.close();
  machine.open();
  machine.runFor(500);
}

test("a read that fails for want of file handles is tried again, and nothing counts as damaged", () => {
  const { machine, setFailure } = failingMachine();
  writeLog(machine);
  let failures = 0;
  setFailure((operation) => (isReading(operation) && failures++ < 4 ? "other" : undefined));
  expect(machine.read(1, 5)).toEqual({ kind: "entries", entries: [entry(1, 5, 1, 700)] });
  expect(failures).toBeGreaterThan(4);
  expect(machine.listener.damage).toEqual([]);
  expect(machine.listener.fatal).toBeUndefined();
});

test("a read that keeps failing for another reason than damage ends the process, and no entry is given up", () => {
  const { machine, setFailure } = failingMachine();
  writeLog(machine);
  setFailure((operation) => (isReading(operation) ? "other" : undefined));
  machine.process.run(() =>
    machine.store.read(1, 5, 5, 1000, () => {
      throw new Error("an answer");
    }),
  );
  machine.runUntil(() => machine.listener.fatal !== undefined, 30_000);
  expect(machine.listener.fatal).toMatchObject({ name: "DiskError", code: "other" });
  expect(machine.listener.damage).toEqual([]);
  setFailure(() => undefined);
  machine.kill(false);
  machine.open();
  expect(machine.store.groups()[0]?.holes).toEqual([]);
  expect(machine.readAll(1, 2, 61)).toHaveLength(60);
});

test("a sector that cannot be read is damage", () => {
  const { machine, setFailure } = failingMachine();
  writeLog(machine);
  setFailure((operation, path) =>
    operation === "read" && path.endsWith(".hot") ? "io" : undefined,
  );
  expect(machine.read(1, 5)).toEqual({ kind: "damaged", range: { first: 5, last: 5 } });
  expect(machine.listener.damage).toEqual([[1, { first: 5, last: 5 }]]);
});

test("a start that cannot read for another reason than damage fails, and the next one finds everything", () => {
  const { machine, setFailure } = failingMachine();
  writeLog(machine);
  machine.kill(false);
  setFailure((operation, path) =>
    operation === "read" && path.startsWith("log/") ? "other" : undefined,
  );
  expect(machine.tryOpen()).toMatchObject({ name: "DiskError", code: "other" });
  setFailure(() => undefined);
  machine.kill(false);
  machine.open();
  expect(machine.store.groups()[0]?.holes).toEqual([]);
  expect(machine.readAll(1, 2, 61)).toHaveLength(60);
});

test("compaction that keeps failing to read for another reason than damage gives up no entry", () => {
  const { machine, setFailure } = failingMachine({ rewriteLiveRatio: 0.5, bodyCacheBytes: 0 });
  writeLog(machine);
  setFailure((operation, path) =>
    operation === "read" && path.endsWith(".hot") ? "other" : undefined,
  );
  const live = [
    { first: 3, last: 3 },
    { first: 9, last: 9 },
  ];
  machine.save(1, { index: 37, term: 1, state: Buffer.alloc(10), live });
  machine.runUntil(() => machine.listener.fatal !== undefined, 30_000);
  expect(machine.listener.fatal).toMatchObject({ code: "other" });
  expect(machine.listener.damage).toEqual([]);
});

test.each(["no-space", "io"] as const)(
  "a dead file that cannot be used again (%s) keeps nobody waiting",
  (code) => {
    const { machine, setFailure } = failingMachine({ spareFiles: 1 });
    machine.open();
    machine.create(1);
    let renames = 0;
    setFailure((operation, path) => {
      if (operation !== "rename" || !path.endsWith(".hot")) return undefined;
      renames++;
      return code;
    });
    const hasEnded = (): boolean => machine.listener.fatal !== undefined;
    let last = 1;
    for (let round = 0; round < 60 && !hasEnded(); round++) {
      machine.append(1, {
        hardState: { currentTerm: 1, votedFor: 0, commitIndex: last },
        entries: entries(1, { first: last + 1, last: last + 5 }, 1, 200),
      });
      last += 5;
      if (round % 10 < 9 || hasEnded()) continue;
      machine.process.run(() => saveState(machine, last - 5));
      machine.runFor(1000);
    }
    expect(renames).toBeGreaterThan(0);
    let isClosed = false;
    machine.process.run(() =>
      machine.store.close(() => {
        isClosed = true;
      }),
    );
    machine.runFor(30_000);
    expect(isClosed).toBe(true);
  },
);

function saveState(machine: Machine, index: number): void {
  const { snapshot } = machine.store.groups()[0] ?? {};
  if (snapshot === undefined) throw new Error("no group");
  const source = { live: [], next: () => undefined, close: () => undefined };
  const meta = { ...snapshot, index, term: 1 };
  machine.store.saveSnapshot(1, { meta, source, compactTo: index }, () => undefined);
}

test.each<FailingOperation>(["rename", "sync"])(
  "the end of a store comes also if its disk fails meanwhile (%s)",
  (failing) => {
    const { machine, setFailure } = failingMachine();
    writeLog(machine);
    setFailure((operation) => (operation === failing ? "io" : undefined));
    let isClosed = false;
    machine.submit(1, { entries: entries(1, { first: 62, last: 63 }, 1, 700) });
    machine.process.run(() =>
      machine.store.close(() => {
        isClosed = true;
      }),
    );
    machine.runUntil(() => isClosed, 30_000);
    expect(isClosed).toBe(true);
    expect(machine.listener.fatal).toMatchObject({ name: "DiskError", code: "io" });
  },
);
