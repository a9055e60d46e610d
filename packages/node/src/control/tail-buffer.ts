import type { PublishWatcher } from "../queue/broker-queue.ts";
import type { Message } from "../queue/message.ts";
import { TAIL_BYTES_MAX } from "./control-limits.ts";
import { copyMessage, copySize, type MessageCopy } from "./message-copy.ts";

/** What comes out of a tail, in order. */
export type TailItem =
  | { readonly kind: "message"; readonly copy: MessageCopy }
  /** So many messages were left out here, as the reader was slow. */
  | { readonly kind: "dropped"; readonly count: number }
  /** Nothing follows. */
  | { readonly kind: "ended" };

/** Copies of messages for a reader who may be slow: what finds no room is dropped and counted, and never waits. */
export class TailBuffer implements PublishWatcher {
  readonly #countMax: number;
  readonly #bodyMax: number;
  #copies: MessageCopy[] = [];
  #head = 0;
  #size = 0;
  /** Messages that found no room behind the last copy. */
  #dropped = 0;
  #isEnded = false;
  #wake: (() => void) | undefined;

  constructor({ countMax, bodyMax }: { readonly countMax: number; readonly bodyMax: number }) {
    this.#countMax = countMax;
    this.#bodyMax = bodyMax;
  }

  published(message: Message): void {
    // What is behind a gap waits until the reader knows of the gap: so one number says how wide it is.
    const hasRoom =
      this.#copies.length - this.#head < this.#countMax && this.#size < TAIL_BYTES_MAX;
    if (this.#dropped > 0 || !hasRoom) {
      this.#dropped++;
      return;
    }
    const copy = copyMessage(message, this.#bodyMax);
    this.#copies.push(copy);
    this.#size += copySize(copy);
    this.#notify();
  }

  ended(): void {
    this.#isEnded = true;
    this.#notify();
  }

  /** The next item, when there is one. After "ended" always that. */
  async next(): Promise<TailItem> {
    for (;;) {
      const item = this.#take();
      if (item !== undefined) return item;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #take(): TailItem | undefined {
    const copy = this.#copies[this.#head];
    if (copy !== undefined) {
      this.#head++;
      this.#size -= copySize(copy);
      if (this.#head === this.#copies.length) {
        this.#copies = [];
        this.#head = 0;
      }
      return { kind: "message", copy };
    }
    const dropped = this.#dropped;
    this.#dropped = 0;
    if (dropped > 0) return { kind: "dropped", count: dropped };
    return this.#isEnded ? { kind: "ended" } : undefined;
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
