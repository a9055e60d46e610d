import { mix32 } from "./mix32.ts";
import type { PlacedSet } from "./placed-set.ts";

const TABLE_START = 1 << 10;
const ARENA_START = 1 << 14;
const HEADER_WORDS = 4;
const EMPTY = -1;
const WORD_SIZE = 4;

/**
 * The search's memory: every (placed operations, state) it has been at, so that it is never explored from there twice.
 * Open addressing over one growing array of words; an entry is
 *
 *   hash | state | first word kept | words kept | words...
 *
 * Words before the first kept one are all ones (operations are numbered by the time of their answer, so they fill up from
 * the start), words after the last kept one all zeros: entries stay short in long histories.
 */
export class VisitedSet {
  readonly #sizeMax: number;
  #table: Int32Array = new Int32Array(TABLE_START).fill(EMPTY);
  #arena: Uint32Array = new Uint32Array(ARENA_START);
  #arenaUsed = 0;
  #count = 0;

  /** `sizeMax`: bytes of all entries. */
  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  /**
   * Remembers where the search is. `known`: it has been there. `full`: there is no room for more.
   * `firstUnplaced`: the lowest number that is not placed.
   */
  add(placed: PlacedSet, firstUnplaced: number, state: number): "new" | "known" | "full" {
    const first = firstUnplaced >>> 5;
    const kept = Math.max(0, placed.usedWords - first);
    const hash = mix32(placed.hash ^ Math.imul(state + 1, 0x9e3779b1)) >>> 0;
    const slot = this.#findSlot(hash, { placed, state, first, kept });
    if (slot === EMPTY) return "known";
    const needed = this.#arenaUsed + HEADER_WORDS + kept;
    if (needed * WORD_SIZE > this.#sizeMax) return "full";
    if (needed > this.#arena.length) this.#growArena(needed);
    this.#table[slot] = this.#arenaUsed;
    this.#arena.set([hash, state, first, kept], this.#arenaUsed);
    this.#arena.set(placed.words.subarray(first, first + kept), this.#arenaUsed + HEADER_WORDS);
    this.#arenaUsed = needed;
    this.#count++;
    if (this.#count * 2 > this.#table.length) this.#growTable();
    return "new";
  }

  /** The free slot for it, or EMPTY if it is there already. */
  #findSlot(hash: number, wanted: Wanted): number {
    const mask = this.#table.length - 1;
    let slot = hash & mask;
    for (;;) {
      const entry = this.#table[slot] ?? EMPTY;
      if (entry === EMPTY) return slot;
      if (this.#arena[entry] === hash && this.#isSame(entry, wanted)) return EMPTY;
      slot = (slot + 1) & mask;
    }
  }

  #isSame(entry: number, { placed, state, first, kept }: Wanted): boolean {
    const arena = this.#arena;
    if (arena[entry + 1] !== state || arena[entry + 2] !== first) return false;
    if (arena[entry + 3] !== kept) return false;
    for (let word = 0; word < kept; word++) {
      if (arena[entry + HEADER_WORDS + word] !== placed.words[first + word]) return false;
    }
    return true;
  }

  #growArena(needed: number): void {
    const grown = new Uint32Array(Math.max(needed, this.#arena.length * 2));
    grown.set(this.#arena.subarray(0, this.#arenaUsed));
    this.#arena = grown;
  }

  #growTable(): void {
    const table = new Int32Array(this.#table.length * 2).fill(EMPTY);
    const mask = table.length - 1;
    for (let entry = 0; entry < this.#arenaUsed; ) {
      let slot = (this.#arena[entry] ?? 0) & mask;
      while (table[slot] !== EMPTY) slot = (slot + 1) & mask;
      table[slot] = entry;
      entry += HEADER_WORDS + (this.#arena[entry + 3] ?? 0);
    }
    this.#table = table;
  }
}

interface Wanted {
  readonly placed: PlacedSet;
  readonly state: number;
  readonly first: number;
  readonly kept: number;
}
