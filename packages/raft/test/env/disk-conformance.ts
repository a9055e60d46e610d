import { expect, it } from "vitest";
import type { Disk, DiskError, DiskFile, DiskLock, OpenMode } from "../../src/env/disk.ts";

/** A disk to be tested, empty. */
export interface DiskBench {
  readonly disk: Disk;
  /** Lets the world go on until `isDone`. */
  run(isDone: () => boolean): Promise<void>;
  close(): Promise<void>;
}

interface Answer<T> {
  readonly error: DiskError | undefined;
  readonly value: T;
}

/** What all implementations of {@link Disk} have to do alike. */
export function describeDisk(open: () => Promise<DiskBench>): void {
  function test(name: string, body: (tester: DiskTester) => Promise<void>): void {
    it(name, async () => {
      const bench = await open();
      try {
        await body(new DiskTester(bench));
      } finally {
        await bench.close();
      }
    });
  }

  test("creates files once, and opens only those that exist", async (tester) => {
    expect(await tester.openError("a", "read")).toBe("not-found");
    expect(await tester.openError("a", "write")).toBe("not-found");
    expect(await tester.openError("a", "write-through")).toBe("not-found");
    await (await tester.open("a", "create")).close();
    expect(await tester.openError("a", "create")).toBe("exists");
    expect(await tester.openError("missing/a", "create")).toBe("not-found");
    expect(await tester.openError("a/below", "read")).toBe("not-found");
    const file = await tester.open("a", "write");
    expect(file.path).toBe("a");
    await file.close();
  });

  test("writes anywhere, extends, and reads back; what was skipped is zero", async (tester) => {
    const file = await tester.open("a", "create");
    await file.write("world", 6);
    await file.write("hello", 0);
    expect(await file.size()).toBe(11);
    expect(await file.read(0, 11)).toBe("hello\0world");
    await file.write("J", 0);
    expect(await file.read(0, 5)).toBe("Jello");
    await file.write("", 100);
    await file.close();
    const again = await tester.open("a", "read");
    expect(await again.read(6, 100)).toBe("world");
    expect(await again.read(11, 10)).toBe("");
    expect(await again.read(500, 10)).toBe("");
    expect(await again.read(3, 0)).toBe("");
    await again.close();
  });

  test("writes through and reads back", async (tester) => {
    await (await tester.open("a", "create")).close();
    const file = await tester.open("a", "write-through");
    await file.write("world", 6);
    await file.write("hello", 0);
    expect(await file.read(0, 20)).toBe("hello\0world");
    await file.sync();
    await file.close();
  });

  test("keeps large contents whole", async (tester) => {
    const bytes = new Uint8Array(9_000_001);
    for (let at = 0; at < bytes.length; at += 101) bytes[at] = at % 251;
    const file = await tester.open("large", "create");
    await file.writeBytes(bytes, 1000);
    await file.sync();
    expect(await file.size()).toBe(bytes.length + 1000);
    const found = await file.readBytes(1000, bytes.length + 5);
    expect(Buffer.compare(found, bytes)).toBe(0);
    await file.close();
  });

  test("writes to different places of a file at the same time", async (tester) => {
    const file = await tester.open("a", "create");
    const places = Array.from({ length: 50 }, (_, place) => place);
    await Promise.all(places.map((place) => file.write(`<${place % 10}>`, 3 * place)));
    expect(await file.read(0, 200)).toBe(places.map((place) => `<${place % 10}>`).join(""));
    await file.close();
  });

  test("closes a file only when what was asked before is done", async (tester) => {
    const file = await tester.open("a", "create");
    const write = file.write("x".repeat(1_000_000), 0);
    const sync = file.sync();
    await Promise.all([write, sync, file.close()]);
    const again = await tester.open("a", "read");
    expect(await again.size()).toBe(1_000_000);
    await again.close();
  });

  test("makes folders and those above them, and lists names", async (tester) => {
    expect(await tester.act((done) => tester.disk.makeDirectory("x/y/z", done))).toBeUndefined();
    expect(await tester.act((done) => tester.disk.makeDirectory("x/y", done))).toBeUndefined();
    await (await tester.open("x/y/file", "create")).close();
    expect(await tester.list("x/y")).toEqual(["file", "z"]);
    expect(await tester.list("")).toEqual(["x"]);
    expect(await tester.list("x/y/z")).toEqual([]);
    const { error } = await tester.ask<readonly string[]>((done) => tester.disk.list("none", done));
    expect(error?.code).toBe("not-found");
  });

  test("renames in one step, over what was there", async (tester) => {
    const first = await tester.open("a", "create");
    await first.write("new", 0);
    await first.close();
    const second = await tester.open("b", "create");
    await second.write("older", 0);
    expect(await tester.act((done) => tester.disk.rename("a", "b", done))).toBeUndefined();
    expect(await tester.list("")).toEqual(["b"]);
    // Who had the replaced file open still has it.
    expect(await second.read(0, 9)).toBe("older");
    await second.close();
    const found = await tester.open("b", "read");
    expect(await found.read(0, 9)).toBe("new");
    await found.close();
    expect((await tester.act((done) => tester.disk.rename("a", "c", done)))?.code).toBe(
      "not-found",
    );
    expect((await tester.act((done) => tester.disk.rename("b", "no/c", done)))?.code).toBe(
      "not-found",
    );
  });

  test("removes files and empty folders", async (tester) => {
    await tester.act((done) => tester.disk.makeDirectory("d", done));
    await (await tester.open("d/a", "create")).close();
    expect(await tester.act((done) => tester.disk.remove("d", done))).toBeDefined();
    expect(await tester.act((done) => tester.disk.remove("d/a", done))).toBeUndefined();
    expect((await tester.act((done) => tester.disk.remove("d/a", done)))?.code).toBe("not-found");
    expect(await tester.act((done) => tester.disk.remove("d", done))).toBeUndefined();
    expect(await tester.list("")).toEqual([]);
  });

  test("syncs files and folders, and tells which operation failed where", async (tester) => {
    const file = await tester.open("a", "create");
    await file.write("x", 0);
    await file.sync();
    await file.close();
    expect(await tester.act((done) => tester.disk.syncDirectory("", done))).toBeUndefined();
    const error = await tester.act((done) => tester.disk.syncDirectory("none", done));
    expect(error).toMatchObject({ name: "DiskError", code: "not-found", path: "none" });
  });

  test("knows how much can still be written", async (tester) => {
    const { error, value } = await tester.ask<number>((done) => tester.disk.freeSpace(done));
    expect(error).toBeUndefined();
    expect(value).toBeGreaterThan(1_000_000);
  });

  test("locks a directory once, until it is released", async (tester) => {
    const lock = (): Promise<Answer<DiskLock>> =>
      tester.ask<DiskLock>((done) => tester.disk.lock("lock", done));
    const first = await lock();
    expect(first.error).toBeUndefined();
    expect((await lock()).error?.code).toBe("locked");
    expect(await tester.act((done) => first.value.release(done))).toBeUndefined();
    const second = await lock();
    expect(second.error).toBeUndefined();
    await tester.act((done) => second.value.release(done));
  });
}

class DiskTester {
  readonly disk: Disk;
  readonly #bench: DiskBench;

  constructor(bench: DiskBench) {
    this.#bench = bench;
    this.disk = bench.disk;
  }

  /** Starts an operation and waits for its answer, which must come once and not inside the call. */
  async ask<T>(
    start: (done: (error: DiskError | undefined, value: T) => void) => void,
  ): Promise<Answer<T>> {
    const answers: Answer<T>[] = [];
    start((error, value) => {
      answers.push({ error, value });
    });
    expect(answers, "answered inside the call").toHaveLength(0);
    await this.#bench.run(() => answers.length > 0);
    const [answer] = answers;
    if (answer === undefined) throw new Error("no answer");
    return answer;
  }

  async act(
    start: (done: (error: DiskError | undefined) => void) => void,
  ): Promise<DiskError | undefined> {
    return (await this.ask<undefined>((done) => start((error) => done(error, undefined)))).error;
  }

  async open(path: string, mode: OpenMode): Promise<FileTester> {
    const { error, value } = await this.ask<DiskFile>((done) => this.disk.open(path, mode, done));
    if (error !== undefined) throw error;
    return new FileTester(this, value);
  }

  async openError(path: string, mode: OpenMode): Promise<string | undefined> {
    return (await this.ask<DiskFile>((done) => this.disk.open(path, mode, done))).error?.code;
  }

  async list(path: string): Promise<string[]> {
    const { error, value } = await this.ask<readonly string[]>((done) =>
      this.disk.list(path, done),
    );
    if (error !== undefined) throw error;
    return [...value].sort((a, b) => (a < b ? -1 : 1));
  }
}

class FileTester {
  readonly #tester: DiskTester;
  readonly #file: DiskFile;

  constructor(tester: DiskTester, file: DiskFile) {
    this.#tester = tester;
    this.#file = file;
  }

  get path(): string {
    return this.#file.path;
  }

  write(text: string, position: number): Promise<void> {
    return this.writeBytes(Buffer.from(text), position);
  }

  async writeBytes(bytes: Uint8Array, position: number): Promise<void> {
    await this.#act((done) => this.#file.write(bytes, position, done));
  }

  async read(position: number, size: number): Promise<string> {
    return (await this.readBytes(position, size)).toString();
  }

  async readBytes(position: number, size: number): Promise<Buffer> {
    const target = Buffer.alloc(size, 0xee);
    const { error, value } = await this.#tester.ask<number>((done) =>
      this.#file.read(target, position, done),
    );
    if (error !== undefined) throw error;
    expect(target.subarray(value).every((byte) => byte === 0xee)).toBe(true);
    return target.subarray(0, value);
  }

  async size(): Promise<number> {
    const { error, value } = await this.#tester.ask<number>((done) => this.#file.size(done));
    if (error !== undefined) throw error;
    return value;
  }

  async sync(): Promise<void> {
    await this.#act((done) => this.#file.sync(done));
  }

  async close(): Promise<void> {
    await this.#act((done) => this.#file.close(done));
  }

  async #act(start: (done: (error: DiskError | undefined) => void) => void): Promise<void> {
    const error = await this.#tester.act(start);
    if (error !== undefined) throw error;
  }
}
