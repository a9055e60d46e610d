import type { ProposalResult } from "@leveret/raft";
import {
  DEAD_LETTERS_LOADING_MAX,
  DELIVERIES_AHEAD,
  ENQUEUE_BATCH_BYTES,
  HOT_QUEUE_BYTES,
  PROGRESS_COMMAND_MAX,
  PROGRESS_RANGES_MAX,
} from "../../limits.ts";
import type { Logger } from "../../logger.ts";
import { Message, type MessageLog, messageRouting } from "../message.ts";
import type { SlabStore } from "../slab-store.ts";
import type { BatchNumbering, BatchStanding } from "./batch-origin.ts";
import type { EnqueueBatch } from "./enqueue-batch.ts";
import type { LogCursor } from "./log-cursor.ts";
import { LogReader } from "./log-reader.ts";
import type { LogTraffic, TrafficClient } from "./log-traffic.ts";
import type { MessageBacking } from "./message-backing.ts";
import { MessageLoads } from "./message-loads.ts";
import { entryIndexOf, positionOf, refOf } from "./message-ref.ts";
import { PeekLog, type PeekReading } from "./peek-log.ts";
import { BatchWriter, type ItemFacts, PendingBatch } from "./pending-batch.ts";
import { encodeProgress, type Progress } from "./progress.ts";
import { ProgressNotes } from "./progress-notes.ts";
import type { QueueCommand, QueueGroup } from "./queue-group.ts";

/** The driver whose messages the journal keeps. */
export interface JournalOwner {
  /** A message has its place in the log, and in the queue. The view is valid during the call only. */
  admit(message: Message): void;
  /** The messages of one batch are admitted. */
  admitted(): void;
  /** Bytes that were asked for with `load` are here. */
  loaded(): void;
  /** Those of the next message will not be. */
  unreadable(): void;
  readonly readyBytes: number;
  readonly readyCount: number;
}

export interface JournalParts {
  readonly group: QueueGroup;
  readonly traffic: LogTraffic;
  readonly slabs: SlabStore;
  readonly log: Logger;
  /** Of the batches that this node sends to the queue; undefined: they need no numbers, as no other replica can get them. */
  readonly numbering?: BatchNumbering | undefined;
  /** As log lines name it. */
  readonly queueText: string;
}

/** Names a message in its queue. */
export interface MessageName {
  readonly level: number;
  readonly ref: number;
}

/** What a journal knew alone when another replica began to lead. */
export interface Retired {
  /** Own batches that are not known to be stored, in order. */
  readonly batches: PendingBatch[];
  /** Messages that have left, maybe without the log having heard of it. */
  readonly settled: MessageName[];
  /** Up to where messages of a level were handed out, maybe without the log having heard of it. */
  readonly delivered: MessageName[];
}

/** Waits until so many of something are done. */
interface Waiter {
  readonly count: number;
  readonly done: () => void;
}

/** A command on its way to the log. */
interface Outgoing {
  readonly data: Uint8Array;
  readonly command: QueueCommand;
}

/** Commands that follow each other in order. */
class Lane {
  readonly isProgress: boolean;
  /** Not taken by the log yet. */
  outgoing: Outgoing[] = [];
  /** Commands ever made, and how many of them are stored. */
  madeCount = 0;
  storedCount = 0;

  constructor(isProgress: boolean) {
    this.isProgress = isProgress;
  }
}

/** Waits until all commands that were made before are stored. */
interface StoreWaiter {
  readonly batches: number;
  readonly progress: number;
  readonly done: (isStored: boolean) => void;
}

/**
 * A durable queue's side of its log: gathers what comes in and what leaves, proposes it turn by turn and in order, tells
 * publishers what is stored, and brings back the bytes of messages that wait. One command follows the other: one that is
 * refused for the moment holds back those behind it.
 */
export class QueueJournal implements MessageBacking<Message>, MessageLog, TrafficClient {
  readonly #parts: JournalParts;
  readonly #group: QueueGroup;
  readonly #traffic: LogTraffic;
  readonly #writer: BatchWriter;
  readonly #notes = new ProgressNotes();
  readonly #reader: LogReader;
  /** Shown to the owner for each message of a batch. */
  readonly #view: Message;
  #owner: JournalOwner | undefined;
  #isOpen = false;
  #isClosed = false;
  #isDeleted = false;
  /** Another replica leads. */
  #isRetired = false;
  /** The log has no room for the next batch. */
  #isOutOfSpace = false;
  /** Progress does not wait behind batches: it is what frees a disk that is too full for them. */
  readonly #batches = new Lane(false);
  readonly #progress = new Lane(true);
  /** Why nothing goes to the log any more. */
  #failure: string | undefined;
  /** Batches that are closed and not applied yet, in order. */
  #unapplied: PendingBatch[] = [];
  /** Own batches that are closed and not stored yet, in order. */
  readonly #unstored = new Set<PendingBatch>();
  /** What the log is not known to have. */
  readonly #untold = new Set<Progress>();
  /** Messages handed out, and how many of them the log has heard of. */
  #deliveredCount = 0;
  #toldCount = 0;
  readonly #deliveredAt = new Map<Progress, number>();
  #comingCount = 0;
  #comingBytes = 0;
  #waiters: StoreWaiter[] = [];
  /** Batches ever made, and how many of them are applied. */
  #batchCount = 0;
  #appliedCount = 0;
  #admissionWaiters: Waiter[] = [];
  readonly #hot = new Map<number, EnqueueBatch>();
  /** Transient messages behind those of the batch being gathered. */
  #riders: { readonly position: number; readonly message: Message }[] = [];
  /** Messages of a batch are being admitted. */
  #isShowing = false;
  /** The log has told of it. */
  #unreadableIndex = -1;
  readonly #loads = new MessageLoads(
    (message) => this.load(message),
    (error) => this.#onBug(error),
  );

  constructor(parts: JournalParts) {
    this.#parts = parts;
    this.#group = parts.group;
    this.#traffic = parts.traffic;
    this.#writer = new BatchWriter(parts.numbering);
    this.#reader = new LogReader(parts.group, {
      onRead: () => this.#onRead(),
      onFailure: (index, why, isOnly) => this.#onUnreadable(index, why, isOnly),
    });
    this.#view = new Message(parts.slabs, messageRouting("", ""));
    this.#view.log = this;
    this.#view.persistent = true;
    this.#group.log.onEnqueued = (index, batch) => this.#onEnqueued(index, batch);
    this.#group.log.onIgnored = (batch, standing) => this.#onIgnored(batch, standing);
  }

  /** The log is complete, and the owner has what is in it: from now on commands go to it. */
  open(owner: JournalOwner): void {
    this.#owner = owner;
    this.#isOpen = true;
    this.#tellSuspects();
    if (this.#writer.count > 0 || this.#unapplied.length > 0) this.#traffic.flushSoon(this);
    else this.#admitWaiting(owner);
  }

  /** What the last leader may have handed out counts as handed out for every later one, too. */
  #tellSuspects(): void {
    for (const { level, ref } of this.#group.log.suspects()) {
      this.#notes.delivered(level, ref);
      this.#noteProgress();
    }
  }

  /** The log will not be complete, or not for long: nothing of what came meanwhile can be stored. */
  abandon(): void {
    if (this.#isOpen || this.#isClosed) return;
    if (this.#writer.count > 0) this.#closeBatch();
    this.#giveUp(false);
    this.#dropRiders();
    this.#unapplied = [];
    this.#comingCount = 0;
    this.#comingBytes = 0;
    this.#appliedCount = this.#batchCount;
    this.#batches.storedCount = this.#batches.madeCount;
    this.#wakeAdmitted();
  }

  /** Transient messages that came while the log was being replayed, and no other. */
  #admitWaiting(owner: JournalOwner): void {
    const riders = this.#riders;
    this.#riders = [];
    this.#comingCount = 0;
    this.#comingBytes = 0;
    for (const { message } of riders) {
      owner.admit(message);
      message.release();
    }
  }

  /** Why nothing can be stored any more; undefined: it can. */
  get failure(): string | undefined {
    return this.#failure ?? this.#group.failure;
  }

  get group(): QueueGroup {
    return this.#group;
  }

  /** Nothing is on its way into the queue: a transient message would come right behind the last one. */
  get isAdmitting(): boolean {
    return !this.#isOpen || this.#comingCount > 0;
  }

  /** Messages on their way into the queue. */
  get comingCount(): number {
    return this.#comingCount;
  }

  /** Octets of their bodies. */
  get comingBytes(): number {
    return this.#comingBytes;
  }

  /** Takes a message on its way into the queue; the receipt is told when it is stored. */
  add(message: Message, facts: ItemFacts): void {
    const writer = this.#writer;
    const size = writer.size + writer.sizeOf(message);
    if (writer.count > 0 && (size > ENQUEUE_BATCH_BYTES || writer.isFull)) this.#closeBatch();
    writer.add(message, facts);
    this.#comingCount++;
    this.#comingBytes += message.bodySize;
    this.#traffic.flushSoon(this);
  }

  /** Takes batches that are closed already, in order: own ones that another leader may have stored, or those of another node. */
  addBatch(batch: PendingBatch, isOwn: boolean): void {
    batch.standing = "next";
    this.#comingCount += batch.count + batch.riders.length;
    this.#comingBytes += batch.bodyBytes;
    for (const { message } of batch.riders) this.#comingBytes += message.bodySize;
    this.#queueBatch(batch, isOwn);
    this.#traffic.flushSoon(this);
  }

  /** Takes a kept transient message that is behind others on their way. */
  addRider(message: Message): void {
    this.#comingCount++;
    this.#comingBytes += message.bodySize;
    if (this.#writer.count > 0 || this.#unapplied.length === 0) {
      this.#riders.push({ position: this.#writer.count, message });
      return;
    }
    const last = this.#unapplied[this.#unapplied.length - 1];
    last?.riders.push({ position: last.count, message });
  }

  /**
   * Calls `done` when what is on its way into the queue now is in it; at once if nothing is, or if the disk has no room for it:
   * who would make room must not wait for that.
   */
  whenAdmitted(done: () => void): void {
    if (!this.isAdmitting || this.#isOutOfSpace) {
      done();
      return;
    }
    this.flush();
    this.#admissionWaiters.push({ count: this.#batchCount, done });
  }

  /** A message of a batch, before it is in the log; valid until the next call of anything here. */
  viewOf(batch: PendingBatch, item: number): Message {
    const view = this.#view;
    view.forgetStored();
    view.showItem(batch, item, this.#reader.routingOf(batch, item));
    view.ref = 0;
    return view;
  }

  /** Calls `done` when all that was done so far is stored; with false if that can never be. */
  whenStored(done: (isStored: boolean) => void): void {
    this.flush();
    this.#await({ batches: this.#batches.madeCount, progress: this.#progress.madeCount, done });
  }

  /** The same for what has left the queue so far. */
  whenForgotten(done: (isStored: boolean) => void): void {
    this.flush();
    this.#await({ batches: 0, progress: this.#progress.madeCount, done });
  }

  #await(waiter: StoreWaiter): void {
    if (this.#isStored(waiter)) waiter.done(true);
    else this.#waiters.push(waiter);
  }

  // MessageLog, MessageBacking

  forget(message: Message): void {
    if (this.#isClosed) return;
    this.#notes.removed(message.level, message.ref);
    this.#noteProgress();
    // The view still knows the one that it has just shown.
    if (!this.#isShowing) this.#traffic.reuseLater(message);
  }

  forgetRange(level: number, first: number, last: number): void {
    if (this.#isClosed) return;
    this.#notes.removedRange(level, first, last);
    this.#noteProgress();
  }

  noteReturn(message: Message, count: number): void {
    this.#notes.returned(message.level, message.ref, count);
    this.#noteProgress();
  }

  /** The message was handed out, and maybe settled with that. */
  noteDelivered(message: Message, isSettled: boolean): void {
    const { level, ref } = message;
    if (this.#notes.delivered(level, ref)) this.#deliveredCount++;
    if (this.isAhead) this.#traffic.flushSoon(this);
    if (!isSettled) message.unload();
    // Passed straight on to a no-ack consumer: nobody holds it, so nobody will release it.
    else if (message.references === 0) this.#notes.removed(level, ref);
    this.#noteProgress();
  }

  /** The message was taken by basic.get, whose answer is yet to be written. */
  noteTaken(message: Message): void {
    this.#notes.delivered(message.level, message.ref);
    this.#noteProgress();
    this.#traffic.timers.defer(() => message.unload());
  }

  cursorOf(level: number): LogCursor {
    return this.#group.log.cursorOf(level);
  }

  levels(): Iterable<number> {
    return this.#group.log.levels();
  }

  messageAt({ ref, bodySize, expiresAtMs }: LogCursor, level: number): Message {
    const facts = { ref, level, bodySize, expiresAtMs };
    const unused = this.#traffic.takeUnused();
    if (unused === undefined) return Message.unloaded(this.#parts.slabs, this, facts);
    unused.reuse(this, facts);
    return unused;
  }

  /** So much was handed out that the log does not know of, that a new leader could not tell it from what was not. */
  get isAhead(): boolean {
    return this.#isTooFar(this.#toldCount);
  }

  #isTooFar(toldCount: number): boolean {
    return this.#deliveredCount - toldCount >= DELIVERIES_AHEAD && this.#group.isReplicated;
  }

  load(message: Message): boolean {
    // The driver goes on when the log has heard: see `#onStored`.
    if (this.isAhead) return false;
    const index = entryIndexOf(message.ref);
    const hot = this.#hot.get(index);
    const batch = hot ?? this.#reader.find(index);
    if (batch === undefined) return false;
    message.showItem(
      batch,
      positionOf(message.ref),
      this.#reader.routingOf(batch, positionOf(message.ref)),
    );
    return true;
  }

  /** As `load`, and calls back when the bytes are here, in the order of asking; without them if they cannot be read. */
  whenLoaded(message: Message, done: () => void): void {
    this.#loads.add(message, done);
  }

  /** See BrokerQueue.readPeeked. */
  readPeeked(refs: readonly number[], reading: PeekReading): void {
    new PeekLog(this.#parts, refs, reading).start();
  }

  get isBehind(): boolean {
    return this.#traffic.isHigh || this.#loads.count > DEAD_LETTERS_LOADING_MAX;
  }

  // TrafficClient

  flush(): void {
    if (this.#isClosed || this.#failure !== undefined) return;
    if (this.#writer.count > 0) this.#closeBatch();
    while (!this.#notes.isEmpty) this.#closeProgress();
    this.#pump();
  }

  retry(): void {
    this.#pump();
  }

  coolDown(entryIndex: number): void {
    this.#hot.delete(entryIndex);
  }

  /** The queue is deleted: so is its log, and nobody waits for it any more. */
  delete(): void {
    if (this.#isClosed) return;
    if (this.#writer.count > 0) this.#closeBatch();
    this.#isDeleted = true;
    this.#giveUp(true);
    this.#close();
    this.#group.delete();
  }

  /**
   * Another replica leads: own batches whose fate is not known here are given back, to be sent to it; nobody is told
   * anything of them any more.
   */
  retire(): Retired {
    if (this.#isClosed) return NOTHING_RETIRED;
    if (this.#writer.count > 0) this.#closeBatch();
    while (!this.#notes.isEmpty) this.#closeProgress();
    const batches = [...this.#unstored];
    const settled = [...this.#untold].flatMap(refsThatLeft);
    const told = [...this.#untold].flatMap((progress) => progress.delivered);
    const delivered = [...told, ...this.#group.log.suspects()];
    this.#unstored.clear();
    this.#untold.clear();
    this.#deliveredAt.clear();
    for (const lane of [this.#batches, this.#progress]) {
      for (const { data } of lane.outgoing) this.#traffic.removePending(data.length);
      lane.outgoing = [];
    }
    this.#isRetired = true;
    this.#close();
    const waiters = this.#waiters;
    this.#waiters = [];
    this.#traffic.timers.defer(() => {
      for (const { done } of waiters) done(false);
    });
    return { batches, settled, delivered };
  }

  /** The node stops: what gathered goes to the log, and nothing comes after. */
  stop(): void {
    this.flush();
    this.#close();
  }

  #close(): void {
    this.#isClosed = true;
    this.#group.log.onEnqueued = undefined;
    this.#group.log.onIgnored = undefined;
    this.#hot.clear();
    this.#reader.close();
    this.#loads.clear();
    this.#dropRiders();
    this.#wakeAdmitted();
  }

  #dropRiders(): void {
    for (const riders of [this.#riders, ...this.#unapplied.map((batch) => batch.riders)]) {
      for (const { message } of riders.splice(0)) message.release();
    }
  }

  #noteProgress(): void {
    if (this.#notes.count >= PROGRESS_RANGES_MAX) this.#traffic.flushSoon(this);
    else this.#traffic.flushLater(this);
  }

  #closeBatch(): void {
    const batch = this.#writer.finish();
    batch.riders.push(...this.#riders);
    this.#riders = [];
    this.#queueBatch(batch, true);
  }

  #queueBatch(batch: PendingBatch, isOwn: boolean): void {
    this.#unapplied.push(batch);
    if (isOwn) this.#unstored.add(batch);
    this.#batchCount++;
    this.#send(this.#batches, batch.bytes, batch);
  }

  #closeProgress(): void {
    const progress = this.#notes.take(PROGRESS_COMMAND_MAX);
    this.#untold.add(progress);
    this.#deliveredAt.set(progress, this.#deliveredCount);
    this.#send(this.#progress, encodeProgress(progress), progress);
  }

  #send(lane: Lane, data: Uint8Array, command: QueueCommand): void {
    lane.madeCount++;
    this.#traffic.addPending(data.length);
    lane.outgoing.push({ data, command });
  }

  #pump(): void {
    if (!this.#isOpen || this.#isClosed) return;
    this.#pumpLane(this.#progress);
    this.#pumpLane(this.#batches);
  }

  #pumpLane(lane: Lane): void {
    let sent = 0;
    for (const outgoing of lane.outgoing) {
      if (!this.#propose(lane, outgoing)) break;
      sent++;
    }
    if (sent > 0) lane.outgoing.splice(0, sent);
  }

  #propose(lane: Lane, outgoing: Outgoing): boolean {
    const { data, command } = outgoing;
    let isTaken = false;
    isTaken = this.#group.propose(data, { command, freesSpace: lane.isProgress }, (result) => {
      if (isTaken) this.#onResult(lane, outgoing, result);
      else this.#onRefused(lane, result);
    });
    if (isTaken && !lane.isProgress) this.#isOutOfSpace = false;
    return isTaken;
  }

  #onRefused(lane: Lane, { kind }: ProposalResult): void {
    if (this.#isClosed) return;
    if (kind === "no-space" && !lane.isProgress) {
      this.#isOutOfSpace = true;
      this.#wakeAdmitted();
    }
    if (kind === "stopped") this.#fail(this.#group.failure ?? "its log has stopped");
    else if (kind === "refused") this.#fail("its log refuses a command");
    else this.#traffic.retrySoon(this);
  }

  /**
   * "unknown": the group stopped here, and whether the command survives only the log can tell. That is as good as refused; but
   * when the node stops nobody hears anything, and what a deleted queue would have got is accepted.
   */
  #onResult(lane: Lane, { data, command }: Outgoing, { kind }: ProposalResult): void {
    this.#traffic.removePending(data.length);
    if (this.#isRetired) return;
    if (kind === "applied" || this.#isDeleted) {
      this.#onStored(lane, command);
    } else if (!this.#isClosed && (kind !== "unknown" || this.#group.failure !== undefined)) {
      settleAll(command, false);
      this.#fail(this.#group.failure ?? "its log has stopped");
    }
    // Else another replica may lead, and know what became of it: see `retire`.
  }

  /** The group has stopped here for good. */
  groupFailed(): void {
    if (this.#isClosed || this.#failure !== undefined) return;
    for (const batch of this.#unstored) settleAll(batch, false);
    this.#unstored.clear();
    this.#fail(this.#group.failure ?? "its log has stopped");
  }

  #onStored(lane: Lane, command: QueueCommand): void {
    if (command instanceof PendingBatch) this.#unstored.delete(command);
    else if (lane.isProgress) this.#noteTold(command as Progress);
    settleAll(command, true);
    lane.storedCount++;
    if (this.#waiters.length > 0) this.#answerStored();
  }

  #noteTold(progress: Progress): void {
    this.#untold.delete(progress);
    const before = this.#toldCount;
    const now = Math.max(before, this.#deliveredAt.get(progress) ?? 0);
    this.#toldCount = now;
    this.#deliveredAt.delete(progress);
    if (this.#isTooFar(before) && !this.#isTooFar(now)) this.#onRead();
  }

  /** Not in the order of asking: what has left does not wait for what comes. */
  #answerStored(): void {
    const waiters = this.#waiters;
    this.#waiters = waiters.filter((waiter) => !this.#isStored(waiter));
    for (const waiter of waiters) if (this.#isStored(waiter)) waiter.done(true);
  }

  #isStored({ batches, progress }: StoreWaiter): boolean {
    return this.#batches.storedCount >= batches && this.#progress.storedCount >= progress;
  }

  /** What the log has not taken will not be stored: publishers hear that. Who waits for the log waits no longer. */
  #giveUp(isAccepted: boolean): void {
    for (const lane of [this.#batches, this.#progress]) {
      for (const { data, command } of lane.outgoing) {
        this.#traffic.removePending(data.length);
        settleAll(command, isAccepted);
      }
      lane.outgoing = [];
    }
    const waiters = this.#waiters;
    this.#waiters = [];
    // In a turn of their own: this may be inside the turn of a group.
    this.#traffic.timers.defer(() => {
      for (const { done } of waiters) done(isAccepted);
    });
  }

  #onIgnored(batch: EnqueueBatch, standing: BatchStanding): void {
    if (!(batch instanceof PendingBatch)) return;
    batch.standing = standing;
    this.#noteApplied(batch);
    for (const { message } of batch.riders.splice(0)) message.release();
    this.#wakeAdmitted();
  }

  #noteApplied(batch: PendingBatch): void {
    this.#unapplied.shift();
    this.#appliedCount++;
    this.#comingCount -= batch.count + batch.riders.length;
    this.#comingBytes -= batch.bodyBytes;
    for (const { message } of batch.riders) this.#comingBytes -= message.bodySize;
  }

  #onEnqueued(entryIndex: number, batch: EnqueueBatch): void {
    if (!(batch instanceof PendingBatch) || this.#owner === undefined) return;
    this.#noteApplied(batch);
    this.#isShowing = true;
    this.#admit(entryIndex, batch, this.#owner);
    this.#isShowing = false;
    this.#keepHot(entryIndex, batch, this.#owner);
    this.#wakeAdmitted();
  }

  /** In a turn of their own: what they do may need the log. */
  #wakeAdmitted(): void {
    if (this.#admissionWaiters.length > 0) this.#traffic.timers.defer(() => this.#answerAdmitted());
  }

  #answerAdmitted(): void {
    const waiters = this.#admissionWaiters;
    const isOver = this.#isClosed || this.#isOutOfSpace || this.#failure !== undefined;
    const isDone = ({ count }: Waiter): boolean => isOver || count <= this.#appliedCount;
    this.#admissionWaiters = waiters.filter((waiter) => !isDone(waiter));
    for (const waiter of waiters) if (isDone(waiter)) waiter.done();
  }

  #admit(entryIndex: number, batch: PendingBatch, owner: JournalOwner): void {
    const view = this.#view;
    let rider = 0;
    for (let item = 0; item < batch.count; item++) {
      rider = this.#admitRiders(batch, rider, item, owner);
      view.forgetStored();
      view.showItem(batch, item, this.#reader.routingOf(batch, item));
      view.ref = refOf(entryIndex, item);
      view.level = batch.levelAt(item);
      view.expiresAtMs = batch.expiresAtMsAt(item);
      this.#handOut(view, owner);
    }
    this.#admitRiders(batch, rider, batch.count, owner);
    view.forgetStored();
    try {
      owner.admitted();
    } catch (error) {
      this.#onBug(error);
    }
  }

  /** Lets the transient messages take their turn that stand before the item. */
  #admitRiders(batch: PendingBatch, from: number, item: number, owner: JournalOwner): number {
    let rider = from;
    for (let next = batch.riders[rider]; next !== undefined; next = batch.riders[rider]) {
      if (next.position > item) break;
      this.#handOut(next.message, owner);
      next.message.release();
      rider++;
    }
    return rider;
  }

  /** The log has the messages. What fails is handing one of them out, which must stop neither the log nor the others. */
  #handOut(message: Message, owner: JournalOwner): void {
    try {
      owner.admit(message);
    } catch (error) {
      this.#onBug(error);
    }
  }

  #onBug(error: unknown): void {
    this.#parts.log.error({ err: error }, `internal error in ${this.#parts.queueText}`);
  }

  /** Its messages wait, but not long: the bytes stay in memory. */
  #keepHot(entryIndex: number, batch: PendingBatch, owner: JournalOwner): void {
    if (owner.readyCount === 0 || owner.readyBytes > HOT_QUEUE_BYTES) return;
    this.#hot.set(entryIndex, batch);
    this.#traffic.keepHot(this, entryIndex, batch.bytes.buffer.byteLength);
  }

  /** The messages there stay where they are: to pass over them would lose them. */
  #onUnreadable(index: number, why: string, isOnly: boolean): void {
    if (this.#unreadableIndex !== index) {
      this.#unreadableIndex = index;
      const { log, queueText } = this.#parts;
      log.error({ index }, `messages of ${queueText} cannot be read: ${why}`);
    }
    this.#loads.giveUp(index);
    if (isOnly) this.#owner?.unreadable();
  }

  #onRead(): void {
    this.#loads.answer();
    this.#owner?.loaded();
  }

  /** Nothing more can be stored. What is here may still be consumed, but comes back with the next start. */
  #fail(why: string): void {
    if (this.#failure !== undefined) return;
    this.#failure = why;
    this.#parts.log.error({}, `${this.#parts.queueText} is not available: ${why}`);
    this.#giveUp(false);
    this.#wakeAdmitted();
  }
}

export const NOTHING_RETIRED: Retired = { batches: [], settled: [], delivered: [] };

/** Longer ranges are those of a purge, which is answered when it is stored. */
const RANGE_TOLD_MAX = 1024;

function refsThatLeft({ removed }: Progress): Retired["settled"] {
  const refs: Retired["settled"] = [];
  for (const { level, first, last } of removed) {
    if (last - first >= RANGE_TOLD_MAX) continue;
    for (let ref = first; ref <= last; ref++) refs.push({ level, ref });
  }
  return refs;
}

/** Tells those who wait what became of a batch. */
function settleAll(command: QueueCommand, isAccepted: boolean): void {
  if (!(command instanceof PendingBatch)) return;
  const { receipts, sequences, onSettled, standing } = command;
  for (let item = 0; item < receipts.length; item++) {
    receipts[item]?.settle(sequences[item] ?? 0, isAccepted);
  }
  // The batch may be kept for long, and must not keep their channels.
  receipts.length = 0;
  command.onSettled = undefined;
  onSettled?.(isAccepted, standing);
}
