import { ControlError } from "@leveret/control";
import type { BrokerQueue } from "../queue/broker-queue.ts";
import { isAnswering } from "./answering-queue.ts";
import { TAIL_LOOK_MS, TAIL_PATIENCE_MS, TAILS_MAX } from "./control-limits.ts";
import type { RunningNode } from "./control-method.ts";
import { type ShownMessage, shownMessage } from "./message-copy.ts";
import { OperationError } from "./operation-error.ts";
import { leaderPlace, namedQueue } from "./queue-place.ts";
import { TailBuffer } from "./tail-buffer.ts";

export interface TailRequest {
  readonly vhost: string;
  readonly name: string;
  /** Octets of each body. */
  readonly bodyMax: number;
  /** Messages that may wait for the reader. */
  readonly countMax: number;
  /** Asked by another node: this one has to lead the queue. */
  readonly local: boolean;
}

export type TailRow =
  /** From here on every message is shown, or counted as dropped. Again after each change of the leader. */
  | { readonly kind: "started"; readonly node: string }
  | ({ readonly kind: "message" } & ShownMessage)
  /** So many were left out, as the reader was slow. */
  | { readonly kind: "dropped"; readonly count: number }
  /** The leader has gone; messages may be missing until the next "started". */
  | { readonly kind: "interrupted" };

/** Readers at each node: a process may have several. */
const tailCounts = new WeakMap<object, number>();

/**
 * Shows copies of the messages that come into a queue from now on, until the signal, or until the queue is deleted. The queue never
 * waits for the reader. Follows the queue to a new leader.
 * @throws ControlError "no_such_queue", "no_leader" @throws OperationError
 */
export async function* tailMessages(
  running: RunningNode,
  asked: TailRequest,
  signal: AbortSignal,
): AsyncIterable<TailRow> {
  let queue: BrokerQueue | undefined = namedQueue(running.broker, asked.vhost, asked.name);
  await isAnswering(queue);
  if (asked.local) {
    leaderPlace(running, queue, true);
    yield* tailHere(running, queue, asked, signal);
    return;
  }
  let wasStarted = false;
  while (!isOver(signal)) {
    for await (const row of await tailFrom(running, queue, asked, signal)) {
      wasStarted = true;
      yield row;
    }
    await pause(TAIL_LOOK_MS, signal);
    queue = running.broker.broker.vhosts.get(asked.vhost)?.queues.get(asked.name);
    if (queue === undefined || isOver(signal)) return;
    if (wasStarted) yield { kind: "interrupted" };
    wasStarted = false;
  }
}

/** A signal changes while one waits, which the compiler does not know. */
function isOver(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** Waits until the queue has a leader. */
async function tailFrom(
  running: RunningNode,
  queue: BrokerQueue,
  asked: TailRequest,
  signal: AbortSignal,
): Promise<AsyncIterable<TailRow>> {
  const endAt = Date.now() + TAIL_PATIENCE_MS;
  for (;;) {
    try {
      const place = leaderPlace(running, queue, false);
      if (place === "here") return tailHere(running, queue, asked, signal);
      const time = { timeoutMs: Number.POSITIVE_INFINITY, signal };
      // The other node's handler of the same method makes them.
      const rows = place.stream("tail_messages", { ...asked, local: true }, time);
      return whileThere(rows as AsyncIterable<TailRow>);
    } catch (error) {
      if (!(error instanceof ControlError) || Date.now() > endAt || queue.isClosed) throw error;
    }
    await pause(TAIL_LOOK_MS, signal);
    if (signal.aborted) return none();
  }
}

async function* tailHere(
  { node }: RunningNode,
  queue: BrokerQueue,
  { countMax, bodyMax }: TailRequest,
  signal: AbortSignal,
): AsyncIterable<TailRow> {
  const count = tailCounts.get(node) ?? 0;
  if (count >= TAILS_MAX) {
    throw new OperationError("failed", `${TAILS_MAX} readers tail queues of ${node.nodeName}`);
  }
  const buffer = new TailBuffer({ countMax, bodyMax });
  const unwatch = queue.watch(buffer);
  if (unwatch === undefined) return;
  const onAbort = (): void => buffer.ended();
  signal.addEventListener("abort", onAbort, { once: true });
  tailCounts.set(node, count + 1);
  try {
    yield { kind: "started", node: node.nodeName };
    while (!signal.aborted) {
      const item = await buffer.next();
      if (item.kind === "ended") return;
      if (item.kind === "dropped") yield item;
      else yield { kind: "message", ...shownMessage(item.copy) };
    }
  } finally {
    tailCounts.set(node, (tailCounts.get(node) ?? 1) - 1);
    signal.removeEventListener("abort", onAbort);
    unwatch();
  }
}

/** The end of the other node is the end of its rows. */
async function* whileThere(rows: AsyncIterable<TailRow>): AsyncIterable<TailRow> {
  try {
    yield* rows;
  } catch (error) {
    if (!(error instanceof OperationError) || error.problem === "failed") throw error;
  }
}

async function* none(): AsyncIterable<TailRow> {}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end, { once: true });
  });
}
