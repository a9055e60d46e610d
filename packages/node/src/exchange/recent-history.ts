import { ChannelError, type FieldTable } from "@leveret/amqp";
import { termText, wholeNumberOf } from "../metadata/erlang-term.ts";

const LENGTH_ARGUMENT = "x-recent-history-length";
const NO_STORE_HEADER = "x-recent-history-no-store";
const DEFAULT_LENGTH = 20;
/** Most bytes of messages that one exchange remembers. */
const MAX_BYTES: number = 64 * 1024 * 1024;

interface Remembered<M> {
  readonly message: M;
  readonly size: number;
}

/**
 * The last messages of an x-recent-history exchange (RabbitMQ: rabbitmq_recent_history_exchange), for
 * the queues that are bound later. Bounded in messages and in bytes, oldest out first.
 */
export class RecentHistory<M> {
  readonly #length: number;
  readonly #maxBytes: number;
  readonly #release: (message: M) => void;
  #remembered: Remembered<M>[] = [];
  /** Index of the oldest; what lies before it is let go in one go now and then. */
  #start = 0;
  #bytes = 0;

  /** `release` is called once for each message that is no longer remembered. */
  constructor(length: number, release: (message: M) => void, maxBytes: number = MAX_BYTES) {
    this.#length = length;
    this.#release = release;
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#remembered.length - this.#start;
  }

  /** Remembers a message of `size` bytes, forgetting the oldest as needed, even this one if too large. */
  add(message: M, size: number): void {
    this.#remembered.push({ message, size });
    this.#bytes += size;
    while (this.size > this.#length || this.#bytes > this.#maxBytes) this.#forgetOldest();
    if (this.#start < this.#remembered.length / 2) return;
    this.#remembered.splice(0, this.#start);
    this.#start = 0;
  }

  /** The remembered messages, oldest first. */
  *messages(): IterableIterator<M> {
    for (let at = this.#start; at < this.#remembered.length; at++) {
      const entry = this.#remembered[at];
      if (entry !== undefined) yield entry.message;
    }
  }

  /** Forgets everything, as when the exchange is deleted. */
  clear(): void {
    while (this.size > 0) this.#forgetOldest();
    this.#remembered = [];
    this.#start = 0;
  }

  #forgetOldest(): void {
    const oldest = this.#remembered[this.#start];
    this.#start++;
    if (oldest === undefined) return;
    this.#bytes -= oldest.size;
    this.#release(oldest.message);
  }
}

/** How many messages an exchange with these arguments remembers; 20 unless told. */
export function recentHistoryLengthOf(args: FieldTable): number {
  const value = args.get(LENGTH_ARGUMENT);
  const length = value === undefined ? undefined : wholeNumberOf(value);
  return length !== undefined && length > 0 ? Number(length) : DEFAULT_LENGTH;
}

/** Throws ChannelError PRECONDITION_FAILED unless the length is absent or a whole number above 0. */
export function validateRecentHistoryArguments(args: FieldTable): void {
  const value = args.get(LENGTH_ARGUMENT);
  if (value === undefined || (wholeNumberOf(value) ?? 0) > 0) return;
  throw new ChannelError(
    "PRECONDITION_FAILED",
    `Invalid argument ${termText(value)}, '${LENGTH_ARGUMENT}' must be a positive integer`,
  );
}

/** Whether a message asks not to be remembered: `x-recent-history-no-store` is true. */
export function isExcludedFromHistory(headers: FieldTable | undefined): boolean {
  const value = headers?.get(NO_STORE_HEADER);
  return value?.type === "bool" && value.value;
}
