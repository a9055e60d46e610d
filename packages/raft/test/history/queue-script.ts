import type { Json, Operation, Settlement } from "../../src/history/index.ts";

/** A queue history written down step by step; each step is 10 ms after the one before and takes 5 ms. */
export class QueueScript {
  readonly operations: Operation[] = [];
  readonly #queue: string;
  #now = 0;

  constructor(queue = "q") {
    this.#queue = queue;
  }

  wait(ms: number): this {
    this.#now += ms;
    return this;
  }

  publish(message: string, facts: Partial<Operation> & { readonly ttlMs?: number } = {}): this {
    const { ttlMs, ...rest } = facts;
    const input = ttlMs === undefined ? { message } : { message, ttlMs };
    return this.#add({ kind: "enqueue", process: 1, input, ...rest });
  }

  deliver(message: string, facts: DeliveryFacts = {}): this {
    const { consumer = 10, queue = this.#queue, ...marks } = facts;
    const output: Json = { message, ...marks };
    return this.#add({ kind: "dequeue", process: consumer, key: queue, output });
  }

  settle(message: string, how: Settlement, facts: Partial<Operation> = {}): this {
    return this.#add({ kind: "settle", process: 10, input: { message, how }, ...facts });
  }

  consume(message: string, facts: DeliveryFacts = {}): this {
    const { consumer = 10, queue = this.#queue } = facts;
    return this.deliver(message, facts).settle(message, "ack", { process: consumer, key: queue });
  }

  drain(queue: string = this.#queue): this {
    return this.#add({ kind: "drain", process: 99, key: queue });
  }

  #add(facts: Partial<Operation> & { readonly kind: string; readonly process: number }): this {
    this.#now += 10;
    const outcome = facts.outcome ?? "ok";
    const end = outcome === "unknown" ? Number.POSITIVE_INFINITY : this.#now + 5;
    this.operations.push({
      key: this.#queue,
      input: null,
      output: null,
      invokedAt: this.#now,
      completedAt: end,
      ...facts,
      outcome,
    });
    return this;
  }
}

/** What a delivery says of itself, and who gets it. */
export interface DeliveryFacts {
  readonly consumer?: number;
  readonly queue?: string;
  readonly redelivered?: boolean;
  readonly deliveryCount?: number;
  readonly autoAck?: boolean;
}
