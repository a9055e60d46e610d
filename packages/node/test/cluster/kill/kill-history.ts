import type { Operation } from "@leveret/raft/history";

/** One sending of a message. */
export interface SentMessage {
  readonly queue: string;
  readonly name: string;
  readonly publisher: number;
  readonly at: number;
  confirmedAt: number | undefined;
}

/** One delivery. */
export interface SeenDelivery {
  readonly queue: string;
  readonly name: string;
  readonly consumer: number;
  readonly at: number;
  readonly isRedelivered: boolean;
  ackedAt: number | undefined;
}

/** What the clients of the test have seen, in the words of the total-queue checker. */
export class KillHistory {
  #sent: SentMessage[] = [];
  #seen: SeenDelivery[] = [];
  #drains: Operation[] = [];
  #lastClient = 0;

  /** A number for a session of a client: one that reconnects goes on as another. */
  nextClient(): number {
    return ++this.#lastClient;
  }

  get operationCount(): number {
    return this.#sent.length + 2 * this.#seen.length;
  }

  onSend(queue: string, name: string, publisher: number, at: number): SentMessage {
    const sent = { queue, name, publisher, at, confirmedAt: undefined };
    this.#sent.push(sent);
    return sent;
  }

  onDeliver(delivery: Omit<SeenDelivery, "ackedAt">): SeenDelivery {
    const seen = { ...delivery, ackedAt: undefined };
    this.#seen.push(seen);
    return seen;
  }

  /** The queue was seen empty, twice, and no consumer had anything of it. */
  onDrained(queue: string, from: number, to: number): void {
    this.#drains.push({
      process: 0,
      kind: "drain",
      key: queue,
      input: null,
      output: null,
      invokedAt: from,
      completedAt: to,
      outcome: "ok",
    });
  }

  /** All of it; the history begins anew. */
  takeOperations(): Operation[] {
    const operations = [
      ...this.#sent.map(sendOperation),
      ...this.#seen.flatMap(deliveryOperations),
      ...this.#drains,
    ];
    this.#sent = [];
    this.#seen = [];
    this.#drains = [];
    return operations;
  }
}

function sendOperation({ queue, name, publisher, at, confirmedAt }: SentMessage): Operation {
  return {
    process: publisher,
    kind: "enqueue",
    key: queue,
    input: { message: name },
    output: null,
    invokedAt: at,
    completedAt: confirmedAt ?? Number.POSITIVE_INFINITY,
    outcome: confirmedAt === undefined ? "unknown" : "ok",
  };
}

function deliveryOperations(delivery: SeenDelivery): Operation[] {
  const { queue, name, consumer, at, isRedelivered, ackedAt } = delivery;
  const dequeue: Operation = {
    process: consumer,
    kind: "dequeue",
    key: queue,
    input: null,
    output: { message: name, redelivered: isRedelivered },
    invokedAt: at,
    completedAt: at,
    outcome: "ok",
  };
  if (ackedAt === undefined) return [dequeue];
  const settle: Operation = {
    process: consumer,
    kind: "settle",
    key: queue,
    input: { message: name, how: "ack" },
    output: null,
    invokedAt: ackedAt,
    // AMQP does not say that an ack has arrived.
    completedAt: Number.POSITIVE_INFINITY,
    outcome: "unknown",
  };
  return [dequeue, settle];
}
