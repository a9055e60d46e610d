import type { Message } from "../message.ts";
import { entryIndexOf } from "./message-ref.ts";

interface Load {
  readonly message: Message;
  readonly done: () => void;
}

/** Places of those that were answered are given back when there are so many: removing from the front costs. */
const COMPACT_AT = 1024;

/** Who waits for the bytes of messages of a log, in the order of asking. */
export class MessageLoads {
  readonly #load: (message: Message) => boolean;
  readonly #onBug: (error: unknown) => void;
  /** The oldest first from `#head` on. */
  #waiting: Load[] = [];
  #head = 0;

  /** `load` says whether the bytes are here now, or else has them read. `onBug` hears what those who waited throw. */
  constructor(load: (message: Message) => boolean, onBug: (error: unknown) => void) {
    this.#load = load;
    this.#onBug = onBug;
  }

  get count(): number {
    return this.#waiting.length - this.#head;
  }

  /** Calls `done` when the bytes are here and those who asked before have been answered; without the bytes if they cannot be read. */
  add(message: Message, done: () => void): void {
    if (this.count === 0 && this.#isHere(message)) done();
    else this.#waiting.push({ message, done });
  }

  /** More bytes are here. Asks for those that are needed next. */
  answer(): void {
    for (let first = this.#waiting[this.#head]; first !== undefined; ) {
      if (!this.#isHere(first.message)) break;
      this.#head++;
      this.#tell(first);
      first = this.#waiting[this.#head];
    }
    if (this.#head < COMPACT_AT && this.#head < this.#waiting.length) return;
    if (this.#head * 2 < this.#waiting.length) return;
    this.#waiting = this.#waiting.slice(this.#head);
    this.#head = 0;
  }

  /** The entry at this index cannot be read: those who wait for it hear that. */
  giveUp(entryIndex: number): void {
    const isThere = ({ message }: Load): boolean => entryIndexOf(message.ref) === entryIndex;
    const waiting = this.#waiting.slice(this.#head);
    this.#waiting = waiting.filter((load) => !isThere(load));
    this.#head = 0;
    for (const load of waiting) if (isThere(load)) this.#tell(load);
    this.answer();
  }

  /** Nobody is answered any more. */
  clear(): void {
    this.#waiting = [];
    this.#head = 0;
  }

  #isHere(message: Message): boolean {
    return message.isLoaded || this.#load(message);
  }

  #tell({ done }: Load): void {
    try {
      done();
    } catch (error) {
      this.#onBug(error);
    }
  }
}
