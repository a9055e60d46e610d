import {
  type Disk,
  DiskError,
  type DiskFile,
  type DiskLock,
  type DiskResult,
  type OpenMode,
} from "../env/disk.ts";
import type { Random } from "./random.ts";
import { SimDirectory, type SimNode } from "./sim-directory.ts";
import { AttachedDisk, type Outcome, SimDiskFile } from "./sim-disk-handles.ts";
import { type CrashOdds, SimFile } from "./sim-file.ts";
import type { SimProcess } from "./sim-process.ts";
import type { SimScheduler } from "./sim-scheduler.ts";

/** How a disk behaves. The simulation changes these while it runs. */
export interface DiskFaults {
  writeMeanMs: number;
  syncMeanMs: number;
  readMeanMs: number;
  /** Chance for an operation to take up to `stallMaxMs` more. */
  stallChance: number;
  stallMaxMs: number;
  syncErrorChance: number;
  writeErrorChance: number;
  /** Of errors that go away by themselves. */
  readErrorChance: number;
  capacityBytes: number;
  crash: CrashOdds;
}

export const HONEST_DISK: DiskFaults = {
  writeMeanMs: 0.1,
  syncMeanMs: 0.5,
  readMeanMs: 0.1,
  stallChance: 0,
  stallMaxMs: 0,
  syncErrorChance: 0,
  writeErrorChance: 0,
  readErrorChance: 0,
  capacityBytes: Number.MAX_SAFE_INTEGER,
  crash: { lost: 0.5, garbage: 0.1 },
};

/** Who watches a disk: counts what happened, and knows what is on the platter. */
export interface DiskWatcher {
  /** Something worth counting: "fsync-error", "disk-full", "disk-stall", "torn-crash" ... */
  onDiskEvent(event: string): void;
  /** A program asks to write; the number returned comes back by `onDurable`. */
  onWrite(path: string, bytes: Uint8Array): number;
  /** A sync made contents of `file` durable, `tag` being the highest number of the writes; undefined: names were. */
  onDurable(file: SimFile | undefined, tag: number): void;
  /** Something that only a trace wants to know. */
  onDiskTrace?(what: () => string): void;
  /** The program broke the rules of the Disk interface. */
  onDiskMisuse(what: string): void;
}

interface WritePlace {
  readonly position: number;
  readonly tag: number;
}

interface Operation {
  readonly process: SimProcess;
  /** What the process died in the middle of: carries out some of it, or all, or nothing. */
  interrupt(): void;
}

/** One disk: survives the processes that use it. Implements the rules of Disk as meanly as they allow. */
export class SimDisk {
  readonly faults: DiskFaults;
  readonly #scheduler: SimScheduler;
  readonly #random: Random;
  readonly #watcher: DiskWatcher;
  readonly #operations = new Set<Operation>();
  readonly #locks = new Map<string, SimProcess>();
  readonly #openFiles = new Set<SimDiskFile>();
  #root = new SimDirectory();
  #fileCount = 0;
  /** Bytes of all files that have a name or are open; undefined: to be counted again. */
  #used: number | undefined;

  constructor(
    scheduler: SimScheduler,
    random: Random,
    options: { readonly faults: DiskFaults; readonly watcher: DiskWatcher },
  ) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.faults = options.faults;
    this.#watcher = options.watcher;
  }

  /** The disk as one life of the node sees it. */
  attach(process: SimProcess): Disk {
    return new AttachedDisk(this, process);
  }

  /** The process is dead; the machine goes on, so what was written stays in the page cache. */
  kill(process: SimProcess): void {
    this.#used = undefined;
    for (const operation of [...this.#operations]) {
      if (operation.process !== process) continue;
      this.#operations.delete(operation);
      operation.interrupt();
    }
    for (const [path, holder] of this.#locks) if (holder === process) this.#locks.delete(path);
    for (const file of [...this.#openFiles]) {
      if (file.process === process) this.#openFiles.delete(file);
    }
  }

  /** Power is lost; processes have to be killed first. */
  crash(): void {
    this.#used = undefined;
    let hasLost = false;
    const directories = this.#directories();
    const files = new Set(this.files().map(({ file }) => file));
    for (const directory of directories) {
      for (const node of directory.durableNames.values())
        if (node instanceof SimFile) files.add(node);
    }
    for (const file of files) {
      const outcome = file.crash(this.#random, this.faults.crash);
      if (outcome === "torn") this.#watcher.onDiskEvent("torn-batch");
      hasLost ||= outcome !== "none";
    }
    for (const directory of directories) hasLost = directory.crash(this.#random) || hasLost;
    for (const directory of this.#directories()) directory.reload();
    if (hasLost) this.#watcher.onDiskEvent("crash-with-unsynced");
  }

  /** The disk is replaced by an empty one; processes have to be killed first. */
  wipe(): void {
    this.#used = undefined;
    this.#root = new SimDirectory();
  }

  /** The contents become a copy of those of `other`; processes that use either have to be killed first. */
  copyFrom(other: SimDisk): void {
    this.#used = undefined;
    this.#root = other.#root.clone(new Map());
    this.#fileCount = other.#fileCount;
  }

  /** All files that programs can see, with their paths. */
  files(): { path: string; file: SimFile }[] {
    const found: { path: string; file: SimFile }[] = [];
    collect(this.#root, "", (path, node) => {
      if (node instanceof SimFile) found.push({ path, file: node });
    });
    return found;
  }

  /** All files whose names and contents would survive a crash now. */
  durableFiles(): { path: string; file: SimFile }[] {
    const found: { path: string; file: SimFile }[] = [];
    collectDurable(this.#root, "", found);
    return found;
  }

  /** Whether a crash would leave the file with a name. */
  isNamedDurably(file: SimFile): boolean {
    return this.durableFiles().some((named) => named.file === file);
  }

  get usedBytes(): number {
    this.#used ??= this.#countUsed();
    return this.#used;
  }

  get openFileCount(): number {
    return this.#openFiles.size;
  }

  /** Files that programs hold open though no name is left. */
  get openPaths(): string[] {
    return [...this.#openFiles].map((file) => file.path);
  }

  // What follows serves AttachedDisk and SimDiskFile.

  /** @internal Carries `effect` out after a while, then reports to the process. */
  perform<T>(
    process: SimProcess,
    request: {
      readonly operation: string;
      readonly path: string;
      readonly meanMs: number;
      readonly nothing: T;
      effect(): Outcome<T>;
      interrupt?(): void;
    },
    done: DiskResult<T>,
  ): void {
    if (!process.isAlive) return;
    const operation: Operation = {
      process,
      interrupt: (): void => {
        if (request.interrupt !== undefined) request.interrupt();
        else if (this.#random.chance(0.5)) request.effect();
      },
    };
    this.#operations.add(operation);
    this.#scheduler.after(this.#latency(request.meanMs), () => {
      if (!this.#operations.delete(operation)) return;
      const outcome = request.effect();
      this.#watcher.onDiskTrace?.(
        () =>
          `${request.operation} ${request.path}${"error" in outcome ? `: ${outcome.error}` : ""}`,
      );
      process.run(() => {
        if ("value" in outcome) done(undefined, outcome.value);
        else done(diskError(outcome.error, request.operation, request.path), request.nothing);
      });
    });
  }

  /** @internal */
  open(process: SimProcess, path: string, mode: OpenMode): Outcome<DiskFile | undefined> {
    const place = this.#place(path);
    if (place === undefined) return { error: "not-found" };
    const found = place.directory.names.get(place.name);
    if (mode === "create") {
      if (found !== undefined) return { error: "exists" };
      const file = new SimFile(++this.#fileCount);
      place.directory.set(place.name, file);
      return { value: this.#handle(process, path, { file, mode }) };
    }
    if (!(found instanceof SimFile)) return { error: "not-found" };
    return { value: this.#handle(process, path, { file: found, mode }) };
  }

  /** @internal */
  list(path: string): Outcome<readonly string[]> {
    const directory = this.#directory(path);
    if (directory === undefined) return { error: "not-found" };
    return { value: this.#random.shuffle([...directory.names.keys()]) };
  }

  /** @internal */
  makeDirectory(path: string): Outcome<undefined> {
    let directory = this.#root;
    for (const name of namesOf(path)) {
      const next = directory.names.get(name);
      if (next instanceof SimFile) return { error: "other" };
      const child = next ?? new SimDirectory();
      if (next === undefined) directory.set(name, child);
      directory = child;
    }
    return { value: undefined };
  }

  /** @internal */
  rename(from: string, to: string): Outcome<undefined> {
    const source = this.#place(from);
    const target = this.#place(to);
    const node = source?.directory.names.get(source.name);
    if (source === undefined || target === undefined || node === undefined) {
      return { error: "not-found" };
    }
    this.#used = undefined;
    target.directory.moveHere(target.name, node, source);
    return { value: undefined };
  }

  /** @internal */
  remove(path: string): Outcome<undefined> {
    const place = this.#place(path);
    const found = place?.directory.names.get(place.name);
    if (place === undefined || found === undefined) return { error: "not-found" };
    if (found instanceof SimDirectory && found.names.size > 0) return { error: "other" };
    this.#used = undefined;
    place.directory.remove(place.name);
    return { value: undefined };
  }

  /** @internal Names changed before this call are durable when it succeeds. */
  syncDirectory(path: string, pending: number): Outcome<undefined> {
    const directory = this.#directory(path);
    if (directory === undefined) return { error: "not-found" };
    if (this.#random.chance(this.faults.syncErrorChance)) {
      this.#watcher.onDiskEvent("directory-fsync-error");
      // File systems keep names in a journal and do not forget them as they forget pages: a later sync may succeed.
      if (this.#random.chance(0.5)) directory.makeDurable(this.#random.below(pending + 1));
      return { error: "io" };
    }
    directory.makeDurable(pending);
    this.#watcher.onDurable(undefined, 0);
    return { value: undefined };
  }

  /** @internal */
  pendingNames(path: string): number {
    return this.#directory(path)?.pendingCount ?? 0;
  }

  /** @internal */
  freeBytes(): number {
    return Math.max(0, this.faults.capacityBytes - this.usedBytes);
  }

  /** @internal */
  lock(process: SimProcess, path: string): Outcome<DiskLock | undefined> {
    const holder = this.#locks.get(path);
    if (holder?.isAlive && holder !== process) return { error: "locked" };
    if (holder === process) return { error: "locked" };
    this.#locks.set(path, process);
    const release: DiskLock = {
      release: (done) => {
        this.perform(
          process,
          {
            operation: "unlock",
            path,
            meanMs: this.faults.readMeanMs,
            nothing: undefined,
            effect: (): Outcome<undefined> => {
              if (this.#locks.get(path) === process) this.#locks.delete(path);
              return { value: undefined };
            },
          },
          done,
        );
      },
    };
    return { value: release };
  }

  /** @internal */
  writeFile(handle: SimDiskFile, bytes: Uint8Array, at: WritePlace): Outcome<undefined> {
    const { position, tag } = at;
    const growth = Math.max(0, position + bytes.length - handle.file.size);
    if (growth > 0 && growth > this.freeBytes()) {
      this.#watcher.onDiskEvent("disk-full");
      const fits = this.#random.below(bytes.length - growth + this.freeBytes() + 1);
      if (fits > 0) this.#grow(handle.file, bytes.subarray(0, fits), { position, tag: 0 });
      return { error: "no-space" };
    }
    if (this.#random.chance(this.faults.writeErrorChance)) {
      this.#watcher.onDiskEvent("write-error");
      this.interruptWrite(handle, bytes, position);
      return { error: "io" };
    }
    if (bytes.length > 0) this.#grow(handle.file, bytes, { position, tag });
    return { value: undefined };
  }

  /** @internal A write was cut short: a beginning of it happened. */
  interruptWrite(handle: SimDiskFile, bytes: Uint8Array, position: number): void {
    const draw = this.#random.float();
    if (draw < 0.3) return;
    const size = draw < 0.6 ? bytes.length : this.#random.below(bytes.length + 1);
    const fits = Math.min(size, handle.file.size - position + this.freeBytes());
    if (fits > 0) this.#grow(handle.file, bytes.subarray(0, fits), { position, tag: 0 });
  }

  /** @internal */
  readFile(handle: SimDiskFile, target: Uint8Array, position: number): Outcome<number> {
    if (this.#random.chance(this.faults.readErrorChance)) {
      this.#watcher.onDiskEvent("read-error");
      return { error: "io" };
    }
    const count = handle.file.read(target, position);
    if (count !== undefined) return { value: count };
    this.#watcher.onDiskEvent("unreadable-sector-met");
    return { error: "io" };
  }

  /** @internal */
  syncFile(handle: SimDiskFile, order: number): Outcome<undefined> {
    if (this.#random.chance(this.faults.syncErrorChance)) {
      this.#watcher.onDiskEvent("fsync-error");
      handle.file.dropPending(order, this.#random);
      return { error: "io" };
    }
    this.#watcher.onDurable(handle.file, handle.file.makeDurable(order));
    return { value: undefined };
  }

  /** @internal */
  beforeWrite(path: string, bytes: Uint8Array): number {
    return this.#watcher.onWrite(path, bytes);
  }

  /** @internal */
  closed(handle: SimDiskFile): void {
    this.#used = undefined;
    this.#openFiles.delete(handle);
  }

  /** @internal */
  misuse(what: string): void {
    this.#watcher.onDiskMisuse(what);
  }

  /** @internal Whether to check, at some cost, that a buffer was left alone. */
  samples(): boolean {
    return this.#random.chance(1 / 16);
  }

  #handle(process: SimProcess, path: string, opened: { file: SimFile; mode: OpenMode }): DiskFile {
    const handle = new SimDiskFile(this, process, { path, ...opened });
    this.#openFiles.add(handle);
    return handle;
  }

  #grow(file: SimFile, bytes: Uint8Array, { position, tag }: WritePlace): void {
    const before = file.size;
    file.write(bytes, position, tag);
    if (this.#used !== undefined) this.#used += file.size - before;
  }

  #countUsed(): number {
    const counted = new Set<SimFile>();
    for (const { file } of this.files()) counted.add(file);
    for (const open of this.#openFiles) counted.add(open.file);
    let bytes = 0;
    for (const file of counted) bytes += file.size;
    return bytes;
  }

  #latency(meanMs: number): number {
    let latency = 0.001 + this.#random.exponential(meanMs);
    if (this.#random.chance(this.faults.stallChance)) {
      this.#watcher.onDiskEvent("disk-stall");
      latency += this.#random.float() * this.faults.stallMaxMs;
    }
    return latency;
  }

  #directory(path: string): SimDirectory | undefined {
    let directory = this.#root;
    for (const name of namesOf(path)) {
      const next = directory.names.get(name);
      if (!(next instanceof SimDirectory)) return undefined;
      directory = next;
    }
    return directory;
  }

  #place(path: string): { directory: SimDirectory; name: string } | undefined {
    const names = namesOf(path);
    const name = names.pop();
    const directory = this.#directory(names.join("/"));
    return directory === undefined || name === undefined ? undefined : { directory, name };
  }

  #directories(): SimDirectory[] {
    const found = new Set<SimDirectory>([this.#root]);
    for (const directory of found) {
      for (const node of directory.names.values())
        if (node instanceof SimDirectory) found.add(node);
      for (const node of directory.durableNames.values()) {
        if (node instanceof SimDirectory) found.add(node);
      }
    }
    return [...found];
  }
}

/** Without a stack trace, which takes longer than the rest of the operation and tells nothing. */
function diskError(code: DiskError["code"], operation: string, path: string): DiskError {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  const error = new DiskError(code, operation, path);
  Error.stackTraceLimit = limit;
  return error;
}

function collect(
  directory: SimDirectory,
  prefix: string,
  found: (path: string, node: SimNode) => void,
): void {
  for (const [name, node] of directory.names) {
    const path = prefix === "" ? name : `${prefix}/${name}`;
    found(path, node);
    if (node instanceof SimDirectory) collect(node, path, found);
  }
}

function collectDurable(
  directory: SimDirectory,
  prefix: string,
  found: { path: string; file: SimFile }[],
): void {
  for (const [name, node] of directory.durableNames) {
    const path = prefix === "" ? name : `${prefix}/${name}`;
    if (node instanceof SimFile) found.push({ path, file: node });
    else collectDurable(node, path, found);
  }
}

function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}
