import { EXTENT_STRIDE } from "../codec/record-group-image.ts";
import { boundsWithin, countWithin, type Ranges } from "./ranges.ts";

/** Who keeps count of what is alive in each file. */
export interface FileUse {
  use(fileSeq: number, references: number, bytes: number): void;
}

/** A run of entries of a group in one file. */
export interface Extent {
  readonly first: number;
  readonly last: number;
  readonly fileSeq: number;
  /** Entries in it that count; fewer than its indexes if some are dead. */
  readonly count: number;
  /** Bytes of their records, estimated after some of them died. */
  readonly bytes: number;
}

const LAST = 1;
const FILE = 2;
const COUNT = 3;
const BYTES = 4;

/**
 * In which files a group's entries are: ascending, disjoint runs of indexes, five numbers each in one flat list. An idle
 * group has one or two. Reports every change to the files' accounts.
 */
export class Extents {
  #list: number[];
  readonly #files: FileUse;

  constructor(files: FileUse, list: readonly number[] = []) {
    this.#files = files;
    this.#list = [...list];
    for (let at = 0; at < this.#list.length; at += EXTENT_STRIDE) {
      files.use(this.#at(at + FILE), 1, this.#at(at + BYTES));
    }
  }

  get list(): readonly number[] {
    return this.#list;
  }

  get length(): number {
    return this.#list.length / EXTENT_STRIDE;
  }

  get(position: number): Extent {
    const at = position * EXTENT_STRIDE;
    return {
      first: this.#at(at),
      last: this.#at(at + LAST),
      fileSeq: this.#at(at + FILE),
      count: this.#at(at + COUNT),
      bytes: this.#at(at + BYTES),
    };
  }

  /** The extent that has `index`; undefined if none has. */
  find(index: number): Extent | undefined {
    const position = this.#search(index);
    return position < this.length && this.#at(position * EXTENT_STRIDE) <= index
      ? this.get(position)
      : undefined;
  }

  /** Whether no extent has any of `first`..`last`. */
  isFree(first: number, last: number): boolean {
    const position = this.#search(first);
    return position >= this.length || this.#at(position * EXTENT_STRIDE) > last;
  }

  /** An entry behind all others. */
  append(index: number, fileSeq: number, bytes: number): void {
    const list = this.#list;
    const at = list.length - EXTENT_STRIDE;
    if (at >= 0 && list[at + FILE] === fileSeq && list[at + LAST] === index - 1) {
      list[at + LAST] = index;
      list[at + COUNT] = this.#at(at + COUNT) + 1;
      list[at + BYTES] = this.#at(at + BYTES) + bytes;
      this.#files.use(fileSeq, 0, bytes);
      return;
    }
    list.push(index, index, fileSeq, 1, bytes);
    this.#files.use(fileSeq, 1, bytes);
  }

  /** `count` entries of `bytes` in all behind the last one, in the same file. */
  extend(fileSeq: number, count: number, bytes: number): void {
    const list = this.#list;
    const at = list.length - EXTENT_STRIDE;
    if (count === 0 || at < 0) return;
    list[at + LAST] = this.#at(at + LAST) + count;
    list[at + COUNT] = this.#at(at + COUNT) + count;
    list[at + BYTES] = this.#at(at + BYTES) + bytes;
    this.#files.use(fileSeq, 0, bytes);
  }

  /** Entries anywhere; what was known of these indexes before is replaced. */
  place(extent: Extent): void {
    this.cut(extent.first, extent.last);
    const at = this.#search(extent.first) * EXTENT_STRIDE;
    const before = at - EXTENT_STRIDE;
    const isAdjacent =
      before >= 0 &&
      this.#at(before + FILE) === extent.fileSeq &&
      this.#at(before + LAST) + 1 === extent.first;
    if (isAdjacent) {
      this.#list[before + LAST] = extent.last;
      this.#list[before + COUNT] = this.#at(before + COUNT) + extent.count;
      this.#list[before + BYTES] = this.#at(before + BYTES) + extent.bytes;
      this.#files.use(extent.fileSeq, 0, extent.bytes);
      return;
    }
    this.#list.splice(at, 0, extent.first, extent.last, extent.fileSeq, extent.count, extent.bytes);
    this.#files.use(extent.fileSeq, 1, extent.bytes);
  }

  /** Forgets where `first`..`last` are. */
  cut(first: number, last: number): void {
    this.#rebuild(this.#search(first), (extent, keep) => {
      if (extent.first > last) return false;
      if (extent.first < first) keep(extent.first, first - 1);
      if (extent.last > last) keep(last + 1, extent.last);
      return true;
    });
  }

  truncateFrom(index: number): void {
    const end = this.#list.length - EXTENT_STRIDE;
    if (end < 0 || this.#at(end + LAST) < index) return;
    this.cut(index, Number.MAX_SAFE_INTEGER);
  }

  /** Of the entries up to `index`, only live ones stay. */
  retain(index: number, live: Ranges): void {
    this.#rebuild(0, (extent, keep) => {
      if (extent.first > index) return false;
      const alive = boundsWithin(live, extent.first, Math.min(extent.last, index));
      const above = extent.last > index;
      if (alive === undefined) {
        if (above) keep(index + 1, extent.last);
        return true;
      }
      const count = countWithin(live, extent.first, Math.min(extent.last, index));
      const countAbove = above ? extent.last - index : 0;
      keep(alive.first, above ? extent.last : alive.last, count + countAbove);
      return true;
    });
  }

  /** The extent that starts at `first` is in another file now, and its size is known. */
  move(first: number, to: { fileSeq: number; count: number; bytes: number }): void {
    const at = this.#search(first) * EXTENT_STRIDE;
    this.#files.use(this.#at(at + FILE), -1, -this.#at(at + BYTES));
    this.#files.use(to.fileSeq, 1, to.bytes);
    this.#list[at + FILE] = to.fileSeq;
    this.#list[at + COUNT] = to.count;
    this.#list[at + BYTES] = to.bytes;
  }

  /** The group is gone, or known anew. */
  clear(): void {
    for (let at = 0; at < this.#list.length; at += EXTENT_STRIDE) {
      this.#files.use(this.#at(at + FILE), -1, -this.#at(at + BYTES));
    }
    this.#list = [];
  }

  /**
   * Goes through extents from `start` on. `visit` returns false to leave the rest alone, otherwise the extent is replaced
   * by the parts that it keeps.
   */
  #rebuild(
    start: number,
    visit: (extent: Extent, keep: (first: number, last: number, count?: number) => void) => boolean,
  ): void {
    const old = this.#list;
    let at = start * EXTENT_STRIDE;
    const list = old.slice(0, at);
    for (; at < old.length; at += EXTENT_STRIDE) {
      const extent = this.get(at / EXTENT_STRIDE);
      let keptParts = 0;
      let keptBytes = 0;
      const isVisited = visit(extent, (first, last, count) => {
        const part = partOf(extent, first, last, count);
        list.push(first, last, extent.fileSeq, part.count, part.bytes);
        keptParts++;
        keptBytes += part.bytes;
      });
      if (!isVisited) break;
      this.#files.use(extent.fileSeq, keptParts - 1, keptBytes - extent.bytes);
    }
    for (; at < old.length; at++) list.push(this.#at(at));
    this.#list = list;
  }

  /** Position of the first extent that does not end before `index`. */
  #search(index: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#at(middle * EXTENT_STRIDE + LAST) < index) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #at(position: number): number {
    return this.#list[position] ?? 0;
  }
}

/** Counts and bytes of a part of an extent: in proportion, because the places of its entries may be on disk only. */
function partOf(
  extent: Extent,
  first: number,
  last: number,
  exactCount: number | undefined,
): { readonly count: number; readonly bytes: number } {
  const span = extent.last - extent.first + 1;
  const estimate = Math.ceil((extent.count * (last - first + 1)) / span);
  const count = Math.min(extent.count, Math.max(1, exactCount ?? estimate));
  return { count, bytes: Math.round((extent.bytes * count) / Math.max(1, extent.count)) };
}
