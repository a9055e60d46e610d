import type { ConsumerHandle, ConsumerOutlet } from "../../queue/broker-queue.ts";
import type { ConsumerSpec } from "../../queue/consumer.ts";
import type { QueueConsumer } from "../../queue/live-queue.ts";
import type { HeldMessage } from "../../queue/queue-machine.ts";
import type { ClusterQueue } from "./cluster-queue.ts";

/** A delivery that its leader is not known to have settled. */
interface Held {
  readonly ref: number;
  readonly level: number;
  readonly returnCount: number;
}

/**
 * A consumer of this node's channels, or the holder of what one of them took with basic.get, over changes of the queue's leader. While
 * another node leads, it remembers what was delivered, so that the next leader gives that to nobody else.
 */
export class ClusterConsumer implements ConsumerHandle {
  /** Names it on links of this node. */
  readonly id: number;
  readonly queue: ClusterQueue;
  readonly spec: ConsumerSpec<ConsumerOutlet>;
  readonly isGetter: boolean;
  isStarted = false;
  isPaused = false;
  needsCredit: boolean;
  /** basic.cancel: it gets nothing any more, and may still settle what it holds. */
  isDetached = false;
  /** At the leader, if that is here. */
  local: QueueConsumer | undefined = undefined;
  /** Credits of basic.qos global=true that a leader elsewhere has got and not used, as far as is known here. */
  creditsGranted = 0;
  /** Number of the last delivery. */
  lastNumber = 0;
  /** What was said last by a leader elsewhere. */
  wasActive = false;
  readonly #held = new Map<number, Held>();

  constructor(
    id: number,
    queue: ClusterQueue,
    spec: ConsumerSpec<ConsumerOutlet>,
    isGetter: boolean,
  ) {
    this.id = id;
    this.queue = queue;
    this.spec = spec;
    this.isGetter = isGetter;
    this.needsCredit = spec.needsCredit;
  }

  get sessionId(): number {
    return this.spec.sessionId;
  }

  get noAck(): boolean {
    return this.spec.noAck;
  }

  get priority(): number {
    return this.spec.priority;
  }

  get isActive(): boolean {
    return this.local?.isActive ?? this.wasActive;
  }

  get unackedCount(): number {
    return this.local?.unackedCount ?? this.#held.size;
  }

  /** A message was delivered by a leader elsewhere. */
  noteDelivered(number: number, held: Held): void {
    this.lastNumber = Math.max(this.lastNumber, number);
    if (!this.noAck) this.#held.set(number, held);
  }

  /** The leader has stored what became of these deliveries. */
  forget(from: number, to: number): void {
    if (to - from < this.#held.size) {
      for (let number = from; number <= to; number++) this.#held.delete(number);
      return;
    }
    for (const number of this.#held.keys()) {
      if (number >= from && number <= to) this.#held.delete(number);
    }
  }

  forgetAll(): void {
    this.#held.clear();
  }

  /** By ascending number. Transient messages of a leader elsewhere are lost with it. */
  held(): HeldMessage[] {
    const held: HeldMessage[] = [];
    for (const [number, { ref, level, returnCount }] of this.#held) {
      if (ref !== 0) held.push({ number, ref, level, returnCount });
    }
    return held.sort((a, b) => a.number - b.number);
  }

  /** The queue is not led here any more: what the local leader knew is remembered. */
  leaveLocal(): void {
    const { local } = this;
    this.local = undefined;
    if (local === undefined) return;
    this.wasActive = local.isActive;
    this.lastNumber = Math.max(this.lastNumber, local.deliveryNumber);
    local.unacked.forEach((number, { message, level, returnCount }) => {
      this.#held.set(number, { ref: message.ref, level, returnCount });
    });
  }
}
