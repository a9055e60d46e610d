import assert from "node:assert/strict";
import type { Consumer, ConsumerSpec } from "../../src/queue/consumer.ts";
import type { QueueConfig } from "../../src/queue/queue-config.ts";
import type { DeadLetterReason, QueueEffects } from "../../src/queue/queue-effects.ts";
import { QueueMachine } from "../../src/queue/queue-machine.ts";
import { TestMessage } from "./machine-rig.ts";

interface ModelEntry {
  readonly message: TestMessage;
  readonly sequence: number;
  readonly level: number;
  readonly expiresAtMs: number;
  returns: number;
  /** Order of return in a quorum queue; 0: never returned. */
  returnOrder: number;
}

interface ModelConsumer {
  readonly consumer: Consumer<TestMessage, number>;
  readonly spec: ConsumerSpec<number> | undefined;
  readonly unacked: Map<number, ModelEntry>;
  last: number;
  isAttached: boolean;
  isStarted: boolean;
  isPaused: boolean;
  isAsked: boolean;
}

/**
 * Drives a machine and checks every effect against a naive queue of plain arrays: is this the message that has
 * to come next, may this consumer have it, is it really expired or over the limit. What the machine does without
 * an effect (drop) shows in the release of the message.
 */
export class QueueModel implements QueueEffects<TestMessage, number> {
  readonly machine: QueueMachine<TestMessage, number>;
  readonly trace: string[] = [];
  readonly consumers: ModelConsumer[] = [];
  readonly messages: TestMessage[] = [];
  readonly #config: QueueConfig;
  #ready: ModelEntry[] = [];
  #now = 0;
  #sequence = 0;
  /** Of the last message that a session took with basic.get. */
  readonly #getNumbers = new Map<number, number>();
  #returnOrder = 0;
  #isResumeDue = false;
  /** Auto-delete is due: limits are not applied to what returns any more. */
  #isDoomed = false;
  /** In `get` the machine has taken the head, and the model learns of it only when it returns. */
  #isGetting = false;
  #timerAtMs = Infinity;
  #deadLettered = 0;
  #gone = 0;
  /** What the current command may end without a reason of the queue: purge, ack, discard, no-ack delivery. */
  readonly #mayEnd: Set<TestMessage> = new Set();
  #incoming: TestMessage | undefined;

  constructor(config: QueueConfig) {
    this.#config = config;
    this.machine = new QueueMachine<TestMessage, number>(config, this, 0);
  }

  get now(): number {
    return this.#now;
  }

  get isResumeDue(): boolean {
    return this.#isResumeDue;
  }

  advance(byMs: number): void {
    this.#now += byMs;
    if (this.#timerAtMs <= this.#now) this.tick();
  }

  tick(): void {
    this.#timerAtMs = Infinity;
    this.machine.tick(this.#now);
    for (const level of new Set(this.#ready.map((entry) => entry.level))) {
      const head = this.#ordered().find((entry) => entry.level === level);
      assert(head === undefined || head.expiresAtMs > this.#now, "an expired head stayed");
    }
  }

  publish(bodySize: number, priority: number, expirationMs: number): void {
    const message = new TestMessage(`m${this.messages.length}`, {
      bodySize,
      priority,
      expirationMs,
    });
    message.onGone = (gone) => this.#onGone(gone);
    this.messages.push(message);
    this.#incoming = message;
    this.#finishPublish(this.machine.enqueue(this.#now, message));
  }

  /** The message was told of as delivered or ended during the command, or now waits, or was refused. */
  #finishPublish(isAccepted: boolean): void {
    if (!isAccepted) assert(this.#config.overflow !== "drop-head", "drop-head refuses nothing");
    const message = this.#incoming;
    if (message === undefined) return;
    assert.equal(message.keeps, isAccepted ? 1 : 0, "keeps of a stored or refused message");
    if (isAccepted) this.#admit();
    this.#incoming = undefined;
  }

  attach(spec: ConsumerSpec<number>): void {
    const isTaken = this.#attached().some((other) => other.spec?.exclusive);
    const isInUse = this.#attached().length > 0 || this.#config.singleActiveConsumer;
    const consumer = this.machine.attach(this.#now, spec);
    if (consumer === "exclusive-use") {
      assert(isTaken || (spec.exclusive && isInUse), "a consumer was refused without reason");
      return;
    }
    assert(!isTaken && !(spec.exclusive && isInUse), "a consumer should have been refused");
    this.#track(consumer, spec);
  }

  start(index: number): void {
    this.#with(index, (model) => {
      model.isStarted = model.isAttached;
      this.machine.start(this.#now, model.consumer);
    });
  }

  detach(index: number): void {
    this.#with(index, (model) => {
      model.isAttached = false;
      model.isStarted = false;
      this.machine.detach(this.#now, model.consumer);
    });
  }

  pause(index: number, isPaused: boolean): void {
    this.#with(index, (model) => {
      model.isPaused = isPaused;
      if (isPaused) this.machine.pause(this.#now, model.consumer);
      else this.machine.unpause(this.#now, model.consumer);
    });
  }

  grant(index: number): void {
    this.#with(index, (model) => {
      if (model.isAsked) this.machine.grantCredit(this.#now, model.consumer);
    });
  }

  settle(index: number, from: number, to: number, how: "ack" | "requeue" | "discard"): void {
    this.#with(index, (model) => {
      const numbers = [...model.unacked.keys()].filter((n) => n >= from && n <= to);
      const entries = numbers.sort((a, b) => a - b).map((n) => this.#takeUnacked(model, n));
      if (how === "requeue") {
        for (const entry of entries) this.#putBack(entry);
        this.machine.returnMessages(this.#now, model.consumer, from, to, "nack");
        return;
      }
      for (const entry of entries) this.#mayEnd.add(entry.message);
      if (how === "ack") this.machine.settle(this.#now, model.consumer, from, to);
      else this.machine.discard(this.#now, model.consumer, from, to);
      assert.equal(this.#mayEnd.size, 0, "a settled message was kept");
    });
  }

  get(sessionId: number, noAck: boolean): void {
    this.#isGetting = true;
    const result = this.machine.get(this.#now, sessionId, noAck);
    this.#isGetting = false;
    if (result === undefined) {
      assert.equal(this.#ready.length, 0, "get found nothing in a queue with messages");
      return;
    }
    const entry = this.#takeReady(result.message, result.redelivered);
    if (result.consumer === undefined) {
      this.#mayEnd.add(result.message);
      result.message.release();
      return;
    }
    const known = this.consumers.find((other) => other.consumer === result.consumer);
    const model = known ?? this.#track(result.consumer, undefined);
    const lastOfSession = this.#getNumbers.get(sessionId) ?? 0;
    assert(result.deliveryNumber > lastOfSession, "a session's numbers are not used again");
    this.#getNumbers.set(sessionId, result.deliveryNumber);
    if (known === undefined) model.last = result.deliveryNumber - 1;
    this.#hold(model, result.deliveryNumber, entry);
  }

  endSession(sessionId: number, how: "close" | "recover"): void {
    const models = this.consumers.filter((model) => model.consumer.sessionId === sessionId);
    const entries = models.flatMap((model) => [...model.unacked.values()]);
    for (const model of models) {
      model.unacked.clear();
      if (how === "close") Object.assign(model, { isAttached: false, isStarted: false });
    }
    for (const entry of entries.sort((a, b) => a.sequence - b.sequence)) this.#putBack(entry);
    if (how === "close") this.machine.closeSession(this.#now, sessionId);
    else this.machine.recoverSession(this.#now, sessionId);
  }

  resume(): void {
    if (!this.#isResumeDue) return;
    this.#isResumeDue = false;
    this.machine.resume(this.#now);
  }

  purge(): void {
    for (const entry of this.#ready) this.#mayEnd.add(entry.message);
    const expected = this.#ready.length;
    this.#ready = [];
    assert.equal(this.machine.purge(this.#now), expected);
  }

  close(): void {
    for (const message of this.messages) this.#mayEnd.add(message);
    this.#ready = [];
    this.machine.close();
    const open = this.messages.reduce((sum, message) => sum + message.keeps, 0);
    assert.equal(open, this.#deadLettered, "keeps left after close");
  }

  /** Raft-and-storage.md 3.10, as far as it concerns a queue on one node. */
  checkInvariants(): void {
    const unacked = this.consumers.flatMap((model) => [...model.unacked.values()]);
    const bytesOf = (entries: readonly ModelEntry[]): number =>
      entries.reduce((sum, entry) => sum + entry.message.bodySize, 0);
    assert.equal(this.machine.readyCount, this.#ready.length);
    assert.equal(this.machine.readyBytes, bytesOf(this.#ready));
    assert.equal(this.machine.unackedCount, unacked.length);
    assert.equal(this.machine.unackedBytes, bytesOf(unacked));
    assert.equal(this.machine.consumerCount, this.#attached().length);
    const places = this.#ready.length + unacked.length + this.#gone + this.#deadLettered;
    const kept = this.messages.reduce((sum, message) => sum + message.keeps, 0);
    assert.equal(kept, this.#ready.length + unacked.length + this.#deadLettered, "keeps");
    assert(places <= this.messages.length, "a message is in two places");
    const ids: string[] = [];
    this.machine.peek(Infinity, (message) => ids.push(message.id));
    assert.deepEqual(
      ids,
      this.#ordered().map((entry) => entry.message.id),
    );
    if (this.#config.overflow === "drop-head" && !this.#isDoomed)
      assert(!this.#isOver(), "over the length limit");
    this.#checkActive();
    this.#checkNobodyWaits();
  }

  #checkActive(): void {
    const active = this.#attached().filter((model) => model.consumer.isActive);
    const isExpected = this.#config.singleActiveConsumer && this.#attached().length > 0;
    assert.equal(active.length, isExpected ? 1 : 0, "active consumers");
  }

  #checkNobodyWaits(): void {
    if (this.#isResumeDue || this.#ready.length === 0) return;
    const waiting = this.#attached().filter((model) => this.#canReceive(model) && !model.isAsked);
    assert.equal(waiting.length, 0, "a consumer waits while messages are ready");
  }

  deliver(
    consumer: Consumer<TestMessage, number>,
    number: number,
    message: TestMessage,
    redelivered: boolean,
    deliveryCount: number,
  ): void {
    this.trace.push(`deliver ${consumer.spec.context} ${number} ${message.id} ${redelivered}`);
    const model = this.consumers.find((other) => other.consumer === consumer);
    assert(model !== undefined, "delivery to an unknown consumer");
    assert(this.#canReceive(model), "delivery to a consumer that cannot receive");
    this.#checkPriority(model);
    if (this.#incoming === message) this.#admit();
    const entry = this.#takeReady(message, redelivered);
    assert.equal(deliveryCount, this.#config.type === "quorum" ? entry.returns : -1);
    model.isAsked = false;
    if (consumer.noAck) {
      assert.equal(number, 0);
      if (message.keeps > 0) this.#mayEnd.add(message);
      else this.#gone++;
    } else this.#hold(model, number, entry);
  }

  deadLetter(message: TestMessage, reason: DeadLetterReason): void {
    this.trace.push(`dead ${message.id} ${reason}`);
    this.#deadLettered++;
    assert(this.#config.deadLetterExchange !== undefined, "there is no dead-letter exchange");
    if (reason === "rejected") assert(this.#mayEnd.delete(message), "rejected by nobody");
    else this.#endReady(message, reason);
  }

  armTimer(dueAtMs: number): void {
    this.trace.push(`timer ${dueAtMs}`);
    this.#timerAtMs = dueAtMs === -1 ? Infinity : dueAtMs;
  }

  moreToDeliver(): void {
    this.trace.push("more");
    assert(!this.#isResumeDue, "resume was asked for twice");
    this.#isResumeDue = true;
  }

  creditWanted(consumer: Consumer<TestMessage, number>): void {
    this.trace.push(`wanted ${consumer.spec.context}`);
    const model = this.consumers.find((other) => other.consumer === consumer);
    assert(model !== undefined && !model.isAsked, "credit was asked for twice");
    model.isAsked = true;
  }

  creditUnused(consumer: Consumer<TestMessage, number>): void {
    this.trace.push(`unused ${consumer.spec.context}`);
    const model = this.consumers.find((other) => other.consumer === consumer);
    assert(model?.isAsked, "an unasked credit came back");
    model.isAsked = false;
  }

  consumerActivated(consumer: Consumer<TestMessage, number>): void {
    this.trace.push(`active ${consumer.spec.context}`);
  }

  queueUnused(): void {
    this.trace.push("queue unused");
    this.#isDoomed = true;
    assert.equal(this.#attached().length, 0);
  }

  queueExpired(): void {
    this.trace.push("queue expired");
    assert.equal(this.#attached().length, 0);
  }

  #attached(): ModelConsumer[] {
    return this.consumers.filter((model) => model.isAttached);
  }

  #track(
    consumer: Consumer<TestMessage, number>,
    spec: ConsumerSpec<number> | undefined,
  ): ModelConsumer {
    const model: ModelConsumer = {
      consumer,
      spec,
      unacked: new Map(),
      last: 0,
      isAttached: spec !== undefined,
      isStarted: false,
      isPaused: false,
      isAsked: false,
    };
    this.consumers.push(model);
    return model;
  }

  #with(index: number, command: (model: ModelConsumer) => void): void {
    const model = this.consumers[index % Math.max(1, this.consumers.length)];
    if (model !== undefined) command(model);
  }

  #canReceive(model: ModelConsumer): boolean {
    const { spec } = model;
    if (spec === undefined || !model.isAttached || !model.isStarted || model.isPaused) return false;
    if (this.#config.singleActiveConsumer && !model.consumer.isActive) return false;
    return spec.noAck || spec.prefetch === 0 || model.unacked.size < spec.prefetch;
  }

  #checkPriority(served: ModelConsumer): void {
    if (this.#config.singleActiveConsumer || served.spec?.needsCredit) return;
    const better = this.#attached().find(
      (model) =>
        this.#canReceive(model) &&
        !model.isAsked &&
        (model.spec?.priority ?? 0) > (served.spec?.priority ?? 0),
    );
    assert(better === undefined, "a consumer of higher priority was passed over");
  }

  #admit(): void {
    const message = this.#incoming;
    assert(message !== undefined);
    this.#incoming = undefined;
    const ttls = [this.#config.messageTtlMs ?? Infinity];
    if (message.expirationMs >= 0) ttls.push(message.expirationMs);
    this.#ready.push({
      message,
      sequence: this.#sequence++,
      level: Math.min(message.priority, this.#config.maxPriority ?? 0),
      expiresAtMs: this.#now + Math.min(...ttls),
      returns: 0,
      returnOrder: 0,
    });
  }

  /** Ready messages in the order of delivery. */
  #ordered(): ModelEntry[] {
    const isQuorum = this.#config.type === "quorum";
    return [...this.#ready].sort((a, b) => {
      if (a.level !== b.level) return b.level - a.level;
      if (isQuorum && a.returnOrder !== b.returnOrder) {
        if (a.returnOrder === 0) return 1;
        if (b.returnOrder === 0) return -1;
        return a.returnOrder - b.returnOrder;
      }
      return a.sequence - b.sequence;
    });
  }

  #takeReady(message: TestMessage, redelivered: boolean): ModelEntry {
    const head = this.#ordered()[0];
    assert.equal(message.id, head?.message.id, "not the message at the head");
    assert(head !== undefined);
    assert(head.expiresAtMs > this.#now || this.#isFresh(head), "an expired message");
    assert.equal(redelivered, head.returns > 0);
    this.#ready = this.#ready.filter((entry) => entry !== head);
    return head;
  }

  /** TTL 0 and an immediate delivery. */
  #isFresh(entry: ModelEntry): boolean {
    return entry.returns === 0 && entry.sequence === this.#sequence - 1;
  }

  #hold(model: ModelConsumer, number: number, entry: ModelEntry): void {
    assert.equal(number, model.last + 1, "delivery numbers are contiguous");
    model.last = number;
    model.unacked.set(number, entry);
  }

  #takeUnacked(model: ModelConsumer, number: number): ModelEntry {
    const entry = model.unacked.get(number);
    assert(entry !== undefined);
    model.unacked.delete(number);
    return entry;
  }

  #putBack(entry: ModelEntry): void {
    entry.returns++;
    entry.returnOrder = ++this.#returnOrder;
    this.#ready.push(entry);
  }

  #isOver(): boolean {
    const bytes = this.#ready.reduce((sum, entry) => sum + entry.message.bodySize, 0);
    const { maxLength, maxLengthBytes } = this.#config;
    return this.#ready.length > (maxLength ?? Infinity) || bytes > (maxLengthBytes ?? Infinity);
  }

  #onGone(message: TestMessage): void {
    this.#gone++;
    if (this.#mayEnd.delete(message)) return;
    this.#endReady(message, undefined);
  }

  /** A ready message ends by the queue's own rules; undefined: dropped, the reason is to be found. */
  #endReady(message: TestMessage, reason: DeadLetterReason | undefined): void {
    const incoming = this.#incoming;
    if (incoming === message && reason === "maxlen" && this.#config.overflow !== "drop-head") {
      this.#incoming = undefined; // Refused: it never was in the queue.
      return;
    }
    if (incoming !== undefined && (incoming === message || incoming.keeps > 0)) this.#admit();
    const entry = this.#ready.find((other) => other.message === message);
    assert(entry !== undefined, `${message.id} ended, but was not ready`);
    const reasons = this.#reasonsToEnd(entry);
    assert(
      reason === undefined ? reasons.length > 0 : reasons.includes(reason),
      `${message.id} ended as ${reason}, not ${reasons.join()}`,
    );
    this.#ready = this.#ready.filter((other) => other !== entry);
  }

  #reasonsToEnd(entry: ModelEntry): DeadLetterReason[] {
    const ordered = this.#ordered();
    const isHeadTaken = this.#isGetting && (ordered[0]?.expiresAtMs ?? 0) > this.#now;
    if (isHeadTaken) ordered.shift();
    const levelHead = ordered.find((other) => other.level === entry.level);
    const reasons: DeadLetterReason[] = [];
    if (levelHead === entry && entry.expiresAtMs <= this.#now) reasons.push("expired");
    if (ordered[0] === entry && this.#isOver()) reasons.push("maxlen");
    if (entry.returns > (this.#config.deliveryLimit ?? Infinity)) reasons.push("delivery_limit");
    return reasons;
  }
}
