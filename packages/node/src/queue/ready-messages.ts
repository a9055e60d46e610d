import { BackedFifo } from "./backed-fifo.ts";
import type { MessageBacking } from "./log/message-backing.ts";
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
  readonly fresh: MessageFifo<M> | BackedFifo<M>;
  /** The same, if the queue has a log. */
  readonly backed: BackedFifo<M> | undefined;
  /** Classic: by original position. Quorum: in the order of return. */
  readonly returned: RequeuedMessages<M> | MessageFifo<M>;

  constructor(type: QueueType, backed: BackedFifo<M> | undefined) {
    this.backed = backed;
    this.fresh = backed ?? new MessageFifo<M>();
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

  clear(release: (entry: QueueEntry<M>) => void): void {
    this.backed?.clear(release);
    for (let entry = this.take(); entry !== undefined; entry = this.take()) release(entry);
  }
}

/**
 * The messages of a queue that wait for a consumer, highest priority level first. Knows a lower bound of
 * the time at which the first head expires; only heads expire (RabbitMQ: TTL is looked at in the head only).
 */
export class ReadyMessages<M extends MachineMessage> {
  readonly #type: QueueType;
  readonly #backing: MessageBacking<M> | undefined;
  /** Made when first used: most priority queues use few of their levels. */
  readonly #levels: (ReadyLevel<M> | undefined)[];
  /** Bit n is set when level n is not empty. */
  readonly #nonEmpty: Uint32Array;
  #count = 0;
  #bytes = 0;
  #nextExpiryMs = Infinity;

  /** `backing`: the log of a durable queue. */
  constructor(type: QueueType, maxPriority: number, backing?: MessageBacking<M>) {
    this.#type = type;
    this.#backing = backing;
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

  /** The message to hand out next has its bytes; if not, they are on their way. Only if there is one. */
  get isHeadLoaded(): boolean {
    if (this.#backing === undefined) return true;
    const message = this.#levels[this.#highest()]?.peek()?.message;
    return message === undefined || message.isLoaded || this.#backing.load(message);
  }

  /** The log of the queue cannot take dead letters as fast as messages expire. */
  get isBehind(): boolean {
    return this.#backing?.isBehind === true;
  }

  /** After a restart: all that the log has is ready. */
  recover(): void {
    if (this.#backing === undefined) return;
    for (const index of this.#backing.levels()) {
      const level = this.#levelOf(index);
      const recovered = level.backed?.recover();
      if (recovered === undefined || recovered.count === 0) continue;
      this.#count += recovered.count;
      this.#bytes += recovered.bytes;
      this.#noteHead(index, level.peek());
    }
  }

  /** The log has one more message, which was never handed out. */
  pushLogged(index: number, bodySize: number, expiresAtMs: number): void {
    const level = this.#levelOf(index);
    const isHead = level.isEmpty;
    level.backed?.pushLogged();
    if (isHead) this.#noteExpiry(index, expiresAtMs === -1 ? undefined : expiresAtMs);
    this.#count++;
    this.#bytes += bodySize;
  }

  /** The log has one more message, which goes to a consumer without waiting. */
  passLogged(index: number): void {
    this.#levelOf(index).backed?.passLogged();
  }

  /** The message came back, so often now: its log has to know. */
  noteReturn(message: M, count: number): void {
    if (message.ref !== 0) this.#backing?.noteReturn(message, count);
  }

  /** Removes everything. */
  clear(release: (entry: QueueEntry<M>) => void): void {
    for (const level of this.#levels) level?.clear(release);
    this.#count = 0;
    this.#bytes = 0;
    this.#nonEmpty.fill(0);
    this.#nextExpiryMs = Infinity;
  }

  /** Adds a message that was never handed out. */
  pushFresh(entry: QueueEntry<M>): void {
    const level = this.#levelOf(entry.level);
    const isHead = level.isEmpty;
    level.fresh.push(entry);
    if (isHead) this.#noteHead(entry.level, entry);
    this.#count++;
    this.#bytes += entry.bodySize;
  }

  /** Adds a message that came back from a consumer. */
  pushReturned(entry: QueueEntry<M>): void {
    const level = this.#levelOf(entry.level);
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

  /** As `take`, but undefined also if the bytes of the message are on their way. */
  takeLoaded(): QueueEntry<M> | undefined {
    const index = this.#highest();
    const message = this.#levels[index]?.peek()?.message;
    if (message === undefined) return undefined;
    if (!message.isLoaded && this.#backing?.load(message) !== true) return undefined;
    return this.#takeFrom(index);
  }

  /** Takes messages of a log out by their refs, wherever they stand in their level; in the order of delivery. */
  takeRefs(index: number, refs: ReadonlySet<number>): QueueEntry<M>[] {
    const level = this.#levels[index];
    if (level === undefined || refs.size === 0) return [];
    const found: QueueEntry<M>[] = [];
    const others: QueueEntry<M>[] = [];
    let last = -1;
    for (const ref of refs) last = Math.max(last, ref);
    // Only what came back may stand out of order.
    while (level.returned.count > 0 || (level.fresh.peek()?.sequence ?? Infinity) <= last) {
      const entry = this.#takeFrom(index);
      if (entry === undefined) break;
      const isWanted = entry.message.ref !== 0 && refs.has(entry.message.ref);
      (isWanted ? found : others).push(entry);
      if (found.length === refs.size && level.returned.count === 0) break;
    }
    for (const entry of others) this.pushReturned(entry);
    return found;
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

  /** Calls `visit` in the order of delivery, without the first `skip`, until it returns false. */
  every(visit: (entry: QueueEntry<M>) => boolean, skip: number): void {
    let left = skip;
    const show = (messages: ReadyLevel<M>["fresh"] | ReadyLevel<M>["returned"]): boolean => {
      const { count } = messages;
      const goesOn = left >= count || messages.every(visit, left);
      left = Math.max(0, left - count);
      return goesOn;
    };
    for (let index = this.#levels.length - 1; index >= 0; index--) {
      const level = this.#levels[index];
      if (level !== undefined && (!show(level.returned) || !show(level.fresh))) return;
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

  #levelOf(index: number): ReadyLevel<M> {
    const level = this.#levels[index];
    if (level !== undefined) return level;
    const backed = this.#backing && new BackedFifo<M>(this.#backing, index);
    const created = new ReadyLevel<M>(this.#type, backed);
    this.#levels[index] = created;
    return created;
  }

  #noteHead(index: number, head: QueueEntry<M> | undefined): void {
    this.#noteExpiry(index, head?.expiresAtMs);
  }

  /** The level has a head, which expires then. */
  #noteExpiry(index: number, expiresAtMs: number | undefined): void {
    const word = index >>> 5;
    this.#nonEmpty[word] = (this.#nonEmpty[word] ?? 0) | (1 << (index & 31));
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
