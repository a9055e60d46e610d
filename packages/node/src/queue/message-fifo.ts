import type { MachineMessage } from "./queue-effects.ts";
import type { QueueEntry } from "./queue-entry.ts";

/** Entries per chunk: 2 KiB of pointers, small beside what a queue needs, large enough to be rare to change. */
const CHUNK_SIZE = 256;

class Chunk<M extends MachineMessage> {
  readonly entries: (QueueEntry<M> | undefined)[] = new Array<QueueEntry<M> | undefined>(
    CHUNK_SIZE,
  );
  next: Chunk<M> | undefined = undefined;
}

/**
 * First in, first out, in linked chunks: growing never copies, and a burst's memory goes as it is consumed.
 * One used chunk is kept for reuse, so a steady flow allocates nothing.
 */
export class MessageFifo<M extends MachineMessage> {
  #count = 0;
  #head: Chunk<M> | undefined = undefined;
  #headIndex = 0;
  #tail: Chunk<M> | undefined = undefined;
  #tailIndex = 0;
  #spare: Chunk<M> | undefined = undefined;

  get count(): number {
    return this.#count;
  }

  push(entry: QueueEntry<M>): void {
    let tail = this.#tail;
    if (tail === undefined) {
      tail = new Chunk<M>();
      this.#head = tail;
      this.#tail = tail;
    } else if (this.#tailIndex === CHUNK_SIZE) {
      const next = this.#spare ?? new Chunk<M>();
      this.#spare = undefined;
      tail.next = next;
      this.#tail = next;
      this.#tailIndex = 0;
      tail = next;
    }
    tail.entries[this.#tailIndex++] = entry;
    this.#count++;
  }

  /** The oldest entry; undefined: empty. */
  peek(): QueueEntry<M> | undefined {
    return this.#count === 0 ? undefined : this.#head?.entries[this.#headIndex];
  }

  /** Removes and returns the oldest entry; undefined: empty. */
  take(): QueueEntry<M> | undefined {
    const head = this.#head;
    if (head === undefined || this.#count === 0) return undefined;
    const entry = head.entries[this.#headIndex];
    head.entries[this.#headIndex++] = undefined;
    this.#count--;
    if (this.#count === 0) this.#rewind(head);
    else if (this.#headIndex === CHUNK_SIZE) this.#dropHeadChunk(head);
    return entry;
  }

  /** Calls `visit` from the oldest to the newest, without the first `skip`, until it returns false; false: it did. */
  every(visit: (entry: QueueEntry<M>) => boolean, skip = 0): boolean {
    let index = this.#headIndex + Math.min(skip, this.#count);
    let chunk = this.#head;
    for (; index > CHUNK_SIZE; index -= CHUNK_SIZE) chunk = chunk?.next;
    for (let left = this.#count - skip; left > 0; left--) {
      if (index === CHUNK_SIZE) {
        chunk = chunk?.next;
        index = 0;
      }
      const entry = chunk?.entries[index++];
      if (entry !== undefined && !visit(entry)) return false;
    }
    return true;
  }

  /** Empty: head and tail are the same chunk, which starts anew. */
  #rewind(only: Chunk<M>): void {
    this.#headIndex = 0;
    this.#tailIndex = 0;
    this.#spare = undefined;
    this.#head = only;
    this.#tail = only;
  }

  #dropHeadChunk(head: Chunk<M>): void {
    this.#head = head.next;
    this.#headIndex = 0;
    head.next = undefined;
    this.#spare = head;
  }
}
