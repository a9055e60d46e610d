import { DELIVERY_QUANTUM_BYTES, DELIVERY_QUANTUM_MESSAGES } from "../limits.ts";
import type { Consumer } from "./consumer.ts";
import type { ConsumerRoster } from "./consumer-roster.ts";
import type { OutstandingMessages } from "./outstanding-messages.ts";
import type { QueueConfig } from "./queue-config.ts";
import type { MachineMessage, QueueEffects } from "./queue-effects.ts";
import type { QueueEntry } from "./queue-entry.ts";
import type { ReadyMessages } from "./ready-messages.ts";
import type { Retention } from "./retention.ts";

/** The parts of a queue machine that deliveries move messages between. */
export interface QueueParts<M extends MachineMessage, C> {
  readonly effects: QueueEffects<M, C>;
  readonly ready: ReadyMessages<M>;
  readonly roster: ConsumerRoster<M, C>;
  readonly outstanding: OutstandingMessages<M, C>;
  readonly retention: Retention<M>;
}

/** Hands ready messages to the consumers whose turn it is, a quantum at a time. */
export class DeliveryLoop<M extends MachineMessage, C> {
  /** x-delivery-count of a first delivery: quorum queues count from 0, classic queues have no such header. */
  readonly firstDeliveryCount: number;
  readonly #effects: QueueEffects<M, C>;
  readonly #ready: ReadyMessages<M>;
  readonly #roster: ConsumerRoster<M, C>;
  readonly #outstanding: OutstandingMessages<M, C>;
  readonly #retention: Retention<M>;
  readonly #isSingleActive: boolean;
  #isResumeDue = false;

  constructor(config: Pick<QueueConfig, "type" | "singleActiveConsumer">, parts: QueueParts<M, C>) {
    this.firstDeliveryCount = config.type === "quorum" ? 0 : -1;
    this.#isSingleActive = config.singleActiveConsumer;
    this.#effects = parts.effects;
    this.#ready = parts.ready;
    this.#roster = parts.roster;
    this.#outstanding = parts.outstanding;
    this.#retention = parts.retention;
  }

  /** Hands ready messages out until none, no consumer or the quantum is left. */
  run(now: number): void {
    if (this.#isResumeDue || this.#ready.count === 0 || this.#roster.next() === undefined) return;
    this.#deliverQuantum(now);
  }

  /** Goes on after `moreToDeliver`. */
  resume(now: number): void {
    this.#isResumeDue = false;
    this.run(now);
  }

  /** Uses a granted credit; false: there is no message, or the consumer cannot receive. */
  serveCredit(now: number, consumer: Consumer<M, C>): boolean {
    const isServed = this.#isSingleActive ? consumer.isActive : consumer.isAttached;
    if (!isServed || !consumer.canReceive) return false;
    this.#retention.dropAllExpired(now);
    const entry = this.#ready.takeLoaded();
    if (entry === undefined) return false;
    this.#deliver(consumer, entry);
    return true;
  }

  /** The value for x-delivery-count, -1 when the queue type has no such header. */
  deliveryCountOf(entry: QueueEntry<M>): number {
    return this.firstDeliveryCount === -1 ? -1 : entry.returnCount;
  }

  #deliverQuantum(now: number): void {
    let messagesLeft = DELIVERY_QUANTUM_MESSAGES;
    let bytesLeft = DELIVERY_QUANTUM_BYTES;
    while (this.#ready.count > 0) {
      const consumer = this.#roster.next();
      if (consumer === undefined) return;
      if (messagesLeft === 0 || bytesLeft <= 0 || !this.#retention.dropExpired(now)) {
        this.#wantResume();
        return;
      }
      if (consumer.needsCredit) {
        if (this.#ready.count > 0 && this.#ready.isHeadLoaded) this.#askCredit(consumer);
        return;
      }
      const entry = this.#ready.takeLoaded();
      if (entry === undefined) return;
      this.#deliver(consumer, entry);
      bytesLeft -= entry.bodySize;
      messagesLeft--;
    }
  }

  #wantResume(): void {
    this.#isResumeDue = true;
    this.#effects.moreToDeliver();
  }

  /**
   * Asks for a credit and waits for the answer: who comes next in the rotation gets the message only in
   * `resume`, after the driver could grant the credit, or else it would take every turn.
   */
  #askCredit(consumer: Consumer<M, C>): void {
    if (this.#ready.count === 0) return;
    consumer.isCreditAsked = true;
    this.#roster.suspend(consumer);
    this.#effects.creditWanted(consumer);
    if (this.#roster.next() !== undefined) this.#wantResume();
  }

  #deliver(consumer: Consumer<M, C>, entry: QueueEntry<M>): void {
    const redelivered = entry.returnCount > 0;
    const number = consumer.noAck ? 0 : this.#outstanding.add(consumer, entry);
    const deliveryCount = this.deliveryCountOf(entry);
    this.#effects.deliver(consumer, number, entry.message, redelivered, deliveryCount);
    if (consumer.noAck) entry.message.release();
    this.#roster.served(consumer);
  }
}
