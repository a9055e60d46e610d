import { FRAME_END } from "@leveret/amqp";
import { copySmall, VIEW_COPY_MAX, viewOf } from "./byte-copy.ts";
import type { MachineMessage } from "./queue-effects.ts";
import { type Slab, SlabStore, type SlabTenant } from "./slab-store.ts";

/** Where a message was published to; shared by all messages with the same exchange and routing key. */
export interface MessageRouting {
  readonly exchange: string;
  readonly routingKey: string;
  /** How a basic.deliver frame ends: exchange and routing key as two shortstrs, and the frame's end octet. */
  readonly tail: Buffer;
  readonly tailView: DataView;
}

/** Encodes `exchange` and `routingKey` (each at most 255 octets of UTF-8) for {@link MessageRouting.tail}. */
export function messageRouting(exchange: string, routingKey: string): MessageRouting {
  const name = Buffer.from(exchange);
  const key = Buffer.from(routingKey);
  const tail = Buffer.allocUnsafeSlow(name.length + key.length + 3);
  tail[0] = name.length;
  name.copy(tail, 1);
  tail[name.length + 1] = key.length;
  key.copy(tail, name.length + 2);
  tail[tail.length - 1] = FRAME_END;
  return { exchange, routingKey, tail, tailView: viewOf(tail) };
}

const FRAME_END_SIZE = 1;
const EMPTY: Buffer = Buffer.alloc(0);
const EMPTY_VIEW: DataView = viewOf(EMPTY);

/**
 * A message on its way through the broker: the property bytes (flags and list, as in the content header frame)
 * and the body, never decoded. Either a view of the socket's chunk, valid while the current publish is handled,
 * or a stored copy with a reference count. Both are the same class so that the hot path sees one shape.
 *
 * A message whose header frame and only body frame stood side by side in the input is kept as that run of bytes,
 * frames and all: it goes to a consumer with one copy, in which only the channel numbers change.
 */
export class Message implements MachineMessage, SlabTenant {
  routing: MessageRouting;
  /** Holds the properties, and the whole run if there is one. */
  bytes: Buffer = EMPTY;
  /** Of `bytes`, for small copies; set if there is a run. */
  view: DataView = EMPTY_VIEW;
  /** The run of whole frames in `bytes`; -1: there is none. */
  runStart = -1;
  runEnd = -1;
  propertiesStart = 0;
  propertiesEnd = 0;
  bodySource: Buffer = EMPTY;
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

  constructor(store: SlabStore, routing: MessageRouting) {
    this.#store = store;
    this.routing = routing;
  }

  /** Bytes that a stored copy takes. */
  get storedSize(): number {
    return this.runStart >= 0
      ? this.runEnd - this.runStart
      : this.propertiesEnd - this.propertiesStart + this.bodySize;
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

  /** Other properties for the same body: the run no longer holds them. */
  replaceProperties(encoded: Buffer): void {
    this.bytes = encoded;
    this.propertiesStart = 0;
    this.propertiesEnd = encoded.length;
    this.runStart = -1;
    this.runEnd = -1;
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
    if (this.runStart >= 0) {
      this.propertiesStart += offset - this.runStart;
      this.runEnd += offset - this.runStart;
      this.runStart = offset;
      this.bodyStart = this.runEnd - FRAME_END_SIZE - this.bodySize;
    } else {
      this.propertiesStart = offset;
      this.bodyStart = offset + propertiesSize;
    }
    this.propertiesEnd = this.propertiesStart + propertiesSize;
    this.slab = slab;
    this.slabOffset = offset;
    this.bytes = slab.bytes;
    this.view = slab.view;
    this.bodySource = slab.bytes;
  }

  /** Makes a stored message of other properties and the body of `source`, with one reference (dead letters). */
  static store(
    store: SlabStore,
    routing: MessageRouting,
    properties: Buffer,
    source: Message,
  ): Message {
    const view = new Message(store, routing);
    view.replaceProperties(properties);
    view.bodySource = source.bodySource;
    view.bodyStart = source.bodyStart;
    view.bodySize = source.bodySize;
    view.priority = source.priority;
    view.expirationMs = source.expirationMs;
    view.persistent = source.persistent;
    return view.#copy(source);
  }

  /** `bodyOf` holds the body: if it lies in a slab, making room for the copy may move it. */
  #copy(bodyOf: Message = this): Message {
    const copy = new Message(this.#store, this.routing);
    copy.bodySize = this.bodySize;
    copy.bodyStart = this.bodyStart;
    copy.priority = this.priority;
    copy.expirationMs = this.expirationMs;
    copy.persistent = this.persistent;
    copy.#references = 1;
    copy.propertiesStart = this.propertiesStart;
    copy.propertiesEnd = this.propertiesEnd;
    if (SlabStore.isLarge(this.storedSize)) {
      this.#copyLarge(copy);
      return copy;
    }
    copy.runStart = this.runStart;
    copy.runEnd = this.runEnd;
    this.#copyToSlab(copy, bodyOf);
    return copy;
  }

  #copyToSlab(copy: Message, bodyOf: Message): void {
    const size = this.storedSize;
    const slab = this.#store.place(copy);
    const offset = slab.used - size;
    if (this.runStart < 0) {
      this.bytes.copy(slab.bytes, offset, this.propertiesStart, this.propertiesEnd);
      const bodyOffset = offset + this.propertiesEnd - this.propertiesStart;
      const { bodySource, bodyStart, bodySize } = bodyOf;
      bodySource.copy(slab.bytes, bodyOffset, bodyStart, bodyStart + bodySize);
    } else if (size > VIEW_COPY_MAX) {
      this.bytes.copy(slab.bytes, offset, this.runStart, this.runEnd);
    } else {
      copySmall(this.view, this.runStart, slab.view, offset, size);
    }
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
