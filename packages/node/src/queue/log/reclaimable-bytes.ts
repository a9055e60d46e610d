/** Each entry's record header in the log, about. */
const ENTRY_OVERHEAD = 32;
/** This share of what was appended counts as well: it bounds what a boot has to replay. */
const APPENDED_SHARE = 1 / 8;
/** What a message takes in the log besides its body, as long as no batch was seen. */
const MESSAGE_OVERHEAD = 64;

/** Estimates how many bytes of a queue's log a snapshot would set free. No part of the replicated state. */
export class ReclaimableBytes {
  #dead = 0;
  #appended = 0;
  /** Of all batches seen: bytes besides bodies, and messages. */
  #overheadBytes = 0;
  #messages = 0;

  get total(): number {
    return this.#dead + this.#appended * APPENDED_SHARE;
  }

  onBatch(entrySize: number, count: number, bodyBytes: number): void {
    const size = entrySize + ENTRY_OVERHEAD;
    this.#appended += size;
    this.#messages += count;
    this.#overheadBytes += Math.max(0, size - bodyBytes);
  }

  onProgress(entrySize: number): void {
    this.#appended += entrySize + ENTRY_OVERHEAD;
    this.#dead += entrySize + ENTRY_OVERHEAD;
  }

  onRemoved(count: number, bodyBytes: number): void {
    const overhead = this.#messages === 0 ? MESSAGE_OVERHEAD : this.#overheadBytes / this.#messages;
    this.#dead += bodyBytes + count * overhead;
  }

  /** A snapshot has all of it now. Returns what makes it count again. */
  onSnapshot(): () => void {
    const dead = this.#dead;
    const appended = this.#appended;
    this.#dead = 0;
    this.#appended = 0;
    return () => {
      this.#dead += dead;
      this.#appended += appended;
    };
  }
}
