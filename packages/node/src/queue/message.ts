import { FRAME_END } from "@leveret/amqp";
import { copySmall, VIEW_COPY_MAX, viewOf } from "./byte-copy.ts";
import { contentSize, type EnqueueBatch, type ItemPlace } from "./log/enqueue-batch.ts";
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
/** What stands before the property flags in a content header frame: frame header, class, weight, body size. */
const RUN_PROPERTIES_OFFSET = 19;

/** Who has to know that a message of a durable queue is needed no more. */
export interface MessageLog {
  /** Nobody holds the message: the object may be used for another one. */
  forget(message: Message): void;
}
const EMPTY: Buffer = Buffer.alloc(0);
const EMPTY_VIEW: DataView = viewOf(EMPTY);
/** Messages are shown one at a time, so one place serves them all. */
const place: ItemPlace = {
  isRun: false,
  priority: 0,
  propertiesSize: 0,
  bodySize: 0,
  contentOffset: 0,
};
const NO_ROUTING: MessageRouting = messageRouting("", "");

/** What the memory of a durable queue has of a message. */
export interface LoggedFacts {
  readonly ref: number;
  readonly level: number;
  readonly bodySize: number;
  readonly expiresAtMs: number;
}

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
  ref = 0;
  level = 0;
  expiresAtMs = -1;
  isLoaded = true;
  /** The log that `ref` is of. Such a message shares the bytes of its batch, and can do without them while it waits. */
  log: MessageLog | undefined = undefined;
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
    const copy = this.log === undefined ? this.#copy() : this.#share(this.log);
    this.#stored = copy;
    return copy as this;
  }

  release(): void {
    this.#references--;
    if (this.#references > 0) return;
    if (this.log !== undefined) {
      this.log.forget(this);
      return;
    }
    const { slab } = this;
    if (slab === undefined) return;
    this.slab = undefined;
    this.#store.release(slab, this.storedSize);
  }

  /** A message of a log without its bytes, with one reference. */
  static unloaded(store: SlabStore, log: MessageLog, facts: LoggedFacts): Message {
    const message = new Message(store, NO_ROUTING);
    message.persistent = true;
    message.reuse(log, facts);
    return message;
  }

  /** Makes a message of a log that nobody holds another one, without its bytes, with one reference. */
  reuse(log: MessageLog, facts: LoggedFacts): void {
    this.log = log;
    this.ref = facts.ref;
    this.level = facts.level;
    this.expiresAtMs = facts.expiresAtMs;
    this.bodySize = facts.bodySize;
    this.#references = 1;
    this.#dropBytes();
  }

  /** Takes on the bytes of an item of its log's batch. */
  showItem(batch: EnqueueBatch, item: number, routing: MessageRouting): void {
    const { bytes } = batch;
    batch.locate(item, place);
    const { contentOffset: start, propertiesSize, bodySize } = place;
    this.routing = routing;
    this.bytes = bytes;
    this.bodySource = bytes;
    this.bodySize = bodySize;
    this.priority = place.priority;
    if (place.isRun) {
      this.view = batch.view;
      this.runStart = start;
      this.runEnd = start + contentSize(true, propertiesSize, bodySize);
      this.propertiesStart = start + RUN_PROPERTIES_OFFSET;
      this.bodyStart = this.runEnd - FRAME_END_SIZE - bodySize;
    } else {
      this.runStart = -1;
      this.runEnd = -1;
      this.propertiesStart = start;
      this.bodyStart = start + propertiesSize;
    }
    this.propertiesEnd = this.propertiesStart + propertiesSize;
    this.isLoaded = true;
  }

  /** Lets go of the bytes of a logged message, or of the stored copy of this view: they can be read again. */
  unload(): void {
    const message = this.#references > 0 ? this : this.#stored;
    if (message?.log !== undefined && message.#references > 0) message.#dropBytes();
  }

  /** Nobody holds the message: it must not hold its log and its bytes. */
  discard(): void {
    this.log = undefined;
    this.#dropBytes();
  }

  #dropBytes(): void {
    this.bytes = EMPTY;
    this.bodySource = EMPTY;
    this.view = EMPTY_VIEW;
    this.runStart = -1;
    this.runEnd = -1;
    this.isLoaded = false;
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

  /** A stored message with the bytes of this view, which are the log's and never change. */
  #share(log: MessageLog): Message {
    const copy = new Message(this.#store, this.routing);
    copy.log = log;
    copy.ref = this.ref;
    copy.level = this.level;
    copy.expiresAtMs = this.expiresAtMs;
    copy.bytes = this.bytes;
    copy.view = this.view;
    copy.runStart = this.runStart;
    copy.runEnd = this.runEnd;
    copy.propertiesStart = this.propertiesStart;
    copy.propertiesEnd = this.propertiesEnd;
    copy.bodySource = this.bodySource;
    copy.bodyStart = this.bodyStart;
    copy.bodySize = this.bodySize;
    copy.priority = this.priority;
    copy.expirationMs = this.expirationMs;
    copy.persistent = this.persistent;
    copy.#references = 1;
    return copy;
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
