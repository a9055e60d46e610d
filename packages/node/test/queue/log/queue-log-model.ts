import type { SnapshotSource } from "@leveret/raft";
import { expect } from "vitest";
import { encodeProgress, type Progress } from "../../../src/queue/log/progress.ts";
import { QueueLog } from "../../../src/queue/log/queue-log.ts";
import {
  batchBytes,
  batchOf,
  entryOf,
  type Item,
  progressOf,
  pullAll,
  restored,
  type Seen,
  walk,
} from "./log-rig.ts";

interface ModelMessage extends Item {
  readonly ref: number;
  returned: number | undefined;
}

interface ModelLevel {
  messages: ModelMessage[];
  mark: number;
  /** Ref of the first message beyond the cursor; Infinity: all were taken. */
  nextRef: number;
}

interface OpenSnapshot {
  readonly source: SnapshotSource;
  readonly index: number;
  readonly digest: number;
  readonly contents: readonly Seen[];
  /** What was pulled so far. */
  readonly pieces: Uint8Array[];
}

/**
 * A queue's contents in plain arrays, next to a QueueLog that gets the same entries. Plays the store, too: knows which entries a
 * snapshot left in the log, so that no later one may ask for others.
 */
export class QueueLogModel {
  readonly log: QueueLog = new QueueLog();
  readonly #entries: { readonly index: number; readonly data: Uint8Array }[] = [];
  readonly #levels = new Map<number, ModelLevel>();
  #lastIndex = 1;
  #open: OpenSnapshot | undefined;
  /** Entries at or below `#compactedIndex` that are still in the log. */
  #kept: ReadonlySet<number> = new Set();
  #compactedIndex = 0;

  enqueue(items: readonly Item[], isOwn: boolean): void {
    const data = batchBytes(items);
    const index = this.#apply(data, isOwn ? batchOf(items) : undefined);
    items.forEach((item, position) => {
      const level = this.#level(item.level);
      const ref = index * 256 + position;
      level.messages.push({ ...item, ref, returned: undefined });
      level.nextRef = Math.min(level.nextRef, ref);
    });
  }

  /** Entries of no concern to the machine. */
  skipEntries(count: number): void {
    this.#lastIndex += count;
  }

  /** Removes `count` messages from the one at `at` (share of the level's length) on. */
  remove(level: number, at: number, count: number): void {
    const { messages } = this.#level(level);
    const from = Math.floor(at * messages.length);
    const range = messages.slice(from, from + count);
    const first = range[0]?.ref ?? 0;
    const last = range.at(-1)?.ref ?? 5;
    this.#progress({ removed: [{ level, first, last }] });
    messages.splice(from, range.length);
    this.#settleCursor(level);
  }

  /** Removes every `step`th message, each with a range of its own. */
  thin(level: number, step: number): void {
    const { messages } = this.#level(level);
    const gone = messages.filter((_, nth) => nth % step === 0);
    this.#progress({ removed: gone.map(({ ref }) => ({ level, first: ref, last: ref })) });
    this.#level(level).messages = messages.filter((_, nth) => nth % step !== 0);
    this.#settleCursor(level);
  }

  deliver(level: number, at: number): void {
    const contents = this.#level(level);
    const ref = this.#pick(level, at)?.ref;
    if (ref === undefined) return;
    this.#progress({ delivered: [{ level, ref }] });
    contents.mark = Math.max(contents.mark, ref);
  }

  giveBack(level: number, at: number, count: number): void {
    const message = this.#pick(level, at);
    const ref = message?.ref ?? 3;
    this.#progress({ returned: [{ level, ref, count }] });
    if (message !== undefined) message.returned = count;
  }

  take(level: number, count: number): void {
    const contents = this.#level(level);
    const cursor = this.log.cursorOf(level);
    const beyond = contents.messages.filter(({ ref }) => ref >= contents.nextRef);
    for (const message of beyond.slice(0, count)) {
      expect(cursor.ref).toBe(message.ref);
      expect(cursor.bodySize).toBe(message.size);
      expect(cursor.expiresAtMs).toBe(message.expiresAtMs);
      expect(cursor.returnCount).toBe(returnCount(message, contents.mark));
      cursor.take();
    }
    contents.nextRef = beyond[count]?.ref ?? Infinity;
  }

  rewind(level: number, at: number): void {
    const contents = this.#level(level);
    const ref = this.#pick(level, at)?.ref;
    if (ref === undefined) return;
    const cursor = this.log.cursorOf(level);
    if (ref > contents.nextRef) {
      expect(() => cursor.rewindTo(ref)).toThrow(RangeError);
      return;
    }
    cursor.rewindTo(ref);
    contents.nextRef = ref;
  }

  skipAll(level: number): void {
    const contents = this.#level(level);
    const beyond = contents.messages.filter(({ ref }) => ref >= contents.nextRef);
    const skipped = this.log.cursorOf(level).skipAll();
    const [first] = beyond;
    const last = beyond.at(-1);
    const expected =
      first === undefined || last === undefined ? undefined : { first: first.ref, last: last.ref };
    expect(skipped).toEqual(expected);
    contents.nextRef = Infinity;
  }

  /** Makes a snapshot; it is pulled and looked at by a later `finishSnapshot`. */
  startSnapshot(): void {
    if (this.#open !== undefined) return;
    const index = this.#lastIndex;
    const source = this.log.snapshot();
    this.#checkLive(source, index);
    const digest = this.log.digest();
    this.#open = { source, index, digest, contents: this.#contents(), pieces: [] };
  }

  pullSnapshot(pieceBytes: number): void {
    const piece = this.#open?.source.next(pieceBytes);
    if (piece !== undefined) this.#open?.pieces.push(piece);
  }

  finishSnapshot(pieceBytes: number): void {
    if (this.#open === undefined) return;
    const { index, digest, contents, source, pieces } = this.#open;
    this.#open = undefined;
    const bytes = Buffer.concat([...pieces, pullAll(source, pieceBytes)]);
    this.#compact(source, index);
    const log = restored(bytes, index, pieceBytes);
    expect(log.digest()).toBe(digest);
    expect(walk(restored(bytes, index))).toEqual(contents);
    for (const entry of this.#entries)
      if (entry.index > index) log.apply(entryOf(entry.index, entry.data));
    this.#checkCopy(log);
  }

  /** The state after all entries is that of the log. */
  checkReplay(): void {
    const log = new QueueLog();
    for (const { index, data } of this.#entries) log.apply(entryOf(index, data));
    this.#checkCopy(log);
  }

  checkCounts(): void {
    const all = Array.from(this.#levels.values()).flatMap(({ messages }) => messages);
    expect(this.log.count).toBe(all.length);
    expect(this.log.bytes).toBe(sizeOf(all));
    for (const [level, { messages, nextRef }] of this.#levels) {
      const beyond = messages.filter(({ ref }) => ref >= nextRef);
      const cursor = this.log.cursorOf(level);
      expect([level, cursor.count, cursor.bytes]).toEqual([level, beyond.length, sizeOf(beyond)]);
      if (beyond.length > 0) expect(cursor.ref).toBe(beyond[0]?.ref);
    }
  }

  #checkCopy(log: QueueLog): void {
    expect(log.digest()).toBe(this.log.digest());
    expect(log.count).toBe(this.log.count);
    expect(log.bytes).toBe(this.log.bytes);
    expect(walk(log)).toEqual(this.#contents());
  }

  #checkLive(source: SnapshotSource, index: number): void {
    const live = indexesOf(source);
    const needed = new Set(this.#contents().map(({ ref }) => Math.floor(ref / 256)));
    const lacking = [...needed].filter((entry) => !live.has(entry));
    const gone = [...live].filter(
      (entry) => entry > index || (entry <= this.#compactedIndex && !this.#kept.has(entry)),
    );
    expect({ lacking, gone }).toEqual({ lacking: [], gone: [] });
    let end = -1;
    for (const { first, last } of source.live) {
      expect(first).toBeGreaterThan(end);
      expect(last).toBeGreaterThanOrEqual(first);
      end = last;
    }
    // Gaps of eight entries at most are closed, within one page.
    expect(live.size).toBeLessThanOrEqual(needed.size * 9 + 1);
  }

  #compact(source: SnapshotSource, index: number): void {
    this.#kept = indexesOf(source);
    this.#compactedIndex = index;
  }

  #progress(what: Partial<Progress>): void {
    const progress = progressOf(what);
    const isGiven = this.#lastIndex % 2 === 0;
    this.#apply(encodeProgress(progress), isGiven ? progress : undefined);
  }

  #apply(data: Uint8Array, command: unknown): number {
    const index = ++this.#lastIndex;
    this.#entries.push({ index, data });
    this.log.apply(entryOf(index, data, command));
    return index;
  }

  #level(level: number): ModelLevel {
    let known = this.#levels.get(level);
    if (known === undefined) {
      known = { messages: [], mark: -1, nextRef: Infinity };
      this.#levels.set(level, known);
    }
    return known;
  }

  #settleCursor(level: number): void {
    const contents = this.#level(level);
    const next = contents.messages.find(({ ref }) => ref >= contents.nextRef);
    contents.nextRef = next?.ref ?? Infinity;
  }

  #pick(level: number, at: number): ModelMessage | undefined {
    const { messages } = this.#level(level);
    return messages[Math.floor(at * messages.length)];
  }

  #contents(): Seen[] {
    const levels = [...this.#levels].sort(([a], [b]) => a - b);
    return levels.flatMap(([level, { messages, mark }]) =>
      messages.map((message) => ({
        level,
        ref: message.ref,
        size: message.size,
        expiresAtMs: message.expiresAtMs,
        returnCount: returnCount(message, mark),
      })),
    );
  }
}

function returnCount({ ref, returned }: ModelMessage, mark: number): number {
  return returned ?? (ref <= mark ? 1 : 0);
}

function sizeOf(messages: readonly ModelMessage[]): number {
  return messages.reduce((sum, { size }) => sum + size, 0);
}

/** All indexes that a snapshot's live ranges name. */
function indexesOf({ live }: SnapshotSource): Set<number> {
  const indexes = new Set<number>();
  for (const { first, last } of live) for (let at = first; at <= last; at++) indexes.add(at);
  return indexes;
}
