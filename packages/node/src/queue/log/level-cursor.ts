import type { LevelContents } from "./level-contents.ts";
import type { LogCursor } from "./log-cursor.ts";
import type { LogPage } from "./log-page.ts";

/**
 * Cursor of a level. What is beyond it is what is live less what it has taken, so that appending costs it nothing. It stands at
 * the next message, or behind the last slot of the last page, where the next message will be.
 */
export class LevelCursor implements LogCursor {
  readonly #contents: LevelContents;
  #page: LogPage;
  #slot: number;
  /** Live messages before the cursor, and the octets of their bodies. */
  #takenCount = 0;
  #takenBytes = 0;

  constructor(contents: LevelContents) {
    this.#contents = contents;
    this.#page = contents.pageAt(0);
    this.#slot = this.#page.head;
  }

  get count(): number {
    return this.#contents.count - this.#takenCount;
  }

  get bytes(): number {
    return this.#contents.bytes - this.#takenBytes;
  }

  get ref(): number {
    return this.#page.refs[this.#slot] ?? -1;
  }

  get bodySize(): number {
    return this.#page.sizes[this.#slot] ?? 0;
  }

  get expiresAtMs(): number {
    return this.#page.expiryAt(this.#slot);
  }

  get returnCount(): number {
    return this.#contents.returnsAt(this.#page, this.#slot);
  }

  take(): void {
    if (this.count === 0) throw new RangeError("no message is beyond the cursor");
    this.#takenCount++;
    this.#takenBytes += this.bodySize;
    const slot = ++this.#slot;
    const page = this.#page;
    if (slot >= page.used || !page.isLive(slot)) this.skipDead();
  }

  skip(count: number): void {
    for (let left = Math.min(count, this.count); left > 0; ) {
      const page = this.#page;
      const isWhole = this.#slot === page.head && page.count <= left;
      if (!isWhole) {
        this.take();
        left--;
        continue;
      }
      this.#takenCount += page.count;
      this.#takenBytes += page.bytes;
      left -= page.count;
      this.#slot = page.used;
      this.#leavePage();
    }
  }

  rewindTo(ref: number): void {
    const contents = this.#contents;
    const index = contents.pageFrom(ref);
    const page = contents.pageAt(index);
    const slot = page.slotFrom(ref);
    const isBeyond = this.count > 0 && ref > this.ref;
    if (isBeyond || slot >= page.used || page.refs[slot] !== ref || !page.isLive(slot)) {
      throw new RangeError(`no message ${ref} is before the cursor`);
    }
    this.#giveBack(index, slot);
    this.#page = page;
    this.#slot = slot;
  }

  skipAll(): { first: number; last: number } | undefined {
    if (this.count === 0) return undefined;
    const first = this.ref;
    const last = this.#contents.lastLiveRef();
    this.#takenCount = this.#contents.count;
    this.#takenBytes = this.#contents.bytes;
    this.toEnd();
    return { first, last };
  }

  /** Slots of a page that are before the cursor. */
  takenSlots(page: LogPage): number {
    if (page === this.#page) return this.#slot;
    return page.lastRef < this.#page.firstRef ? page.used : 0;
  }

  /** Live messages before the cursor were removed. */
  forgetTaken(count: number, bytes: number): void {
    this.#takenCount -= count;
    this.#takenBytes -= bytes;
  }

  /** Moves on to a live message, if it stands at none and there is one. */
  skipDead(): void {
    const slot = this.#page.nextLive(this.#slot);
    if (slot < this.#page.used) this.#slot = slot;
    else this.#leavePage();
  }

  /** Goes behind the last slot; says nothing about what was taken. */
  toEnd(): void {
    this.#page = this.#contents.tail;
    this.#slot = this.#page.used;
  }

  /** Whether it stands behind the last slot of this page. */
  isBehind(page: LogPage): boolean {
    return page === this.#page && this.#slot === page.used;
  }

  isOn(page: LogPage): boolean {
    return page === this.#page;
  }

  /** Live messages on its page before it. */
  takenOnPage(): number {
    return this.#page.liveBefore(this.#slot);
  }

  /** What it stood at is now here. */
  moveTo(page: LogPage, slot: number): void {
    this.#page = page;
    this.#slot = slot;
  }

  #leavePage(): void {
    if (this.count === 0) {
      this.toEnd();
      return;
    }
    const { pages } = this.#contents;
    let index = this.#contents.pageFrom(this.#page.lastRef + 1);
    while (pages[index]?.count === 0) index++;
    this.#page = this.#contents.pageAt(index);
    this.#slot = this.#page.head;
  }

  /** Counts from the given slot to the cursor as not taken. */
  #giveBack(index: number, slot: number): void {
    const { pages } = this.#contents;
    for (let at = index; at < pages.length; at++) {
      const page = this.#contents.pageAt(at);
      const from = at === index ? slot : page.head;
      const isLast = page === this.#page;
      if (from === page.head && !isLast) {
        this.forgetTaken(page.count, page.bytes);
        continue;
      }
      this.#giveBackSlots(page, from, isLast ? this.#slot : page.used);
      if (isLast) break;
    }
  }

  #giveBackSlots(page: LogPage, from: number, to: number): void {
    for (let slot = from; slot < to; slot = page.nextLive(slot + 1)) {
      this.forgetTaken(1, page.sizes[slot] ?? 0);
    }
  }
}
