import type { MachineMessage } from "./queue-effects.ts";
import { type Slab, SlabStore, type SlabTenant } from "./slab-store.ts";

/** Where a message was published to; shared by all messages with the same exchange and routing key. */
export interface MessageRouting {
  readonly exchange: string;
  readonly routingKey: string;
  /** Exchange and routing key as two shortstrs, as basic.deliver, get-ok and return end with them. */
  readonly wire: Buffer;
}

/** Encodes `exchange` and `routingKey` (each at most 255 octets of UTF-8) for {@link MessageRouting.wire}. */
export function messageRouting(exchange: string, routingKey: string): MessageRouting {
  const name = Buffer.from(exchange);
  const key = Buffer.from(routingKey);
  const wire = Buffer.concat([Buffer.from([name.length]), name, Buffer.from([key.length]), key]);
  return { exchange, routingKey, wire };
}

/**
 * A message on its way through the broker: the property bytes (flags and list, as in the content header frame)
 * and the body, never decoded. Either a view of the socket's chunk, valid while the current publish is handled,
 * or a stored copy with a reference count. Both are the same class so that the hot path sees one shape.
 */
export class Message implements MachineMessage, SlabTenant {
  routing: MessageRouting;
  bytes: Buffer;
  propertiesStart = 0;
  propertiesEnd = 0;
  bodySource: Buffer;
  bodyStart = 0;
  bodySize = 0;
  priority = 0;
  expirationMs = -1;
  persistent = false;
  slab: Slab | undefined = undefined;
  slabOffset = 0;
  /** 0: a view that is not stored. */
  #references = 0;
  #stored: Message | undefined = undefined;
  readonly #store: SlabStore;

  constructor(store: SlabStore, routing: MessageRouting, bytes: Buffer) {
    this.#store = store;
    this.routing = routing;
    this.bytes = bytes;
    this.bodySource = bytes;
  }

  get storedSize(): number {
    return this.propertiesEnd - this.propertiesStart + this.bodySize;
  }

  /** References to the stored message; for tests. */
  get references(): number {
    return this.#references;
  }

  /** Counts a reference; a view is copied at its first keep, and later keeps of it count on the same copy. */
  keep(): this {
    if (this.#references > 0) {
      this.#references++;
      return this;
    }
    const stored = this.#stored;
    if (stored !== undefined && stored.#references > 0) {
      stored.#references++;
      return stored as this; // Message has no subclasses.
    }
    const copy = this.#copy();
    this.#stored = copy;
    return copy as this;
  }

  release(): void {
    this.#references--;
    if (this.#references > 0 || this.slab === undefined) return;
    const { slab, storedSize } = this;
    this.slab = undefined;
    this.#store.release(slab, storedSize);
  }

  /** The view will describe another message: forget the stored copy of the one before. */
  forgetStored(): void {
    this.#stored = undefined;
  }

  /** The body as a copy of its own. */
  copyBody(): Buffer {
    return Buffer.from(this.bodySource.subarray(this.bodyStart, this.bodyStart + this.bodySize));
  }

  /** The property flags and list as a copy of their own. */
  copyProperties(): Buffer {
    return Buffer.from(this.bytes.subarray(this.propertiesStart, this.propertiesEnd));
  }

  moveTo(slab: Slab, offset: number): void {
    const propertiesSize = this.propertiesEnd - this.propertiesStart;
    this.slab = slab;
    this.slabOffset = offset;
    this.bytes = slab.bytes;
    this.bodySource = slab.bytes;
    this.propertiesStart = offset;
    this.propertiesEnd = offset + propertiesSize;
    this.bodyStart = this.propertiesEnd;
  }

  /** Makes a stored message of given bytes, with one reference: dead letters, restored messages. */
  static store(
    store: SlabStore,
    routing: MessageRouting,
    properties: Buffer,
    source: Message,
  ): Message {
    const view = new Message(store, routing, properties);
    view.propertiesEnd = properties.length;
    view.bodySource = source.bodySource;
    view.bodyStart = source.bodyStart;
    view.bodySize = source.bodySize;
    view.priority = source.priority;
    view.expirationMs = source.expirationMs;
    view.persistent = source.persistent;
    return view.keep();
  }

  #copy(): Message {
    const copy = new Message(this.#store, this.routing, this.bytes);
    copy.bodySize = this.bodySize;
    copy.priority = this.priority;
    copy.expirationMs = this.expirationMs;
    copy.persistent = this.persistent;
    copy.#references = 1;
    copy.propertiesStart = this.propertiesStart;
    copy.propertiesEnd = this.propertiesEnd;
    if (SlabStore.isLarge(this.storedSize)) this.#copyLarge(copy);
    else this.#copyToSlab(copy);
    return copy;
  }

  #copyToSlab(copy: Message): void {
    const slab = this.#store.place(copy);
    const offset = slab.used - copy.storedSize;
    const propertiesSize = this.propertiesEnd - this.propertiesStart;
    copyBytes(this.bytes, this.propertiesStart, slab.bytes, offset, propertiesSize);
    copyBytes(this.bodySource, this.bodyStart, slab.bytes, offset + propertiesSize, this.bodySize);
    copy.moveTo(slab, offset);
  }

  /** A body that was assembled in a buffer of its own is shared instead of copied. */
  #copyLarge(copy: Message): void {
    copy.bytes = this.copyProperties();
    copy.propertiesStart = 0;
    copy.propertiesEnd = copy.bytes.length;
    const owned = this.bodySource.length === this.bodySize;
    copy.bodySource = owned ? this.bodySource : this.copyBody();
    copy.bodyStart = 0;
  }
}

/** Up to this size a loop beats the set-up cost of a native copy (measured: about 64 bytes on Node 20). */
const LOOP_COPY_MAX = 48;

/** Copies bytes between buffers, choosing the faster way for the size. */
export function copyBytes(
  source: Buffer,
  sourceStart: number,
  target: Buffer,
  targetStart: number,
  size: number,
): void {
  if (size > LOOP_COPY_MAX) {
    source.copy(target, targetStart, sourceStart, sourceStart + size);
    return;
  }
  for (let index = 0; index < size; index++) {
    target[targetStart + index] = source[sourceStart + index] as number; // Both ranges are checked by the caller.
  }
}
