import { describe, expect, test } from "vitest";
import type { IndexRange } from "../../src/core/hard-state.ts";
import type { Disk } from "../../src/env/disk.ts";
import { inspectStore } from "../../src/store/inspect/inspect-store.ts";
import type { EntryHeader } from "../../src/store/inspect/store-inspection.ts";
import type { StoreInspector } from "../../src/store/inspect/store-inspector.ts";
import { takeImage } from "./disk-image.ts";
import { entries, Machine } from "./store-fixture.ts";
import { WatchedDisk } from "./watched-disk.ts";

/** Looks at the directory of a machine; whatever would change it fails the test. */
function tryInspect(machine: Machine, isThorough = true): StoreInspector | Error {
  const watched: Disk = new WatchedDisk(machine.disk.attach(machine.process), (operation, path) => {
    throw new Error(`${operation} ${path}`);
  });
  return machine.wait<StoreInspector | Error>((done) => {
    const { process } = machine;
    inspectStore(
      { disk: watched, clock: process, timers: process, isThorough },
      (error, inspector) => done(inspector ?? error ?? new Error("no answer")),
    );
  });
}

function inspect(machine: Machine, isThorough = true): StoreInspector {
  const before = takeImage(machine);
  const result = tryInspect(machine, isThorough);
  if (result instanceof Error) throw result;
  expect(takeImage(machine)).toEqual(before);
  return result;
}

function headers(machine: Machine, inspector: StoreInspector, range: IndexRange): EntryHeader[] {
  return machine.wait((done) =>
    inspector.readHeaders(1, range, (error, found) => {
      if (error !== undefined) throw error;
      done([...(found ?? [])]);
    }),
  );
}

/** Several files, two groups, snapshots small and large; no store runs. */
function written(): Machine {
  const machine = new Machine();
  machine.open();
  machine.create(1);
  machine.create(2);
  const state = { currentTerm: 2, votedFor: 65537, commitIndex: 1 };
  for (let index = 2; index <= 80; index++) {
    const hardState = { ...state, commitIndex: index };
    machine.append(1, { hardState, entries: entries(1, { first: index, last: index }, 2, 400) });
  }
  machine.append(2, { hardState: state, entries: entries(2, { first: 2, last: 9 }, 2) });
  machine.save(1, {
    index: 40,
    term: 2,
    state: Buffer.alloc(3000, "s"),
    live: [{ first: 5, last: 9 }],
  });
  machine.save(2, { index: 5, term: 2, state: Buffer.from("small") });
  machine.runFor(2000);
  machine.close();
  return machine;
}

function fileOf(machine: Machine, part: string): ReturnType<Machine["disk"]["files"]>[number] {
  const found = machine.disk.files().find(({ path }) => path.includes(part));
  if (found === undefined) throw new Error(`no ${part}`);
  return found;
}

/** The file with this text in it, and where. */
function find(machine: Machine, text: string): { path: string; offset: number } {
  for (const { path, file } of machine.disk.files()) {
    const offset = Buffer.from(file.durableBytes).indexOf(text);
    if (offset >= 0 && !path.endsWith(".idx")) return { path: path.replace(/^\//, ""), offset };
  }
  throw new Error(`no ${text}`);
}

function damage(machine: Machine, path: string, offset: number): void {
  fileOf(machine, path).file.damage(offset, Buffer.from([0x58]));
}

function remove(machine: Machine, path: string): void {
  const disk = machine.disk.attach(machine.process);
  machine.wait<void>((done) => disk.remove(path, () => done()));
  machine.wait<void>((done) =>
    disk.syncDirectory(path.split("/").slice(0, -1).join("/"), () => done()),
  );
  machine.kill(false);
}

describe("inspecting a store", () => {
  test("shows what is there, and changes nothing", () => {
    const machine = written();
    const { result } = inspect(machine);
    expect(result.damage).toEqual([]);
    expect(result.refusal).toBeUndefined();
    expect(result.owner).toMatchObject({ nodeId: 1, clusterId: "test", incarnation: 1 });
    const [first, second] = result.groups;
    expect(first).toMatchObject({
      groupId: 1,
      state: "ok",
      currentTerm: 2,
      votedFor: 65537,
      firstIndex: 41,
      lastIndex: 80,
      commitIndex: 80,
      compactedIndex: 40,
      snapshot: { index: 40, term: 2, bytes: 3000, isDamaged: false },
      entries: 40,
      liveEntries: 5,
    });
    expect(second).toMatchObject({ groupId: 2, entries: 4, snapshot: { index: 5 } });
    const log = result.files.filter(({ kind }) => kind === "hot" || kind === "cold");
    expect(log.length).toBeGreaterThan(1);
    expect(log.every(({ isRead }) => isRead)).toBe(true);
    expect(log.every(({ batches }) => (batches ?? 0) > 0)).toBe(true);
    expect(result.files.filter(({ kind }) => kind === "snapshot")).toHaveLength(1);
    expect(result.files.filter(({ kind }) => kind === "foreign")).toEqual([]);
  });

  test("shows the same beside a store that runs", () => {
    const machine = written();
    machine.open();
    machine.append(1, { entries: entries(1, { first: 81, last: 81 }, 2) });
    const inspector = tryInspect(machine);
    if (inspector instanceof Error) throw inspector;
    const { result } = inspector;
    expect(result.damage).toEqual([]);
    expect(result.groups[0]).toMatchObject({ lastIndex: 81, state: "ok" });
    machine.append(1, { entries: entries(1, { first: 82, last: 82 }, 2) });
    machine.close();
  });

  test("knows the last batch though nothing proves it to be on the disk", () => {
    const machine = new Machine();
    machine.open();
    machine.create(1);
    machine.kill(false);
    const { result } = inspect(machine);
    expect(result.unprovenBatch).toMatchObject({ path: "log/00000001.hot", offset: 512 });
    expect(result.groups).toMatchObject([{ groupId: 1, state: "ok" }]);
    expect(result.damage).toEqual([]);
  });

  test("shows headers of entries, and where they are", () => {
    const machine = written();
    const found = headers(machine, inspect(machine), { first: 78, last: 80 });
    expect(found.map(({ index, term, type, size }) => [index, term, type, size])).toEqual([
      [78, 2, "command", 400],
      [79, 2, "command", 400],
      [80, 2, "command", 400],
    ]);
    const { path, offset } = find(machine, "1/80/2 ");
    expect(found[2]).toMatchObject({ path, offset: offset - 32 });
  });

  test("finds a flipped byte in a file that a start would not read, and what it cost", () => {
    const machine = written();
    const { path, offset } = find(machine, "1/45/2 ");
    damage(machine, path, offset);
    expect(inspect(machine, false).result.damage).toEqual([]);
    const inspector = inspect(machine);
    expect(inspector.result.damage).toMatchObject([
      { kind: "batch", path, losses: [{ groupId: 1, what: "entries", first: 45, last: 45 }] },
    ]);
    const { offset: start = 0, size = 0 } = inspector.result.damage[0] ?? {};
    expect(start <= offset && offset < start + size).toBe(true);
    expect(inspector.result.groups[0]).toMatchObject({
      state: "damaged",
      holes: [{ first: 45, last: 45 }],
    });
    expect(headers(machine, inspector, { first: 44, last: 46 }).map(({ type }) => type)).toEqual([
      "command",
      "lost",
      "command",
    ]);
  });

  test("finds a lost entry that only a snapshot still needs", () => {
    const machine = written();
    const { path, offset } = find(machine, "1/7/2 ");
    damage(machine, path, offset);
    const { result } = inspect(machine);
    expect(result.damage).toMatchObject([
      { path, losses: [{ groupId: 1, what: "entries", first: 7, last: 7 }] },
    ]);
    expect(result.groups[0]).toMatchObject({ state: "damaged", lostLive: [{ first: 7, last: 7 }] });
  });

  test("tells damage that costs nothing", () => {
    const machine = written();
    const { path } = fileOf(machine, ".idx");
    damage(machine, path, 100);
    const { result } = inspect(machine);
    expect(result.damage).toMatchObject([
      { kind: "index", path: path.replace(/^\//, ""), losses: [] },
    ]);
  });

  test("finds damaged and missing snapshots", () => {
    const machine = written();
    const { path } = fileOf(machine, ".snap");
    damage(machine, path, 2000);
    expect(inspect(machine, false).result.damage).toEqual([]);
    const { result } = inspect(machine);
    const losses = [{ groupId: 1, what: "snapshot", first: 1, last: 40 }];
    expect(result.damage).toMatchObject([
      { kind: "snapshot", path: path.replace(/^\//, ""), losses },
    ]);
    expect(result.groups[0]).toMatchObject({ state: "damaged", snapshot: { isDamaged: true } });
    remove(machine, path.replace(/^\//, ""));
    expect(inspect(machine, false).result.damage).toMatchObject([{ kind: "file", losses }]);
  });

  test("reads a log without node.meta, and says that a start would not", () => {
    const machine = written();
    for (const path of ["node.meta", "node.meta.copy"]) remove(machine, path);
    const { result } = inspect(machine);
    expect(result.owner).toBeUndefined();
    expect(result.refusal).toContain("node.meta and its copy cannot be read");
    expect(result.groups.map(({ groupId }) => groupId)).toEqual([1, 2]);
  });

  test("one damaged copy of node.meta is no matter", () => {
    const machine = written();
    damage(machine, "node.meta.copy", 9);
    const { result } = inspect(machine);
    expect(result.refusal).toBeUndefined();
    expect(result.nodeMeta.map(({ content }) => typeof content)).toEqual(["object", "string"]);
  });

  test("refuses what is no data directory", () => {
    expect(tryInspect(new Machine())).toMatchObject({
      message: "there is no data of Leveret here: neither node.meta nor a log",
    });
  });

  test("a log that is gone as a whole is damage", () => {
    const machine = written();
    machine.open();
    machine.close();
    for (const { path } of machine.disk.files()) {
      if (path.includes("log/")) remove(machine, path.replace(/^\//, ""));
    }
    const { result } = inspect(machine);
    expect(result.damage).toContainEqual(expect.objectContaining({ path: "log" }));
    expect(result.groups).toEqual([]);
  });
});
