import { formatOperation, HistoryError, type Operation } from "../format/operation.ts";
import {
  type Attempt,
  type Delivery,
  readAttempt,
  readDelivery,
  readSettlement,
} from "./queue-operations.ts";
import { rulesOf, type TotalQueueOptions } from "./queue-rules.ts";

/** All that the history tells of one message in one queue. */
export interface MessageRecord {
  readonly queue: string;
  readonly message: string;
  readonly attempts: Attempt[];
  /** By time. */
  readonly deliveries: Delivery[];
  /** Its deliveries from the dead-letter queue of its queue, by time. */
  readonly deadLetters: Delivery[];
}

/** When a queue was last seen empty. */
interface Drain {
  readonly from: number;
  readonly to: number;
}

/** A history of queues, sorted by message. */
export class QueueLedger {
  readonly #options: TotalQueueOptions;
  readonly #records = new Map<string, Map<string, MessageRecord>>();
  readonly #drains = new Map<string, Drain>();
  /** Queues that others name as their dead-letter queue, with these others. */
  readonly #sources = new Map<string, string[]>();

  /** @throws HistoryError if an operation is not one of a queue */
  constructor(history: readonly Operation[], options: TotalQueueOptions) {
    this.#options = options;
    const ordered = history.map((operation, position) => ({ operation, position }));
    ordered.sort((left, right) => left.operation.invokedAt - right.operation.invokedAt);
    for (const { operation, position } of ordered) this.#take(operation, position);
    for (const record of this.records()) record.deliveries.sort(compareDeliveries);
    this.#linkDeadLetters();
  }

  *records(): IterableIterator<MessageRecord> {
    for (const ofQueue of this.#records.values()) yield* ofQueue.values();
  }

  queues(): IterableIterator<string> {
    return this.#records.keys();
  }

  isDrained(queue: string): boolean {
    return this.#drains.has(queue);
  }

  /** The messages of one queue. */
  recordsOf(queue: string): IterableIterator<MessageRecord> {
    return (this.#records.get(queue) ?? new Map<string, MessageRecord>()).values();
  }

  find(queue: string, message: string): MessageRecord | undefined {
    return this.#records.get(queue)?.get(message);
  }

  /** Records of the same message in the queues that dead-letter into this one. */
  sourcesOf(record: MessageRecord): MessageRecord[] {
    const sources = this.#sources.get(record.queue) ?? [];
    return sources.flatMap((queue) => this.find(queue, record.message) ?? []);
  }

  /**
   * Since when at the latest it has been certain that everything that was in the queue, or came to its dead-letter queue from
   * it, had been delivered; undefined: never, for a message that was there at `since`.
   */
  drainedAfter(queue: string, since: number): number | undefined {
    const drain = this.#drains.get(queue);
    if (drain === undefined || drain.from < since) return undefined;
    const { deadLetterQueue } = rulesOf(this.#options, queue);
    if (deadLetterQueue === undefined || deadLetterQueue === queue) return drain.to;
    const after = this.#drains.get(deadLetterQueue);
    return after === undefined || after.from < drain.to ? undefined : drain.to;
  }

  #take(operation: Operation, position: number): void {
    const { kind, key, outcome } = operation;
    switch (kind) {
      case "enqueue": {
        const attempt = readAttempt(operation, position);
        this.#recordOf(key, attempt.message).attempts.push(attempt);
        return;
      }
      case "dequeue":
        if (outcome === "ok") this.#addDelivery(readDelivery(operation, position));
        return;
      case "settle":
        this.#settle(operation);
        return;
      case "drain":
        if (outcome === "ok") this.#addDrain(operation);
        return;
      default:
        throw new HistoryError(`a queue has no such operation: ${formatOperation(operation)}`);
    }
  }

  #recordOf(queue: string, message: string): MessageRecord {
    let ofQueue = this.#records.get(queue);
    if (ofQueue === undefined) {
      ofQueue = new Map();
      this.#records.set(queue, ofQueue);
    }
    let record = ofQueue.get(message);
    if (record === undefined) {
      record = { queue, message, attempts: [], deliveries: [], deadLetters: [] };
      ofQueue.set(message, record);
    }
    return record;
  }

  #addDelivery(delivery: Delivery): void {
    this.#recordOf(delivery.queue, delivery.message).deliveries.push(delivery);
  }

  #settle(operation: Operation): void {
    const { message, how } = readSettlement(operation);
    const deliveries = this.find(operation.key, message)?.deliveries ?? [];
    const settled = deliveries.findLast(
      (each) => each.operation.process === operation.process && each.at <= operation.invokedAt,
    );
    if (settled === undefined || settled.settlement !== undefined) {
      throw new HistoryError(`nothing is there to settle: ${formatOperation(operation)}`);
    }
    settled.settlement = { how, operation };
  }

  #addDrain(operation: Operation): void {
    const known = this.#drains.get(operation.key);
    if (known !== undefined && known.from >= operation.invokedAt) return;
    this.#drains.set(operation.key, { from: operation.invokedAt, to: operation.completedAt });
  }

  #linkDeadLetters(): void {
    for (const queue of this.#records.keys()) {
      const { deadLetterQueue } = rulesOf(this.#options, queue);
      if (deadLetterQueue === undefined || deadLetterQueue === queue) continue;
      const sources = this.#sources.get(deadLetterQueue);
      if (sources === undefined) this.#sources.set(deadLetterQueue, [queue]);
      else sources.push(queue);
      for (const record of this.recordsOf(queue)) {
        record.deadLetters.push(...(this.find(deadLetterQueue, record.message)?.deliveries ?? []));
      }
    }
  }
}

function compareDeliveries(left: Delivery, right: Delivery): number {
  return left.at - right.at || left.position - right.position;
}
