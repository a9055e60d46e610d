import type { QueueRecord } from "../metadata/records.ts";
import type { ConsumerOutlet, GetSession } from "./broker-queue.ts";
import type { Consumer } from "./consumer.ts";
import { LiveQueue, type QueueConsumer, type QueueHost } from "./live-queue.ts";
import type { LogTraffic } from "./log/log-traffic.ts";
import { MESSAGES_PER_ENTRY_MAX, refOf } from "./log/message-ref.ts";
import type { PeekReading } from "./log/peek-log.ts";
import type { PendingBatch } from "./log/pending-batch.ts";
import {
  type JournalOwner,
  type MessageName,
  NOTHING_RETIRED,
  type QueueJournal,
  type Retired,
} from "./log/queue-journal.ts";
import type { Message } from "./message.ts";
import type { PublishOutcome, PublishReceipt } from "./publish-receipt.ts";
import type { QueueConfig } from "./queue-config.ts";
import type { QueueCounts } from "./queue-counts.ts";
import type { GetResult, HeldMessage, Holding } from "./queue-machine.ts";

/**
 * A queue whose contents are in a log. What comes in and what leaves goes through the log, and is applied when the log has
 * given it its place; consumers, credits and the like are this node's affair and end with it, as connections do. Transient
 * messages of a classic queue stay in memory, in their places among the others.
 */
export class DurableQueue extends LiveQueue implements JournalOwner {
  readonly #journal: QueueJournal;
  readonly #traffic: LogTraffic;
  #isReady = false;
  #isOpenAsked = false;
  /** Commands that came before the log was open, in order. */
  #early: (() => void)[] = [];
  /** Told before the log was open. */
  #holdings: Holding<Message, ConsumerOutlet>[] = [];
  #settled: { readonly level: number; readonly ref: number }[] = [];

  constructor(
    record: QueueRecord,
    config: QueueConfig,
    host: QueueHost,
    { journal, traffic }: { readonly journal: QueueJournal; readonly traffic: LogTraffic },
  ) {
    super(record, config, host, journal);
    this.#journal = journal;
    this.#traffic = traffic;
    if (journal.group.isReady) this.#open();
    // Its messages may expire, and it may itself, even if nobody uses it.
    else journal.group.onceReady(() => this.#open());
  }

  override get failure(): string | undefined {
    return this.#journal.failure;
  }

  /** Also what is on its way into the queue: who published a message finds it. */
  override whenReady(done: () => void): void {
    if (this.isClosed || this.failure !== undefined) done();
    else if (this.#isReady) this.#journal.whenAdmitted(done);
    else this.#whenOpen(() => this.whenReady(done));
  }

  /** Somebody uses the queue: its log is to be replayed before others. Asked for once, however many messages come. */
  #openSoon(): void {
    if (this.#isReady || this.#isOpenAsked) return;
    this.#isOpenAsked = true;
    this.#journal.group.whenReady(() => this.#open());
  }

  #whenOpen(done: () => void): void {
    this.#journal.group.whenReady(() => {
      this.#open();
      done();
    });
  }

  override get counts(): QueueCounts {
    const { count, bytes } = this.#journal.group.log;
    return { ...super.counts, persistent: count, persistentBytes: bytes };
  }

  override whenStored(done: (isStored: boolean) => void): void {
    if (this.isClosed || this.failure !== undefined) done(this.isClosed);
    else this.#journal.whenStored(done);
  }

  override whenForgotten(done: (isStored: boolean) => void): void {
    if (this.isClosed || this.failure !== undefined) done(this.isClosed);
    else this.#journal.whenForgotten(done);
  }

  override whenLoaded(message: Message, done: () => void): void {
    this.#journal.whenLoaded(message, done);
  }

  override readPeeked(refs: readonly number[], reading: PeekReading): void {
    if (this.isClosed) super.readPeeked(refs, reading);
    else this.#journal.readPeeked(refs, reading);
  }

  override publish(
    now: number,
    message: Message,
    receipt?: PublishReceipt,
    sequence = 0,
  ): PublishOutcome {
    if (this.isClosed) return true;
    const journal = this.#journal;
    if (this.failure !== undefined) return false;
    if (this.machine.refuses(now, message, journal.comingCount, journal.comingBytes)) {
      this.finish(now);
      return false;
    }
    this.noteBacklog();
    // A quorum queue keeps all messages, whatever their delivery mode (RabbitMQ).
    const isLogged = message.persistent || this.record.type !== "classic";
    if (!isLogged && !journal.group.isReplicated) {
      this.#publishTransient(now, message);
      return true;
    }
    journal.add(message, {
      level: this.machine.levelOf(message.priority),
      expiresAtMs: this.machine.expiryOf(now, message.expirationMs) ?? -1,
      receipt,
      sequence,
    });
    this.#openSoon();
    if (this.#traffic.isHigh) this.host.holdPublisher(this.#traffic);
    return receipt === undefined ? true : "pending";
  }

  override get(
    now: number,
    session: GetSession,
    noAck: boolean,
    done: (result: GetResult<Message, ConsumerOutlet> | undefined) => void,
  ): void {
    if (!this.isClosed && (!this.#isReady || this.#journal.isAdmitting)) {
      this.whenReady(() => this.#getReady(this.host.clock.now(), session, noAck, done));
    } else {
      this.#getReady(now, session, noAck, done);
    }
  }

  #getReady(
    now: number,
    session: GetSession,
    noAck: boolean,
    done: (result: GetResult<Message, ConsumerOutlet> | undefined) => void,
  ): void {
    if (session.isReleased) {
      done(undefined);
      return;
    }
    if (!this.isClosed && !this.machine.prepareGet(now)) {
      this.#waitingGets.push((isReadable) => {
        if (!isReadable) done(undefined);
        else this.#getReady(this.host.clock.now(), session, noAck, done);
      });
      return;
    }
    super.get(now, session, noAck, (result) => {
      // First: when it is done, the message may have left, and its object may be another one.
      if (result !== undefined && result.message.ref !== 0) this.#journal.noteTaken(result.message);
      done(result);
    });
  }

  /** They came when the first message had no bytes yet; called with whether it has, or another one is first. */
  #waitingGets: ((isReadable: boolean) => void)[] = [];

  override deliver(
    consumer: Consumer<Message, ConsumerOutlet>,
    deliveryNumber: number,
    message: Message,
    redelivered: boolean,
    deliveryCount: number,
  ): void {
    super.deliver(consumer, deliveryNumber, message, redelivered, deliveryCount);
    if (message.ref !== 0) this.#journal.noteDelivered(message, deliveryNumber === 0);
  }

  /** Messages that expire into the dead-letter exchange are read first, and logged again: no more are dropped than can be. */
  protected override get isBehind(): boolean {
    return this.config.deadLetterExchange !== undefined && this.#journal.isBehind;
  }

  override attach(
    now: number,
    spec: Parameters<LiveQueue["attach"]>[1],
  ): QueueConsumer | "exclusive-use" {
    this.#openSoon();
    return super.attach(now, spec);
  }

  /**
   * Adds a consumer that another leader of the queue served: `lastNumber` is that of its last delivery. It is not refused, and gets
   * nothing of what others hold if they come before the log is open.
   */
  override attachAgain(
    now: number,
    spec: Parameters<LiveQueue["attach"]>[1],
    state: {
      readonly lastNumber: number;
      readonly isActive: boolean;
      readonly held: readonly HeldMessage[];
    },
  ): QueueConsumer {
    const consumer = this.machine.attachAgain(now, spec, state);
    this.#hold({ consumer, messages: state.held });
    return consumer;
  }

  /** The same for what a session took with basic.get. */
  holdAgain(sessionId: number, lastNumber: number, held: readonly HeldMessage[]): QueueConsumer {
    const consumer = this.machine.holderAgain(sessionId, lastNumber);
    this.#hold({ consumer, messages: held });
    return consumer;
  }

  /** Messages that were acknowledged at another leader, which may not have been able to store that. */
  settleAgain(
    now: number,
    settled: readonly { readonly level: number; readonly ref: number }[],
  ): void {
    if (settled.length === 0) return;
    if (!this.#isReady) this.#settled.push(...settled);
    else this.machine.takeOver(now, { holdings: [], settled });
    this.finish(now);
  }

  #hold(holding: Holding<Message, ConsumerOutlet>): void {
    if (!this.#isReady) this.#holdings.push(holding);
    else this.machine.takeOver(this.host.clock.now(), { holdings: [holding], settled: [] });
    this.finish(this.host.clock.now());
  }

  /** Batches of other nodes, and own ones that were sent to another leader. In order. */
  addBatch(batch: PendingBatch, isOwn: boolean): void {
    if (this.isClosed) return;
    this.#journal.addBatch(batch, isOwn);
    this.#openSoon();
  }

  /** Which messages of a batch of another node the queue is too full for, see overflow reject-publish; usually none. */
  refusedOf(now: number, batch: PendingBatch): number[] {
    const refused: number[] = [];
    if (!this.machine.refusesOverflow) return refused;
    const { comingCount, comingBytes } = this.#journal;
    let count = comingCount;
    let bytes = comingBytes;
    for (let item = 0; item < batch.count; item++) {
      const message = this.#journal.viewOf(batch, item);
      if (this.machine.refuses(now, message, count, bytes)) {
        refused.push(item);
      } else {
        count++;
        bytes += message.bodySize;
      }
    }
    this.finish(now);
    return refused;
  }

  /** Another replica leads: what is known here only is given back, and the rest forgotten. Consumers are told nothing. */
  retire(): Retired {
    if (this.isClosed) return NOTHING_RETIRED;
    const retired = this.#journal.retire();
    super.forget();
    this.#endWaiting();
    return retired;
  }

  /** The group has stopped here for good: who waits for its log hears that. */
  groupFailed(): void {
    if (!this.isClosed) this.#journal.groupFailed();
  }

  /** Messages up to these were handed out by another leader, whose log may not have heard of it. Before the log is open. */
  deliveredAgain(delivered: readonly MessageName[]): void {
    this.#journal.group.log.suspectUpTo(delivered);
  }

  /** The number of the last batch in the log of this life of a node; 0: there is none. */
  lastBatchOf(node: number, incarnation: number): number {
    return this.#journal.group.log.origins.lastNumber(node, incarnation);
  }

  // What is said of messages that consumers hold has to wait until it is known that they hold them.

  override settle(now: number, consumer: QueueConsumer, from: number, to: number): void {
    if (this.#isReady) super.settle(now, consumer, from, to);
    else this.#early.push(() => super.settle(now, consumer, from, to));
  }

  override returnMessages(
    now: number,
    consumer: QueueConsumer,
    from: number,
    to: number,
    kind: "nack" | "reject" | "lost",
  ): void {
    if (this.#isReady) super.returnMessages(now, consumer, from, to, kind);
    else this.#early.push(() => super.returnMessages(now, consumer, from, to, kind));
  }

  override discard(now: number, consumer: QueueConsumer, from: number, to: number): void {
    if (this.#isReady) super.discard(now, consumer, from, to);
    else this.#early.push(() => super.discard(now, consumer, from, to));
  }

  /** One that is known to hold nothing is forgotten with that. */
  override detach(now: number, consumer: QueueConsumer, done?: () => void): void {
    if (this.#isReady) super.detach(now, consumer, done);
    else this.#early.push(() => super.detach(now, consumer, done));
  }

  override recoverSession(now: number, sessionId: number): void {
    if (this.#isReady) super.recoverSession(now, sessionId);
    else this.#early.push(() => super.recoverSession(now, sessionId));
  }

  override closeSession(now: number, sessionId: number): void {
    if (this.#isReady) super.closeSession(now, sessionId);
    else this.#early.push(() => super.closeSession(now, sessionId));
  }

  /** The queue is deleted, and its log. */
  override close(): void {
    if (this.isClosed) return;
    this.#journal.delete();
    super.close();
    this.#endWaiting();
  }

  override stop(): void {
    if (this.isClosed) return;
    this.#journal.stop();
    super.close();
    this.#endWaiting();
  }

  // JournalOwner

  admit(message: Message): void {
    this.admitMessage(this.host.clock.now(), message);
  }

  admitted(): void {
    this.finish(this.host.clock.now());
  }

  loaded(): void {
    const gets = this.#waitingGets;
    this.#waitingGets = [];
    for (const get of gets) get(true);
    this.resume();
  }

  unreadable(): void {
    const gets = this.#waitingGets;
    this.#waitingGets = [];
    for (const get of gets) get(false);
  }

  #open(): void {
    if (this.#isReady || this.isClosed) return;
    if (this.failure !== undefined) {
      this.#journal.abandon();
      return;
    }
    this.#isReady = true;
    const now = this.host.clock.now();
    const lastRef = refOf(this.#journal.group.lastIndex, MESSAGES_PER_ENTRY_MAX - 1);
    const takeover = { holdings: this.#holdings, settled: this.#settled };
    this.#holdings = [];
    this.#settled = [];
    this.machine.recover(now, lastRef, takeover);
    this.#journal.open(this);
    const early = this.#early;
    this.#early = [];
    for (const command of early) command();
    this.finish(now);
  }

  #publishTransient(now: number, message: Message): void {
    if (this.#journal.isAdmitting) {
      this.#journal.addRider(message.keep());
      this.#openSoon();
      return;
    }
    this.admitMessage(now, message);
    this.finish(now);
  }

  /** In a turn of their own: this may be inside the turn of the metadata. */
  #endWaiting(): void {
    const gets = this.#waitingGets;
    this.#waitingGets = [];
    this.host.timers.defer(() => {
      for (const get of gets) get(false);
    });
  }
}
