import {
  type AmqpError,
  decodeMethod,
  encodeMethodFrame,
  FRAME_BODY,
  FRAME_HEADER,
  FRAME_METHOD,
  METHOD_IDS,
  type MethodAddress,
  type MethodArgs,
  type MethodName,
  methodIdAt,
  truncateReplyText,
} from "@leveret/amqp";
import { PermissionPending } from "../auth/permissions.ts";
import type { Broker } from "../broker/broker.ts";
import type { VirtualHost } from "../broker/virtual-host.ts";
import type { BrokerQueue } from "../queue/broker-queue.ts";
import { isEqual } from "../queue/byte-copy.ts";
import { ChannelTraffic } from "../statistics/channel-traffic.ts";
import { ChannelConsumer } from "./channel-consumer.ts";
import { ChannelTransaction } from "./channel-transaction.ts";
import { ConfirmTracker } from "./confirm-tracker.ts";
import type { Connection } from "./connection.ts";
import { ContentAssembly } from "./content-assembly.ts";
import { DeliveryLedger, type OnSettled } from "./delivery-ledger.ts";
import { GlobalPrefetch } from "./global-prefetch.ts";
import { handleAck } from "./handlers/acknowledge.ts";
import { dispatchMethod } from "./handlers/dispatch.ts";
import { acceptPublish } from "./handlers/publish.ts";
import { type KnownPublish, KnownPublishes } from "./known-publishes.ts";
import type { ReplyConsumer } from "./reply-consumer.ts";
import { askFirst, oncePermitted } from "./suspended-call.ts";

const BASIC_ACK = METHOD_IDS["basic.ack"];
/** class-id, method-id, delivery-tag u64, multiple bit. */
const BASIC_ACK_SIZE = 13;
const BASIC_PUBLISH = METHOD_IDS["basic.publish"];
const CHANNEL_CLOSE_OK = METHOD_IDS["channel.close-ok"];
const CHANNEL_CLOSE = METHOD_IDS["channel.close"];

/** From this many queues on a channel looks for deleted ones among them, each time they have doubled. */
const QUEUE_SWEEP_COUNT = 32;

/** normal: plain acks; confirm: publisher confirms; tx: transactions. A channel never goes back (RabbitMQ). */
export type ChannelMode = "normal" | "confirm" | "tx";

/** One AMQP channel: the order of its methods, its consumers, what it has not acknowledged yet. */
export class Channel {
  readonly connection: Connection;
  readonly broker: Broker;
  readonly vhost: VirtualHost;
  readonly number: number;
  /** Names this channel towards queues; never reused. */
  readonly sessionId: number;
  readonly consumers: Map<string, ChannelConsumer> = new Map();
  readonly ledger: DeliveryLedger = new DeliveryLedger();
  readonly confirms: ConfirmTracker = new ConfirmTracker(() =>
    this.broker.flushQueue.addConfirms(this),
  );
  readonly globalPrefetch: GlobalPrefetch;
  readonly traffic: ChannelTraffic;
  mode: ChannelMode = "normal";
  transaction: ChannelTransaction | undefined = undefined;
  /** basic.qos global=false: for consumers that start from now on; 0: no limit. */
  consumerPrefetch = 0;
  /** The queue declared last on this channel: what an empty queue name means (spec 1.7.2.1). */
  lastQueueName = "";
  replyConsumer: ReplyConsumer | undefined = undefined;
  /** FlushQueue has it on its list. */
  isConfirmDue = false;

  #lastDeliveryTag = 0;
  /** Queues that may hold something of this session. */
  readonly #queues = new Set<BrokerQueue>();
  #queueSweepCount = QUEUE_SWEEP_COUNT;
  readonly #getters = new Map<BrokerQueue, ChannelConsumer>();
  readonly #content = new ContentAssembly();
  #isClosing = false;
  #isReleased = false;
  #currentMethodId = 0;
  /** The publish method that came last. */
  #publish: KnownPublish | undefined = undefined;
  readonly #publishes = new KnownPublishes();

  constructor(connection: Connection, vhost: VirtualHost, number: number, sessionId: number) {
    this.connection = connection;
    this.broker = connection.broker;
    this.vhost = vhost;
    this.number = number;
    this.sessionId = sessionId;
    this.globalPrefetch = new GlobalPrefetch(this.broker);
    this.traffic = new ChannelTraffic(this, this.broker.traffic);
  }

  /** The class and method being handled: what a close method blames. */
  get currentMethod(): MethodAddress {
    return { classId: this.#currentMethodId >>> 16, methodId: this.#currentMethodId & 0xffff };
  }

  /** channel.close was sent; everything is ignored until the client's close-ok. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** It holds nothing any more; queues may still answer what it published, or asked them. */
  get isReleased(): boolean {
    return this.#isReleased;
  }

  /** Takes one frame. @throws ChannelError, ConnectionError */
  onFrame(type: number, bytes: Buffer, start: number, end: number): void {
    if (this.#isClosing) {
      this.#onFrameWhileClosing(type, bytes, start, end);
      return;
    }
    switch (type) {
      case FRAME_METHOD:
        this.#onMethod(bytes, start, end);
        return;
      case FRAME_HEADER: {
        const max = this.broker.options.maxMessageSize;
        if (this.#content.header(bytes, start, end, max)) this.#onContent();
        else this.connection.contentOpened(this);
        return;
      }
      case FRAME_BODY:
        if (this.#content.append(bytes, start, end)) this.#onContent();
        else if (this.broker.alarms.isActive) this.connection.block(); // Half a body takes memory, too.
        return;
      default:
        return; // Heartbeats do not come here.
    }
  }

  /** The user may do something else now than before. */
  forgetPermissions(): void {
    this.#publishes.expire();
    if (this.#publish !== undefined) this.#publish.target.version = -1;
  }

  /** The input chunk ends: nothing may point into it any more. */
  detachContent(): void {
    this.#content.detach();
  }

  nextDeliveryTag(): number {
    this.#lastDeliveryTag++;
    return this.#lastDeliveryTag;
  }

  /** The tag that the next delivery will have. */
  peekDeliveryTag(): number {
    return this.#lastDeliveryTag + 1;
  }

  noteDelivery(tag: number, consumer: ChannelConsumer, deliveryNumber: number): void {
    // The time matters to consumer_timeout only.
    const now = this.broker.options.consumerTimeoutMs > 0 ? this.broker.clock.now() : 0;
    this.ledger.push(tag, consumer, deliveryNumber, now);
    if (this.globalPrefetch.isActive) this.globalPrefetch.delivered(consumer);
  }

  /** Sends a method on this channel, after the confirms that are due. */
  send<N extends MethodName>(name: N, args: MethodArgs<N>): void {
    if (this.confirms.hasPending) this.flushConfirms();
    this.connection.output.append(encodeMethodFrame(this.number, name, args));
  }

  /** Answers what was published and stored; called at the end of each input chunk, and when queues have stored more. */
  flushConfirms(): void {
    if (!this.#isReleased) this.confirms.flush(this.sendConfirm);
  }

  readonly sendConfirm = (sequence: number, multiple: boolean, isAck: boolean): void => {
    const frame = isAck
      ? encodeMethodFrame(this.number, "basic.ack", { deliveryTag: sequence, multiple })
      : encodeMethodFrame(this.number, "basic.nack", {
          deliveryTag: sequence,
          multiple,
          requeue: true, // As RabbitMQ sends it; clients ignore it.
        });
    this.connection.output.append(frame);
  };

  /** This channel takes messages from `queue` from now on: when it ends, the queue is told. */
  useQueue(queue: BrokerQueue): void {
    this.#queues.add(queue);
    if (this.#queues.size >= this.#queueSweepCount) this.#forgetDeletedQueues();
  }

  /** Queues that are remembered, for observation and tests. */
  get queueCount(): number {
    return this.#queues.size;
  }

  /** The holder of what basic.get takes from `queue`. */
  getterOf(queue: BrokerQueue): ChannelConsumer {
    let getter = this.#getters.get(queue);
    if (getter === undefined) {
      getter = new ChannelConsumer(this, "", queue, false, this.traffic.deliveriesOf(queue));
      this.#getters.set(queue, getter);
      this.useQueue(queue);
    }
    return getter;
  }

  /** A deleted queue tells its consumers, but not who took messages by basic.get or has cancelled. */
  #forgetDeletedQueues(): void {
    for (const queue of this.#queues) {
      if (!queue.isClosed) continue;
      this.#queues.delete(queue);
      this.#getters.delete(queue);
    }
    this.#queueSweepCount = Math.max(QUEUE_SWEEP_COUNT, this.#queues.size * 2);
  }

  startTransactions(): void {
    this.mode = "tx";
    this.transaction ??= new ChannelTransaction(this);
  }

  creditWanted(consumer: ChannelConsumer): void {
    this.globalPrefetch.creditWanted(consumer);
  }

  creditUnused(): void {
    this.globalPrefetch.creditUnused();
  }

  /** The queue of a consumer is gone (RabbitMQ: consumer cancel notification). */
  consumerCancelled(consumer: ChannelConsumer): void {
    consumer.isCancelled = true; // A credit it still waits for would be lost.
    this.#queues.delete(consumer.queue);
    this.#getters.delete(consumer.queue);
    if (this.consumers.get(consumer.tag) !== consumer) return;
    this.consumers.delete(consumer.tag);
    this.broker.events.consumerRemoved(consumer);
    if (this.#isClosing || !this.connection.client.consumerCancelNotify) return;
    this.send("basic.cancel", { consumerTag: consumer.tag, noWait: true });
  }

  /** A soft error: tells the client, and gives back everything this channel held. */
  fail(error: AmqpError): void {
    const failed = error.failed ?? this.currentMethod;
    this.flushConfirms();
    this.connection.output.append(
      encodeMethodFrame(this.number, "channel.close", {
        replyCode: error.replyCode,
        replyText: truncateReplyText(error.message),
        failedClassId: failed.classId,
        failedMethodId: failed.methodId,
      }),
    );
    this.release();
    this.#isClosing = true;
  }

  /** The channel is about to end: nothing is delivered on it any more. */
  stopConsumers(): void {
    const now = this.broker.clock.now();
    for (const consumer of this.consumers.values()) consumer.stop(now);
  }

  /** The channel ends: consumers go, unacknowledged messages return to their queues. */
  release(): void {
    this.#isReleased = true;
    this.stopConsumers();
    this.#content.reset();
    this.transaction?.rollback();
    if (this.replyConsumer !== undefined) {
      this.broker.replies.remove(this.replyConsumer);
      this.replyConsumer = undefined;
    }
    for (const consumer of this.consumers.values()) this.broker.events.consumerRemoved(consumer);
    this.consumers.clear();
    this.#getters.clear();
    const now = this.broker.clock.now();
    const queues = [...this.#queues];
    this.#queues.clear();
    for (const queue of queues) queue.closeSession(now, this.sessionId);
    this.traffic.end();
    this.#publish = undefined;
    this.#publishes.clear();
  }

  /** basic.recover: everything outstanding goes back to its place before anything is delivered again. */
  recoverAll(): void {
    const limited = this.globalPrefetch.outstanding;
    if (this.ledger.clear() === 0) return;
    for (const queue of this.#queues) queue.recoverSession(this.connection.now, this.sessionId);
    // Last: a newer message that passed before would be taken for an old one, and be delivered twice.
    this.globalPrefetch.countSettled(limited);
  }

  /** Carries out acks: passes ranges of delivery numbers to the queues. */
  readonly settleRange: OnSettled = (consumer, from, to) => {
    if (consumer.handle === undefined) return;
    consumer.counts.ack += to - from + 1;
    consumer.queue.settle(this.connection.now, consumer.handle, from, to);
    this.globalPrefetch.settled(consumer, to - from + 1);
  };

  #onMethod(bytes: Buffer, start: number, end: number): void {
    this.#content.refuseMethod();
    if (this.#isSamePublish(bytes, start, end)) {
      this.#content.begin();
      return;
    }
    const id = methodIdAt(bytes, start);
    this.#currentMethodId = id;
    if (id === BASIC_PUBLISH) {
      this.#publish = this.#publishes.find(bytes, this.connection.viewOf(bytes), start, end);
      this.#content.begin();
      return;
    }
    if (id === BASIC_ACK) {
      this.#onAck(bytes, start, end);
      return;
    }
    const method = decodeMethod(bytes, start, end);
    oncePermitted(this, () => dispatchMethod(this, method));
  }

  /** Compares the payload with the last publish method's: cheaper than decoding its names. */
  #isSamePublish(bytes: Buffer, start: number, end: number): boolean {
    const known = this.#publish;
    if (known === undefined || known.bytes.length !== end - start) return false;
    return isEqual(known.view, this.connection.viewOf(bytes), start);
  }

  /** basic.ack comes as often as messages do, so it is read without the table of methods. */
  #onAck(bytes: Buffer, start: number, end: number): void {
    if (end - start !== BASIC_ACK_SIZE) {
      dispatchMethod(this, decodeMethod(bytes, start, end)); // Reports what is wrong with it.
      return;
    }
    const high = bytes.readUInt32BE(start + 4);
    const tag = high * 0x1_0000_0000 + bytes.readUInt32BE(start + 8);
    handleAck(this, tag, ((bytes[start + 12] as number) & 1) === 1);
  }

  #onContent(): void {
    const content = this.#content;
    if (this.#publish === undefined) return; // Unreachable: content follows a publish.
    this.#currentMethodId = BASIC_PUBLISH;
    try {
      acceptPublish(this, this.#publish.target, content);
    } catch (error) {
      if (!(error instanceof PermissionPending)) throw error;
      content.own();
      askFirst(this, error, () => this.#onContent());
      return;
    }
    content.forget();
  }

  #onFrameWhileClosing(type: number, bytes: Buffer, start: number, end: number): void {
    if (type !== FRAME_METHOD || end - start < 4) return;
    const id = methodIdAt(bytes, start);
    if (id === CHANNEL_CLOSE_OK) {
      this.connection.channelClosed(this);
    } else if (id === CHANNEL_CLOSE) {
      this.connection.output.append(encodeMethodFrame(this.number, "channel.close-ok", {}));
    }
  }
}
