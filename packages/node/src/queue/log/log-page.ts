import { EntryRanges } from "./entry-ranges.ts";
import { entryIndexOf } from "./message-ref.ts";

/** Slots of a full page: 50 KB, allocated every 4096 messages. */
export const PAGE_SLOTS = 4096;
/** Slots of a queue's first page: most queues are short. */
export const FIRST_PAGE_SLOTS = 16;

const WORD_SLOTS = 32;
/** As expiry: the message stays. */
const NEVER = -1;

/** What was removed from a page, summed up. */
export interface Removed {
  count: number;
  bytes: number;
}

/** What a page needs to know of the messages of a batch. */
export interface MessageFacts {
  bodySizeAt(item: number): number;
  /** -1: never. */
  expiresAtMsAt(item: number): number;
}

/** What messages have in common. */
export interface AlikeMessages {
  readonly level: number;
  readonly size: number;
  readonly expiresAtMs: number;
}

/** A page that does not change. */
export interface FrozenPage
  extends Pick<LogPage, "refs" | "sizes" | "live" | "expiries" | "returns" | "used" | "head"> {
  /** Ranges of the entries that its messages need, first and last in turn. */
  readonly bounds: readonly number[];
}

/**
 * A run of messages of one level: parallel arrays, one slot a message, ascending by ref. Slots are filled in order and cleared in any
 * order. A snapshot may look at the arrays as they were: what it sees is never overwritten (`share`).
 */
export class LogPage {
  refs: Float64Array;
  /** Octets of the bodies. */
  sizes: Uint32Array;
  /** A bit for each slot: the message is there. */
  live: Uint32Array;
  /** Undefined while no message here expires. */
  expiries: Float64Array | undefined;
  /** Return count + 1 where one was set, else 0. Undefined while none was. */
  returns: Uint32Array | undefined;
  /** Slots that were filled. */
  used = 0;
  /** The first live slot; `used` if there is none. */
  head = 0;
  /** Live messages, octets of their bodies, and the sum of their hashes (32 bits). */
  count = 0;
  bytes = 0;
  hash = 0;
  /** Entries of the live messages; may name too many until `currentRanges` is called. */
  readonly ranges: EntryRanges = new EntryRanges();
  /** Messages were removed from the middle since the ranges were made. */
  #hasStaleRanges = false;
  #isShared = false;
  #isLiveShared = false;
  #areReturnsShared = false;

  constructor(capacity: number) {
    this.refs = new Float64Array(capacity);
    this.sizes = new Uint32Array(capacity);
    this.live = new Uint32Array(wordsFor(capacity));
  }

  get capacity(): number {
    return this.refs.length;
  }

  get isFull(): boolean {
    return this.used === this.refs.length;
  }

  /** A snapshot looks at refs, sizes and expiries: the slots in use must stay as they are. */
  get isShared(): boolean {
    return this.#isShared;
  }

  get firstRef(): number {
    return this.refs[0] ?? 0;
  }

  get lastRef(): number {
    return this.used === 0 ? -1 : (this.refs[this.used - 1] ?? -1);
  }

  /** The page as it is now, for a snapshot: the arrays are shared, and what it sees of them stays. */
  freeze(): FrozenPage {
    this.#isShared = true;
    this.#isLiveShared = true;
    this.#areReturnsShared = true;
    const bounds = this.currentRanges().bounds();
    this.ranges.seal();
    const { refs, sizes, live, expiries, returns, used, head } = this;
    return { refs, sizes, live, expiries, returns, used, head, bounds };
  }

  /** Fills slots with the messages from..to-1 of a batch, for which there must be room; returns what their hashes add. */
  fill(
    batch: MessageFacts,
    range: { from: number; to: number; firstRef: number },
    level: number,
  ): number {
    const { from, to, firstRef } = range;
    const { refs, sizes } = this;
    const start = this.used;
    let slot = start;
    let bytes = 0;
    let hash = 0;
    for (let item = from; item < to; item++) {
      const ref = firstRef + item;
      const size = batch.bodySizeAt(item);
      const expiresAtMs = batch.expiresAtMsAt(item);
      refs[slot] = ref;
      sizes[slot] = size;
      if (expiresAtMs !== NEVER) this.#expiriesForWriting()[slot] = requireTime(expiresAtMs);
      hash = (hash + messageHash(level, ref, size, expiresAtMs)) | 0;
      bytes += size;
      slot++;
    }
    // A snapshot does not look at slots filled after it was made, so the words need no copy.
    setBits(this.live, start, slot);
    this.used = slot;
    this.count += slot - start;
    this.bytes += bytes;
    this.hash = (this.hash + hash) | 0;
    return hash;
  }

  /** Fills slots with messages that follow each other and are alike; returns what their hashes add. */
  fillAlike(firstRef: number, count: number, alike: AlikeMessages): number {
    const { level, size, expiresAtMs } = alike;
    const start = this.used;
    const end = start + count;
    let hash = 0;
    for (let nth = 0; nth < count; nth++) {
      const ref = firstRef + nth;
      this.refs[start + nth] = ref;
      hash = (hash + messageHash(level, ref, size, expiresAtMs)) | 0;
    }
    this.sizes.fill(size, start, end);
    if (expiresAtMs !== NEVER) this.#expiriesForWriting().fill(expiresAtMs, start, end);
    setBits(this.live, start, end);
    this.used = end;
    this.count += count;
    this.bytes += count * size;
    this.hash = (this.hash + hash) | 0;
    return hash;
  }

  isLive(slot: number): boolean {
    return ((this.live[slot >>> 5] ?? 0) & (1 << (slot & 31))) !== 0;
  }

  expiryAt(slot: number): number {
    return this.expiries?.[slot] ?? NEVER;
  }

  setReturns(slot: number, count: number): void {
    if (this.returns === undefined) this.returns = new Uint32Array(this.capacity);
    else if (this.#areReturnsShared) this.returns = this.returns.slice();
    this.#areReturnsShared = false;
    this.returns[slot] = count + 1;
  }

  /** The first live slot from `from` on; `used` if there is none. */
  nextLive(from: number): number {
    return nextLiveSlot(this.live, this.used, from);
  }

  /** The last live slot before `end`; -1 if there is none. */
  previousLive(end: number): number {
    if (end <= 0) return -1;
    let word = (end - 1) >>> 5;
    let bits = (this.live[word] ?? 0) & (-1 >>> (31 - ((end - 1) & 31)));
    while (bits === 0) {
      word--;
      if (word < 0) return -1;
      bits = this.live[word] ?? 0;
    }
    return (word << 5) + 31 - Math.clz32(bits);
  }

  /** Live slots before `end`. */
  liveBefore(end: number): number {
    let count = 0;
    for (let slot = this.head; slot < end; slot = this.nextLive(slot + 1)) count++;
    return count;
  }

  /** The first slot, live or not, whose ref is `ref` or higher; `used` if there is none. */
  slotFrom(ref: number): number {
    const { refs } = this;
    let low = this.head;
    if (low >= this.used || (refs[low] ?? 0) >= ref) return low;
    // Mostly it is near the head: double the step until past it, then halve.
    let step = 1;
    let high = low + step;
    while (high < this.used && (refs[high] ?? 0) < ref) {
      low = high;
      step *= 2;
      high = low + step;
    }
    high = Math.min(high, this.used);
    while (low + 1 < high) {
      const middle = (low + high) >>> 1;
      if ((refs[middle] ?? 0) < ref) low = middle;
      else high = middle;
    }
    return high;
  }

  /** Clears the live slots of from..to-1 and adds what they were to `removed`; `level` as in the hashes. */
  clear(from: number, to: number, level: number, removed: Removed): void {
    if (from >= to) return;
    if (this.#isLiveShared) {
      this.live = this.live.slice();
      this.#isLiveShared = false;
    }
    const lastWord = (to - 1) >>> 5;
    for (let word = from >>> 5; word <= lastWord; word++) {
      let bits = this.live[word] ?? 0;
      if (word === from >>> 5) bits &= -1 << (from & 31);
      if (word === lastWord) bits &= -1 >>> (31 - ((to - 1) & 31));
      if (bits === 0) continue;
      this.live[word] = (this.live[word] ?? 0) & ~bits;
      this.#forget(word << 5, bits, level, removed);
    }
    if (from <= this.head) this.head = this.nextLive(Math.min(to, this.used));
    else this.#hasStaleRanges = true;
  }

  /** Clears all slots; returns nothing, as count, bytes and hash told before. */
  clearAll(): void {
    if (this.#isLiveShared) this.live = new Uint32Array(this.live.length);
    else this.live.fill(0);
    this.#isLiveShared = false;
    this.count = 0;
    this.bytes = 0;
    this.hash = 0;
    this.head = this.used;
  }

  /** Moves to arrays of this size, which nobody else looks at. */
  resize(capacity: number): void {
    this.refs = copyOf(this.refs, new Float64Array(capacity));
    this.sizes = copyOf(this.sizes, new Uint32Array(capacity));
    this.live = copyOf(this.live, new Uint32Array(wordsFor(capacity)));
    if (this.expiries !== undefined) {
      this.expiries = copyOf(this.expiries, new Float64Array(capacity).fill(NEVER));
    }
    if (this.returns !== undefined) {
      this.returns = copyOf(this.returns, new Uint32Array(capacity));
    }
    this.#isShared = false;
    this.#isLiveShared = false;
    this.#areReturnsShared = false;
  }

  /** Moves the live messages together, to the front. */
  compact(): void {
    this.currentRanges();
    if (this.#isShared) this.resize(this.capacity);
    const { refs, sizes, expiries, returns } = this;
    let to = 0;
    for (let slot = this.head; slot < this.used; slot = this.nextLive(slot + 1)) {
      refs[to] = refs[slot] ?? 0;
      sizes[to] = sizes[slot] ?? 0;
      if (expiries !== undefined) expiries[to] = expiries[slot] ?? NEVER;
      if (returns !== undefined) returns[to] = returns[slot] ?? 0;
      to++;
    }
    expiries?.fill(NEVER, to);
    returns?.fill(0, to);
    this.live.fill(0);
    setBits(this.live, 0, to);
    this.used = to;
    this.head = 0;
  }

  /** Copies the live messages of `source`, all behind those here, into free slots. */
  addAll(source: LogPage): void {
    const start = this.used;
    for (let slot = source.head; slot < source.used; slot = source.nextLive(slot + 1)) {
      const to = this.used++;
      this.refs[to] = source.refs[slot] ?? 0;
      this.sizes[to] = source.sizes[slot] ?? 0;
      const expiresAtMs = source.expiryAt(slot);
      if (expiresAtMs !== NEVER) this.#expiriesForWriting()[to] = expiresAtMs;
      const returns = source.returns?.[slot] ?? 0;
      if (returns > 0) this.setReturns(to, returns - 1);
    }
    setBits(this.live, start, this.used);
    this.count += source.count;
    this.bytes += source.bytes;
    this.hash = (this.hash + source.hash) | 0;
    this.ranges.addAll(source.currentRanges());
  }

  /** The entries that the live messages need, and no others but in small gaps. */
  currentRanges(): EntryRanges {
    const { ranges } = this;
    if (this.count === 0) ranges.clear();
    else if (this.#hasStaleRanges) ranges.narrow(this.#liveEntries());
    else ranges.trim(entryIndexOf(this.refs[this.head] ?? 0));
    this.#hasStaleRanges = false;
    return ranges;
  }

  /** From now on no gaps are closed in what the messages here need. */
  narrowRanges(): void {
    this.ranges.narrow(this.#liveEntries(), 0);
    this.#hasStaleRanges = false;
  }

  /** Takes messages out of the sums: those whose bits are set, which stand for the slots from `base` on. */
  #forget(base: number, bits: number, level: number, removed: Removed): void {
    const { refs, sizes, expiries, returns } = this;
    let rest = bits;
    let hash = 0;
    let bytes = 0;
    let count = 0;
    while (rest !== 0) {
      const slot = base + lowestBit(rest);
      rest &= rest - 1;
      const ref = refs[slot] ?? 0;
      const size = sizes[slot] ?? 0;
      const expiresAtMs = expiries === undefined ? NEVER : (expiries[slot] ?? NEVER);
      hash = (hash + messageHash(level, ref, size, expiresAtMs)) | 0;
      bytes += size;
      count++;
      if (returns !== undefined) hash = (hash + storedReturnHash(ref, returns[slot] ?? 0)) | 0;
    }
    this.hash = (this.hash - hash) | 0;
    this.bytes -= bytes;
    this.count -= count;
    removed.count += count;
    removed.bytes += bytes;
  }

  *#liveEntries(): Iterable<number> {
    let before = -1;
    for (let slot = this.head; slot < this.used; slot = this.nextLive(slot + 1)) {
      const entry = entryIndexOf(this.refs[slot] ?? 0);
      if (entry !== before) yield entry;
      before = entry;
    }
  }

  #expiriesForWriting(): Float64Array {
    if (this.expiries === undefined) this.expiries = new Float64Array(this.capacity).fill(NEVER);
    return this.expiries;
  }
}

/** The first set bit from `from` on and below `used`; `used` if there is none. */
export function nextLiveSlot(live: Uint32Array, used: number, from: number): number {
  if (from >= used) return used;
  let word = from >>> 5;
  let bits = (live[word] ?? 0) & (-1 << (from & 31));
  const words = wordsFor(used);
  while (bits === 0) {
    word++;
    if (word >= words) return used;
    bits = live[word] ?? 0;
  }
  // Slots beyond `used` may be filled meanwhile.
  return Math.min(used, (word << 5) + lowestBit(bits));
}

/** Hash of a message; sums of them, modulo 2^32, do not depend on the order. */
export function messageHash(level: number, ref: number, size: number, expiresAtMs: number): number {
  let hash = Math.imul((ref | 0) ^ Math.imul((ref / 0x1_0000_0000) | 0, 0x85eb_ca6b), 0x9e37_79b1);
  hash = Math.imul(hash ^ (hash >>> 15) ^ (level << 24), 0x2c1b_3c6d);
  hash = Math.imul(hash ^ (hash >>> 12) ^ size, 0x297a_2d39);
  if (expiresAtMs !== NEVER) {
    const high = Math.imul((expiresAtMs / 0x1_0000_0000) | 0, 0x85eb_ca6b);
    hash = Math.imul(hash ^ (hash >>> 15) ^ (expiresAtMs | 0) ^ high, 0xc2b2_ae35);
  }
  return hash ^ (hash >>> 15);
}

/** Hash of a return count that was set. */
function returnHash(ref: number, count: number): number {
  return messageHash(0xff, ref, count, 0x5555);
}

/** Of a return count as a page has it: 0 if none was set. */
export function storedReturnHash(ref: number, stored: number): number {
  return stored === 0 ? 0 : returnHash(ref, stored - 1);
}

/** Sets the bits from..to-1. */
function setBits(words: Uint32Array, from: number, to: number): void {
  const firstWord = from >>> 5;
  const lastWord = (to - 1) >>> 5;
  if (from >= to) return;
  for (let word = firstWord; word <= lastWord; word++) {
    let bits = -1;
    if (word === firstWord) bits &= -1 << (from & 31);
    if (word === lastWord) bits &= -1 >>> (31 - ((to - 1) & 31));
    words[word] = (words[word] ?? 0) | bits;
  }
}

function requireTime(expiresAtMs: number): number {
  if (Number.isSafeInteger(expiresAtMs) && expiresAtMs >= 0) return expiresAtMs;
  throw new RangeError(`a message that expires at ${expiresAtMs}`);
}

function wordsFor(slots: number): number {
  return (slots + WORD_SLOTS - 1) >>> 5;
}

function copyOf<A extends Float64Array | Uint32Array>(from: A, to: A): A {
  to.set(from.length > to.length ? from.subarray(0, to.length) : from);
  return to;
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
