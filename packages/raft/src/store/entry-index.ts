import type { IndexSection } from "../codec/record-index.ts";

const FIRST_CAPACITY = 4;

/**
 * Where the entries of one group are in one file: offset and size of their records, 8 bytes an entry as long as indexes
 * follow each other, which they nearly always do.
 */
export class EntryIndex implements IndexSection {
  #first = 0;
  #count = 0;
  #locations: Uint32Array;
  #indexes: Float64Array | undefined;
  /** For the cache's clock: used since the hand passed. */
  isReferenced = false;

  constructor(section?: IndexSection) {
    this.#locations = section?.locations ?? new Uint32Array(FIRST_CAPACITY * 2);
    if (section === undefined) return;
    this.#first = section.firstIndex;
    this.#count = section.count;
    this.#indexes = section.indexes;
  }

  get count(): number {
    return this.#count;
  }

  get firstIndex(): number {
    return this.#first;
  }

  get locations(): Uint32Array {
    return this.#locations;
  }

  get indexes(): Float64Array | undefined {
    return this.#indexes;
  }

  /** Memory that it takes, roughly. */
  get bytes(): number {
    return 256 + this.#locations.byteLength + (this.#indexes?.byteLength ?? 0);
  }

  /** An entry at the end of the log: what the index has from there on is replaced. */
  append(index: number, offset: number, size: number): void {
    if (this.#count === 0) this.#first = index;
    else if (this.#indexes !== undefined || index !== this.#first + this.#count) {
      this.#truncateFrom(index);
      if (this.#count === 0) this.#first = index;
      else if (index !== this.indexAt(this.#count - 1) + 1) this.#makeSparse();
    }
    this.#store(this.#count, index, offset, size);
    this.#count++;
  }

  /** An entry somewhere in the log: the others stay. */
  place(index: number, offset: number, size: number): void {
    if (this.#count === 0 || index > this.indexAt(this.#count - 1)) {
      this.append(index, offset, size);
      return;
    }
    const position = this.#lowerBound(index);
    if (this.indexAt(position) !== index) this.#makeRoomAt(position);
    this.#store(position, index, offset, size);
  }

  /** Forgets where `first`..`last` are. */
  cut(first: number, last: number): void {
    const from = this.#lowerBound(first);
    const to = this.#lowerBound(last + 1);
    if (from >= to) return;
    if (to === this.#count) {
      this.#truncateFrom(first);
      return;
    }
    this.#makeSparse();
    this.#locations.copyWithin(from * 2, to * 2, this.#count * 2);
    this.#indexes?.copyWithin(from, to, this.#count);
    this.#count -= to - from;
    this.#first = this.indexAt(0);
  }

  /** Position of an index, or -1. */
  positionOf(index: number): number {
    if (this.#indexes === undefined) {
      const position = index - this.#first;
      return position >= 0 && position < this.#count ? position : -1;
    }
    const position = this.#lowerBound(index);
    return position < this.#count && this.#indexes[position] === index ? position : -1;
  }

  indexAt(position: number): number {
    return this.#indexes === undefined ? this.#first + position : (this.#indexes[position] ?? -1);
  }

  offsetAt(position: number): number {
    return this.#locations[position * 2] ?? 0;
  }

  sizeAt(position: number): number {
    return this.#locations[position * 2 + 1] ?? 0;
  }

  /** Position of the first entry that is not before `index`; `count` if all are. */
  #lowerBound(index: number): number {
    if (this.#indexes === undefined) {
      return Math.max(0, Math.min(this.#count, index - this.#first));
    }
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.indexAt(middle) < index) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #truncateFrom(index: number): void {
    this.#count = this.#lowerBound(index);
    if (this.#count === 0) this.#indexes = undefined;
  }

  #makeSparse(): void {
    if (this.#indexes !== undefined) return;
    const indexes = new Float64Array(this.#locations.length / 2);
    for (let position = 0; position < this.#count; position++) {
      indexes[position] = this.#first + position;
    }
    this.#indexes = indexes;
  }

  #makeRoomAt(position: number): void {
    this.#makeSparse();
    this.#reserve(this.#count + 1);
    this.#locations.copyWithin((position + 1) * 2, position * 2, this.#count * 2);
    this.#indexes?.copyWithin(position + 1, position, this.#count);
    this.#count++;
  }

  #store(position: number, index: number, offset: number, size: number): void {
    this.#reserve(position + 1);
    this.#locations[position * 2] = offset;
    this.#locations[position * 2 + 1] = size;
    if (this.#indexes !== undefined) this.#indexes[position] = index;
    if (position === 0) this.#first = index;
  }

  #reserve(count: number): void {
    if (count * 2 <= this.#locations.length) return;
    const locations = new Uint32Array(Math.max(FIRST_CAPACITY, count) * 4);
    locations.set(this.#locations);
    this.#locations = locations;
    if (this.#indexes === undefined) return;
    const indexes = new Float64Array(locations.length / 2);
    indexes.set(this.#indexes);
    this.#indexes = indexes;
  }
}
