import type { ConsumerOutlet } from "../../queue/broker-queue.ts";
import type { ConsumerSpec } from "../../queue/consumer.ts";
import type { QueueConsumer } from "../../queue/live-queue.ts";
import type { LinkPeer } from "../link/link-peer.ts";
import {
  ConsumerOp,
  type SessionOp,
  SessionOp as SessionOps,
  type SettleCommand,
  SettleOp,
} from "./queue-frames.ts";
import { RemoteOutlet } from "./remote-outlet.ts";
import type { RemoteConsumerFacts, ServedBefore } from "./served-facts.ts";

/** What a queue that is led here does for consumers of other nodes: LiveQueue or DurableQueue. */
export interface ServingQueue {
  detach(now: number, consumer: QueueConsumer): void;
  start(now: number, consumer: QueueConsumer): void;
  settle(now: number, consumer: QueueConsumer, from: number, to: number): void;
  discard(now: number, consumer: QueueConsumer, from: number, to: number): void;
  returnMessages(
    now: number,
    consumer: QueueConsumer,
    from: number,
    to: number,
    kind: "nack" | "reject" | "lost",
  ): void;
  pause(now: number, consumer: QueueConsumer): void;
  unpause(now: number, consumer: QueueConsumer): void;
  grantCredit(now: number, consumer: QueueConsumer): void;
  askCreditAgain(now: number, consumer: QueueConsumer): void;
  setNeedsCredit(now: number, consumer: QueueConsumer, needsCredit: boolean): void;
  closeSession(now: number, sessionId: number): void;
  touch(now: number): void;
}

interface ServedConsumer {
  readonly sessionId: number;
  /** undefined: it holds what basic.get took. */
  readonly outlet: RemoteOutlet | undefined;
  handle: QueueConsumer;
  /** Paused by its own node, whatever the link has room for. */
  isPausedByNode: boolean;
}

/** The channel of a basic.get under way. */
interface ServedGet {
  readonly sessionId: number;
  isReleased: boolean;
}

/** The consumers of one other node at a queue that is led here. */
export class ServedSessions {
  readonly #queue: ServingQueue;
  readonly #clock: { now(): number };
  readonly #consumers = new Map<number, ServedConsumer>();
  readonly #gets = new Set<ServedGet>();
  /** Waiting for room on the link. */
  readonly #congested = new Set<ServedConsumer>();
  /** Known from an earlier link, and not named again on the present one. */
  readonly #stale = new Set<number>();
  #peer: LinkPeer;
  #stopListening: () => void;
  /** Frames of this link that settled something, and up to which one that is known to be stored. */
  #settleCount = 0;
  #askedCount = 0;

  constructor(queue: ServingQueue, clock: { now(): number }, peer: LinkPeer) {
    this.#queue = queue;
    this.#clock = clock;
    this.#peer = peer;
    this.#stopListening = peer.onDrain(() => this.#drained());
  }

  get peer(): LinkPeer {
    return this.#peer;
  }

  get settleCount(): number {
    return this.#settleCount;
  }

  /** What was settled since is to be reported once it is stored. */
  takeUnreported(): number | undefined {
    if (this.#settleCount === this.#askedCount) return undefined;
    this.#askedCount = this.#settleCount;
    return this.#settleCount;
  }

  /** The node has dialled again: it names what it still has. */
  moveTo(peer: LinkPeer): void {
    this.#stopListening();
    this.#peer = peer;
    this.#stopListening = peer.onDrain(() => this.#drained());
    this.#settleCount = 0;
    this.#askedCount = 0;
    for (const [id, { outlet }] of this.#consumers) {
      this.#stale.add(id);
      outlet?.moveTo(peer);
    }
  }

  /** The link is gone: nothing is delivered until there is another one. */
  lostLink(): void {
    const now = this.#clock.now();
    for (const consumer of this.#consumers.values()) {
      if (consumer.outlet !== undefined) this.#queue.pause(now, consumer.handle);
    }
  }

  outletFor(facts: RemoteConsumerFacts): RemoteOutlet {
    return new RemoteOutlet(facts.consumerId, this.#peer, (outlet) => this.#onPaused(outlet));
  }

  add(consumerId: number, handle: QueueConsumer, outlet: RemoteOutlet | undefined): void {
    const { sessionId } = handle;
    this.#consumers.set(consumerId, { sessionId, outlet, handle, isPausedByNode: false });
    this.#stale.delete(consumerId);
  }

  /** The node asks again for a consumer that it has not heard of; false: it is not here. */
  keep(consumerId: number): boolean {
    this.#stale.delete(consumerId);
    return this.#consumers.has(consumerId);
  }

  /** A consumer that this queue has served on an earlier link; false: it does not know it. */
  reconnect(facts: ServedBefore): boolean {
    const consumer = this.#consumers.get(facts.consumerId);
    if (consumer === undefined) return false;
    this.#stale.delete(facts.consumerId);
    this.#returnLost(consumer.handle, new Set(facts.held.map(({ number }) => number)));
    consumer.isPausedByNode = facts.isPaused;
    const now = this.#clock.now();
    this.#queue.setNeedsCredit(now, consumer.handle, facts.needsCredit);
    this.#queue.askCreditAgain(now, consumer.handle);
    if (facts.isDetached) this.#queue.detach(now, consumer.handle);
    else if (facts.isStarted) this.#queue.start(now, consumer.handle);
    if (!facts.isPaused) this.#queue.unpause(now, consumer.handle);
    return true;
  }

  /** Nothing is delivered to the consumer until its node says so. */
  pause(consumerId: number): void {
    const consumer = this.#consumers.get(consumerId);
    if (consumer === undefined) return;
    consumer.isPausedByNode = true;
    this.#queue.pause(this.#clock.now(), consumer.handle);
  }

  /**
   * What the node does not name again is gone. A session that has ended may have got what it held; a consumer alone has not: it was
   * forgotten when all that it had got was settled.
   */
  dropStale(): void {
    const now = this.#clock.now();
    const gone: ServedConsumer[] = [];
    for (const id of this.#stale) {
      const consumer = this.#consumers.get(id);
      this.#consumers.delete(id);
      if (consumer === undefined) continue;
      gone.push(consumer);
      this.#congested.delete(consumer);
    }
    this.#stale.clear();
    const named = new Set([...this.#consumers.values()].map(({ sessionId }) => sessionId));
    for (const { sessionId, outlet, handle } of gone) {
      if (!named.has(sessionId)) {
        this.#closeSession(sessionId);
        continue;
      }
      if (outlet !== undefined) this.#queue.detach(now, handle);
      this.#returnLost(handle, NOTHING_HELD);
    }
  }

  /** The node's consumer that alone gets the messages; 0: that is none of its own, or there is no such thing here. */
  get activeConsumerId(): number {
    for (const [id, { handle }] of this.#consumers) if (handle.isActive) return id;
    return 0;
  }

  consumer(consumerId: number, op: ConsumerOp): void {
    const consumer = this.#consumers.get(consumerId);
    if (consumer === undefined) return;
    const now = this.#clock.now();
    const { handle } = consumer;
    switch (op) {
      case ConsumerOp.start:
        this.#queue.start(now, handle);
        break;
      case ConsumerOp.detach:
        this.#queue.detach(now, handle);
        break;
      case ConsumerOp.pause:
        consumer.isPausedByNode = true;
        this.#queue.pause(now, handle);
        break;
      case ConsumerOp.unpause:
        consumer.isPausedByNode = false;
        if (!this.#congested.has(consumer)) this.#queue.unpause(now, handle);
        break;
      case ConsumerOp.grantCredit:
        this.#queue.grantCredit(now, handle);
        break;
      case ConsumerOp.needsCredit:
      case ConsumerOp.needsNoCredit:
        this.#queue.setNeedsCredit(now, handle, op === ConsumerOp.needsCredit);
        break;
      default:
        op satisfies never;
    }
  }

  settle({ consumerId, op, from, to }: SettleCommand): void {
    this.#settleCount++;
    const handle = this.#consumers.get(consumerId)?.handle;
    if (handle === undefined) return;
    const now = this.#clock.now();
    if (op === SettleOp.settle) this.#queue.settle(now, handle, from, to);
    else if (op === SettleOp.discard) this.#queue.discard(now, handle, from, to);
    else this.#queue.returnMessages(now, handle, from, to, RETURN_KINDS[op]);
  }

  noteSettledAgain(): void {
    this.#settleCount++;
  }

  session(op: SessionOp, sessionId: number): void {
    const now = this.#clock.now();
    if (op === SessionOps.touch) this.#queue.touch(now);
    else this.#closeSession(sessionId);
  }

  /** A basic.get, which may have to wait; to be ended when it is through. */
  beginGet(sessionId: number): ServedGet {
    const get = { sessionId, isReleased: false };
    this.#gets.add(get);
    return get;
  }

  endGet(get: ServedGet): void {
    this.#gets.delete(get);
  }

  /** The node is gone: what its consumers hold comes back. */
  closeAll(): void {
    this.#stopListening();
    this.#releaseGets(undefined);
    const sessions = new Set<number>();
    for (const { sessionId } of this.#consumers.values()) sessions.add(sessionId);
    this.#consumers.clear();
    for (const sessionId of sessions) this.#queue.closeSession(this.#clock.now(), sessionId);
  }

  /** The queue is not led here any more. */
  forget(): void {
    this.#stopListening();
    this.#releaseGets(undefined);
    this.#consumers.clear();
  }

  /** Whoever waits gets nothing any more; undefined: of all sessions. */
  #releaseGets(sessionId: number | undefined): void {
    for (const get of this.#gets) {
      if (sessionId === undefined || get.sessionId === sessionId) get.isReleased = true;
    }
  }

  #closeSession(sessionId: number): void {
    this.#releaseGets(sessionId);
    for (const [id, consumer] of this.#consumers) {
      if (consumer.sessionId !== sessionId) continue;
      this.#consumers.delete(id);
      this.#congested.delete(consumer);
    }
    this.#queue.closeSession(this.#clock.now(), sessionId);
  }

  /** Deliveries that were lost on the way go back. */
  #returnLost(handle: QueueConsumer, held: ReadonlySet<number>): void {
    const lost: number[] = [];
    handle.unacked.forEach((number) => {
      if (!held.has(number)) lost.push(number);
    });
    const now = this.#clock.now();
    for (const number of lost) this.#queue.returnMessages(now, handle, number, number, "lost");
  }

  #onPaused(outlet: RemoteOutlet): void {
    const consumer = this.#consumers.get(outlet.consumerId);
    if (consumer !== undefined) this.#congested.add(consumer);
  }

  #drained(): void {
    const now = this.#clock.now();
    const waiting = [...this.#congested];
    this.#congested.clear();
    for (const consumer of waiting) {
      if (!consumer.isPausedByNode) this.#queue.unpause(now, consumer.handle);
    }
  }
}

const NOTHING_HELD: ReadonlySet<number> = new Set();

const RETURN_KINDS = {
  [SettleOp.nack]: "nack",
  [SettleOp.reject]: "reject",
  [SettleOp.lost]: "lost",
} as const;

/** What the queue is told of a remote consumer. */
export function specOf(
  facts: RemoteConsumerFacts,
  context: ConsumerOutlet,
): ConsumerSpec<ConsumerOutlet> {
  const { sessionId, noAck, exclusive, prefetch, priority, needsCredit } = facts;
  return { context, sessionId, noAck, exclusive, prefetch, priority, needsCredit };
}
