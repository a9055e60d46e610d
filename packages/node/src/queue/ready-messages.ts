import { MessageFifo } from "./message-fifo.ts";
import type { QueueType } from "./queue-config.ts";
import type { MachineMessage } from "./queue-effects.ts";
import type { QueueEntry } from "./queue-entry.ts";
import { RequeuedMessages } from "./requeued-messages.ts";

/** Bits of one word of the map of non-empty levels. */
const WORD_BITS = 32;

/**
 * The ready messages of one priority. Everything that came back is served before what was never handed out:
 * only heads are handed out, so in a classic queue each returned message is older than all fresh ones.
 */
class ReadyLevel<M extends MachineMessage> {
  readonly fresh: MessageFifo<M> = new MessageFifo<M>();
  /** Classic: by original position. Quorum: in the order of return. */
  readonly returned: RequeuedMessages<M> | MessageFifo<M>;

  constructor(type: QueueType) {
    this.returned = type === "classic" ? new RequeuedMessages<M>() : new MessageFifo<M>();
  }

  get isEmpty(): boolean {
    return this.fresh.count === 0 && this.returned.count === 0;
  }

  peek(): QueueEntry<M> | undefined {
    return this.returned.count > 0 ? this.returned.peek() : this.fresh.peek();
  }

  take(): QueueEntry<M> | undefined {
    return this.returned.count > 0 ? this.returned.take() : this.fresh.take();
  }
}

/**
 * The messages of a queue that wait for a consumer, highest priority level first. Knows a lower bound of
 * the time at which the first head expires; only heads expire (RabbitMQ: TTL is looked at in the head only).
 */
export class ReadyMessages<M extends MachineMessage> {
  readonly #type: QueueType;
  /** Made when first used: most priority queues use few of their levels. */
  readonly #levels: (ReadyLevel<M> | undefined)[];
  /** Bit n is set when level n is not empty. */
  readonly #nonEmpty: Uint32Array;
  #count = 0;
  #bytes = 0;
  #nextExpiryMs = Infinity;

  constructor(type: QueueType, maxPriority: number) {
    this.#type = type;
    this.#levels = new Array<ReadyLevel<M> | undefined>(maxPriority + 1).fill(undefined);
    this.#nonEmpty = new Uint32Array(Math.floor(maxPriority / WORD_BITS) + 1);
  }

  get count(): number {
    return this.#count;
  }

  /** Octets of all bodies. */
  get bytes(): number {
    return this.#bytes;
  }

  /** No head expires before this time (ms); it may be too early, never too late. Infinity: none expires. */
  get nextExpiryMs(): number {
    return this.#nextExpiryMs;
  }

  /** Adds a message that was never handed out. */
  pushFresh(entry: QueueEntry<M>): void {
    const level = this.#levelOf(entry);
    const isHead = level.isEmpty;
    level.fresh.push(entry);
    if (isHead) this.#noteHead(entry.level, entry);
    this.#count++;
    this.#bytes += entry.bodySize;
  }

  /** Adds a message that came back from a consumer. */
  pushReturned(entry: QueueEntry<M>): void {
    const level = this.#levelOf(entry);
    level.returned.push(entry);
    this.#noteHead(entry.level, level.peek());
    this.#count++;
    this.#bytes += entry.bodySize;
  }

  /** Removes and returns the message to hand out next, expired or not; undefined: none is ready. */
  take(): QueueEntry<M> | undefined {
    const index = this.#highest();
    return index === -1 ? undefined : this.#takeFrom(index);
  }

  /** Removes and returns an expired head of any level, the highest first; undefined: no head has expired. */
  takeExpired(nowMs: number): QueueEntry<M> | undefined {
    if (nowMs < this.#nextExpiryMs) return undefined;
    let nextExpiryMs = Infinity;
    for (let index = this.#levels.length - 1; index >= 0; index--) {
      const expiresAtMs = this.#levels[index]?.peek()?.expiresAtMs;
      if (expiresAtMs === undefined) continue;
      if (expiresAtMs <= nowMs) return this.#takeFrom(index);
      if (expiresAtMs < nextExpiryMs) nextExpiryMs = expiresAtMs;
    }
    this.#nextExpiryMs = nextExpiryMs;
    return undefined;
  }

  /** Calls `visit` in the order of delivery until it returns false. */
  every(visit: (entry: QueueEntry<M>) => boolean): void {
    for (let index = this.#levels.length - 1; index >= 0; index--) {
      const level = this.#levels[index];
      if (level === undefined) continue;
      if (!level.returned.every(visit) || !level.fresh.every(visit)) return;
    }
  }

  #takeFrom(index: number): QueueEntry<M> | undefined {
    const level = this.#levels[index];
    const entry = level?.take();
    if (level === undefined || entry === undefined) return undefined;
    this.#count--;
    this.#bytes -= entry.bodySize;
    if (level.isEmpty) this.#setEmpty(index);
    else this.#noteHead(index, level.peek());
    return entry;
  }

  #levelOf(entry: QueueEntry<M>): ReadyLevel<M> {
    const level = this.#levels[entry.level];
    if (level !== undefined) return level;
    const created = new ReadyLevel<M>(this.#type);
    this.#levels[entry.level] = created;
    return created;
  }

  #noteHead(index: number, head: QueueEntry<M> | undefined): void {
    const word = index >>> 5;
    this.#nonEmpty[word] = (this.#nonEmpty[word] ?? 0) | (1 << (index & 31));
    const expiresAtMs = head?.expiresAtMs;
    if (expiresAtMs !== undefined && expiresAtMs < this.#nextExpiryMs) {
      this.#nextExpiryMs = expiresAtMs;
    }
  }

  #setEmpty(index: number): void {
    const word = index >>> 5;
    this.#nonEmpty[word] = (this.#nonEmpty[word] ?? 0) & ~(1 << (index & 31));
    if (this.#count === 0) this.#nextExpiryMs = Infinity;
  }

  /** The highest level with a message; -1: none. */
  #highest(): number {
    for (let word = this.#nonEmpty.length - 1; word >= 0; word--) {
      const bits = this.#nonEmpty[word] ?? 0;
      if (bits !== 0) return word * WORD_BITS + 31 - Math.clz32(bits);
    }
    return -1;
  }
}
