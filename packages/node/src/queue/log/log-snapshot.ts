import type { IndexRange, SnapshotSource } from "@leveret/raft";
import type { BatchOrigin } from "./batch-origin.ts";
import { unionOf } from "./entry-ranges.ts";
import type { LevelContents } from "./level-contents.ts";
import { type FrozenPage, nextLiveSlot } from "./log-page.ts";
import { entryIndexOf } from "./message-ref.ts";
import { VarintWriter } from "./varint.ts";

/** Version of the format below; 1 has no origins. */
export const SNAPSHOT_FORMAT = 2;

/** What the lowest bits of a run's first number say. */
export const RunFlag = {
  /** More than one message: their number less 2 follows. */
  isLong: 1,
  /** The messages expire; the difference to the last expiry follows. */
  expires: 2,
  /** A return count was set, and follows. */
  hasReturns: 4,
  /** Of SnapshotRun. */
  joinsRange: 8,
  /** The difference to the ref before is too large for the first number, and follows. */
  isFar: 16,
} as const;
export const RUN_FLAGS = 32;

/** Differences of refs from here on are far. */
const FAR: number = 2 ** 32;

/** Slots looked at for one piece, a fraction of a millisecond. */
const SLOTS_PER_PIECE = 16_384;
/** Bytes of one piece before it is cut to what was asked for. */
const PIECE_BYTES_MAX = 32_768;

interface FrozenLevel {
  readonly level: number;
  readonly deliveredRef: number;
  readonly count: number;
  readonly pages: readonly FrozenPage[];
}

/**
 * The contents of a queue at one moment, written piece by piece while the queue goes on.
 *
 *     format u8 = 2, number of levels
 *     each level, ascending: level u8, delivered ref + 1, number of messages, ref of the first message if there is one, then
 *       each run of messages: (ref - 1 - ref before) * 32 + flags, [ref - 1 - ref before], [number - 2], body size, [expiry - expiry before, signed],
 *         [return count]
 *     number of origins, each, ascending by node: node, incarnation, number of its last batch
 *     digest u32, little-endian
 *
 * Numbers are varints.
 */
export class LogSnapshot implements SnapshotSource {
  readonly #contents: readonly LevelContents[];
  #live: readonly IndexRange[] = [];
  #levels: readonly FrozenLevel[] = [];
  readonly #origins: readonly BatchOrigin[];
  readonly #digest: number;
  readonly #writer = new VarintWriter();
  #onClose: ((isComplete: boolean) => void) | undefined;
  #pending: Uint8Array = new Uint8Array(0);
  #level = -1;
  #page = 0;
  #slot = 0;
  #previousRef = -1;
  #previousExpiryMs = 0;
  #isComplete = false;

  /** @param onClose called once, with whether everything was taken */
  constructor(
    state: {
      readonly levels: readonly LevelContents[];
      readonly origins: readonly BatchOrigin[];
      readonly digest: number;
    },
    onClose: (isComplete: boolean) => void,
  ) {
    this.#contents = state.levels;
    this.#origins = state.origins;
    this.#digest = state.digest;
    this.#onClose = onClose;
    this.#freeze();
  }

  /** Small gaps are closed, so that the list is short. */
  get live(): readonly IndexRange[] {
    return this.#live;
  }

  /** Costs a look at each message. */
  narrow(): void {
    for (const { pages } of this.#contents) for (const page of pages) page.narrowRanges();
    this.#freeze();
  }

  next(maxBytes: number): Uint8Array | undefined {
    if (this.#pending.length === 0) this.#pending = this.#write();
    if (this.#pending.length === 0) return undefined;
    const piece = this.#pending.subarray(0, maxBytes);
    this.#pending = this.#pending.subarray(piece.length);
    return piece;
  }

  close(): void {
    const isComplete = this.#isComplete && this.#pending.length === 0;
    this.#levels = [];
    this.#pending = new Uint8Array(0);
    this.#isComplete = true;
    const onClose = this.#onClose;
    this.#onClose = undefined;
    onClose?.(isComplete);
  }

  #freeze(): void {
    this.#levels = this.#contents.map(({ level, deliveredRef, count, pages }) => ({
      level,
      deliveredRef,
      count,
      pages: pages.map((page) => page.freeze()),
    }));
    const bounds: number[] = [];
    for (const { pages } of this.#levels) {
      for (const page of pages) for (const bound of page.bounds) bounds.push(bound);
    }
    this.#live = unionOf(bounds);
  }

  /** The next bytes, at least one unless everything was written. */
  #write(): Uint8Array {
    const writer = this.#writer;
    let slots = 0;
    while (!this.#isComplete && slots < SLOTS_PER_PIECE && writer.size < PIECE_BYTES_MAX / 2) {
      const page = this.#levels[this.#level]?.pages[this.#page];
      if (page === undefined) this.#startLevel();
      else slots += this.#writePage(page, SLOTS_PER_PIECE - slots);
    }
    return writer.take();
  }

  #startLevel(): void {
    const writer = this.#writer;
    if (this.#level < 0) {
      writer.byte(SNAPSHOT_FORMAT);
      writer.unsigned(this.#levels.length);
    }
    this.#level++;
    this.#page = 0;
    const level = this.#levels[this.#level];
    if (level === undefined) {
      this.#writeEnd(writer);
      return;
    }
    writer.byte(level.level);
    writer.unsigned(level.deliveredRef + 1);
    writer.unsigned(level.count);
    if (level.count > 0) this.#startPages(level.pages);
  }

  #writeEnd(writer: VarintWriter): void {
    writer.unsigned(this.#origins.length);
    for (const { node, incarnation, number } of this.#origins) {
      writer.unsigned(node);
      writer.unsigned(incarnation);
      writer.unsigned(number);
    }
    writer.uint32(this.#digest);
    this.#isComplete = true;
  }

  #startPages(pages: readonly FrozenPage[]): void {
    this.#page = pages.findIndex((page) => page.head < page.used);
    const page = pages[this.#page];
    const ref = page?.refs[page.head] ?? 0;
    this.#writer.unsigned(ref);
    this.#slot = page?.head ?? 0;
    this.#previousRef = ref - 1;
    this.#previousExpiryMs = 0;
  }

  /** Writes runs from the current slot on; returns how many slots it looked at. */
  #writePage(page: FrozenPage, slotsMax: number): number {
    const from = this.#slot;
    const ranges = new RangeWalk(page.bounds);
    let before = from === page.head ? -1 : entryIndexOf(this.#previousRef);
    let slot = nextLiveSlot(page.live, page.used, from);
    while (slot < page.used && slot - from < slotsMax && this.#writer.size < PIECE_BYTES_MAX / 2) {
      const end = runEnd(page, slot);
      const first = entryIndexOf(page.refs[slot] ?? 0);
      const joinsRange = first > before + 1 && ranges.areTogether(before, first);
      this.#writeRun(page, slot, end - slot, joinsRange);
      before = entryIndexOf(this.#previousRef);
      slot = nextLiveSlot(page.live, page.used, end);
    }
    this.#slot = slot;
    if (slot >= page.used) this.#nextPage();
    return Math.max(1, slot - from);
  }

  #nextPage(): void {
    this.#page++;
    this.#slot = this.#levels[this.#level]?.pages[this.#page]?.head ?? 0;
  }

  #writeRun(page: FrozenPage, slot: number, count: number, joinsRange: boolean): void {
    const writer = this.#writer;
    const ref = page.refs[slot] ?? 0;
    const expiresAtMs = page.expiries?.[slot] ?? -1;
    const returns = page.returns?.[slot] ?? 0;
    const distance = ref - this.#previousRef - 1;
    const isFar = distance >= FAR;
    const flags =
      (isFar ? RunFlag.isFar : 0) |
      (count > 1 ? RunFlag.isLong : 0) |
      (expiresAtMs >= 0 ? RunFlag.expires : 0) |
      (returns > 0 ? RunFlag.hasReturns : 0) |
      (joinsRange ? RunFlag.joinsRange : 0);
    writer.unsigned(isFar ? flags : distance * RUN_FLAGS + flags);
    if (isFar) writer.unsigned(distance);
    if (count > 1) writer.unsigned(count - 2);
    writer.unsigned(page.sizes[slot] ?? 0);
    if (expiresAtMs >= 0) {
      writer.signed(expiresAtMs - this.#previousExpiryMs);
      this.#previousExpiryMs = expiresAtMs;
    }
    if (returns > 0) writer.unsigned(returns - 1);
    this.#previousRef = ref + count - 1;
  }
}

/** Behind the last slot of the run that begins with a live slot. */
function runEnd(page: FrozenPage, slot: number): number {
  const { refs, sizes, live, expiries, returns, used } = page;
  const size = sizes[slot] ?? 0;
  const expiresAtMs = expiries?.[slot];
  const returned = returns?.[slot];
  let ref = refs[slot] ?? 0;
  let end = slot + 1;
  while (end < used && refs[end] === ++ref && sizes[end] === size) {
    if (((live[end >>> 5] ?? 0) & (1 << (end & 31))) === 0) break;
    if (expiries?.[end] !== expiresAtMs || returns?.[end] !== returned) break;
    end++;
  }
  return end;
}

/** Asks ascending questions of ranges. */
class RangeWalk {
  readonly #bounds: readonly number[];
  #at = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
  }

  /** Whether one range has both. */
  areTogether(low: number, high: number): boolean {
    const bounds = this.#bounds;
    if (low < 0) return false;
    while (this.#at < bounds.length && (bounds[this.#at + 1] ?? 0) < low) this.#at += 2;
    return (bounds[this.#at] ?? high) <= low && (bounds[this.#at + 1] ?? 0) >= high;
  }
}
