import type { Consumer } from "./consumer.ts";
import type { MachineMessage } from "./queue-effects.ts";
import type { QueueEntry } from "./queue-entry.ts";

/** The messages of a queue that were handed out and wait for their acknowledgement, at all its consumers together. */
export class OutstandingMessages<M extends MachineMessage, C> {
  #count = 0;
  #bytes = 0;

  get count(): number {
    return this.#count;
  }

  /** Octets of all bodies. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Notes a message as handed out to the consumer and returns its number there. */
  add(consumer: Consumer<M, C>, entry: QueueEntry<M>): number {
    this.#count++;
    this.#bytes += entry.bodySize;
    return consumer.unacked.add(entry);
  }

  /** Notes a message that another leader of the queue has handed out to the consumer, under this number. */
  takeOver(consumer: Consumer<M, C>, number: number, entry: QueueEntry<M>): void {
    this.#count++;
    this.#bytes += entry.bodySize;
    consumer.unacked.takeOver(number, entry);
  }

  /** Takes a message back from the consumer; undefined: settled already, or never delivered. */
  take(consumer: Consumer<M, C>, number: number): QueueEntry<M> | undefined {
    const entry = consumer.unacked.take(number);
    if (entry === undefined) return undefined;
    this.#count--;
    this.#bytes -= entry.bodySize;
    return entry;
  }

  /** Takes everything back, in the order in which it came into the queue. */
  takeAll(holders: readonly Consumer<M, C>[]): QueueEntry<M>[] {
    const entries: QueueEntry<M>[] = [];
    for (const holder of holders) {
      const last = holder.deliveryNumber;
      for (let n = holder.unacked.find(1, last); n !== -1; n = holder.unacked.find(n + 1, last)) {
        const entry = this.take(holder, n);
        if (entry !== undefined) entries.push(entry);
      }
    }
    return entries.sort((a, b) => a.sequence - b.sequence);
  }
}
