import { ControlError } from "@leveret/control";
import type { BrokerQueue } from "../queue/broker-queue.ts";
import type { Message } from "../queue/message.ts";
import { isAnswering } from "./answering-queue.ts";
import { PEEK_BYTES_MAX } from "./control-limits.ts";
import type { RunningNode } from "./control-method.ts";
import {
  copyMessage,
  copySize,
  type MessageCopy,
  type ShownMessage,
  shownMessage,
} from "./message-copy.ts";
import { leaderPlace, namedQueue } from "./queue-place.ts";

export interface PeekRequest {
  readonly vhost: string;
  readonly name: string;
  /** Ready messages before the first one shown; negative: so many from the end. */
  readonly offset: number;
  readonly count: number;
  /** Octets of each body. */
  readonly bodyMax: number;
  /** Asked by another node: this one has to lead the queue. */
  readonly local: boolean;
}

/** A ready message where it stands. */
export interface PeekedMessage extends ShownMessage {
  /** 0: the next to be delivered. */
  readonly position: number;
  readonly redelivered: boolean;
  /** How often it was handed out and came back. */
  readonly delivery_count: number;
  /** ms since the epoch; null: never. */
  readonly expires_at: number | null;
  /** Ready messages in the queue. */
  readonly message_count: number;
}

/**
 * Shows ready messages of a queue, whichever node leads it, in the order of delivery: nothing about the queue changes, not even what
 * counters say. Messages that are consumed meanwhile may be missing; so are those beyond PEEK_BYTES_MAX.
 * @throws ControlError "no_such_queue", "no_leader" @throws OperationError
 */
export async function* peekMessages(
  running: RunningNode,
  asked: PeekRequest,
  signal: AbortSignal,
): AsyncIterable<PeekedMessage> {
  const queue = namedQueue(running.broker, asked.vhost, asked.name);
  await isAnswering(queue);
  const place = leaderPlace(running, queue, asked.local);
  if (place === "here") {
    yield* await peekHere(queue, asked, signal);
    return;
  }
  const params = { ...asked, local: true };
  // The other node's handler of the same method makes them.
  yield* place.stream("peek_messages", params, { signal }) as AsyncIterable<PeekedMessage>;
}

/** A message found, and its copy when that is made. */
interface Found {
  readonly position: number;
  readonly redelivered: boolean;
  readonly returnCount: number;
  readonly expiresAtMs: number | undefined;
  /** 0: it has its bytes. */
  readonly ref: number;
  copy: MessageCopy | undefined;
}

async function peekHere(
  queue: BrokerQueue,
  { offset, count, bodyMax }: PeekRequest,
  signal: AbortSignal,
): Promise<readonly PeekedMessage[]> {
  if (queue.failure !== undefined) throw new ControlError("failed", queue.failure);
  const { readyCount } = queue;
  const first = offset >= 0 ? offset : Math.max(0, readyCount + offset);
  const copies = new Copies(bodyMax);
  const found: Found[] = [];
  const visit = (message: Message, redelivered: boolean, facts: Facts): void => {
    const { returnCount, expiresAtMs } = facts;
    const { isLoaded, ref } = message;
    const copy = isLoaded ? copies.take(message) : undefined;
    const position = first + found.length;
    found.push({ position, redelivered, returnCount, expiresAtMs, ref: isLoaded ? 0 : ref, copy });
  };
  queue.peek(count, visit, first);
  const unread = found.filter(({ ref }) => ref !== 0);
  if (unread.length > 0) await readCopies(queue, unread, copies, signal);
  return found.flatMap((one) => (one.copy === undefined ? [] : [shown(one, one.copy, readyCount)]));
}

interface Facts {
  readonly returnCount: number;
  readonly expiresAtMs: number | undefined;
}

/** Ends with the signal at the latest: a log that is closed answers nobody. */
function readCopies(
  queue: BrokerQueue,
  unread: readonly Found[],
  copies: Copies,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const refs = unread.map(({ ref }) => ref);
    signal.addEventListener("abort", () => resolve(), { once: true });
    queue.readPeeked(refs, {
      show: (at, message) => {
        const one = unread[at];
        if (one !== undefined && message !== undefined) one.copy = copies.take(message);
      },
      done: resolve,
    });
  });
}

/** Takes messages down as long as there is room. */
class Copies {
  readonly #bodyMax: number;
  #size = 0;

  constructor(bodyMax: number) {
    this.#bodyMax = bodyMax;
  }

  /** undefined: there is no room for more. */
  take(message: Message): MessageCopy | undefined {
    if (this.#size >= PEEK_BYTES_MAX) return undefined;
    const copy = copyMessage(message, this.#bodyMax);
    this.#size += copySize(copy);
    return copy;
  }
}

function shown(found: Found, copy: MessageCopy, readyCount: number): PeekedMessage {
  return {
    position: found.position,
    redelivered: found.redelivered,
    delivery_count: found.returnCount,
    expires_at: found.expiresAtMs ?? null,
    message_count: readyCount,
    ...shownMessage(copy),
  };
}
