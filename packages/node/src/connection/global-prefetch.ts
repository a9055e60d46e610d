import type { Broker } from "../broker/broker.ts";
import type { ChannelConsumer } from "./channel-consumer.ts";

/**
 * basic.qos global=true: one limit for all consumers of a channel (RabbitMQ's meaning of the flag). A queue asks
 * for a credit before each delivery; the channel grants as many as the limit leaves, in the order of asking.
 */
export class GlobalPrefetch {
  readonly #broker: Broker;
  #limit = 0;
  #outstanding = 0;
  #granted = 0;
  #waiting: ChannelConsumer[] = [];

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /** false: there is no limit. */
  get isActive(): boolean {
    return this.#limit > 0;
  }

  get limit(): number {
    return this.#limit;
  }

  /** Unacknowledged messages that count against the limit. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** Sets the limit (0: none) for the running consumers, too. `outstanding`: what they hold unacknowledged. */
  setLimit(limit: number, outstanding: number, consumers: Iterable<ChannelConsumer>): void {
    const wasActive = this.isActive;
    this.#limit = limit;
    if (this.isActive !== wasActive) {
      this.#outstanding = outstanding;
      this.#granted = 0;
      this.#waiting = [];
      this.#switchConsumers(consumers);
    }
    this.#grant();
  }

  /** A limited consumer got a message, with a credit granted before. */
  delivered(consumer: ChannelConsumer): void {
    if (!consumer.isLimited) return;
    this.#outstanding++;
    if (this.#granted > 0) this.#granted--;
  }

  /** Messages of a consumer, cancelled or not, were acknowledged or returned; basic.get does not count (RabbitMQ). */
  settled(consumer: ChannelConsumer, count: number): void {
    if (this.isActive && !consumer.isGetter) this.countSettled(count);
  }

  /** `count` messages are not outstanding any more. */
  countSettled(count: number): void {
    this.#outstanding = Math.max(0, this.#outstanding - count);
    this.#grant();
  }

  creditWanted(consumer: ChannelConsumer): void {
    if (!this.isActive) return;
    this.#waiting.push(consumer);
    this.#grant();
  }

  creditUnused(): void {
    if (this.#granted > 0) this.#granted--;
    this.#grant();
  }

  #switchConsumers(consumers: Iterable<ChannelConsumer>): void {
    const now = this.#broker.clock.now();
    for (const consumer of consumers) {
      if (consumer.noAck || consumer.handle === undefined) continue;
      consumer.isLimited = this.isActive;
      consumer.queue.setNeedsCredit(now, consumer.handle, this.isActive);
    }
  }

  #grant(): void {
    const now = this.#broker.clock.now();
    while (this.#waiting.length > 0 && this.#outstanding + this.#granted < this.#limit) {
      const consumer = this.#waiting.shift(); // At most one entry for each consumer of the channel.
      if (consumer?.handle === undefined || consumer.isCancelled) continue;
      this.#granted++;
      consumer.queue.grantCredit(now, consumer.handle);
    }
  }
}
