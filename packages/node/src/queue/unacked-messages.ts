import type { MachineMessage } from "./queue-effects.ts";
import type { QueueEntry } from "./queue-entry.ts";
import { StragglerMessages } from "./straggler-messages.ts";

const CAPACITY_MIN = 16;
/** Below this capacity a ring is neither shrunk nor relieved of old entries: it is too small to matter. */
const CAPACITY_TO_TRIM = 256;

/**
 * What one consumer holds unacknowledged, found by delivery number. Numbers are contiguous, so the entries
 * stand in a ring with holes for the settled ones. When holes prevail (a client that sits on one message and
 * acks the rest) the old entries move out to a small sorted list: memory follows what is held, not the span.
 */
export class UnackedMessages<M extends MachineMessage> {
  #ring: (QueueEntry<M> | undefined)[] = [];
  /** Index in the ring of the entry numbered `#first`. */
  #head = 0;
  /** The lowest number in the ring; everything below is settled or a straggler. */
  #first = 1;
  /** The number that the next delivery gets. */
  #next = 1;
  #ringCount = 0;
  #stragglers: StragglerMessages<M> | undefined = undefined;

  get count(): number {
    return this.#ringCount + (this.#stragglers?.count ?? 0);
  }

  /** The number of the last delivery; 0: there was none. */
  get lastNumber(): number {
    return this.#next - 1;
  }

  /** Adds an entry and returns its delivery number. */
  add(entry: QueueEntry<M>): number {
    if (this.#next - this.#first === this.#ring.length) this.#makeRoom();
    const index = (this.#head + (this.#next - this.#first)) & (this.#ring.length - 1);
    this.#ring[index] = entry;
    this.#ringCount++;
    return this.#next++;
  }

  /** Goes on behind deliveries that another leader of the queue has numbered. Before anything is added. */
  startAfter(number: number): void {
    this.#first = number + 1;
    this.#next = number + 1;
  }

  /** Takes over such a delivery. Numbers ascend. */
  takeOver(number: number, entry: QueueEntry<M>): void {
    this.#stragglers ??= new StragglerMessages<M>();
    this.#stragglers.push(number, entry);
  }

  /** Calls `visit` for each entry, by ascending number. */
  forEach(visit: (number: number, entry: QueueEntry<M>) => void): void {
    this.#stragglers?.forEach(visit);
    for (let number = this.#first; number < this.#next; number++) {
      const entry = this.#at(number);
      if (entry !== undefined) visit(number, entry);
    }
  }

  /** Removes and returns the entry with this number; undefined: settled already, or never delivered. */
  take(number: number): QueueEntry<M> | undefined {
    const offset = number - this.#first;
    if (offset < 0) return this.#stragglers?.take(number);
    if (number >= this.#next) return undefined;
    const index = (this.#head + offset) & (this.#ring.length - 1);
    const entry = this.#ring[index];
    if (entry === undefined) return undefined;
    this.#ring[index] = undefined;
    this.#ringCount--;
    if (offset === 0) this.#advance();
    return entry;
  }

  /** The lowest number held in `from..to`; -1: none. */
  find(from: number, to: number): number {
    if (from < this.#first) {
      const straggler = this.#stragglers?.find(from, to) ?? -1;
      if (straggler !== -1) return straggler;
    }
    const last = Math.min(to, this.#next - 1);
    for (let number = Math.max(from, this.#first); number <= last; number++) {
      if (this.#at(number) !== undefined) return number;
    }
    return -1;
  }

  #at(number: number): QueueEntry<M> | undefined {
    return this.#ring[(this.#head + (number - this.#first)) & (this.#ring.length - 1)];
  }

  /** Moves the head past the holes. */
  #advance(): void {
    const mask = this.#ring.length - 1;
    if (this.#ringCount === 0) {
      this.#head = 0;
      this.#first = this.#next;
    } else {
      while (this.#ring[this.#head] === undefined) {
        this.#head = (this.#head + 1) & mask;
        this.#first++;
      }
    }
    const capacity = this.#ring.length;
    if (capacity > CAPACITY_TO_TRIM && (this.#next - this.#first) * 8 < capacity) {
      this.#resize(capacity / 2);
    }
  }

  #makeRoom(): void {
    const capacity = this.#ring.length;
    if (capacity >= CAPACITY_TO_TRIM && this.#ringCount < capacity / 2) this.#moveOutOldHalf();
    else this.#resize(Math.max(CAPACITY_MIN, capacity * 2));
  }

  #moveOutOldHalf(): void {
    this.#stragglers ??= new StragglerMessages<M>();
    const end = this.#first + this.#ring.length / 2;
    const mask = this.#ring.length - 1;
    while (this.#first < end) {
      const entry = this.#ring[this.#head];
      if (entry !== undefined) {
        this.#ring[this.#head] = undefined;
        this.#ringCount--;
        this.#stragglers.push(this.#first, entry);
      }
      this.#head = (this.#head + 1) & mask;
      this.#first++;
    }
    this.#advance();
  }

  #resize(capacity: number): void {
    const ring = new Array<QueueEntry<M> | undefined>(capacity).fill(undefined);
    for (let number = this.#first; number < this.#next; number++) {
      ring[number - this.#first] = this.#at(number);
    }
    this.#ring = ring;
    this.#head = 0;
  }
}
