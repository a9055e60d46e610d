import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { chmod, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { type Disk, DiskError, type Entry } from "@leveret/raft";
import { describe, expect, test } from "vitest";
import { RealDisk } from "../../src/runtime/real-disk.ts";
import { StorageError } from "../../src/storage/storage-error.ts";
import { ListLog } from "./list-log.ts";
import {
  itemsOf,
  openQueue,
  openStorage,
  queueRecord,
  ready,
  spoil,
  store,
  temporaryDirectory,
} from "./storage-fixture.ts";

describe("the storage of a node", () => {
  test("gives back metadata and queues after a stop", async () => {
    const directory = join(await temporaryDirectory(), "made", "by", "it");
    const first = await openStorage(directory);
    await first.storage.metadataReady();
    expect(await store(first.storage.metadata, "declare")).toBe("applied");
    const queue = openQueue(first.storage, queueRecord(16));
    await ready(queue);
    expect(await store(queue, "message")).toBe("applied");
    await first.storage.stop();

    const { storage, lines } = await openStorage(directory);
    await storage.metadataReady();
    expect(itemsOf(storage.metadata)).toEqual(["declare"]);
    storage.reconcile([queueRecord(16)]);
    const again = openQueue(storage, queueRecord(16));
    await ready(again);
    expect([again.isReady, itemsOf(again)]).toEqual([true, ["message"]]);
    expect(lines).toEqual(["info data directory opened", "info queues loaded"]);
  });

  test("keeps the contents of no queue that the metadata do not have", async () => {
    const directory = await temporaryDirectory();
    const first = await openStorage(directory);
    for (const groupId of [16, 17]) await ready(openQueue(first.storage, queueRecord(groupId)));
    await first.storage.stop();
    const { storage } = await openStorage(directory);
    storage.reconcile([queueRecord(17)]);
    expect(storage.node.groups().map(({ groupId }) => groupId)).toEqual([1, 17]);
  });

  test("makes contents that are missing after a crash between declaration and queue", async () => {
    const { storage, lines } = await openStorage(await temporaryDirectory());
    storage.reconcile([queueRecord(16)]);
    const queue = openQueue(storage, queueRecord(16));
    await ready(queue);
    expect(await store(queue, "a")).toBe("applied");
    expect(lines).toEqual(["info new data directory"]);
  });

  test("reads what a queue still refers to, and deletes it with the queue", async () => {
    const { storage } = await openStorage(await temporaryDirectory());
    const queue = openQueue(storage, queueRecord(16));
    await ready(queue);
    await store(queue, "a");
    const { lastIndex } = queue;
    const result = await new Promise((resolve) => queue.read(lastIndex, 1000, resolve));
    expect(result).toMatchObject({ kind: "entries", entries: [{ index: lastIndex }] });
    queue.delete();
    expect(storage.node.group(16)).toBeUndefined();
    expect(await store(queue, "b")).toBe("stopped");
  });

  test("answers who waits for a queue at once, in a later turn", async () => {
    const { storage } = await openStorage(await temporaryDirectory());
    const queue = openQueue(storage, queueRecord(16));
    await ready(queue);
    let isTold = false;
    queue.whenReady(() => {
      isTold = true;
    });
    expect(isTold).toBe(false);
    await ready(queue);
    expect(isTold).toBe(true);
  });
});

describe("a data directory that cannot be used is refused with a sentence", () => {
  test("when another node has it", async () => {
    const directory = await temporaryDirectory();
    const first = await openStorage(directory);
    await expect(openStorage(directory)).rejects.toThrow(
      new StorageError(
        `the data directory ${directory} is in use: process ${process.pid} uses the data directory`,
      ),
    );
    await first.storage.stop();
    await openStorage(directory);
  });

  test("when it is of a newer format", async () => {
    const directory = await temporaryDirectory();
    const { storage } = await openStorage(directory);
    await storage.stop();
    for (const name of ["node.meta", "node.meta.copy"]) {
      await writeFile(join(directory, name), newerFormat(await readFile(join(directory, name))));
    }
    await expect(openStorage(directory)).rejects.toThrow(
      `the data directory ${directory} cannot be used: the data has format 2, this version reads format 1`,
    );
  });

  test("when it is a file", async () => {
    const file = join(await temporaryDirectory(), "file");
    await writeFile(file, "");
    await expect(openStorage(file)).rejects.toThrow(
      /^the data directory .*file is not a directory$/,
    );
  });

  test("when it cannot be made", async () => {
    for (const directory of ["/proc/leveret/data", join(await temporaryDirectory(), "link")]) {
      if (!directory.startsWith("/proc/")) await symlink("nowhere", directory);
      await expect(openStorage(directory)).rejects.toThrow(
        /^the data directory .* cannot be made: /,
      );
    }
  });

  test("when it cannot be written", async () => {
    const directory = await temporaryDirectory();
    const isRoot = process.getuid?.() === 0;
    // Modes do not stop root.
    if (isRoot) execFileSync("mount", ["-t", "tmpfs", "-o", "ro,size=64k", "tmpfs", directory]);
    else await chmod(directory, 0o500);
    try {
      await expect(openStorage(directory)).rejects.toThrow(/ cannot be written: /);
    } finally {
      if (isRoot) execFileSync("umount", [directory]);
    }
  });

  test.each([
    ["the folder", (log: string) => rm(log, { recursive: true })],
    ["each file", (log: string) => rm(log, { recursive: true }).then(() => mkdir(log))],
  ])("when %s of its log is gone, be it after the first start", async (_what, remove) => {
    const directory = await temporaryDirectory();
    const { storage } = await openStorage(directory);
    await storage.stop();
    await remove(join(directory, "log"));
    for (let start = 1; start <= 2; start++) {
      await expect(openStorage(directory)).rejects.toThrow(
        new StorageError(
          `the data directory ${directory} cannot be used: its log is gone: by node.meta something was stored here`,
        ),
      );
    }
  });

  test("when the metadata are missing though there are messages", async () => {
    const directory = await temporaryDirectory();
    const { storage } = await openStorage(directory);
    await ready(openQueue(storage, queueRecord(16)));
    await new Promise<void>((resolve) => storage.node.deleteGroup(1, resolve));
    await storage.stop();
    await expect(openStorage(directory)).rejects.toThrow(
      `the metadata in the data directory ${directory} cannot be used, they are missing`,
    );
  });
});

describe("metadata that stop", () => {
  test("at the start keep the node from starting, with the reason", async () => {
    const directory = await temporaryDirectory();
    const first = await openStorage(directory);
    await first.storage.metadataReady();
    await store(first.storage.metadata, "of a newer version");
    await first.storage.stop();
    const { storage, fatal } = await openStorage(directory, {
      createMetadata: () => new RefusingLog(),
    });
    await expect(storage.metadataReady()).rejects.toThrow(
      new StorageError(
        `the metadata in the data directory ${directory} cannot be used, Error: what does "of a newer version" mean?`,
      ),
    );
    expect(fatal).toEqual([]);
  });

  test("later are fatal", async () => {
    const directory = await temporaryDirectory();
    const { storage, fatal } = await openStorage(directory, {
      createMetadata: () => new RefusingLog(),
    });
    await storage.metadataReady();
    await store(storage.metadata, "b");
    await expect
      .poll(() => fatal.map(String))
      .toEqual(['Error: the metadata stopped: Error: what does "b" mean?']);
  });
});

describe("damage", () => {
  test("is told with file and offset at the start, and other queues work", async () => {
    const { directory, file, offset } = await damagedDirectory({ hasIndex: false });
    const { storage, lines, fields } = await openStorage(directory);
    const records = [queueRecord(16), queueRecord(17)];
    storage.reconcile(records);
    const [whole, spoilt] = records.map((record) => openQueue(storage, record));
    if (whole === undefined || spoilt === undefined) throw new Error("no queues");
    await ready(whole);
    expect(itemsOf(whole)).toEqual(["whole", "whole, too"]);
    await ready(spoilt);
    expect([spoilt.isReady, spoilt.failure]).toEqual([false, "part of its contents is lost"]);
    expect(errorsIn(lines)).toEqual([
      "damage in the data directory",
      "queue 'q17' in vhost '/' is damaged and cannot be used",
    ]);
    const told = fields[1] as { file: string; offset: number; size: number; groups: number[] };
    expect([told.file, told.groups]).toEqual([file, [17]]);
    expect(told.offset).toBeLessThanOrEqual(offset);
    expect(told.offset + told.size).toBeGreaterThan(offset);
  });

  test("that only reading finds is told when it is found", async () => {
    const { directory, file } = await damagedDirectory({ hasIndex: true });
    const { storage, lines, fields } = await openStorage(directory);
    const whole = openQueue(storage, queueRecord(16));
    const spoilt = openQueue(storage, queueRecord(17));
    await Promise.all([ready(whole), ready(spoilt)]);
    expect([whole.failure, spoilt.failure]).toEqual([undefined, "part of its contents is lost"]);
    await expect.poll(() => errorsIn(lines)).toEqual(["damage in the data directory"]);
    const told = fields[lines.indexOf("error damage in the data directory")];
    expect(told).toMatchObject({ kind: "entry", file, groups: [17] });
  });

  test("that took all of a queue is not hidden by an empty one", async () => {
    const { directory } = await damagedDirectory({ hasIndex: false });
    const { storage, lines } = await openStorage(directory);
    storage.reconcile([queueRecord(16), queueRecord(17), queueRecord(18, "gone")]);
    const gone = openQueue(storage, queueRecord(18));
    await ready(gone);
    expect([gone.isReady, gone.failure]).toEqual([false, "its contents are missing"]);
    expect(await store(gone, "a")).toBe("stopped");
    expect(errorsIn(lines)).toContain(
      "the contents of queue 'gone' in vhost '/' are missing, it cannot be used",
    );
    expect(storage.node.group(18)).toBeUndefined();
    // A queue that is declared now is a new one.
    await ready(openQueue(storage, queueRecord(19)));
  });

  test("of the metadata keeps the node from starting", async () => {
    const { directory, file } = await damagedDirectory({ hasIndex: false, spoils: "declare" });
    const { storage } = await openStorage(directory);
    const problem = await storage.metadataReady().catch((error: unknown) => String(error));
    expect(problem).toContain(
      `StorageError: the metadata in the data directory ${directory} cannot be used, part of them is lost`,
    );
    expect(problem).toContain(`${file} is damaged at offset `);
  });
});

describe("a disk that is full to the last byte", () => {
  test("does not keep a node from starting: it gives up what it kept for that", async () => {
    const directory = await temporaryDirectory();
    const first = await openStorage(directory);
    await first.storage.metadataReady();
    await store(first.storage.metadata, "a");
    await first.storage.stop();
    const kept = (): number => statSync(join(directory, "reserve")).size;
    const full = kept();
    const disk = new FailingDisk(new RealDisk(directory));
    disk.hasRoom = () => kept() < full - 1_000_000;
    const { storage } = await openStorage(directory, { disk });
    await storage.metadataReady();
    expect(itemsOf(storage.metadata)).toEqual(["a"]);
    await storage.stop();
    // There was room after all.
    expect(kept()).toBe(full);
  });

  test("does if nothing was kept, and the reason is told", async () => {
    const directory = await temporaryDirectory();
    const disk = new FailingDisk(new RealDisk(directory));
    disk.hasRoom = () => false;
    await expect(openStorage(directory, { disk })).rejects.toThrow(
      `the data directory ${directory} cannot be used: lock lock: no-space`,
    );
  });
});

describe("a disk that fails", () => {
  test("ends a first start, whenever that is, and the next one works", async () => {
    for (let syncs = 0; ; syncs++) {
      const directory = await temporaryDirectory();
      const disk = new FailingDisk(new RealDisk(directory));
      disk.syncsLeft = syncs;
      const opened = await openStorage(directory, { disk }).catch((error: unknown) => error);
      if (!(opened instanceof Error)) break;
      expect(opened).toBeInstanceOf(StorageError);
      expect(opened.message).toMatch(/ data directory .* cannot be used.* sync .*: io$/);
      // The process would have ended.
      await rm(join(directory, "lock"), { force: true });
      await (await openStorage(directory)).storage.metadataReady();
    }
  }, 30_000);

  test("is fatal, once, and nothing is stored any more", async () => {
    const directory = await temporaryDirectory();
    const disk = new FailingDisk(new RealDisk(directory));
    const { storage, fatal } = await openStorage(directory, { disk });
    await storage.metadataReady();
    disk.isFailing = true;
    const outcome = store(storage.metadata, "a");
    await expect.poll(() => fatal.length).toBe(1);
    expect(await outcome).toBe("unknown");
    expect(await store(storage.metadata, "b")).toBe("stopped");
    expect(String(fatal[0])).toContain("sync");
    await storage.stop();
  });
});

function errorsIn(lines: readonly string[]): string[] {
  return lines.filter((line) => line.startsWith("error ")).map((line) => line.slice(6));
}

/** Queue 16 is whole; a message of queue 17 (or the metadata) has a flipped bit. */
async function damagedDirectory(options: {
  readonly hasIndex: boolean;
  readonly spoils?: string;
}): Promise<{ readonly directory: string; readonly file: string; readonly offset: number }> {
  const { hasIndex, spoils = "spoilt" } = options;
  const directory = await temporaryDirectory();
  const { storage } = await openStorage(directory);
  await storage.metadataReady();
  await store(storage.metadata, "declare".repeat(100));
  const whole = openQueue(storage, queueRecord(16));
  const other = openQueue(storage, queueRecord(17));
  await Promise.all([ready(whole), ready(other)]);
  await store(whole, "whole");
  await store(other, "spoilt".repeat(100));
  await store(whole, "whole, too");
  await storage.stop();
  return { directory, ...(await spoil(directory, spoils.repeat(100), hasIndex)) };
}

/** Whoever opens the copy of another version's file learns that from its header alone. */
function newerFormat(meta: Buffer): Buffer {
  const newer = Buffer.from(meta);
  newer.writeUInt32LE(2, 4);
  newer.writeUInt32LE(crc32(newer.subarray(0, -4)), newer.length - 4);
  return newer;
}

class RefusingLog extends ListLog {
  override apply(entry: Entry): void {
    throw new Error(`what does "${Buffer.from(entry.data)}" mean?`);
  }
}

const NO_LOCK = { release: (): void => undefined };

/** Syncs of files fail, and it is full, when told so. */
class FailingDisk implements Disk {
  isFailing = false;
  /** So many work, then they fail. */
  syncsLeft = Number.POSITIVE_INFINITY;
  hasRoom = (): boolean => true;
  readonly #disk: Disk;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  open(...[path, mode, done]: Parameters<Disk["open"]>): void {
    this.#disk.open(path, mode, (error, file) => {
      if (error === undefined) {
        const sync = file.sync.bind(file);
        file.sync = (synced): void => {
          if (this.#failsNow()) setImmediate(() => synced(new DiskError("io", "sync", path)));
          else sync(synced);
        };
        const write = file.write.bind(file);
        file.write = (bytes, position, written): void => {
          const fails = mode === "write-through" && this.#failsNow();
          write(bytes, position, (own) => {
            written(own ?? (fails ? new DiskError("io", "sync", path) : undefined));
          });
        };
      }
      done(error, file);
    });
  }

  #failsNow(): boolean {
    this.syncsLeft--;
    return this.isFailing || this.syncsLeft < 0;
  }

  list(...args: Parameters<Disk["list"]>): void {
    this.#disk.list(...args);
  }

  makeDirectory(...args: Parameters<Disk["makeDirectory"]>): void {
    this.#disk.makeDirectory(...args);
  }

  rename(...args: Parameters<Disk["rename"]>): void {
    this.#disk.rename(...args);
  }

  remove(...args: Parameters<Disk["remove"]>): void {
    this.#disk.remove(...args);
  }

  syncDirectory(...args: Parameters<Disk["syncDirectory"]>): void {
    this.#disk.syncDirectory(...args);
  }

  freeSpace(...args: Parameters<Disk["freeSpace"]>): void {
    this.#disk.freeSpace(...args);
  }

  lock(...[path, done]: Parameters<Disk["lock"]>): void {
    if (this.hasRoom()) this.#disk.lock(path, done);
    else setImmediate(() => done(new DiskError("no-space", "lock", path), NO_LOCK));
  }
}
