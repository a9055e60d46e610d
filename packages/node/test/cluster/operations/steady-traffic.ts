import type { ConfirmChannel } from "amqplib";
import { eventually } from "../../shell/cluster-steps.ts";

/** Confirmed messages under way: enough that a pause shows, few enough for two cores. */
const WINDOW = 16;

/** One publisher that goes on until it is stopped, and one consumer, of one queue; messages have numbers. */
export class SteadyTraffic {
  /** Confirmed. */
  confirmed = 0;
  /** Refused by the broker. */
  refused = 0;
  /** How often each number was delivered. */
  readonly deliveries = new Map<number, number>();
  /** Deliveries in another order than that of publishing. */
  disordered = 0;
  readonly #publisher: ConfirmChannel;
  readonly #queue: string;
  #published = 0;
  #isStopped = false;

  constructor(publisher: ConfirmChannel, queue: string) {
    this.#publisher = publisher;
    this.#queue = queue;
    for (let count = 0; count < WINDOW; count++) this.#publish();
  }

  async consume(channel: ConfirmChannel): Promise<void> {
    let last = -1;
    await channel.prefetch(10);
    await channel.consume(this.#queue, (message) => {
      if (message === null) return;
      const number = message.content.readUInt32LE(0);
      this.deliveries.set(number, (this.deliveries.get(number) ?? 0) + 1);
      if (number < last) this.disordered++;
      last = number;
      channel.ack(message);
    });
  }

  /** Waits for so many confirms more. */
  async flow(count = 200): Promise<void> {
    const goal = this.confirmed + count;
    await eventually(() => {
      if (this.confirmed < goal) throw new Error(`${goal - this.confirmed} confirms are missing`);
    });
  }

  /** Waits until all is confirmed, and returns what was confirmed and not delivered exactly once when the queue has drained. */
  async finish(): Promise<{ readonly lost: number; readonly repeated: number }> {
    this.#isStopped = true;
    await eventually(() => {
      const left = this.#published - this.confirmed - this.refused;
      if (left > 0) throw new Error(`${left} messages are not confirmed`);
    });
    await eventually(() => {
      if (this.deliveries.size < this.confirmed) throw new Error("the queue has not drained");
    }).catch(() => undefined);
    const repeated = [...this.deliveries.values()].filter((count) => count > 1).length;
    return { lost: this.confirmed - this.deliveries.size, repeated };
  }

  #publish(): void {
    const content = Buffer.alloc(64);
    content.writeUInt32LE(this.#published++, 0);
    this.#publisher.sendToQueue(this.#queue, content, { persistent: true }, (error: unknown) => {
      this.#onConfirm(error === null || error === undefined);
    });
  }

  #onConfirm(isConfirmed: boolean): void {
    if (isConfirmed) this.confirmed++;
    else this.refused++;
    if (!this.#isStopped) this.#publish();
  }
}
