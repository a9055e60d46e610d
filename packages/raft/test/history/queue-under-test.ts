import type { Operation } from "../../src/history/index.ts";
import { QueueScript } from "./queue-script.ts";
import type { SeededRandom } from "./seeded-random.ts";

interface Held {
  readonly message: string;
  readonly failures: number;
  readonly consumer: number;
}

interface Waiting {
  readonly message: string;
  readonly failures: number;
  readonly isRedelivered: boolean;
}

const LIMIT = 2;

/** The rules that {@link randomQueueHistory} keeps. */
export const QUEUE_UNDER_TEST_RULES = {
  isAckFinal: true,
  isEveryDeliverySeen: true,
  queues: { q: { deadLetterQueue: "dlq", deliveryLimit: LIMIT, abandonedCounts: "always" } },
} as const;

/** What a real queue, used at random by publishers and consumers that come and go, shows of itself. */
export function randomQueueHistory(random: SeededRandom, steps: number): Operation[] {
  return new RandomQueueRun(random).run(steps);
}

class RandomQueueRun {
  readonly #random: SeededRandom;
  readonly #script = new QueueScript();
  #waiting: Waiting[] = [];
  #held: Held[] = [];
  readonly #dead: string[] = [];
  #published = 0;
  #consumers = [10, 11];
  #nextConsumer = 12;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  run(steps: number): Operation[] {
    for (let step = 0; step < steps; step++) this.#step();
    while (this.#waiting.length + this.#held.length > 0) {
      for (const held of [...this.#held]) this.#settle(held);
      if (this.#waiting.length > 0) this.#deliver();
    }
    this.#script.drain();
    for (const message of this.#dead) this.#script.consume(message, { queue: "dlq" });
    return this.#script.drain("dlq").operations;
  }

  #step(): void {
    const dice = this.#random.below(100);
    const held = this.#held[this.#random.below(Math.max(1, this.#held.length))];
    if (dice < 40) this.#publish();
    else if (dice < 70 && this.#waiting.length > 0) this.#deliver();
    else if (dice < 97 && held !== undefined) this.#settle(held);
    else if (dice >= 97) this.#loseConsumer();
  }

  #publish(): void {
    const message = `m${this.#published++}`;
    const fate = this.#random.below(100);
    const outcome = fate < 85 ? "ok" : fate < 95 ? "unknown" : "fail";
    this.#script.publish(message, { process: this.#random.below(3), outcome });
    if (outcome === "fail" || (outcome === "unknown" && this.#random.chance(50))) return;
    this.#waiting.push({ message, failures: 0, isRedelivered: false });
  }

  #deliver(): void {
    const next = this.#waiting.shift();
    if (next === undefined) return;
    const { message, failures, isRedelivered } = next;
    const consumer = this.#random.pick(this.#consumers);
    const marks = isRedelivered ? { redelivered: true } : {};
    this.#script.deliver(message, { consumer, deliveryCount: failures, ...marks });
    this.#held.push({ message, failures, consumer });
  }

  #settle(held: Held): void {
    this.#held = this.#held.filter((each) => each !== held);
    const { message, failures, consumer: process } = held;
    const how = this.#random.pick(["ack", "ack", "ack", "requeue", "return", "discard"] as const);
    this.#script.settle(message, how, { process });
    if (how === "requeue") this.#giveBack(held, failures + 1);
    if (how === "return") this.#giveBack(held, failures);
    if (how === "discard") this.#dead.push(message);
  }

  #giveBack({ message }: Held, failures: number): void {
    if (failures > LIMIT) this.#dead.push(message);
    else this.#waiting = [{ message, failures, isRedelivered: true }, ...this.#waiting];
  }

  #loseConsumer(): void {
    const lost = this.#random.pick(this.#consumers);
    this.#consumers = this.#consumers.map((each) => (each === lost ? this.#nextConsumer++ : each));
    const its = this.#held.filter((each) => each.consumer === lost);
    this.#held = this.#held.filter((each) => each.consumer !== lost);
    for (const each of its.toReversed()) this.#giveBack(each, each.failures + 1);
  }
}
