import { LevelCursor } from "./level-cursor.ts";
import {
  type AlikeMessages,
  FIRST_PAGE_SLOTS,
  LogPage,
  type MessageFacts,
  PAGE_SLOTS,
  storedReturnHash,
} from "./log-page.ts";
import { entryIndexOf, refOf } from "./message-ref.ts";

/** The page of a queue that became empty is kept up to this size: 3 KB for each of ten thousand idle queues. */
const KEPT_PAGE_SLOTS = 256;
/** A page of which not more than 1/this is live is made smaller or merged with its neighbour. */
const SPARSE_DIVISOR = 4;
/** Pages are merged as long as half of a full page can hold both: the next removals do not start it all over. */
const MERGED_SLOTS_MAX: number = PAGE_SLOTS / 2;

/** Stands where there is no page; never filled. */
const NO_PAGE = new LogPage(0);

/** Messages with consecutive refs that are alike otherwise, as a snapshot has them. One object serves a whole restore. */
export class SnapshotRun implements AlikeMessages {
  level = 0;
  /** Of the first. */
  ref = 0;
  count = 0;
  /** Octets of each body. */
  size = 0;
  /** -1: never. */
  expiresAtMs = -1;
  /** Return count of each, -1 where none was set. */
  returns = -1;
  /** The entries between the message before and the first one are in the log. */
  joinsRange = false;
}

/** The messages of one priority level, in pages, oldest first. */
export class LevelContents {
  readonly level: number;
  count = 0;
  bytes = 0;
  /** Every message up to this ref was handed out at least once; -1: none. */
  deliveredRef = -1;
  /** Up to this ref the last leader may have handed messages out without the log having heard of it; no part of the state. */
  suspectRef = -1;
  /** Oldest first. Only the last one is filled, and only it may be empty, if it is the only one. */
  readonly pages: LogPage[] = [];
  readonly #removed = { count: 0, bytes: 0 };
  #tail: LogPage = NO_PAGE;
  #cursor: LevelCursor | undefined;

  constructor(level: number) {
    this.level = level;
  }

  /** The next one asked for starts at the oldest message. */
  forgetCursor(): void {
    this.#cursor = undefined;
  }

  /** Suspects at least so many of the messages that were not handed out as far as the log knows, or all there are. */
  suspect(limit: number): void {
    let left = limit;
    for (let index = this.pageFrom(this.deliveredRef + 1); index < this.pages.length; index++) {
      const page = this.pageAt(index);
      this.suspectRef = page.lastRef;
      left -= page.count;
      if (left <= 0) return;
    }
  }

  /** Index of the entry that brought the oldest message; Infinity: there is none. */
  get oldestIndex(): number {
    const [page] = this.pages;
    const ref = page !== undefined && page.head < page.used ? page.refs[page.head] : undefined;
    return ref === undefined ? Infinity : entryIndexOf(ref);
  }

  /** The page that is filled. */
  get tail(): LogPage {
    return this.#tail;
  }

  /** The cursor of this level; there is one, made when first asked for, at the oldest message. */
  cursor(): LevelCursor {
    this.#cursor ??= new LevelCursor(this);
    return this.#cursor;
  }

  /** Adds the messages from..to-1 of an entry's batch behind all others; returns what their hashes add. */
  append(batch: MessageFacts, entryIndex: number, range: { from: number; to: number }): number {
    const firstRef = refOf(entryIndex, 0);
    let hash = 0;
    for (let from = range.from; from < range.to; ) {
      const page = this.#pageToFill();
      const to = Math.min(range.to, from + page.capacity - page.used);
      page.ranges.add(entryIndex);
      const { bytes } = page;
      hash = (hash + page.fill(batch, { from, to, firstRef }, this.level)) | 0;
      this.bytes += page.bytes - bytes;
      from = to;
    }
    this.count += range.to - range.from;
    return hash;
  }

  /** Adds messages of a snapshot, of this level, behind all others; returns what their hashes add. */
  restore(run: SnapshotRun): number {
    let hash = 0;
    for (let done = 0; done < run.count; ) {
      const page = this.#pageToFill();
      const count = Math.min(run.count - done, page.capacity - page.used);
      const ref = run.ref + done;
      page.ranges.addNext(entryIndexOf(ref), done === 0 && run.joinsRange);
      page.ranges.extendTo(entryIndexOf(ref + count - 1));
      hash = (hash + page.fillAlike(ref, count, run)) | 0;
      done += count;
    }
    this.count += run.count;
    this.bytes += run.count * run.size;
    return hash;
  }

  /** Removes the live messages with first <= ref <= last; returns what their hashes take away. */
  remove(first: number, last: number): number {
    const { pages } = this;
    const from = this.pageFrom(first);
    let hash = 0;
    let index = from;
    for (; index < pages.length; index++) {
      const page = this.pageAt(index);
      if (page.count === 0 || (page.refs[page.head] ?? 0) > last) break;
      const before = page.hash;
      this.#removeFrom(page, first, last);
      hash = (hash + before - page.hash) | 0;
    }
    if (index > from) {
      this.#cursor?.skipDead();
      this.#tidy(from, index);
    }
    return hash;
  }

  /** Sets the return count of a message, if it is here; returns what that adds to the hash. */
  setReturns(ref: number, count: number): number {
    const page = this.pageAt(this.pageFrom(ref));
    const slot = page.slotFrom(ref);
    if (slot >= page.used || page.refs[slot] !== ref || !page.isLive(slot)) return 0;
    const before = storedReturnHash(ref, page.returns?.[slot] ?? 0);
    const change = (storedReturnHash(ref, count + 1) - before) | 0;
    page.setReturns(slot, count);
    page.hash = (page.hash + change) | 0;
    return change;
  }

  /** How often the message in a slot came back. */
  returnsAt(page: LogPage, slot: number): number {
    const known = page.returns?.[slot] ?? 0;
    if (known > 0) return known - 1;
    const ref = page.refs[slot] ?? 0;
    return ref <= this.deliveredRef || ref <= this.suspectRef ? 1 : 0;
  }

  pageAt(index: number): LogPage {
    return this.pages[index] ?? NO_PAGE;
  }

  /** Index of the first page that may hold `ref` or a higher one. */
  pageFrom(ref: number): number {
    if (this.pageAt(0).lastRef >= ref) return 0;
    let low = 0;
    let high = this.pages.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.pageAt(middle).lastRef < ref) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Ref of the newest message; -1 if there is none. */
  lastLiveRef(): number {
    for (let index = this.pages.length - 1; index >= 0; index--) {
      const page = this.pageAt(index);
      if (page.count > 0) return page.refs[page.previousLive(page.used)] ?? -1;
    }
    return -1;
  }

  #pageToFill(): LogPage {
    return this.#tail.isFull ? this.#makeRoom() : this.#tail;
  }

  #removeFrom(page: LogPage, first: number, last: number): void {
    const from = page.slotFrom(first);
    const to = last >= page.lastRef ? page.used : page.slotFrom(last + 1);
    const taken = this.#cursor?.takenSlots(page) ?? 0;
    const isWhole = from <= page.head && to === page.used;
    if (isWhole && (taken <= page.head || taken === page.used)) {
      if (taken > page.head) this.#cursor?.forgetTaken(page.count, page.bytes);
      this.count -= page.count;
      this.bytes -= page.bytes;
      page.clearAll();
      return;
    }
    this.#clear(page, from, Math.min(to, taken), true);
    this.#clear(page, Math.max(from, taken), to, false);
  }

  #clear(page: LogPage, from: number, to: number, isTaken: boolean): void {
    if (from >= to) return;
    const removed = this.#removed;
    removed.count = 0;
    removed.bytes = 0;
    page.clear(from, to, this.level, removed);
    this.count -= removed.count;
    this.bytes -= removed.bytes;
    if (isTaken) this.#cursor?.forgetTaken(removed.count, removed.bytes);
  }

  /** After removals from the pages from..to-1: empty ones go, sparse ones get smaller. */
  #tidy(from: number, to: number): void {
    const { pages } = this;
    const end = this.pageAt(to - 1) === this.#tail ? to - 1 : to;
    let kept = from;
    for (let index = from; index < end; index++) {
      const page = this.pageAt(index);
      if (page.count > 0) pages[kept++] = page;
    }
    if (kept < end) pages.splice(kept, end - kept);
    for (let index = kept - 1; index >= from; index--) {
      if (this.#isSparse(index)) this.#condense(index);
    }
    if (this.#tail.count === 0) this.#settleTail();
  }

  /** The last page is empty: it is kept if it is small and the only one. */
  #settleTail(): void {
    const tail = this.#tail;
    const isKept = this.pages.length === 1 && tail.capacity <= KEPT_PAGE_SLOTS && !tail.isShared;
    if (isKept) return;
    const follower = this.#cursor?.isOn(tail) === true ? this.#cursor : undefined;
    this.pages.pop();
    this.#tail = this.pageAt(this.pages.length - 1);
    follower?.toEnd();
  }

  #isSparse(index: number): boolean {
    const page = this.pageAt(index);
    // The oldest page is emptied from its start, which takes no more than its end is worth: only holes count.
    const slots = index === 0 ? page.used - page.head : page.capacity;
    return slots > FIRST_PAGE_SLOTS && page.count * SPARSE_DIVISOR <= slots;
  }

  /** Merges a sparse page with a neighbour, or makes it smaller. The page that is filled stays as it is. */
  #condense(index: number): void {
    const { count } = this.pageAt(index);
    const fits = (other: number): boolean =>
      this.pages[other] !== undefined &&
      this.pageAt(other) !== this.#tail &&
      this.pageAt(other).count + count <= MERGED_SLOTS_MAX;
    if (fits(index - 1)) this.#merge(index - 1, 2);
    else if (fits(index + 1)) this.#merge(index, 2);
    else this.#merge(index, 1);
  }

  #merge(index: number, pageCount: number): void {
    const sources = this.pages.slice(index, index + pageCount);
    const count = sources.reduce((sum, page) => sum + page.count, 0);
    const merged = new LogPage(Math.max(FIRST_PAGE_SLOTS, 2 ** Math.ceil(Math.log2(count))));
    for (const page of sources) {
      const before = merged.used;
      merged.addAll(page);
      const cursor = this.#cursor;
      if (cursor?.isOn(page) === true) cursor.moveTo(merged, before + cursor.takenOnPage());
    }
    this.pages.splice(index, pageCount, merged);
  }

  /** Returns the page to fill, with a free slot. */
  #makeRoom(): LogPage {
    const tail = this.#tail;
    const cursor = this.#cursor;
    if (tail.capacity > 0 && tail.count * 2 <= tail.capacity) {
      const taken = cursor?.isOn(tail) === true ? cursor.takenOnPage() : 0;
      tail.compact();
      if (cursor?.isOn(tail) === true) cursor.moveTo(tail, taken);
      return tail;
    }
    if (tail.capacity > 0 && tail.capacity < PAGE_SLOTS) {
      tail.resize(tail.capacity * 2);
      return tail;
    }
    const page = new LogPage(this.pages.length === 0 ? FIRST_PAGE_SLOTS : PAGE_SLOTS);
    const follower = cursor?.isBehind(tail) === true ? cursor : undefined;
    this.pages.push(page);
    this.#tail = page;
    follower?.moveTo(page, 0);
    return page;
  }
}
