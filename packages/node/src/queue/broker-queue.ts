import type { Backlog } from "../broker/backlog.ts";
import type { MessageSink } from "../broker/message-sink.ts";
import type { QueueRecord } from "../metadata/records.ts";
import type { QueueTraffic } from "../statistics/queue-traffic.ts";
import type { ConsumerSpec } from "./consumer.ts";
import type { PeekReading } from "./log/peek-log.ts";
import type { Message } from "./message.ts";
import type { PublishOutcome, PublishReceipt } from "./publish-receipt.ts";
import type { QueueConfig } from "./queue-config.ts";
import type { QueueCounts } from "./queue-counts.ts";
import type { PeekVisitor } from "./queue-machine.ts";

/** The consumer's side of a queue: the channel that sends what the queue delivers. */
export interface ConsumerOutlet {
  /** Sends a message; the view is valid during the call only. */
  deliver(
    deliveryNumber: number,
    message: Message,
    redelivered: boolean,
    deliveryCount: number,
  ): void;
  /** true: the connection's output is full, so the queue must not deliver more until `unpause`. */
  readonly isCongested: boolean;
  /** The queue paused this consumer because it was congested. */
  paused(): void;
  /** basic.qos global=true: the queue has something for this consumer. */
  creditWanted(): void;
  creditUnused(): void;
  /** Single active consumer: from now on it is the one that gets the messages. */
  activated?(): void;
  /** The queue is gone. */
  queueDeleted(): void;
}

/** Somebody who looks at what is published to a queue. Must neither throw nor call the queue. */
export interface PublishWatcher {
  /** The message is in the queue, or on its way to a consumer; the view is valid during the call only. */
  published(message: Message): void;
  /** The queue is deleted, or another node leads it: nothing comes any more. */
  ended(): void;
}

/** A consumer as its channel knows it: what to name in the commands that follow. */
export interface ConsumerHandle {
  readonly sessionId: number;
  readonly noAck: boolean;
  readonly priority: number;
  /** Single active consumer: it is the one that gets the messages. false in other queues. */
  readonly isActive: boolean;
  readonly unackedCount: number;
  readonly spec: ConsumerSpec<ConsumerOutlet>;
}

/** The channel that a basic.get is for. */
export interface GetSession {
  readonly sessionId: number;
  /** It has ended, and will not give back what it is handed now. */
  readonly isReleased: boolean;
}

/** What basic.get found, see GetResult. */
export interface FoundMessage {
  readonly message: Message;
  readonly redelivered: boolean;
  readonly deliveryCount: number;
  readonly consumer: ConsumerHandle | undefined;
  readonly deliveryNumber: number;
  readonly remaining: number;
}

/** Why there is no consumer: it wants the queue for itself, or another one has it so; or the queue does not work, see `failure`. */
export type ConsumeRefusal = "exclusive-use" | "unavailable";

/**
 * A queue as channels see it, wherever it lives: its driver is in this process, or on another node of the cluster. A command is carried
 * out before those that come after it; what is asked for is answered by a callback, within the call or later.
 */
export abstract class BrokerQueue implements MessageSink, Backlog {
  /** What channels of this node did with it; undefined: nothing so far. */
  traffic: QueueTraffic | undefined = undefined;
  abstract readonly record: QueueRecord;
  abstract readonly config: QueueConfig;
  /** Its consumers do not keep up with what is published. */
  abstract readonly isBacklogged: boolean;
  /** The queue is deleted. */
  abstract readonly isClosed: boolean;
  /** Why the queue cannot be used; undefined: it can. */
  abstract readonly failure: string | undefined;
  /** The only node that has the queue, if it is down; undefined: it can be reached, or others have it, too. */
  get awayNode(): string | undefined {
    return undefined;
  }
  /** Nobody has led it for so long that what was asked of it failed. Never, where it has one place. */
  get isOutOfReach(): boolean {
    return false;
  }
  /** This node leads it, so `peek` and `watch` work here. */
  get isServing(): boolean {
    return true;
  }
  /** Counts are those of the last `whenReady`, or better. */
  abstract readonly readyCount: number;
  abstract readonly readyBytes: number;
  abstract readonly unackedCount: number;
  abstract readonly consumerCount: number;
  abstract readonly counts: QueueCounts;

  /** Calls `done` when the counts are those of all that came before, or the queue has failed. */
  abstract whenReady(done: () => void): void;

  /** Calls `done` when all that was done to the queue so far is stored as it promises; with false if that can never be. */
  abstract whenStored(done: (isStored: boolean) => void): void;

  /**
   * Takes a message. false: refused, because the queue is full and rejects publishes, or does not work. "pending": `receipt` will be
   * told; without one nobody waits.
   */
  abstract publish(
    now: number,
    message: Message,
    receipt?: PublishReceipt,
    sequence?: number,
  ): PublishOutcome;

  /** Adds a consumer (basic.consume); deliveries begin with `start`. */
  abstract consume(
    now: number,
    spec: ConsumerSpec<ConsumerOutlet>,
    done: (outcome: ConsumerHandle | ConsumeRefusal) => void,
  ): void;

  /** Deliveries begin: basic.consume-ok is on its way. */
  abstract start(now: number, consumer: ConsumerHandle): void;
  /** The consumer gets nothing any more (basic.cancel); `done` is called when all that it was sent has come. */
  abstract detach(now: number, consumer: ConsumerHandle, done?: () => void): void;
  abstract settle(now: number, consumer: ConsumerHandle, from: number, to: number): void;
  abstract returnMessages(
    now: number,
    consumer: ConsumerHandle,
    from: number,
    to: number,
    kind: "nack" | "reject" | "lost",
  ): void;
  abstract discard(now: number, consumer: ConsumerHandle, from: number, to: number): void;

  /** basic.get; `done` gets the message, with its bytes, or undefined if none is ready. */
  abstract get(
    now: number,
    session: GetSession,
    noAck: boolean,
    done: (found: FoundMessage | undefined) => void,
  ): void;

  abstract recoverSession(now: number, sessionId: number): void;
  abstract closeSession(now: number, sessionId: number): void;
  /** Nothing is delivered to the consumer until `unpause`. */
  abstract pause(now: number, consumer: ConsumerHandle): void;
  abstract unpause(now: number, consumer: ConsumerHandle): void;
  abstract grantCredit(now: number, consumer: ConsumerHandle): void;
  abstract setNeedsCredit(now: number, consumer: ConsumerHandle, needsCredit: boolean): void;
  abstract touch(now: number): void;

  /** Drops the ready messages; `done` gets their number when they cannot come back, undefined if nobody can tell. */
  abstract purgeStored(now: number, done: (count: number | undefined) => void): void;

  abstract updateConfig(now: number, config: QueueConfig): void;

  /**
   * Visits ready messages behind the first `skip` in order, without taking them; none if the queue lives on another node. The messages
   * of a log come without their bytes; use `whenLoaded` or `readPeeked`, and release none.
   */
  abstract peek(limit: number, visitor: PeekVisitor<Message>, skip?: number): void;

  /**
   * Shows messages of a log with their bytes, by the refs that `peek` told, in that order; undefined: it has left meanwhile, or cannot be
   * read. The view is valid during the call only. What the queue itself reads is not disturbed.
   */
  abstract readPeeked(refs: readonly number[], reading: PeekReading): void;

  /**
   * Tells the watcher of each message that comes into the queue; ends with the call of what it returns. undefined: the queue is not
   * led by this node.
   */
  abstract watch(watcher: PublishWatcher): (() => void) | undefined;

  /** Calls `done` when the bytes of one of its messages are here. */
  abstract whenLoaded(message: Message, done: () => void): void;

  /** Consumers of this node's channels. */
  abstract consumers(): Iterable<ConsumerHandle>;

  /** The queue is deleted: its messages are dropped, its consumers are told. */
  abstract close(): void;
  /** The node stops: nothing is delivered any more, and nothing that has to be kept is forgotten. */
  abstract stop(): void;
}
