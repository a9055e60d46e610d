import { describe, expect, it } from "vitest";
import type { Disk, DiskError, DiskFile, OpenMode } from "../../src/env/disk.ts";
import { Random } from "../../src/sim/random.ts";
import { HONEST_DISK, SimDisk } from "../../src/sim/sim-disk.ts";
import { SECTOR_SIZE } from "../../src/sim/sim-file.ts";
import { SimProcess } from "../../src/sim/sim-process.ts";
import { SimScheduler } from "../../src/sim/sim-scheduler.ts";

class Machine {
  readonly random = new Random(7);
  readonly scheduler = new SimScheduler(this.random.fork());
  readonly misuses: string[] = [];
  readonly disk = new SimDisk(this.scheduler, this.random.fork(), {
    faults: { ...HONEST_DISK, crash: { ...HONEST_DISK.crash } },
    watcher: {
      onDiskEvent(): void {},
      onWrite: (): number => 0,
      onDurable(): void {},
      onDiskMisuse: (what): void => {
        this.misuses.push(what);
      },
    },
  });
  process: SimProcess = this.#boot();
  view: Disk = this.disk.attach(this.process);

  #boot(): SimProcess {
    return new SimProcess(
      this.scheduler,
      this.random.fork(),
      { wallSkewMs: 0, driftPpm: 0 },
      (error) => {
        throw error;
      },
    );
  }

  settle(): void {
    while (this.scheduler.runNext(Number.MAX_SAFE_INTEGER));
  }

  do<T>(start: (done: (error: DiskError | undefined, value: T) => void) => void): {
    error: DiskError | undefined;
    value: T;
  } {
    let result: { error: DiskError | undefined; value: T } | undefined;
    start((error, value) => {
      result = { error, value };
    });
    expect(result, "an operation completed inside its call").toBeUndefined();
    this.settle();
    if (result === undefined) throw new Error("no answer");
    return result;
  }

  act(start: (done: (error: DiskError | undefined) => void) => void): DiskError | undefined {
    return this.do<undefined>((done) => start((error) => done(error, undefined))).error;
  }

  open(path: string, mode: OpenMode): DiskFile {
    const { error, value } = this.do<DiskFile>((done) => this.view.open(path, mode, done));
    if (error !== undefined) throw error;
    return value;
  }

  read(path: string): string {
    const file = this.open(path, "read");
    const target = new Uint8Array(4096);
    const { value } = this.do<number>((done) => file.read(target, 0, done));
    return text(target.subarray(0, value));
  }

  kill(): void {
    this.process.kill();
    this.disk.kill(this.process);
  }

  restart(): void {
    this.process = this.#boot();
    this.view = this.disk.attach(this.process);
  }

  powerCycle(): void {
    this.kill();
    this.disk.crash();
    this.restart();
  }
}

const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);
const text = (content: Uint8Array): string => new TextDecoder().decode(content);

describe("SimDisk", () => {
  it("keeps synced contents under synced names over a loss of power", () => {
    const machine = new Machine();
    const file = machine.open("a", "create");
    expect(machine.act((done) => file.write(bytes("hello"), 0, done))).toBeUndefined();
    expect(machine.act((done) => file.sync(done))).toBeUndefined();
    expect(machine.act((done) => machine.view.syncDirectory("", done))).toBeUndefined();
    machine.powerCycle();
    expect(machine.read("a")).toBe("hello");
  });

  it("may lose a name that was not synced, and the file with it", () => {
    const outcomes = new Set<boolean>();
    for (let attempt = 0; attempt < 30; attempt++) {
      const machine = new Machine();
      for (let skip = 0; skip < attempt; skip++) machine.random.next32();
      const other = new Machine();
      const target = attempt % 2 === 0 ? machine : other;
      const file = target.open(`name-${attempt}`, "create");
      target.act((done) => file.write(bytes("x"), 0, done));
      target.act((done) => file.sync(done));
      for (let extra = 0; extra < attempt; extra++) target.open(`extra-${extra}`, "create");
      target.powerCycle();
      outcomes.add(target.disk.files().some(({ path }) => path === `name-${attempt}`));
    }
    expect(outcomes.size).toBe(2);
  });

  it("keeps what was written over the death of the process alone", () => {
    const machine = new Machine();
    const file = machine.open("a", "create");
    machine.act((done) => file.write(bytes("hello"), 0, done));
    machine.kill();
    machine.restart();
    expect(machine.read("a")).toBe("hello");
  });

  it("decides the fate of each unsynced sector by itself", () => {
    const machine = new Machine();
    machine.disk.faults.crash = { lost: 0.4, garbage: 0.2 };
    const file = machine.open("a", "create");
    const sectors = 200;
    const old = new Uint8Array(sectors * SECTOR_SIZE).fill(1);
    machine.act((done) => file.write(old, 0, done));
    machine.act((done) => file.sync(done));
    machine.act((done) => machine.view.syncDirectory("", done));
    machine.act((done) => file.write(new Uint8Array(old.length).fill(2), 0, done));
    machine.powerCycle();
    const found = { old: 0, new: 0, garbage: 0 };
    const after = machine.disk.files()[0]?.file.durableBytes ?? new Uint8Array();
    for (let sector = 0; sector < sectors; sector++) {
      const content = after.subarray(sector * SECTOR_SIZE, (sector + 1) * SECTOR_SIZE);
      if (content.every((byte) => byte === 1)) found.old++;
      else if (content.every((byte) => byte === 2)) found.new++;
      else found.garbage++;
    }
    expect(found.old).toBeGreaterThan(40);
    expect(found.new).toBeGreaterThan(40);
    expect(found.garbage).toBeGreaterThan(10);
  });

  it("shows pages that a failed fsync dropped until the machine restarts, though a second fsync succeeds", () => {
    let lost = 0;
    for (let attempt = 0; attempt < 20; attempt++) {
      const machine = new Machine();
      for (let skip = 0; skip < attempt; skip++) machine.disk.durableFiles();
      const file = machine.open(`f${attempt}`, "create");
      machine.act((done) => machine.view.syncDirectory("", done));
      for (let extra = 0; extra < attempt; extra++) machine.do<number>((done) => file.size(done));
      machine.act((done) => file.write(bytes("hello"), 0, done));
      machine.disk.faults.syncErrorChance = 1;
      expect(machine.act((done) => file.sync(done))?.code).toBe("io");
      machine.disk.faults.syncErrorChance = 0;
      expect(machine.act((done) => file.sync(done))).toBeUndefined();
      machine.kill();
      machine.restart();
      expect(machine.read(`f${attempt}`)).toBe("hello");
      machine.powerCycle();
      if (machine.read(`f${attempt}`) !== "hello") lost++;
    }
    expect(lost).toBeGreaterThan(5);
    expect(lost).toBeLessThan(20);
  });

  it("has on the platter what was written through, and fails such a write as a sync", () => {
    const machine = new Machine();
    machine.act((done) => machine.open("a", "create").close(done));
    machine.act((done) => machine.view.syncDirectory("", done));
    const file = machine.open("a", "write-through");
    expect(machine.act((done) => file.write(bytes("hello"), 0, done))).toBeUndefined();
    machine.disk.faults.syncErrorChance = 1;
    expect(machine.act((done) => file.write(bytes("HELLO"), 0, done))?.code).toBe("io");
    machine.disk.faults.syncErrorChance = 0;
    machine.powerCycle();
    expect(machine.read("a").toLowerCase()).toBe("hello");
    const again = machine.open("a", "write-through");
    machine.act((done) => again.write(bytes(" world"), 5, done));
    machine.powerCycle();
    expect(machine.read("a").slice(5)).toBe(" world");
  });

  it("reports a full disk and keeps a beginning of the write at most", () => {
    const machine = new Machine();
    machine.disk.faults.capacityBytes = 1000;
    const file = machine.open("a", "create");
    expect(machine.act((done) => file.write(new Uint8Array(900), 0, done))).toBeUndefined();
    expect(machine.act((done) => file.write(new Uint8Array(200), 900, done))?.code).toBe(
      "no-space",
    );
    const { value } = machine.do<number>((done) => machine.view.freeSpace(done));
    expect(value).toBeLessThanOrEqual(100);
    expect(machine.act((done) => machine.view.remove("a", done))).toBeUndefined();
    expect(machine.disk.usedBytes).toBeGreaterThan(0);
    machine.act((done) => file.close(done));
    expect(machine.disk.usedBytes).toBe(0);
  });

  it("fails to read sectors that went bad until they are written again", () => {
    const machine = new Machine();
    const file = machine.open("a", "create");
    machine.act((done) => file.write(new Uint8Array(2048).fill(3), 0, done));
    machine.disk.files()[0]?.file.makeUnreadable(600);
    const target = new Uint8Array(512);
    expect(machine.do<number>((done) => file.read(target, 0, done)).value).toBe(512);
    expect(machine.do<number>((done) => file.read(target, 400, done)).error?.code).toBe("io");
    machine.act((done) => file.write(new Uint8Array(512).fill(4), 512, done));
    expect(machine.do<number>((done) => file.read(target, 512, done)).value).toBe(512);
    expect(target[0]).toBe(4);
    expect(machine.do<number>((done) => file.read(target, 2000, done)).value).toBe(48);
  });

  it("gives the lock to one live process at a time", () => {
    const machine = new Machine();
    expect(machine.do((done) => machine.view.lock("lock", done)).error).toBeUndefined();
    const first = machine.process;
    machine.restart();
    expect(machine.do((done) => machine.view.lock("lock", done)).error?.code).toBe("locked");
    first.kill();
    machine.disk.kill(first);
    expect(machine.do((done) => machine.view.lock("lock", done)).error).toBeUndefined();
  });

  it("never calls a dead process", () => {
    const machine = new Machine();
    let calls = 0;
    machine.view.open("a", "create", () => calls++);
    machine.process.setTimer(5, () => calls++);
    machine.process.defer(() => calls++);
    machine.kill();
    machine.settle();
    expect(calls).toBe(0);
  });

  it("notices writes whose bytes are changed too early", () => {
    const machine = new Machine();
    const file = machine.open("a", "create");
    for (let attempt = 0; attempt < 200; attempt++) {
      const content = new Uint8Array(10);
      file.write(content, 0, () => {});
      content[3] = 1;
    }
    machine.settle();
    expect(machine.misuses.length).toBeGreaterThan(0);
  });

  it("replaces a file by rename in one step", () => {
    for (let attempt = 0; attempt < 20; attempt++) {
      const machine = new Machine();
      for (const [name, content] of [
        ["a", "old"],
        ["b", "new"],
      ] as const) {
        const file = machine.open(name, "create");
        machine.act((done) => file.write(bytes(content), 0, done));
        machine.act((done) => file.sync(done));
      }
      machine.act((done) => machine.view.syncDirectory("", done));
      for (let extra = 0; extra < attempt; extra++) machine.open(`x${extra}`, "create");
      machine.act((done) => machine.view.rename("b", "a", done));
      machine.powerCycle();
      const names = machine.disk.files().map(({ path }) => path);
      expect(names).toContain("a");
      expect(machine.read("a")).toBe(names.includes("b") ? "old" : "new");
    }
  });
});
