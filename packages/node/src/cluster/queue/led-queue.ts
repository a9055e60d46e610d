import { DurableQueue } from "../../queue/durable-queue.ts";
import type { LiveQueue } from "../../queue/live-queue.ts";
import { arrivedBatch, type PendingBatch } from "../../queue/log/pending-batch.ts";
import { Message, messageRouting } from "../../queue/message.ts";
import { RoutingReader } from "../../queue/routing-reader.ts";
import { SlabStore } from "../../queue/slab-store.ts";
import { LinkProtocolError } from "../link/link-frames.ts";
import type { LinkPeer } from "../link/link-peer.ts";
import { packCounts } from "./asked-counts.ts";
import { readRefs } from "./pending-ops.ts";
import {
  type ConsumerOp,
  deliverySize,
  integerAt,
  need,
  Question,
  QueueFrame,
  readSettle,
  type SessionOp,
  sendNumber,
  sendPacked,
  writeDelivery,
} from "./queue-frames.ts";
import type { QueueHub } from "./queue-hub.ts";
import { readConsumerFacts, readServedBefore, type ServedBefore } from "./served-facts.ts";
import { ServedSessions, specOf } from "./served-sessions.ts";

/** What this node, as the leader, knows of the batches of one other node. */
interface Sender {
  /** The queue was too full for some messages of this batch: what follows is sent again with it. */
  refusedNumber: number;
  /** Of a queue in memory: the last batch taken, in this life of the node. */
  lastNumber: number;
  readonly incarnation: number;
}

/** A queue that is led on this node, for the channels of the other nodes. */
export class LedQueue {
  readonly queue: LiveQueue;
  readonly #durable: DurableQueue | undefined;
  readonly #queueId: number;
  readonly #hub: QueueHub;
  readonly #clock: { now(): number };
  readonly #sessions = new Map<number, ServedSessions>();
  readonly #senders = new Map<number, Sender>();
  readonly #view = new Message(new SlabStore(), messageRouting("", ""));
  readonly #routings = new RoutingReader();

  constructor(
    queue: LiveQueue,
    parts: {
      readonly queueId: number;
      readonly hub: QueueHub;
      readonly clock: { now(): number };
    },
  ) {
    this.queue = queue;
    this.#durable = queue instanceof DurableQueue ? queue : undefined;
    this.#queueId = parts.queueId;
    this.#hub = parts.hub;
    this.#clock = parts.clock;
  }

  /** @throws LinkProtocolError */
  onRequest(peer: LinkPeer, kind: number, payload: Buffer): void {
    if (kind === QueueFrame.publish) this.#onPublish(peer, payload);
    else if (kind === QueueFrame.settle) this.#onSettle(peer, payload);
    else if (kind === QueueFrame.settledAgain) this.#onSettledAgain(peer, payload);
    else if (kind === QueueFrame.deliveredAgain) this.#durable?.deliveredAgain(readRefs(payload));
    else if (kind === QueueFrame.consumer) {
      need(payload, 11);
      const op = (payload[10] ?? 0) as ConsumerOp;
      this.#sessionsOf(peer).consumer(payload.readUInt32LE(6), op);
    } else {
      need(payload, 13);
      const op = (payload[6] ?? 0) as SessionOp;
      this.#sessionsOf(peer).session(op, payload.readUIntLE(7, 6));
    }
  }

  /** @throws LinkProtocolError */
  onPackedRequest(peer: LinkPeer, kind: number, values: readonly unknown[]): void {
    if (kind === QueueFrame.consume) this.#onConsume(peer, values);
    else if (kind === QueueFrame.attachAgain) this.#onAttachAgain(peer, readServedBefore(values));
    else if (kind === QueueFrame.get) this.#onGet(peer, values);
    else this.#onAsk(peer, values);
  }

  /** The node has named all its consumers of all queues led here. */
  nodeSynced(peer: LinkPeer): void {
    if (!this.#sessions.has(peer.nodeId)) return;
    this.#sessionsOf(peer).dropStale();
  }

  nodeDown(nodeId: number): void {
    const sessions = this.#sessions.get(nodeId);
    this.#sessions.delete(nodeId);
    sessions?.closeAll();
  }

  lostLink(peer: LinkPeer): void {
    const sessions = this.#sessions.get(peer.nodeId);
    if (sessions?.peer === peer) sessions.lostLink();
  }

  /** Tells other nodes which of their acknowledgements are stored. */
  reportProgress(): void {
    for (const sessions of this.#sessions.values()) {
      const count = sessions.takeUnreported();
      if (count === undefined) continue;
      const { peer } = sessions;
      this.queue.whenForgotten((isStored) => {
        if (isStored) sendNumber(peer, QueueFrame.progressed, this.#queueId, count);
      });
    }
  }

  /** Not led here any more: what others had here is theirs to take elsewhere. */
  forget(): void {
    for (const sessions of this.#sessions.values()) sessions.forget();
    this.#sessions.clear();
  }

  #sessionsOf(peer: LinkPeer): ServedSessions {
    const known = this.#sessions.get(peer.nodeId);
    if (known?.peer === peer) return known;
    this.#hub.serves(this.#queueId, peer);
    if (known !== undefined && known.peer.incarnation === peer.incarnation) {
      known.moveTo(peer);
      return known;
    }
    known?.closeAll();
    const created = new ServedSessions(this.queue, this.#clock, peer);
    this.#sessions.set(peer.nodeId, created);
    return created;
  }

  #onPublish(peer: LinkPeer, payload: Buffer): void {
    // Part of the log from now on: bytes of its own.
    const batch = arrivedBatch(Buffer.from(payload.subarray(6)));
    const { node, incarnation, number } = batch.origin;
    if (node !== peer.nodeId || incarnation !== peer.incarnation) {
      throw new LinkProtocolError("a batch of another node");
    }
    const sender = this.#senderOf(peer);
    if (sender.refusedNumber !== 0 && number > sender.refusedNumber) return;
    sender.refusedNumber = 0;
    if (this.#durable === undefined) this.#publishInMemory(peer, sender, batch);
    else this.#publishDurably(this.#durable, peer, sender, batch);
  }

  #publishDurably(queue: DurableQueue, peer: LinkPeer, sender: Sender, batch: PendingBatch): void {
    const { number } = batch.origin;
    const refused = queue.refusedOf(this.#clock.now(), batch);
    if (refused.length > 0) {
      sender.refusedNumber = number;
      this.#sendRefused(peer, number, refused);
      return;
    }
    batch.onSettled = (isAccepted, standing) => {
      if (!isAccepted || standing === "outlived") return;
      if (standing !== "early") {
        sendNumber(peer, QueueFrame.stored, this.#queueId, number);
        return;
      }
      const last = queue.lastBatchOf(batch.origin.node, batch.origin.incarnation);
      sendNumber(peer, QueueFrame.resend, this.#queueId, last + 1);
    };
    queue.addBatch(batch, false);
  }

  #publishInMemory(peer: LinkPeer, sender: Sender, batch: PendingBatch): void {
    const { number } = batch.origin;
    if (number > sender.lastNumber + 1) {
      sendNumber(peer, QueueFrame.resend, this.#queueId, sender.lastNumber + 1);
      return;
    }
    const refused: number[] = [];
    if (number === sender.lastNumber + 1) {
      sender.lastNumber = number;
      for (let item = 0; item < batch.count; item++) {
        if (this.queue.publish(this.#clock.now(), this.#show(batch, item)) === false) {
          refused.push(item);
        }
      }
    }
    if (refused.length > 0) this.#sendRefused(peer, number, refused);
    else sendNumber(peer, QueueFrame.stored, this.#queueId, number);
  }

  #show(batch: PendingBatch, item: number): Message {
    const view = this.#view;
    view.forgetStored();
    view.showItem(batch, item, this.#routings.read(batch.bytes, batch.routingOffsetAt(item)));
    const expiresAtMs = batch.expiresAtMsAt(item);
    view.expirationMs = expiresAtMs < 0 ? -1 : Math.max(0, expiresAtMs - this.#clock.now());
    return view;
  }

  #sendRefused(peer: LinkPeer, number: number, refused: readonly number[]): void {
    const room = peer.reserve(QueueFrame.refused, 12 + refused.length);
    room.writeUIntLE(this.#queueId, 0, 6);
    room.writeUIntLE(number, 6, 6);
    room.set(refused, 12);
  }

  #senderOf({ nodeId, incarnation }: LinkPeer): Sender {
    const known = this.#senders.get(nodeId);
    if (known?.incarnation === incarnation) return known;
    const created = { refusedNumber: 0, lastNumber: 0, incarnation };
    this.#senders.set(nodeId, created);
    return created;
  }

  #onSettle(peer: LinkPeer, payload: Buffer): void {
    this.#sessionsOf(peer).settle(readSettle(payload));
    this.#hub.reportSoon(this.#queueId);
  }

  #onSettledAgain(peer: LinkPeer, payload: Buffer): void {
    this.#sessionsOf(peer).noteSettledAgain();
    this.#durable?.settleAgain(this.#clock.now(), readRefs(payload));
    this.#hub.reportSoon(this.#queueId);
  }

  #onConsume(peer: LinkPeer, values: readonly unknown[]): void {
    const requestId = integerAt(values, 1);
    const facts = readConsumerFacts(values, 2);
    const sessions = this.#sessionsOf(peer);
    let outcome: "ok" | "exclusive-use" = "ok";
    if (!sessions.keep(facts.consumerId)) {
      const outlet = sessions.outletFor(facts);
      const handle = this.queue.attach(this.#clock.now(), specOf(facts, outlet));
      if (handle === "exclusive-use") outcome = handle;
      else sessions.add(facts.consumerId, handle, outlet);
    }
    sendPacked(peer, QueueFrame.consumed, [requestId, outcome]);
  }

  #onAttachAgain(peer: LinkPeer, facts: ServedBefore): void {
    const sessions = this.#sessionsOf(peer);
    if (sessions.reconnect(facts)) return;
    const { consumerId, sessionId, lastNumber, held } = facts;
    const now = this.#clock.now();
    if (facts.isGetter) {
      const holder = this.#durable?.holdAgain(sessionId, lastNumber, held);
      if (holder !== undefined) sessions.add(consumerId, holder, undefined);
      return;
    }
    const outlet = sessions.outletFor(facts);
    const handle = this.queue.attachAgain(now, specOf(facts, outlet), facts);
    sessions.add(consumerId, handle, outlet);
    if (facts.isPaused) sessions.pause(consumerId);
    if (facts.isDetached) this.queue.detach(now, handle);
    else if (facts.isStarted) this.queue.start(now, handle);
  }

  #onGet(peer: LinkPeer, values: readonly unknown[]): void {
    const requestId = integerAt(values, 1);
    const consumerId = integerAt(values, 2);
    const sessionId = integerAt(values, 3);
    const noAck = values[4] === true;
    const sessions = this.#sessionsOf(peer);
    const session = sessions.beginGet(sessionId);
    this.queue.get(this.#clock.now(), session, noAck, (found) => {
      sessions.endGet(session);
      // Its channel has ended, or asks another leader.
      if (session.isReleased) return;
      if (found === undefined) {
        sendNotFound(peer, requestId);
        return;
      }
      const { message, redelivered, deliveryCount, deliveryNumber, remaining } = found;
      if (found.consumer !== undefined) sessions.add(consumerId, found.consumer, undefined);
      const room = peer.reserve(QueueFrame.got, 9 + deliverySize(message));
      room.writeUInt32LE(requestId, 0);
      room.writeUInt32LE(Math.min(remaining, 0xffff_ffff), 4);
      room[8] = 1;
      writeDelivery(room, 9, message, { deliveryNumber, redelivered, deliveryCount });
      if (found.consumer === undefined) message.release();
    });
  }

  #counts(peer: LinkPeer): number[] {
    return packCounts({
      ...this.queue.counts,
      activeConsumerId: this.#sessions.get(peer.nodeId)?.activeConsumerId ?? 0,
      synchronised: this.#hub.options.synchronisedOf?.(this.#queueId) ?? [],
    });
  }

  #onAsk(peer: LinkPeer, values: readonly unknown[]): void {
    const requestId = integerAt(values, 1);
    const question = integerAt(values, 2);
    const { queue } = this;
    const answer = (...answers: unknown[]): void => {
      sendPacked(peer, QueueFrame.answer, [requestId, ...answers]);
    };
    if (question === Question.counts) {
      queue.whenReady(() => answer(...this.#counts(peer)));
    } else if (question === Question.purge) {
      queue.whenReady(() => queue.purgeStored(this.#clock.now(), (count) => answer(count ?? -1)));
    } else if (question === Question.stored) {
      queue.whenStored((isStored) => answer(isStored));
    } else {
      answer();
    }
  }
}

function sendNotFound(peer: LinkPeer, requestId: number): void {
  const room = peer.reserve(QueueFrame.got, 9);
  room.writeUInt32LE(requestId, 0);
  room.writeUInt32LE(0, 4);
  room[8] = 0;
}
