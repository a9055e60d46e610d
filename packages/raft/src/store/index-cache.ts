import { crc32 } from "../codec/crc32.ts";
import { DecodeError } from "../codec/decode-error.ts";
import {
  decodeIndexHeader,
  decodeIndexSection,
  findIndexRow,
  INDEX_HEADER_SIZE,
  INDEX_ROW_SIZE,
  type IndexRow,
} from "../codec/record-index.ts";
import type { GroupId } from "../core/ids.ts";
import type { Disk, DiskFile } from "../env/disk.ts";
import { EntryIndex } from "./entry-index.ts";
import type { LogFile } from "./log-file.ts";
import { isDamage, readFully } from "./read-fully.ts";
import { call, type Task } from "./task.ts";

interface CachedIndex {
  readonly file: LogFile;
  readonly groupId: GroupId;
  readonly index: EntryIndex;
  readonly bytes: number;
}

export interface IndexCacheDependencies {
  readonly disk: Disk;
  readonly stamp: number;
  readonly maxBytes: number;
  /** Reads the places of entries from the file itself, because its index file cannot be used. */
  rebuild(file: LogFile): Task<Map<GroupId, EntryIndex>>;
}

/**
 * Places of entries in sealed files, read from their index files when they are needed; the clock algorithm keeps the memory
 * bounded. Directories of index files count, too.
 */
export class IndexCache {
  readonly #deps: IndexCacheDependencies;
  readonly #cached: CachedIndex[] = [];
  readonly #directories: LogFile[] = [];
  #hand = 0;
  #bytes = 0;

  constructor(deps: IndexCacheDependencies) {
    this.#deps = deps;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The group's index in a file; undefined if it has no entries there. The caller has pinned the file. @throws DiskError */
  *load(file: LogFile, groupId: GroupId): Task<EntryIndex | undefined> {
    const present = file.indexes.get(groupId);
    if (present !== undefined || !file.isIndexed || file.isRebuilt) return present;
    try {
      return yield* this.#read(file, groupId);
    } catch (error) {
      if (!isDamage(error)) throw error;
    }
    const rebuilt = yield* this.#deps.rebuild(file);
    for (const [group, index] of rebuilt) file.indexes.set(group, index);
    file.isRebuilt = true;
    return file.indexes.get(groupId);
  }

  /** The file's index is on disk now: what is in memory may go when the memory is needed. */
  adopt(file: LogFile): void {
    file.isIndexed = true;
    for (const [groupId, index] of file.indexes)
      this.#add({ file, groupId, index, bytes: index.bytes });
  }

  /** The file is gone. */
  remove(file: LogFile): void {
    for (let at = this.#cached.length - 1; at >= 0; at--) {
      if (this.#cached[at]?.file === file) this.#removeAt(at);
    }
    this.#dropDirectory(file);
  }

  *#read(file: LogFile, groupId: GroupId): Task<EntryIndex | undefined> {
    const handle = yield* call<DiskFile>((done) =>
      this.#deps.disk.open(file.indexPath, "read", done),
    );
    try {
      const directory = file.directory ?? (yield* this.#readDirectory(file, handle));
      const row = findIndexRow(directory, groupId);
      if (row === undefined) return undefined;
      const index = yield* readSection(handle, row);
      // Somebody else may have been faster.
      const present = file.indexes.get(groupId);
      if (present !== undefined) return present;
      file.indexes.set(groupId, index);
      this.#add({ file, groupId, index, bytes: index.bytes });
      return index;
    } finally {
      handle.close(() => undefined);
    }
  }

  *#readDirectory(file: LogFile, handle: DiskFile): Task<Buffer> {
    const head = yield* readFully(handle, 0, INDEX_HEADER_SIZE);
    const header = decodeIndexHeader(head, { fileSeq: file.seq, stamp: this.#deps.stamp });
    const size = header.directoryCount * INDEX_ROW_SIZE;
    const directory = yield* readFully(handle, header.directoryOffset, size);
    if (crc32(directory) !== header.directoryCrc) throw new DecodeError("a damaged directory");
    if (file.directory === undefined) {
      file.directory = directory;
      this.#directories.push(file);
      this.#bytes += directory.length;
    }
    return directory;
  }

  #add(cached: CachedIndex): void {
    this.#cached.push(cached);
    this.#bytes += cached.bytes;
    this.#evict();
  }

  #evict(): void {
    while (this.#bytes > this.#deps.maxBytes && this.#directories.length > 1) {
      const [oldest] = this.#directories;
      if (oldest === undefined) break;
      this.#dropDirectory(oldest);
    }
    let steps = this.#cached.length * 2;
    while (this.#bytes > this.#deps.maxBytes && steps > 0) {
      steps--;
      if (this.#hand >= this.#cached.length) this.#hand = 0;
      const cached = this.#cached[this.#hand];
      if (cached === undefined) return;
      if (cached.index.isReferenced) {
        cached.index.isReferenced = false;
        this.#hand++;
      } else {
        this.#removeAt(this.#hand);
      }
    }
  }

  #removeAt(at: number): void {
    const cached = this.#cached[at];
    const last = this.#cached.pop();
    if (cached === undefined || last === undefined) return;
    if (last !== cached) this.#cached[at] = last;
    this.#bytes -= cached.bytes;
    if (cached.file.indexes.get(cached.groupId) === cached.index) {
      cached.file.indexes.delete(cached.groupId);
    }
  }

  #dropDirectory(file: LogFile): void {
    const at = this.#directories.indexOf(file);
    if (at < 0) return;
    this.#directories.splice(at, 1);
    this.#bytes -= file.directory?.length ?? 0;
    file.directory = undefined;
  }
}

function* readSection(handle: DiskFile, row: IndexRow): Task<EntryIndex> {
  const bytes = yield* readFully(handle, row.offset, row.size);
  if (crc32(bytes) !== row.crc) throw new DecodeError("a damaged index section");
  return new EntryIndex(decodeIndexSection(bytes));
}
