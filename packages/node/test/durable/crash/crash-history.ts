import type { Json, Operation, Settlement } from "@leveret/raft/history";

/** A message as it was published, with all that happened to it. */
export interface PublishedMessage {
  readonly queue: string;
  readonly name: string;
  /** undefined: delivered, but not published since the history began. */
  readonly attempt: PublishAttempt | undefined;
  readonly deliveries: DeliveredMessage[];
}

interface PublishAttempt {
  readonly lane: number;
  readonly at: number;
  readonly ttlMs: number | undefined;
  confirmedAt: number | undefined;
}

/** One delivery. */
export interface DeliveredMessage {
  readonly lane: number;
  readonly at: number;
  readonly isRedelivered: boolean;
  readonly deliveryCount: number | undefined;
  /** How long before a kill, ms, if that was so close that the broker may have forgotten it. */
  inDoubtMs: number | undefined;
  settlement:
    | { readonly how: Settlement; readonly at: number; arrivedAt: number | undefined }
    | undefined;
}

/** What may be excused by a kill at that very moment, and is counted so that people see how much that was. */
export interface Excuses {
  /** Came again without the redelivered mark, after a delivery in the last moments. */
  unmarked: number;
  /** How long before the kill that delivery was at most, ms. */
  unmarkedMs: number;
  /** Delivered in the last moments, never confirmed, gone. */
  unconfirmed: number;
}

/**
 * What the clients of the crash test see. A kill takes back what no one was promised: that a message was delivered, or its ack
 * taken, in the moments before. `operations` tells the rest in the words of the total-queue checker.
 */
export class CrashHistory {
  readonly #messages = new Map<string, PublishedMessage>();
  /** Of the session under way. */
  #deliveries: DeliveredMessage[] = [];
  #lastDurablePublishAt = Number.NEGATIVE_INFINITY;
  readonly #drains: Operation[] = [];
  #operationCount = 0;

  /** Operations so far, to keep histories within bounds. */
  get operationCount(): number {
    return this.#operationCount;
  }

  /**
   * When the latest message was published of those that are confirmed: what the broker was told before is on the disk, or nothing
   * of a moment that follows.
   */
  get lastDurablePublishAt(): number {
    return this.#lastDurablePublishAt;
  }

  onPublish(
    queue: string,
    name: string,
    { lane, at, ttlMs }: { lane: number; at: number; ttlMs: number | undefined },
  ): PublishedMessage {
    const attempt = { lane, at, ttlMs, confirmedAt: undefined };
    const message = { queue, name, attempt, deliveries: [] };
    this.#messages.set(keyOf(queue, name), message);
    this.#operationCount++;
    return message;
  }

  onConfirm({ attempt }: PublishedMessage, at: number): void {
    if (attempt === undefined) return;
    attempt.confirmedAt = at;
    this.#lastDurablePublishAt = Math.max(this.#lastDurablePublishAt, attempt.at);
  }

  onDeliver(
    queue: string,
    name: string,
    seen: Pick<DeliveredMessage, "lane" | "at" | "isRedelivered" | "deliveryCount">,
  ): DeliveredMessage {
    const key = keyOf(queue, name);
    let message = this.#messages.get(key);
    if (message === undefined) {
      message = { queue, name, attempt: undefined, deliveries: [] };
      this.#messages.set(key, message);
    }
    const delivery = { ...seen, inDoubtMs: undefined, settlement: undefined };
    message.deliveries.push(delivery);
    this.#deliveries.push(delivery);
    this.#operationCount++;
    return delivery;
  }

  onSettle(delivery: DeliveredMessage, how: Settlement, at: number): void {
    delivery.settlement = { how, at, arrivedAt: undefined };
    this.#operationCount++;
  }

  /** The broker has read all of these settlements. */
  onArrived(deliveries: readonly DeliveredMessage[], at: number): void {
    for (const { settlement } of deliveries) {
      if (settlement !== undefined) settlement.arrivedAt = at;
    }
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

  /**
   * The broker was ended, and all connections are gone.
   * @param finalBefore what the broker had been told by then it has to remember
   */
  endSession(endedAt: number, finalBefore: number): void {
    for (const delivery of this.#deliveries) {
      if (delivery.at > finalBefore) delivery.inDoubtMs = endedAt - delivery.at;
      const { settlement } = delivery;
      if (settlement?.arrivedAt === undefined || settlement.arrivedAt <= finalBefore) continue;
      settlement.arrivedAt = undefined;
    }
    this.#deliveries = [];
  }

  /** The history for the total-queue checker, without what `excuses` then counts. Ends it: the next one begins empty. */
  takeOperations(excuses: Excuses): Operation[] {
    const operations: Operation[] = [];
    for (const message of this.#messages.values()) {
      addAttempt(operations, message);
      for (const delivery of withoutDoubtful(message, excuses)) {
        addDelivery(operations, message, delivery);
      }
    }
    for (const drain of this.#drains) operations.push(drain);
    this.#messages.clear();
    this.#deliveries = [];
    this.#drains.length = 0;
    this.#operationCount = 0;
    return operations;
  }
}

function keyOf(queue: string, name: string): string {
  return `${queue} ${name}`;
}

function withoutDoubtful(message: PublishedMessage, excuses: Excuses): DeliveredMessage[] {
  const { attempt, deliveries } = message;
  const isConfirmed = attempt?.confirmedAt !== undefined;
  return deliveries.filter((delivery, nth) => {
    if (delivery.inDoubtMs === undefined) return true;
    const rest = deliveries.slice(nth);
    // One that comes without a mark shows that all before it are forgotten, marked ones as well.
    if (rest.slice(1).some((each) => !each.isRedelivered)) {
      excuses.unmarked++;
      excuses.unmarkedMs = Math.max(excuses.unmarkedMs, delivery.inDoubtMs);
      return false;
    }
    if (isConfirmed || !rest.every(isForgettable)) return true;
    excuses.unconfirmed++;
    return false;
  });
}

/** The message may be gone as if it had never been delivered. */
function isForgettable({ inDoubtMs, settlement }: DeliveredMessage): boolean {
  const isTaken = settlement?.how === "ack" || settlement?.how === "discard";
  return inDoubtMs !== undefined && !isTaken;
}

function addAttempt(operations: Operation[], { queue, name, attempt }: PublishedMessage): void {
  if (attempt === undefined) return;
  const { lane, at, ttlMs, confirmedAt } = attempt;
  const input: Json = ttlMs === undefined ? { message: name } : { message: name, ttlMs };
  operations.push({
    process: lane,
    kind: "enqueue",
    key: queue,
    input,
    output: null,
    invokedAt: at,
    completedAt: confirmedAt ?? Number.POSITIVE_INFINITY,
    outcome: confirmedAt === undefined ? "unknown" : "ok",
  });
}

function addDelivery(
  operations: Operation[],
  { queue, name }: PublishedMessage,
  { lane, at, isRedelivered, deliveryCount, settlement }: DeliveredMessage,
): void {
  const output = { message: name, redelivered: isRedelivered };
  operations.push({
    process: lane,
    kind: "dequeue",
    key: queue,
    input: null,
    output: deliveryCount === undefined ? output : { ...output, deliveryCount },
    invokedAt: at,
    completedAt: at,
    outcome: "ok",
  });
  if (settlement === undefined) return;
  const { how, at: invokedAt, arrivedAt } = settlement;
  operations.push({
    process: lane,
    kind: "settle",
    key: queue,
    input: { message: name, how },
    output: null,
    invokedAt,
    completedAt: arrivedAt ?? Number.POSITIVE_INFINITY,
    outcome: arrivedAt === undefined ? "unknown" : "ok",
  });
}
