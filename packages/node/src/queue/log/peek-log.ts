import { EntryType } from "@leveret/raft";
import { Message, messageRouting } from "../message.ts";
import { RoutingReader } from "../routing-reader.ts";
import type { SlabStore } from "../slab-store.ts";
import { COMMAND_ENQUEUE } from "./command-type.ts";
import { decodeEnqueueBatch, type EnqueueBatch } from "./enqueue-batch.ts";
import { entryIndexOf, positionOf } from "./message-ref.ts";
import type { QueueGroup } from "./queue-group.ts";

/** Who reads messages of a queue without taking them. */
export interface PeekReading {
  /** The message at a place of the list; undefined: it has left meanwhile, or cannot be read. Valid during the call only. */
  show(at: number, message: Message | undefined): void;
  /** All were shown. */
  done(): void;
}

/** What is read at once: an entry comes whole, however large it is. */
const READ_BYTES = 1;

/**
 * Reads messages of a queue's log one entry after the other, beside the queue's own reading: who only looks must not push out what
 * consumers need next, and a message that has left meanwhile is no damage.
 */
export class PeekLog {
  readonly #group: QueueGroup;
  readonly #refs: readonly number[];
  readonly #reading: PeekReading;
  readonly #view: Message;
  readonly #routings = new RoutingReader();

  constructor(
    { group, slabs }: { readonly group: QueueGroup; readonly slabs: SlabStore },
    refs: readonly number[],
    reading: PeekReading,
  ) {
    this.#group = group;
    this.#refs = refs;
    this.#reading = reading;
    this.#view = new Message(slabs, messageRouting("", ""));
  }

  /** Shows all, then says so. */
  start(): void {
    this.#readFrom(0);
  }

  #readFrom(at: number): void {
    const ref = this.#refs[at];
    if (ref === undefined) {
      this.#reading.done();
      return;
    }
    const index = entryIndexOf(ref);
    this.#group.read(index, READ_BYTES, (result) => {
      const entry = result.kind === "entries" ? result.entries[0] : undefined;
      const isBatch =
        entry?.index === index &&
        entry.type === EntryType.Command &&
        entry.data[0] === COMMAND_ENQUEUE;
      const batch = isBatch ? decodeEnqueueBatch(entry.data) : undefined;
      this.#readFrom(this.#showEntry(at, index, batch));
    });
  }

  /** Shows the messages of one entry that follow each other in the list; returns the place behind them. */
  #showEntry(from: number, index: number, batch: EnqueueBatch | undefined): number {
    for (let at = from; ; at++) {
      const ref = this.#refs[at];
      if (ref === undefined || entryIndexOf(ref) !== index) return at;
      const item = positionOf(ref);
      if (batch === undefined || item >= batch.count) {
        this.#reading.show(at, undefined);
        continue;
      }
      const routing = this.#routings.read(batch.bytes, batch.routingOffsetAt(item));
      this.#view.showItem(batch, item, routing);
      this.#view.ref = ref;
      this.#reading.show(at, this.#view);
    }
  }
}
