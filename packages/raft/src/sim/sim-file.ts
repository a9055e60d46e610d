import type { Random } from "./random.ts";

/** What a disk writes in one piece: after a crash a sector is old, new, or rubbish, never half of each. */
export const SECTOR_SIZE = 512;

const EMPTY = new Uint8Array(0);

/** A write that is not on the platter for sure, with what it replaced. */
interface UndoRecord {
  readonly order: number;
  readonly position: number;
  readonly length: number;
  /** What was there before, as far as the file went. */
  readonly old: Uint8Array;
  readonly tag: number;
}

/** What a crash does to sectors that were written and not yet synced. */
export interface CrashOdds {
  /** Share of sectors that are lost although written. */
  readonly lost: number;
  /** Share of sectors that hold rubbish. */
  readonly garbage: number;
}

/**
 * The contents of one file as programs see them, and how to get back from there to what is on the platter: most writes
 * become durable, so only what they replaced is kept. Outlives its names: a removed file that is open can still be read.
 */
export class SimFile {
  readonly id: number;
  #bytes: Uint8Array = EMPTY;
  #size = 0;
  #durableSize = 0;
  /** Oldest first. */
  #pending: UndoRecord[] = [];
  /** Writes that a failed sync dropped: seen by programs until the machine restarts, never to be written. Oldest first. */
  #dropped: UndoRecord[] = [];
  #order = 0;
  /** Sectors that cannot be read until they are written again. */
  readonly #unreadable: Set<number> = new Set();

  constructor(id: number) {
    this.id = id;
  }

  get size(): number {
    return this.#size;
  }

  /** Number of the last write; what a sync that starts now covers. */
  get lastWrite(): number {
    return this.#order;
  }

  /** A copy of what is on the platter. For oracles only. */
  get durableBytes(): Uint8Array {
    const bytes = this.#bytes.slice(0, this.#size);
    for (const list of [this.#pending, this.#dropped]) {
      for (const record of [...list].reverse()) undo(bytes, record, record.position, record.length);
    }
    return bytes.subarray(0, this.#durableSize);
  }

  /** What programs see; for oracles and for faults. */
  get cachedBytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  /** Takes over a copy of `bytes`. `tag` comes back from the sync that covers the write. */
  write(bytes: Uint8Array, position: number, tag = 0): void {
    const { length } = bytes;
    const old = this.#bytes.slice(position, Math.min(position + length, this.#size));
    this.#order++;
    this.#pending.push({ order: this.#order, position, length, old, tag });
    this.#bytes = grown(this.#bytes, this.#size, position + length);
    this.#bytes.set(bytes, position);
    this.#size = Math.max(this.#size, position + length);
    this.#clearUnreadable(position, length);
  }

  /** Bytes read, fewer only at the end; undefined: a sector in the range cannot be read. */
  read(target: Uint8Array, position: number): number | undefined {
    const count = Math.max(0, Math.min(target.length, this.#size - position));
    if (this.#isUnreadable(position, count)) return undefined;
    target.set(this.#bytes.subarray(position, position + count));
    return count;
  }

  /** A sync that covered the writes up to `order` succeeded. Returns the highest tag of those that it made durable. */
  makeDurable(order: number): number {
    let tag = 0;
    for (const record of this.#take(order)) {
      tag = Math.max(tag, record.tag);
      this.#durableSize = Math.max(this.#durableSize, record.position + record.length);
      if (this.#dropped.length > 0) {
        this.#dropped = this.#dropped.flatMap((dropped) => without(dropped, record));
      }
    }
    return tag;
  }

  /**
   * A sync failed: the kernel forgets that these pages are dirty. Programs go on seeing them until the machine restarts, but
   * no later sync writes them; some may have reached the platter.
   */
  dropPending(order: number, random: Random): void {
    for (const record of this.#take(order)) {
      if (!random.chance(0.3)) this.#dropped.push(record);
      else this.#durableSize = Math.max(this.#durableSize, record.position + record.length);
    }
  }

  /** The machine lost power. Returns what that did to writes that were not synced; "torn": to a tagged one of them. */
  crash(random: Random, odds: CrashOdds): "none" | "unsynced" | "torn" {
    const hadPending = this.#pending.length + this.#dropped.length > 0;
    if (!hadPending) return "none";
    const fates = new Map<number, number>();
    let hasTorn = false;
    for (const record of this.#pending.reverse()) {
      const isTorn = this.#crashWrite(record, fates, { random, odds });
      if (isTorn && record.tag > 0) hasTorn = true;
    }
    for (const record of this.#dropped.reverse()) {
      undo(this.#bytes, record, record.position, record.length);
    }
    this.#pending = [];
    this.#dropped = [];
    this.#bytes.fill(0, this.#durableSize, this.#size);
    this.#size = this.#durableSize;
    return hasTorn ? "torn" : "unsynced";
  }

  /** Overwrites stored bytes behind everybody's back, on the platter and in the cache, without changing the size. */
  damage(position: number, bytes: Uint8Array): void {
    overwrite(this.#bytes.subarray(0, this.#size), position, bytes);
    for (const list of [this.#pending, this.#dropped]) {
      for (const record of list) overwrite(record.old, position - record.position, bytes);
    }
  }

  /** The same contents, with the same writes still to be lost. */
  clone(): SimFile {
    const copy = new SimFile(this.id);
    copy.#bytes = this.#bytes.slice(0, this.#size);
    copy.#size = this.#size;
    copy.#durableSize = this.#durableSize;
    copy.#pending = this.#pending.map((record) => ({ ...record, old: record.old.slice() }));
    copy.#dropped = this.#dropped.map((record) => ({ ...record, old: record.old.slice() }));
    copy.#order = this.#order;
    for (const sector of this.#unreadable) copy.#unreadable.add(sector);
    return copy;
  }

  makeUnreadable(position: number): void {
    this.#unreadable.add(Math.floor(position / SECTOR_SIZE));
  }

  #take(order: number): UndoRecord[] {
    let count = 0;
    while (count < this.#pending.length && (this.#pending[count]?.order ?? 0) <= order) count++;
    return this.#pending.splice(0, count);
  }

  /** Decides the fate of each sector of a write; newer writes come first. Returns whether only some of it is there. */
  #crashWrite(
    record: UndoRecord,
    fates: Map<number, number>,
    by: { readonly random: Random; readonly odds: CrashOdds },
  ): boolean {
    const end = record.position + record.length;
    let written = 0;
    let others = 0;
    for (let start = record.position; start < end; ) {
      const sector = Math.floor(start / SECTOR_SIZE);
      const stop = Math.min(end, (sector + 1) * SECTOR_SIZE);
      let fate = fates.get(sector) ?? drawFate(by.random, by.odds);
      if (fate === FATE_STOPS_HERE && by.random.chance(0.5)) fate = FATE_WRITTEN;
      fates.set(sector, fate);
      this.#crashSector(record, { start, stop, fate, random: by.random });
      if (fate === FATE_WRITTEN) written++;
      else others++;
      start = stop;
    }
    return written > 0 && others > 0;
  }

  #crashSector(
    record: UndoRecord,
    at: {
      readonly start: number;
      readonly stop: number;
      readonly fate: number;
      readonly random: Random;
    },
  ): void {
    const { start, stop, fate } = at;
    if (fate === FATE_LOST || fate === FATE_STOPS_HERE) {
      undo(this.#bytes, record, start, stop - start);
      return;
    }
    this.#durableSize = Math.max(this.#durableSize, stop);
    if (fate !== FATE_GARBAGE) return;
    const garbage = this.#bytes.subarray(start, stop);
    garbage.fill(0);
    if (at.random.chance(0.5)) at.random.fill(garbage);
  }

  #clearUnreadable(position: number, length: number): void {
    if (this.#unreadable.size === 0) return;
    const last = Math.floor((position + length - 1) / SECTOR_SIZE);
    for (let sector = Math.floor(position / SECTOR_SIZE); sector <= last; sector++) {
      this.#unreadable.delete(sector);
    }
  }

  #isUnreadable(position: number, length: number): boolean {
    if (this.#unreadable.size === 0 || length <= 0) return false;
    const last = Math.floor((position + length - 1) / SECTOR_SIZE);
    for (let sector = Math.floor(position / SECTOR_SIZE); sector <= last; sector++) {
      if (this.#unreadable.has(sector)) return true;
    }
    return false;
  }
}

const FATE_WRITTEN = 0;
const FATE_LOST = 1;
const FATE_GARBAGE = 2;
/** Written several times since the last sync: each of the writes may be the one that stayed. */
const FATE_STOPS_HERE = 3;

function drawFate(random: Random, odds: CrashOdds): number {
  const draw = random.float();
  if (draw < odds.lost) return FATE_LOST;
  if (draw < odds.lost + odds.garbage) return FATE_GARBAGE;
  return random.chance(0.1) ? FATE_STOPS_HERE : FATE_WRITTEN;
}

/** Puts back what a write replaced between `start` and `start + length`; what was beyond the file's end becomes zeros. */
function undo(target: Uint8Array, record: UndoRecord, start: number, length: number): void {
  const from = start - record.position;
  const old = record.old.subarray(from, from + length);
  target.set(old, start);
  if (old.length < length) target.fill(0, start + old.length, start + length);
}

/** What is left of a dropped write after a later one was written over some of it. */
function without(dropped: UndoRecord, written: UndoRecord): UndoRecord[] {
  const end = dropped.position + dropped.length;
  const writtenEnd = written.position + written.length;
  if (writtenEnd <= dropped.position || written.position >= end) return [dropped];
  const parts: UndoRecord[] = [];
  if (written.position > dropped.position) {
    parts.push(part(dropped, dropped.position, written.position));
  }
  if (writtenEnd < end) parts.push(part(dropped, writtenEnd, end));
  return parts;
}

function part(record: UndoRecord, start: number, stop: number): UndoRecord {
  const from = start - record.position;
  return {
    ...record,
    position: start,
    length: stop - start,
    old: record.old.subarray(from, from + stop - start),
  };
}

/** Puts as many of `bytes` at `position` as there is room for. */
function overwrite(target: Uint8Array, position: number, bytes: Uint8Array): void {
  const skipped = Math.max(0, -position);
  const start = position + skipped;
  const count = Math.min(bytes.length - skipped, target.length - start);
  if (count > 0) target.set(bytes.subarray(skipped, skipped + count), start);
}

function grown(buffer: Uint8Array, used: number, size: number): Uint8Array {
  if (buffer.length >= size) return buffer;
  const larger = new Uint8Array(Math.max(size, Math.min(used * 2, size + 65_536), 512));
  larger.set(buffer.subarray(0, used));
  return larger;
}
