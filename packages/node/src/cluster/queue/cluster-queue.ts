import { DELIVERIES_AHEAD } from "../../limits.ts";
import type { Logger } from "../../logger.ts";
import { homeOf, replicasOf } from "../../metadata/queue-replicas.ts";
import type { QueueRecord } from "../../metadata/records.ts";
import {
  BrokerQueue,
  type ConsumeRefusal,
  type ConsumerHandle,
  type ConsumerOutlet,
  type FoundMessage,
  type GetSession,
  type PublishWatcher,
} from "../../queue/broker-queue.ts";
import type { ConsumerSpec } from "../../queue/consumer.ts";
import { DurableQueue } from "../../queue/durable-queue.ts";
import { LiveQueue, type QueueHost } from "../../queue/live-queue.ts";
import { BatchNumbering } from "../../queue/log/batch-origin.ts";
import type { LogTraffic } from "../../queue/log/log-traffic.ts";
import type { PeekReading } from "../../queue/log/peek-log.ts";
import type { QueueGroup } from "../../queue/log/queue-group.ts";
import { QueueJournal } from "../../queue/log/queue-journal.ts";
import type { Message } from "../../queue/message.ts";
import type { PublishOutcome, PublishReceipt } from "../../queue/publish-receipt.ts";
import { expiryOf, levelOf, type QueueConfig } from "../../queue/queue-config.ts";
import type { QueueCounts } from "../../queue/queue-counts.ts";
import type { PeekVisitor } from "../../queue/queue-machine.ts";
import type { SlabStore } from "../../queue/slab-store.ts";
import type { LinkPeer } from "../link/link-peer.ts";
import { type AskedCounts, NO_COUNTS, unpackCounts } from "./asked-counts.ts";
import { ClusterConsumer } from "./cluster-consumer.ts";
import { GatedGroup } from "./gated-group.ts";
import { LedQueue } from "./led-queue.ts";
import { Outbox } from "./outbox.ts";
import { PendingOps } from "./pending-ops.ts";
import {
  ConsumerOp,
  integerAt,
  Question,
  QueueFrame,
  type ReadDelivery,
  SessionOp,
  SettleOp,
  sendConsumerOp,
  sendPacked,
  sendSessionOp,
} from "./queue-frames.ts";
import type { QueueHub } from "./queue-hub.ts";
import { type QueueRequest, RemoteRequests } from "./remote-requests.ts";
import { consumerFields, servedFields } from "./served-facts.ts";

export interface ClusterQueueParts {
  readonly host: QueueHost;
  readonly hub: QueueHub;
  readonly traffic: LogTraffic;
  readonly slabs: SlabStore;
  readonly log: Logger;
  /** As log lines name it. */
  readonly queueText: string;
  /** This node's replica of the queue's group; undefined: it has none. */
  readonly group: QueueGroup | undefined;
}

/**
 * A queue of a cluster as the channels of one node use it, whichever node leads it now. If this one does, commands go straight to the
 * driver; if another one does, over the link to it; if none does, they wait. A new leader hears what the old one may not
 * have stored, and what this node's consumers hold, so that clients notice no more than a pause.
 */
export class ClusterQueue extends BrokerQueue {
  readonly queueId: number;
  #record: QueueRecord;
  #config: QueueConfig;
  readonly #parts: ClusterQueueParts;
  readonly #hub: QueueHub;
  readonly #host: QueueHost;
  readonly #outbox: Outbox;
  readonly #requests: RemoteRequests;
  readonly #ops: PendingOps;
  readonly #consumers = new Set<ClusterConsumer>();
  /** Holders of what sessions took with basic.get. */
  readonly #getters = new Map<number, ClusterConsumer>();
  #group: QueueGroup | undefined;
  /** This node leads. */
  #led: LedQueue | undefined;
  #ledTerm = 0;
  /** All other nodes have said what their channels have, since this one leads. */
  #isServed = false;
  /** The node that led last, as far as is known here. */
  #lastLeader: number | undefined;
  /** QueueHub.restarts when that was known to lead. */
  #restartsSeen = 0;
  #gate: GatedGroup | undefined;
  /** The link to the node that leads. */
  #peer: LinkPeer | undefined;
  #peerTerm = 0;
  /** Of a queue that is led elsewhere, as its leader was asked last. */
  #counts = NO_COUNTS;
  #isHurried = false;
  /** Something that was asked has failed since it was led last. */
  #isOutOfReach = false;
  #isClosed = false;

  constructor(record: QueueRecord, config: QueueConfig, parts: ClusterQueueParts) {
    super();
    const { hub, traffic } = parts;
    this.queueId = queueIdOf(record);
    this.#record = record;
    this.#config = config;
    this.#parts = parts;
    this.#hub = hub;
    this.#host = new FacadeHost(parts.host, this);
    const { nodeId, incarnation } = hub.options;
    this.#outbox = new Outbox(traffic, new BatchNumbering(nodeId, incarnation));
    this.#requests = new RemoteRequests(hub, () => {
      this.#isOutOfReach = true;
    });
    this.#ops = new PendingOps(this.queueId);
    hub.register(this);
    if (record.groupId === undefined) {
      if (homeOf(record) === nodeId) this.#lead(undefined);
      else this.#connect();
    } else {
      this.replicaCame(parts.group);
      this.#connect();
    }
  }

  override get record(): QueueRecord {
    return this.#record;
  }

  override get config(): QueueConfig {
    return this.#config;
  }

  override get isClosed(): boolean {
    return this.#isClosed;
  }

  override get failure(): string | undefined {
    const led = this.#led;
    if (led !== undefined) return led.queue.failure;
    // Where it has one replica only, nobody else can help.
    if (this.#isOnlyHere) return this.#group?.failure;
    return undefined;
  }

  override get awayNode(): string | undefined {
    if (this.#led !== undefined || this.#peer !== undefined) return undefined;
    const only = this.#onlyNode;
    if (only === undefined || only === this.#hub.nodeId) return undefined;
    if (this.#hub.options.isNodeAlive(only)) return undefined;
    return this.#hub.options.nodeName(only) ?? `node ${only}`;
  }

  override get isOutOfReach(): boolean {
    return this.#isOutOfReach && this.#led === undefined && this.#peer === undefined;
  }

  override get isBacklogged(): boolean {
    return this.#led?.queue.isBacklogged === true;
  }

  override get readyCount(): number {
    return this.#led?.queue.readyCount ?? this.#counts.ready;
  }

  override get readyBytes(): number {
    return this.#led?.queue.readyBytes ?? this.#counts.readyBytes;
  }

  override get unackedCount(): number {
    return this.#led?.queue.unackedCount ?? this.#counts.unacked;
  }

  override get consumerCount(): number {
    return this.#led?.queue.consumerCount ?? this.#counts.consumers;
  }

  override get counts(): QueueCounts {
    return this.#led?.queue.counts ?? this.#counts;
  }

  /** Nodes with all that is stored, as a leader elsewhere said when it was asked last. */
  get synchronised(): readonly number[] {
    return this.#counts.synchronised;
  }

  /** This node leads the queue, or is about to take what its former leader had. */
  override get isServing(): boolean {
    return this.#led !== undefined;
  }

  override whenReady(done: () => void): void {
    if (this.#isUnusable) {
      done();
      return;
    }
    this.#ask({
      send: (peer, id) => sendPacked(peer, QueueFrame.ask, [this.queueId, id, Question.counts]),
      onAnswer: (values) => {
        this.#noteCounts(unpackCounts(values));
        done();
      },
      local: ({ queue }) => queue.whenReady(done),
      fail: done,
    });
  }

  override whenStored(done: (isStored: boolean) => void): void {
    if (this.#isClosed) {
      done(true);
      return;
    }
    this.#outbox.flush();
    this.#ask({
      send: (peer, id) => sendPacked(peer, QueueFrame.ask, [this.queueId, id, Question.stored]),
      onAnswer: (values) => done(values[0] === true),
      local: ({ queue }) => queue.whenStored(done),
      fail: () => done(false),
    });
  }

  override whenLoaded(message: Message, done: () => void): void {
    const led = this.#led;
    if (led === undefined) done();
    else led.queue.whenLoaded(message, done);
  }

  override publish(
    now: number,
    message: Message,
    receipt?: PublishReceipt,
    sequence = 0,
  ): PublishOutcome {
    const led = this.#led;
    if (led !== undefined) return led.queue.publish(now, message, receipt, sequence);
    if (this.#isClosed) return true;
    if (this.failure !== undefined || this.awayNode !== undefined) return false;
    this.#hurry();
    this.#outbox.add(message, {
      level: levelOf(this.#config, message.priority),
      expiresAtMs: expiryOf(this.#config, now, message.expirationMs) ?? -1,
      receipt,
      sequence,
    });
    if (this.#outbox.isFull) this.#host.holdPublisher(this.#outbox);
    else if (this.#parts.traffic.isHigh) this.#host.holdPublisher(this.#parts.traffic);
    return receipt === undefined ? true : "pending";
  }

  override consume(
    now: number,
    spec: ConsumerSpec<ConsumerOutlet>,
    done: (outcome: ConsumerHandle | ConsumeRefusal) => void,
  ): void {
    if (this.#isUnusable) {
      done("unavailable");
      return;
    }
    const consumer = new ClusterConsumer(this.#hub.nextConsumerId(), this, spec, false);
    this.#hub.addConsumer(consumer);
    const finish = (outcome: "ok" | ConsumeRefusal): void => {
      if (outcome === "ok") this.#consumers.add(consumer);
      else this.#hub.forgetConsumer(consumer);
      done(outcome === "ok" ? consumer : outcome);
    };
    this.#ask(
      {
        sessionId: spec.sessionId,
        send: (peer, id) => {
          const fields = consumerFields(consumer);
          sendPacked(peer, QueueFrame.consume, [this.queueId, id, ...fields]);
        },
        onAnswer: ([outcome]) => finish(outcome === "ok" ? "ok" : "exclusive-use"),
        local: ({ queue }) => {
          const handle = queue.attach(this.#host.clock.now(), spec);
          if (handle !== "exclusive-use") consumer.local = handle;
          finish(handle === "exclusive-use" ? handle : "ok");
        },
        fail: () => finish("unavailable"),
      },
      now,
    );
  }

  override start(now: number, handle: ConsumerHandle): void {
    const consumer = asConsumer(handle);
    consumer.isStarted = true;
    this.#toConsumer(consumer, ConsumerOp.start, (queue, local) => queue.start(now, local));
  }

  override detach(now: number, handle: ConsumerHandle, done?: () => void): void {
    const consumer = asConsumer(handle);
    const finish = (): void => {
      consumer.isDetached = true;
      if (consumer.unackedCount === 0) this.#forgetConsumer(consumer);
      done?.();
    };
    // Nothing is on its way, and the next leader hears that it is detached.
    if (this.#led === undefined && this.#peer === undefined) {
      finish();
      return;
    }
    this.#ask(
      {
        sessionId: consumer.sessionId,
        send: (peer, id) => {
          sendConsumerOp(peer, this.queueId, consumer.id, ConsumerOp.detach);
          sendPacked(peer, QueueFrame.ask, [this.queueId, id, Question.handled]);
        },
        onAnswer: finish,
        local: ({ queue }) => {
          if (consumer.local !== undefined) queue.detach(this.#host.clock.now(), consumer.local);
          finish();
        },
        fail: finish,
      },
      now,
    );
  }

  override settle(now: number, handle: ConsumerHandle, from: number, to: number): void {
    const consumer = asConsumer(handle);
    const { local } = consumer;
    if (local !== undefined) this.#led?.queue.settle(now, local, from, to);
    else this.#ops.add(this.#peer, consumer, SettleOp.settle, { from, to });
  }

  override returnMessages(
    now: number,
    handle: ConsumerHandle,
    from: number,
    to: number,
    kind: "nack" | "reject" | "lost",
  ): void {
    const consumer = asConsumer(handle);
    const { local } = consumer;
    if (local !== undefined) this.#led?.queue.returnMessages(now, local, from, to, kind);
    else this.#ops.add(this.#peer, consumer, SettleOp[kind], { from, to });
  }

  override discard(now: number, handle: ConsumerHandle, from: number, to: number): void {
    const consumer = asConsumer(handle);
    const { local } = consumer;
    if (local !== undefined) this.#led?.queue.discard(now, local, from, to);
    else this.#ops.add(this.#peer, consumer, SettleOp.discard, { from, to });
  }

  override get(
    now: number,
    session: GetSession,
    noAck: boolean,
    done: (found: FoundMessage | undefined) => void,
  ): void {
    if (this.#isUnusable) {
      done(undefined);
      return;
    }
    this.#ask(
      {
        sessionId: session.sessionId,
        send: (peer, id) => {
          const getter = this.#getterOf(session.sessionId);
          const fields = [this.queueId, id, getter.id, session.sessionId, noAck];
          sendPacked(peer, QueueFrame.get, fields);
        },
        onAnswer: (values) => this.#onGot(values, session, noAck, done),
        local: ({ queue }) => {
          queue.get(this.#host.clock.now(), session, noAck, (found) => {
            if (found?.consumer === undefined) {
              done(found);
              return;
            }
            const getter = this.#getterOf(session.sessionId);
            getter.local = found.consumer;
            done({ ...found, consumer: getter });
          });
        },
        fail: () => done(undefined),
      },
      now,
    );
  }

  override recoverSession(now: number, sessionId: number): void {
    const led = this.#led;
    if (led !== undefined) led.queue.recoverSession(now, sessionId);
    else this.#returnAll(sessionId);
  }

  /** What the session has got goes back, and nothing is delivered to it before all of it has; what is on its way to it stays with it. */
  #returnAll(sessionId: number): void {
    const isOfSession = (consumer: ClusterConsumer): boolean => consumer.sessionId === sessionId;
    const holders = [...this.#consumers, ...this.#getters.values()].filter(isOfSession);
    const running = holders.filter(({ isGetter, isPaused }) => !isGetter && !isPaused);
    this.#tellAll(running, ConsumerOp.pause);
    for (const holder of holders) {
      if (holder.unackedCount === 0) continue;
      this.#ops.add(this.#peer, holder, SettleOp.nack, { from: 1, to: holder.lastNumber });
    }
    this.#tellAll(running, ConsumerOp.unpause);
  }

  #tellAll(consumers: readonly ClusterConsumer[], op: ConsumerOp): void {
    if (this.#peer === undefined) return;
    for (const { id } of consumers) sendConsumerOp(this.#peer, this.queueId, id, op);
  }

  override closeSession(now: number, sessionId: number): void {
    this.#requests.endSession(sessionId);
    const ended = [...this.#consumers, ...this.#getters.values()].filter(
      (consumer) => consumer.sessionId === sessionId,
    );
    const forget = (): void => {
      this.#ops.forgetSession(sessionId);
      for (const consumer of ended) this.#forgetConsumer(consumer);
    };
    const led = this.#led;
    if (led !== undefined || this.#isClosed) {
      forget();
      led?.queue.closeSession(now, sessionId);
      return;
    }
    // Until a leader has heard it all: another one has to know what was acknowledged, and that the rest was handed out.
    for (const consumer of ended) consumer.isDetached = true;
    const request = {
      send: (peer: LinkPeer, id: number): void => {
        sendSessionOp(peer, this.queueId, SessionOp.close, sessionId);
        sendPacked(peer, QueueFrame.ask, [this.queueId, id, Question.handled]);
      },
      onAnswer: forget,
      local: ({ queue }: LedQueue): void => {
        queue.closeSession(this.#host.clock.now(), sessionId);
        forget();
      },
      fail: forget,
    };
    this.#requests.add(request, this.#peer);
  }

  override pause(now: number, handle: ConsumerHandle): void {
    const consumer = asConsumer(handle);
    consumer.isPaused = true;
    this.#toConsumer(consumer, ConsumerOp.pause, (queue, local) => queue.pause(now, local));
  }

  override unpause(now: number, handle: ConsumerHandle): void {
    const consumer = asConsumer(handle);
    consumer.isPaused = false;
    this.#toConsumer(consumer, ConsumerOp.unpause, (queue, local) => queue.unpause(now, local));
  }

  override grantCredit(now: number, handle: ConsumerHandle): void {
    const consumer = asConsumer(handle);
    if (this.#led !== undefined && consumer.local !== undefined) {
      this.#led.queue.grantCredit(now, consumer.local);
    } else if (this.#peer === undefined) {
      // Who leads next asks again.
      consumer.spec.context.creditUnused();
    } else {
      consumer.creditsGranted++;
      sendConsumerOp(this.#peer, this.queueId, consumer.id, ConsumerOp.grantCredit);
    }
  }

  override setNeedsCredit(now: number, handle: ConsumerHandle, needsCredit: boolean): void {
    const consumer = asConsumer(handle);
    consumer.needsCredit = needsCredit;
    const op = needsCredit ? ConsumerOp.needsCredit : ConsumerOp.needsNoCredit;
    this.#toConsumer(consumer, op, (queue, local) => queue.setNeedsCredit(now, local, needsCredit));
  }

  override touch(now: number): void {
    const led = this.#led;
    if (led !== undefined) led.queue.touch(now);
    else this.#sendSession(SessionOp.touch, 0);
  }

  override purgeStored(now: number, done: (count: number | undefined) => void): void {
    this.#ask(
      {
        send: (peer, id) => sendPacked(peer, QueueFrame.ask, [this.queueId, id, Question.purge]),
        onAnswer: (values) => {
          const count = integerAt(values, 0);
          done(count < 0 ? undefined : count);
        },
        local: ({ queue }) => queue.purgeStored(this.#host.clock.now(), done),
        fail: () => done(undefined),
      },
      now,
    );
  }

  override updateConfig(now: number, config: QueueConfig): void {
    this.#config = config;
    this.#led?.queue.updateConfig(now, config);
  }

  override peek(limit: number, visitor: PeekVisitor<Message>, skip = 0): void {
    this.#led?.queue.peek(limit, visitor, skip);
  }

  override readPeeked(refs: readonly number[], reading: PeekReading): void {
    const led = this.#led;
    if (led !== undefined) {
      led.queue.readPeeked(refs, reading);
      return;
    }
    for (const at of refs.keys()) reading.show(at, undefined);
    reading.done();
  }

  override watch(watcher: PublishWatcher): (() => void) | undefined {
    return this.#led?.queue.watch(watcher);
  }

  override consumers(): Iterable<ConsumerHandle> {
    return this.#consumers;
  }

  override close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#hub.forget(this);
    const { outlets } = this.#endConsumers();
    if (this.#led !== undefined) this.#led.queue.close();
    else this.#group?.delete();
    this.#dropLed();
    // What a deleted queue would have got is accepted.
    this.#outbox.drop(true);
    this.#requests.failAll();
    for (const outlet of outlets) outlet.queueDeleted();
  }

  override stop(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#hub.forget(this);
    this.#endConsumers();
    this.#led?.queue.stop();
    this.#dropLed();
    this.#outbox.takeAll();
    this.#requests.dropAll();
  }

  /** The metadata have another record of the queue: its replicas are to be elsewhere. */
  placed(record: QueueRecord): void {
    this.#record = record;
    this.#noteReplicas();
  }

  /** This node has a replica of the queue's group now, or none any more. */
  replicaCame(group: QueueGroup | undefined): void {
    if (this.#group !== undefined) this.#group.onChange = undefined;
    this.#group = group;
    if (group === undefined) {
      this.#resign();
      return;
    }
    this.#noteReplicas();
    group.onChange = () => this.#onGroupChange(group);
    this.#onGroupChange(group);
  }

  // Towards other nodes, by the hub

  /** Another node leads it, or nobody does, or the link to that node is another one. */
  leaderChanged(): void {
    if (this.#led === undefined && !this.#isClosed) this.#connect();
  }

  onRequest(peer: LinkPeer, kind: number, payload: Buffer): void {
    this.#led?.onRequest(peer, kind, payload);
  }

  onPackedRequest(peer: LinkPeer, kind: number, values: readonly unknown[]): void {
    this.#led?.onPackedRequest(peer, kind, values);
  }

  nodeSynced(peer: LinkPeer): void {
    this.#led?.nodeSynced(peer);
  }

  nodeDown(nodeId: number): void {
    this.#led?.nodeDown(nodeId);
  }

  lostLink(peer: LinkPeer): void {
    this.#led?.lostLink(peer);
  }

  reportProgress(): void {
    this.#led?.reportProgress();
  }

  onNumber(peer: LinkPeer, kind: number, number: number): void {
    if (peer !== this.#peer) return;
    if (kind === QueueFrame.stored) this.#outbox.stored(number);
    else if (kind === QueueFrame.resend) this.#outbox.sendFrom(number);
    else {
      this.#ops.progressed(number);
      this.#forgetIdle();
    }
  }

  onRefused(peer: LinkPeer, number: number, items: ReadonlySet<number>): void {
    if (peer === this.#peer) this.#outbox.refused(number, items);
  }

  onNotLeader(peer: LinkPeer): void {
    if (peer !== this.#peer) return;
    this.#hub.leaderLost(this.queueId, peer.nodeId);
    this.#connect();
  }

  /** A message came from `peer`. A consumer that has been named to another leader gets it from that one, under another number. */
  onDelivery(
    peer: LinkPeer,
    consumer: ClusterConsumer,
    message: Message,
    delivery: ReadDelivery,
  ): void {
    if (peer !== this.#peer && !consumer.noAck) return;
    const { deliveryNumber, redelivered, deliveryCount } = delivery;
    const { ref, level } = message;
    const returnCount = deliveryCount >= 0 ? deliveryCount : redelivered ? 1 : 0;
    if (consumer.creditsGranted > 0) consumer.creditsGranted--;
    consumer.noteDelivered(deliveryNumber, { ref, level, returnCount });
    if (consumer.isDetached) {
      // It was on its way when the consumer was cancelled.
      if (!consumer.noAck) {
        const range = { from: deliveryNumber, to: deliveryNumber };
        this.#ops.add(this.#peer, consumer, SettleOp.lost, range);
      }
      return;
    }
    const outlet = consumer.spec.context;
    outlet.deliver(deliveryNumber, message, redelivered, deliveryCount);
    if (!outlet.isCongested || consumer.isPaused) return;
    this.pause(this.#host.clock.now(), consumer);
    outlet.paused();
  }

  onActivated(peer: LinkPeer, consumer: ClusterConsumer): void {
    if (peer === this.#peer) consumer.wasActive = true;
  }

  onCredit(peer: LinkPeer, consumer: ClusterConsumer, isWanted: boolean): void {
    if (peer !== this.#peer) return;
    const { context } = consumer.spec;
    if (isWanted) {
      context.creditWanted();
    } else if (consumer.creditsGranted > 0) {
      consumer.creditsGranted--;
      context.creditUnused();
    }
  }

  /** The leader that had them is gone, or did not get them: who leads now asks for credits again. */
  #takeBackCredits(): void {
    for (const consumer of this.#consumers) {
      const { creditsGranted } = consumer;
      consumer.creditsGranted = 0;
      for (let nth = 0; nth < creditsGranted; nth++) consumer.spec.context.creditUnused();
    }
  }

  /** Asks the leader, now or when there is one. */
  #ask(request: QueueRequest, _now = 0): void {
    const led = this.#led;
    // What was published before comes before.
    if (led === undefined) this.#outbox.flush();
    if (led !== undefined) request.local(led);
    else this.#requests.add(request, this.#peer);
    if (led === undefined) this.#hurry();
  }

  #noteCounts(counts: AskedCounts): void {
    this.#counts = counts;
    for (const consumer of this.#consumers) {
      consumer.wasActive = consumer.id === counts.activeConsumerId;
    }
  }

  /** Somebody uses a queue that nobody leads: if its log is being replayed here, it comes before others. */
  #hurry(): void {
    if (this.#isHurried || this.#peer !== undefined) return;
    this.#isHurried = true;
    this.#group?.hurry();
  }

  #onGot(
    values: readonly unknown[],
    session: GetSession,
    noAck: boolean,
    done: (found: FoundMessage | undefined) => void,
  ): void {
    const [shown, facts, remaining] = values;
    if (shown === undefined) {
      done(undefined);
      return;
    }
    // As the hub gives them, see QueueFrame.got.
    const { deliveryNumber, redelivered, deliveryCount } = facts as ReadDelivery;
    const view = shown as Message;
    const getter = noAck ? undefined : this.#getterOf(session.sessionId);
    const returnCount = Math.max(0, deliveryCount, redelivered ? 1 : 0);
    getter?.noteDelivered(deliveryNumber, { ref: view.ref, level: view.level, returnCount });
    view.log = undefined;
    const message = view.keep();
    done({
      message,
      redelivered,
      deliveryCount,
      consumer: getter,
      deliveryNumber: noAck ? 0 : deliveryNumber,
      remaining: Number(remaining),
    });
    if (!noAck) message.release();
  }

  #getterOf(sessionId: number): ClusterConsumer {
    const known = this.#getters.get(sessionId);
    if (known !== undefined) return known;
    const spec = { ...GETTER_SPEC, sessionId };
    const getter = new ClusterConsumer(this.#hub.nextConsumerId(), this, spec, true);
    this.#getters.set(sessionId, getter);
    this.#hub.addConsumer(getter);
    return getter;
  }

  #toConsumer(
    consumer: ClusterConsumer,
    op: ConsumerOp,
    local: (queue: LiveQueue, handle: NonNullable<ClusterConsumer["local"]>) => void,
  ): void {
    const led = this.#led;
    if (led !== undefined && consumer.local !== undefined) local(led.queue, consumer.local);
    else if (this.#peer !== undefined) sendConsumerOp(this.#peer, this.queueId, consumer.id, op);
  }

  #sendSession(op: SessionOp, sessionId: number): void {
    if (this.#peer !== undefined) sendSessionOp(this.#peer, this.queueId, op, sessionId);
  }

  #onGroupChange(group: QueueGroup): void {
    if (this.#isClosed || group !== this.#group) return;
    const hasLost = !group.isReady || group.term !== this.#ledTerm;
    if (this.#led !== undefined && hasLost && group.failure === undefined) this.#resign();
    if (group.isReady && this.#led === undefined) this.#lead(group);
    if (this.failure === undefined) return;
    const queue = this.#led?.queue;
    if (queue instanceof DurableQueue) queue.groupFailed();
    this.#giveUp();
  }

  /** Nobody will ever lead it: who waits hears that. */
  #giveUp(): void {
    this.#requests.failAll();
    this.#outbox.drop(false);
  }

  /** This node leads: takes over what its own channels have, and waits for what those of the others have. */
  #lead(group: QueueGroup | undefined): void {
    const before = this.#lastLeader;
    this.#lastLeader = this.#hub.nodeId;
    this.#peer = undefined;
    this.#outbox.disconnect();
    const queue = this.#makeDriver(group);
    const led = new LedQueue(queue, {
      queueId: this.queueId,
      hub: this.#hub,
      clock: this.#host.clock,
    });
    this.#led = led;
    this.#isServed = false;
    this.#isOutOfReach = false;
    this.#ledTerm = group?.term ?? 0;
    this.#attachAgain(queue);
    this.#takeBackCredits();
    const { ops, settled, delivered } = this.#ops.takeAll();
    if (queue instanceof DurableQueue) {
      queue.deliveredAgain(delivered);
      queue.settleAgain(this.#host.clock.now(), settled);
      for (const batch of this.#outbox.takeAll()) queue.addBatch(batch, true);
    }
    const gate = this.#gate;
    // Of an empty queue nobody can hold anything.
    if (group?.log.count === 0) gate?.open();
    this.#logLed(group, "is led by this node");
    this.#hub.leads(this.queueId, group?.term ?? 1, ({ synced, missing }) => {
      this.#logLed(group, "is served: the other nodes have said what they hold");
      // Also one that is not known: the whole cluster has been down.
      const isGone = before !== this.#hub.nodeId && !synced.has(before ?? 0);
      const hasForgotten = missing.size > 0 || this.#hub.restarts !== this.#restartsSeen;
      this.#restartsSeen = this.#hub.restarts;
      // Where another node led it was replicated, though nothing may be left of that.
      const wasReplicated = before !== undefined || group?.isReplicated === true;
      if ((isGone || hasForgotten) && wasReplicated) {
        group?.log.suspectDeliveries(DELIVERIES_AHEAD);
      }
      this.#isServed = true;
      gate?.open();
    });
    for (const { consumer, op, from, to } of ops) this.#applyOp(consumer, op, from, to);
    this.#requests.runAll(led);
  }

  /** Of queues that other nodes may lead, for whoever looks for the time that a failover takes. */
  #logLed(group: QueueGroup | undefined, what: string): void {
    const { log, queueText } = this.#parts;
    if (group?.isReplicated !== true || !log.isLevelEnabled("debug")) return;
    log.debug({ term: group.term }, `${queueText} ${what}`);
  }

  #makeDriver(group: QueueGroup | undefined): LiveQueue {
    if (group === undefined) return new LiveQueue(this.#record, this.#config, this.#host);
    const { traffic, slabs, log, queueText } = this.#parts;
    group.log.forgetCursors();
    const gate = new GatedGroup(group);
    this.#gate = gate;
    const journal = new QueueJournal({
      group: gate,
      traffic,
      slabs,
      log,
      queueText,
      numbering: this.#outbox.numbering,
    });
    return new DurableQueue(this.#record, this.#config, this.#host, { journal, traffic });
  }

  #attachAgain(queue: LiveQueue): void {
    const now = this.#host.clock.now();
    for (const getter of this.#getters.values()) {
      if (!(queue instanceof DurableQueue) || getter.unackedCount === 0) continue;
      getter.local = queue.holdAgain(getter.sessionId, getter.lastNumber, getter.held());
      getter.forgetAll();
    }
    for (const consumer of this.#consumers) {
      const { lastNumber, wasActive: isActive } = consumer;
      const held = consumer.held();
      const spec = { ...consumer.spec, needsCredit: consumer.needsCredit };
      const local = queue.attachAgain(now, spec, { lastNumber, isActive, held });
      consumer.local = local;
      consumer.forgetAll();
      if (consumer.isPaused) queue.pause(now, local);
      if (consumer.isDetached) queue.detach(now, local);
      else if (consumer.isStarted) queue.start(now, local);
    }
  }

  #applyOp(consumer: ClusterConsumer, op: SettleOp, from: number, to: number): void {
    const now = this.#host.clock.now();
    if (op === SettleOp.settle) this.settle(now, consumer, from, to);
    else if (op === SettleOp.discard) this.discard(now, consumer, from, to);
    else this.returnMessages(now, consumer, from, to, "nack");
  }

  /** This node leads no more: what it knows alone is kept for the next leader. */
  #resign(): void {
    const led = this.#led;
    if (led === undefined) return;
    for (const consumer of [...this.#consumers, ...this.#getters.values()]) consumer.leaveLocal();
    const { queue } = led;
    // It had not heard yet what the leader before it had handed out: the next one does not know that.
    if (!this.#isServed) this.#group?.log.suspectDeliveries(DELIVERIES_AHEAD);
    this.#dropLed();
    if (queue instanceof DurableQueue) {
      const retired = queue.retire();
      this.#outbox.adopt(retired.batches);
      this.#ops.addRetired(retired);
    }
    this.#hub.leadsNoMore(this.queueId);
    this.#connect();
  }

  #dropLed(): void {
    this.#led?.forget();
    this.#led = undefined;
    this.#gate = undefined;
  }

  /** Names everything to the node that leads, if one is known and can be reached. */
  #connect(): void {
    const peer = this.#hub.leaderOf(this.queueId);
    this.#lastLeader = this.#hub.leaderNodeOf(this.queueId) ?? this.#lastLeader;
    const term = this.#hub.leaderTermOf(this.queueId);
    // A leader that was another one's follower in between has forgotten what it was told.
    if (peer === this.#peer && term === this.#peerTerm) return;
    if (peer !== undefined && term !== this.#peerTerm) this.#restartsSeen = this.#hub.restarts;
    this.#peer = peer;
    this.#peerTerm = term;
    this.#outbox.disconnect();
    if (peer !== undefined) {
      this.#isOutOfReach = false;
      this.#nameAll(peer);
    }
    this.#takeBackCredits();
  }

  #nameAll(peer: LinkPeer): void {
    for (const consumer of [...this.#consumers, ...this.#getters.values()]) {
      const fields = servedFields(consumer);
      sendPacked(peer, QueueFrame.attachAgain, [this.queueId, ...fields]);
    }
    this.#ops.sendAll(peer);
    this.#outbox.connect((batch) => {
      const room = peer.reserve(QueueFrame.publish, 6 + batch.bytes.length);
      room.writeUIntLE(this.queueId, 0, 6);
      batch.bytes.copy(room, 6);
    });
    this.#requests.sendAll(peer);
  }

  #endConsumers(): { readonly outlets: readonly ConsumerOutlet[] } {
    // Local ones hear it from their queue.
    const remote = [...this.#consumers].filter(
      ({ local, isDetached }) => local === undefined && !isDetached,
    );
    for (const consumer of [...this.#consumers, ...this.#getters.values()]) {
      this.#hub.forgetConsumer(consumer);
    }
    this.#consumers.clear();
    this.#getters.clear();
    return { outlets: remote.map(({ spec }) => spec.context) };
  }

  #forgetConsumer(consumer: ClusterConsumer): void {
    this.#hub.forgetConsumer(consumer);
    this.#consumers.delete(consumer);
    if (consumer.isGetter) this.#getters.delete(consumer.sessionId);
  }

  #forgetIdle(): void {
    for (const consumer of this.#consumers) {
      if (consumer.isDetached && consumer.unackedCount === 0) this.#forgetConsumer(consumer);
    }
  }

  #noteReplicas(): void {
    if (this.#group !== undefined) this.#group.isReplicated = replicasOf(this.#record).length > 1;
  }

  /** It makes no sense to ask anything of it now. */
  get #isUnusable(): boolean {
    return (
      this.#isClosed ||
      this.isOutOfReach ||
      this.failure !== undefined ||
      this.awayNode !== undefined
    );
  }

  /** The only node that has the queue; undefined: there are more. */
  get #onlyNode(): number | undefined {
    if (this.#record.groupId === undefined) return homeOf(this.#record);
    const replicas = replicasOf(this.#record);
    return replicas.length === 1 ? replicas[0]?.nodeId : undefined;
  }

  get #isOnlyHere(): boolean {
    return this.#onlyNode === this.#hub.nodeId;
  }
}

/** Names the queue between nodes. @throws RangeError if the record has no number */
function queueIdOf({ groupId, memoryId, name }: QueueRecord): number {
  const id = groupId ?? memoryId;
  if (id === undefined) throw new RangeError(`queue '${name}' has no number`);
  return id;
}

const NO_OUTLET: ConsumerOutlet = {
  isCongested: false,
  deliver: () => undefined,
  paused: () => undefined,
  creditWanted: () => undefined,
  creditUnused: () => undefined,
  queueDeleted: () => undefined,
};

const GETTER_SPEC: ConsumerSpec<ConsumerOutlet> = {
  context: NO_OUTLET,
  sessionId: 0,
  noAck: false,
  exclusive: false,
  prefetch: 0,
  priority: 0,
  needsCredit: false,
};

function asConsumer(handle: ConsumerHandle): ClusterConsumer {
  // A ClusterQueue hands out its own consumers, and nothing else.
  return handle as ClusterConsumer;
}

/** The host of the driver, for which the queue is the one that channels know. */
class FacadeHost implements QueueHost {
  readonly #host: QueueHost;
  readonly #queue: ClusterQueue;

  constructor(host: QueueHost, queue: ClusterQueue) {
    this.#host = host;
    this.#queue = queue;
  }

  get clock(): QueueHost["clock"] {
    return this.#host.clock;
  }

  get timers(): QueueHost["timers"] {
    return this.#host.timers;
  }

  get deferred(): QueueHost["deferred"] {
    return this.#host.deferred;
  }

  get yielding(): QueueHost["yielding"] {
    return this.#host.yielding;
  }

  deadLetter(...args: Parameters<QueueHost["deadLetter"]>): void {
    this.#host.deadLetter(...args);
  }

  noteBacklog(queue: BrokerQueue): void {
    this.#host.noteBacklog(queue);
  }

  holdPublisher(...args: Parameters<QueueHost["holdPublisher"]>): void {
    this.#host.holdPublisher(...args);
  }

  deleteQueue(_queue: BrokerQueue, why: "unused" | "expired"): void {
    this.#host.deleteQueue(this.#queue, why);
  }
}
