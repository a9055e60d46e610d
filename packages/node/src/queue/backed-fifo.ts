import type { LogCursor } from "./log/log-cursor.ts";
import type { MessageBacking } from "./log/message-backing.ts";
import { MessageFifo } from "./message-fifo.ts";
import type { MachineMessage } from "./queue-effects.ts";
import { QueueEntry } from "./queue-entry.ts";

/**
 * First in, first out, for one level of a durable queue: messages of the log, which become objects only when they are the
 * head, and between them the transient ones, which are in memory. Their order is that of `sequence`.
 */
export class BackedFifo<M extends MachineMessage> {
  readonly #backing: MessageBacking<M>;
  readonly #level: number;
  readonly #cursor: LogCursor;
  readonly #transient: MessageFifo<M> = new MessageFifo<M>();
  /** The oldest logged message, taken from the cursor. */
  #head: QueueEntry<M> | undefined = undefined;
  /** Logged messages behind `#head`. The cursor may have more: those of a batch that is being applied. */
  #logged = 0;

  constructor(backing: MessageBacking<M>, level: number) {
    this.#backing = backing;
    this.#level = level;
    this.#cursor = backing.cursorOf(level);
  }

  get count(): number {
    return this.#logged + this.#transient.count + (this.#head === undefined ? 0 : 1);
  }

  /** Adds a transient message. */
  push(entry: QueueEntry<M>): void {
    this.#transient.push(entry);
  }

  /** The log has one message more for this queue. */
  pushLogged(): void {
    this.#logged++;
  }

  /** Passes over a message that is handed out without having waited. */
  passLogged(): void {
    this.#cursor.take();
  }

  /** After a restart: all that the log has is ready. Returns how many messages that is, and octets of their bodies. */
  recover(): { readonly count: number; readonly bytes: number } {
    const { count, bytes } = this.#cursor;
    this.#logged = count;
    return { count, bytes };
  }

  /** The oldest entry; undefined: empty. */
  peek(): QueueEntry<M> | undefined {
    if (this.#head === undefined && this.#logged > 0) this.#head = this.#takeLogged();
    const head = this.#head;
    const transient = this.#transient.peek();
    if (transient === undefined) return head;
    return head === undefined || transient.sequence < head.sequence ? transient : head;
  }

  /** Removes and returns the oldest entry; undefined: empty. */
  take(): QueueEntry<M> | undefined {
    const entry = this.peek();
    if (entry === undefined) return undefined;
    if (entry !== this.#head) return this.#transient.take();
    this.#head = undefined;
    return entry;
  }

  /** Removes everything: those with objects are given to `release`, the others leave the log as one range. */
  clear(release: (entry: QueueEntry<M>) => void): void {
    if (this.#head !== undefined) release(this.#head);
    this.#head = undefined;
    for (let entry = this.#transient.take(); entry !== undefined; entry = this.#transient.take()) {
      release(entry);
    }
    if (this.#logged === 0) return;
    this.#logged = 0;
    const passed = this.#cursor.skipAll();
    if (passed !== undefined) this.#backing.forgetRange(this.#level, passed.first, passed.last);
  }

  /**
   * Calls `visit` from the oldest to the newest, without the first `skip`, until it returns false; false: it did. Logged messages are
   * shown without their bytes, by objects that nobody may release.
   */
  every(visit: (entry: QueueEntry<M>) => boolean, skip = 0): boolean {
    const isLoggedOnly = this.#transient.count === 0;
    return isLoggedOnly ? this.#everyLogged(visit, skip) : this.#everyInOrder(visit, skip);
  }

  #everyLogged(visit: (entry: QueueEntry<M>) => boolean, skip: number): boolean {
    if (this.#head !== undefined && skip === 0 && !visit(this.#head)) return false;
    return this.#withCursor((cursor) => {
      const passed = Math.min(this.#logged, skip - (this.#head === undefined ? 0 : 1));
      cursor.skip(Math.max(0, passed));
      let left = this.#logged - Math.max(0, passed);
      let goesOn = true;
      for (; left > 0 && goesOn; left--) goesOn = visit(this.#entryAtCursor());
      return goesOn;
    });
  }

  /** With transient ones between them: each message is looked at, though those that are skipped need no object. */
  #everyInOrder(visit: (entry: QueueEntry<M>) => boolean, skip: number): boolean {
    const transient: QueueEntry<M>[] = [];
    this.#transient.every((entry) => transient.push(entry) > 0);
    let next = 0;
    let toSkip = skip;
    const showBefore = (sequence: number): boolean => {
      for (let entry = transient[next]; entry !== undefined; entry = transient[next]) {
        if (entry.sequence > sequence) return true;
        next++;
        if (toSkip > 0) toSkip--;
        else if (!visit(entry)) return false;
      }
      return true;
    };
    const head = this.#head;
    if (head !== undefined) {
      if (!showBefore(head.sequence)) return false;
      if (toSkip > 0) toSkip--;
      else if (!visit(head)) return false;
    }
    const goesOn = this.#withCursor((cursor) => {
      for (let left = this.#logged; left > 0; left--) {
        if (!showBefore(cursor.ref)) return false;
        if (toSkip > 0) {
          toSkip--;
          cursor.take();
        } else if (!visit(this.#entryAtCursor())) return false;
      }
      return true;
    });
    return goesOn && showBefore(Infinity);
  }

  /** Lets `walk` move the cursor, which stands where it was afterwards. */
  #withCursor(walk: (cursor: LogCursor) => boolean): boolean {
    const cursor = this.#cursor;
    const { count, ref } = cursor;
    const goesOn = walk(cursor);
    if (cursor.count < count) cursor.rewindTo(ref);
    return goesOn;
  }

  #takeLogged(): QueueEntry<M> {
    this.#logged--;
    return this.#entryAtCursor();
  }

  /** The message at the cursor, which moves past it. */
  #entryAtCursor(): QueueEntry<M> {
    const cursor = this.#cursor;
    const { ref, expiresAtMs, returnCount } = cursor;
    const message = this.#backing.messageAt(cursor, this.#level);
    cursor.take();
    const entry = new QueueEntry<M>(
      message,
      ref,
      this.#level,
      expiresAtMs === -1 ? undefined : expiresAtMs,
    );
    entry.returnCount = returnCount;
    return entry;
  }
}
