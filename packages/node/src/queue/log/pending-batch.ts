import { ENQUEUE_BATCH_BYTES } from "../../limits.ts";
import { copySmall, VIEW_COPY_MAX } from "../byte-copy.ts";
import { Message, type MessageRouting, messageRouting } from "../message.ts";
import type { PublishReceipt } from "../publish-receipt.ts";
import { SlabStore } from "../slab-store.ts";
import { BatchNumbering, type BatchStanding } from "./batch-origin.ts";
import { COMMAND_ENQUEUE } from "./command-type.ts";
import {
  contentSize,
  decodeEnqueueBatch,
  ENQUEUE_HEADER_SIZE,
  ENQUEUE_VERSION,
  EnqueueBatch,
  ITEM_EXPIRY_SIZE,
  ITEM_HEADER_SIZE,
  ItemFlag,
  writeOrigin,
} from "./enqueue-batch.ts";
import { MESSAGES_PER_ENTRY_MAX } from "./message-ref.ts";

/** A transient message that came behind a logged one and takes its turn after it. */
interface Rider {
  /** It stands behind so many messages of the batch. */
  readonly position: number;
  /** Kept for the batch. */
  readonly message: Message;
}

/** A batch as the node has it that proposes it: with those who wait for it. */
export class PendingBatch extends EnqueueBatch {
  readonly routings: readonly MessageRouting[];
  readonly receipts: (PublishReceipt | undefined)[];
  readonly sequences: readonly number[];
  readonly riders: Rider[] = [];
  /** Octets of all bodies. */
  readonly bodyBytes: number;
  /** The log did not take it: see BatchStanding. */
  standing: BatchStanding = "next";
  /** Told once, after the receipts, when it is stored or known not to be. */
  onSettled: ((isAccepted: boolean, standing: BatchStanding) => void) | undefined;

  constructor(bytes: Buffer, items: BatchItems) {
    super(bytes, items.offsets, items.routingOffsets);
    this.routings = items.routings;
    this.receipts = items.receipts;
    this.sequences = items.sequences;
    this.bodyBytes = items.bodyBytes;
  }

  /** The same batch without some of its items; maybe without any. */
  without(items: ReadonlySet<number>): PendingBatch {
    return copyWithout(this, items);
  }
}

/** Copies the items of a batch that are not `dropped`, under its number. */
function copyWithout(batch: PendingBatch, dropped: ReadonlySet<number>): PendingBatch {
  const writer = new BatchWriter({ next: () => batch.origin });
  const view = new Message(NO_STORE, messageRouting("", ""));
  for (let item = 0; item < batch.count; item++) {
    if (dropped.has(item)) continue;
    view.showItem(batch, item, batch.routings[item] ?? view.routing);
    writer.add(view, {
      level: batch.levelAt(item),
      expiresAtMs: batch.expiresAtMsAt(item),
      receipt: batch.receipts[item],
      sequence: batch.sequences[item] ?? 0,
    });
  }
  return writer.finish();
}

/** A batch that another node has gathered, with nobody here who waits for its messages. @throws Error if it is none */
export function arrivedBatch(data: Uint8Array): PendingBatch {
  const items = new BatchItems();
  const batch = decodeEnqueueBatch(data);
  for (let item = 0; item < batch.count; item++) {
    items.offsets.push(batch.offsetAt(item));
    items.routingOffsets.push(batch.routingOffsetAt(item));
    items.bodyBytes += batch.bodySizeAt(item);
  }
  return new PendingBatch(batch.bytes, items);
}

class BatchItems {
  readonly offsets: number[] = [];
  readonly routingOffsets: number[] = [];
  readonly routings: MessageRouting[] = [];
  readonly receipts: (PublishReceipt | undefined)[] = [];
  readonly sequences: number[] = [];
  bodyBytes = 0;
}

/** What is written with a message besides its bytes. */
export interface ItemFacts {
  readonly level: number;
  /** -1: never. */
  readonly expiresAtMs: number;
  readonly receipt: PublishReceipt | undefined;
  readonly sequence: number;
}

/** Gathers the messages that come for one durable queue in a turn, as the entry they will be. */
export class BatchWriter {
  readonly #numbering: Pick<BatchNumbering, "next">;
  #bytes: Buffer = NO_BYTES;
  #end = 0;
  /** Bytes of the batch before: the next one is likely to be alike. */
  #lastSize = 0;
  #items: BatchItems = new BatchItems();
  #routing: MessageRouting | undefined = undefined;
  #routingOffset = 0;

  constructor(numbering: Pick<BatchNumbering, "next"> = new BatchNumbering(0, 0)) {
    this.#numbering = numbering;
  }

  get count(): number {
    return this.#items.offsets.length;
  }

  /** Bytes so far. */
  get size(): number {
    return this.#end;
  }

  /** Octets of all bodies so far. */
  get bodyBytes(): number {
    return this.#items.bodyBytes;
  }

  get isFull(): boolean {
    return this.count === MESSAGES_PER_ENTRY_MAX;
  }

  /** Bytes that a message would add at most. */
  sizeOf(message: Message): number {
    return (
      ITEM_HEADER_SIZE + ITEM_EXPIRY_SIZE + message.routing.tail.length + contentSizeOf(message)
    );
  }

  /** Adds a message; its bytes are copied. Only if not `isFull`. */
  add(message: Message, facts: ItemFacts): void {
    this.#ensure(this.sizeOf(message));
    const items = this.#items;
    items.offsets.push(this.#end);
    this.#writeHeader(message, facts);
    items.routingOffsets.push(this.#routingOffset);
    items.routings.push(message.routing);
    items.receipts.push(facts.receipt);
    items.sequences.push(facts.sequence);
    items.bodyBytes += message.bodySize;
    this.#writeContent(message);
  }

  /** The batch so far; the next message begins another one. */
  finish(): PendingBatch {
    if (this.count === 0) this.#ensure(0);
    this.#bytes.writeUInt16LE(this.count, 2);
    writeOrigin(this.#bytes, this.#numbering.next());
    const batch = new PendingBatch(this.#takeBytes(), this.#items);
    this.#lastSize = this.#end;
    this.#bytes = NO_BYTES;
    this.#end = 0;
    this.#items = new BatchItems();
    this.#routing = undefined;
    return batch;
  }

  #writeHeader(message: Message, { level, expiresAtMs }: ItemFacts): void {
    const bytes = this.#bytes;
    const at = this.#end;
    const { routing } = message;
    const isSameRouting = this.#routing === routing;
    bytes[at] =
      (message.runStart >= 0 ? ItemFlag.run : 0) |
      (isSameRouting ? ItemFlag.sameRouting : 0) |
      (expiresAtMs === -1 ? 0 : ItemFlag.expires);
    bytes[at + 1] = level;
    bytes[at + 2] = message.priority;
    bytes[at + 3] = 0;
    bytes.writeUInt32LE(message.propertiesEnd - message.propertiesStart, at + 4);
    bytes.writeUInt32LE(message.bodySize, at + 8);
    this.#end = at + ITEM_HEADER_SIZE;
    if (expiresAtMs !== -1) this.#end = bytes.writeDoubleLE(expiresAtMs, this.#end);
    if (isSameRouting) return;
    this.#routing = routing;
    this.#routingOffset = this.#end;
    // The tail of a deliver frame without the frame's end.
    routing.tail.copy(bytes, this.#end, 0, routing.tail.length - 1);
    this.#end += routing.tail.length - 1;
  }

  #writeContent(message: Message): void {
    const { runStart, runEnd, propertiesStart, propertiesEnd } = message;
    if (runStart < 0) {
      const { bodySource, bodyStart, bodySize } = message;
      this.#end += message.bytes.copy(this.#bytes, this.#end, propertiesStart, propertiesEnd);
      this.#end += bodySource.copy(this.#bytes, this.#end, bodyStart, bodyStart + bodySize);
      return;
    }
    const size = runEnd - runStart;
    if (size > VIEW_COPY_MAX) message.bytes.copy(this.#bytes, this.#end, runStart, runEnd);
    else copySmall(message.view, runStart, this.#view, this.#end, size);
    this.#end += size;
  }

  /** Of `#bytes`; made once for each buffer. */
  get #view(): DataView {
    if (this.#viewed !== this.#bytes) {
      this.#viewed = this.#bytes;
      const { buffer, byteOffset, length } = this.#bytes;
      this.#viewOfBytes = new DataView(buffer, byteOffset, length);
    }
    return this.#viewOfBytes;
  }
  #viewed: Buffer = NO_BYTES;
  #viewOfBytes: DataView = new DataView(NO_BYTES.buffer, 0, 0);

  #ensure(size: number): void {
    const isFirst = this.#end === 0;
    const needed = (isFirst ? ENQUEUE_HEADER_SIZE : this.#end) + size;
    if (needed > this.#bytes.length) this.#grow(needed);
    if (!isFirst) return;
    this.#bytes[0] = COMMAND_ENQUEUE;
    this.#bytes[1] = ENQUEUE_VERSION;
    this.#end = ENQUEUE_HEADER_SIZE;
  }

  /** One that can take any usual batch, if there is one; else as large as the last batch was, and later ones double. */
  #grow(needed: number): void {
    const free = needed <= ENQUEUE_BATCH_BYTES ? freeBuffers.pop() : undefined;
    const wanted = this.#end === 0 ? this.#lastSize : this.#bytes.length * 2;
    const size = Math.max(needed, Math.min(wanted, ENQUEUE_BATCH_BYTES));
    const grown = free ?? Buffer.allocUnsafeSlow(size);
    this.#bytes.copy(grown, 0, 0, this.#end);
    this.#bytes = grown;
  }

  /** What was written, in memory of its own if the buffer can be used again. */
  #takeBytes(): Buffer {
    const bytes = this.#bytes;
    const used = bytes.subarray(0, this.#end);
    if (bytes.length !== ENQUEUE_BATCH_BYTES || freeBuffers.length === FREE_BUFFERS_MAX)
      return used;
    freeBuffers.push(bytes);
    const own = Buffer.allocUnsafeSlow(used.length);
    own.set(used);
    return own;
  }
}

/**
 * Batches gather in these, and are copied when their size is known: a batch that outgrows its buffer again and again leaves garbage of
 * several times its size, and keeps memory that it does not use for as long as it is in the log's tail.
 */
const freeBuffers: Buffer[] = [];
/** More queues than this with messages in one turn have small batches mostly. */
const FREE_BUFFERS_MAX = 8;

const NO_BYTES: Buffer = Buffer.alloc(0);
/** Views keep nothing. */
const NO_STORE = new SlabStore();

function contentSizeOf(message: Message): number {
  const propertiesSize = message.propertiesEnd - message.propertiesStart;
  return contentSize(message.runStart >= 0, propertiesSize, message.bodySize);
}
