import type { Timer, Timers } from "@leveret/raft";
import { Message, messageRouting } from "../../queue/message.ts";
import { RoutingReader } from "../../queue/routing-reader.ts";
import { SlabStore } from "../../queue/slab-store.ts";
import {
  NODE_GONE_MS,
  NODE_GONE_POLL_MS,
  PROGRESS_REPORT_MS,
  SYNC_TIMEOUT_MS,
} from "../link/link-limits.ts";
import type { LinkPeer } from "../link/link-peer.ts";
import type { NodeLinks } from "../link/node-links.ts";
import type { ClusterConsumer } from "./cluster-consumer.ts";
import type { ClusterQueue } from "./cluster-queue.ts";
import { integerAt, need, QueueFrame, readDelivery, sendPacked, unpack } from "./queue-frames.ts";
import { QueueLeaders } from "./queue-leaders.ts";

/** What the hub needs of the node. */
export interface HubOptions {
  readonly nodeId: number;
  /** Which life of this node's data directory. */
  readonly incarnation: number;
  /** undefined: the node is alone for as long as it runs. */
  readonly links: NodeLinks | undefined;
  readonly timers: Timers;
  /** Whether raft has heard of the node lately. */
  isNodeAlive(nodeId: number): boolean;
  /** Whether raft has heard of the node before, and does not now. */
  isNodeSilent(nodeId: number): boolean;
  nodeName(nodeId: number): string | undefined;
  /** Nodes whose replicas of a queue that is led here have all that is stored. Default: not known, none. */
  synchronisedOf?(queueId: number): readonly number[];
}

/** Who waits until other nodes have named what their channels have of the queues that are led here now. */
interface Barrier {
  readonly announcement: number;
  /** Links of nodes that have not said that they are done. */
  readonly waiting: Set<number>;
  readonly actions: WhenSynced[];
  /** Who has and who has not. */
  readonly synced: Set<number>;
  readonly missing: Set<number>;
  timer: Timer | undefined;
  leftMs: number;
}

/** Nodes that have named what their channels have, and others whose channels may have something. */
export interface SyncOutcome {
  readonly synced: ReadonlySet<number>;
  readonly missing: ReadonlySet<number>;
}

/** Called when all nodes that can be reached have named what their channels have. */
type WhenSynced = (outcome: SyncOutcome) => void;

/** The queues of this node towards those of the others: who leads what, and the frames between them. */
export class QueueHub {
  readonly options: HubOptions;
  readonly #queues = new Map<number, ClusterQueue>();
  readonly #consumers = new Map<number, ClusterConsumer>();
  readonly #requests = new Map<number, (values: readonly unknown[]) => void>();
  readonly #leaders = new QueueLeaders();
  /** Terms of the queues that are led here. */
  readonly #led = new Map<number, number>();
  /** Told to the others at the end of this turn: queue to term, or 0 for led no more. */
  #toAnnounce = new Map<number, number>();
  #announcement = 0;
  #barrier: Barrier | undefined;
  #barriers: Barrier[] = [];
  /** The last announcement of each other node. */
  readonly #heard = new Map<number, number>();
  readonly #view = new Message(new SlabStore(), messageRouting("", ""));
  readonly #routings = new RoutingReader();
  #lastConsumerId = 0;
  #lastRequestId = 0;
  #progressTimer: Timer | undefined;
  /** Queues led here with settlements of other nodes that are not reported yet. */
  readonly #unreported = new Set<number>();
  /** Nodes whose link was lost so lately that a leader may not have taken back yet what their channels have. */
  readonly #lostLately = new Map<number, Timer>();
  /** The link on which each other node is served. */
  readonly #served = new Map<number, LinkPeer>();
  /** The life in which each other node was met last. */
  readonly #lives = new Map<number, number>();
  #restarts = 0;
  /** Queues that are or were led here since, by node. */
  readonly #servedQueues = new Map<number, Set<number>>();
  #isClosed = false;

  constructor(options: HubOptions) {
    this.options = options;
    const { links } = options;
    if (links === undefined) return;
    this.#listen(links);
    links.onUp((peer) => this.#onUp(peer));
    links.onDown((nodeId) => this.#onDown(nodeId));
  }

  get nodeId(): number {
    return this.options.nodeId;
  }

  /** How often another node was found in a new life: what its channels had held is not known to it any more. */
  get restarts(): number {
    return this.#restarts;
  }

  register(queue: ClusterQueue): void {
    this.#queues.set(queue.queueId, queue);
  }

  forget(queue: ClusterQueue): void {
    if (this.#queues.get(queue.queueId) !== queue) return;
    this.#queues.delete(queue.queueId);
    this.#leaders.forgetQueue(queue.queueId);
    this.#led.delete(queue.queueId);
    this.#forgetServed(queue.queueId);
    this.#unreported.delete(queue.queueId);
  }

  /** undefined: there is no such queue (yet). */
  find(queueId: number): ClusterQueue | undefined {
    return this.#queues.get(queueId);
  }

  nextConsumerId(): number {
    this.#lastConsumerId = (this.#lastConsumerId % 0xffff_ffff) + 1;
    return this.#lastConsumerId;
  }

  addConsumer(consumer: ClusterConsumer): void {
    this.#consumers.set(consumer.id, consumer);
  }

  forgetConsumer(consumer: ClusterConsumer): void {
    this.#consumers.delete(consumer.id);
  }

  /** A number for a request, whose answer goes to `onAnswer`. */
  addRequest(onAnswer: (values: readonly unknown[]) => void): number {
    this.#lastRequestId = (this.#lastRequestId % 0xffff_ffff) + 1;
    this.#requests.set(this.#lastRequestId, onAnswer);
    return this.#lastRequestId;
  }

  forgetRequest(id: number): void {
    this.#requests.delete(id);
  }

  /** The link to the node that leads the queue, if one is known and can be reached. */
  leaderOf(queueId: number): LinkPeer | undefined {
    const nodeId = this.#leaders.of(queueId);
    return nodeId === undefined ? undefined : this.options.links?.peer(nodeId);
  }

  /** The term of the leader that is known, if it is another node. */
  leaderTermOf(queueId: number): number {
    return this.#leaders.termOf(queueId);
  }

  /** The node said to lead the queue; undefined: none is known. */
  leaderNodeOf(queueId: number): number | undefined {
    return this.#led.has(queueId) ? this.nodeId : this.#leaders.of(queueId);
  }

  /** The node said that it does not lead the queue. */
  leaderLost(queueId: number, nodeId: number): void {
    this.#leaders.lost(queueId, nodeId);
  }

  /** A queue is led here. `whenSynced` is called when all nodes that can be reached have named their consumers; within the call if there is none. */
  leads(queueId: number, term: number, whenSynced: WhenSynced): void {
    this.#led.set(queueId, term);
    this.#announce(queueId, term);
    const links = this.options.links;
    if (links !== undefined && [...links.peers()].length > 0) {
      this.#nextBarrier().actions.push(whenSynced);
    } else whenSynced({ synced: new Set(), missing: new Set(this.#lostLately.keys()) });
  }

  #forgetServed(queueId: number): void {
    for (const queues of this.#servedQueues.values()) queues.delete(queueId);
  }

  leadsNoMore(queueId: number): void {
    if (!this.#led.delete(queueId)) return;
    this.#forgetServed(queueId);
    this.#announce(queueId, 0);
  }

  /** The queue has to report settlements to other nodes soon. */
  reportSoon(queueId: number): void {
    this.#unreported.add(queueId);
    this.#progressTimer ??= this.options.timers.setTimer(PROGRESS_REPORT_MS, () => {
      this.#progressTimer = undefined;
      const queueIds = [...this.#unreported];
      this.#unreported.clear();
      for (const id of queueIds) this.#queues.get(id)?.reportProgress();
    });
  }

  /** A queue that is led here serves the other node on this link, which that node dialled. */
  serves(queueId: number, peer: LinkPeer): void {
    const { nodeId } = peer;
    const queues = this.#servedQueues.get(nodeId);
    if (queues === undefined) this.#servedQueues.set(nodeId, new Set([queueId]));
    else queues.add(queueId);
    if (this.#served.get(nodeId) === peer) return;
    this.#served.set(nodeId, peer);
    peer.onClose(() => {
      for (const queue of this.#queuesServing(nodeId)) queue.lostLink(peer);
      this.#watchGone(peer, NODE_GONE_MS);
    });
  }

  /** Queues led here with consumers of the other node. */
  #queuesServing(nodeId: number): ClusterQueue[] {
    const ids = [...(this.#servedQueues.get(nodeId) ?? [])];
    return ids.map((id) => this.#queues.get(id)).filter((queue) => queue !== undefined);
  }

  /** Gives a node that was lost time to come back. */
  #watchGone(peer: LinkPeer, leftMs: number): void {
    if (this.#isClosed || this.#served.get(peer.nodeId) !== peer) return;
    if (leftMs > 0 && this.options.isNodeAlive(peer.nodeId)) {
      this.options.timers.setTimer(NODE_GONE_POLL_MS, () => {
        this.#watchGone(peer, leftMs - NODE_GONE_POLL_MS);
      });
      return;
    }
    this.#served.delete(peer.nodeId);
    this.nodeDown(peer.nodeId);
  }

  /** Another node is gone, for the moment or for good: what its channels had at queues that are led here comes back. */
  nodeDown(nodeId: number): void {
    for (const queue of this.#queuesServing(nodeId)) queue.nodeDown(nodeId);
    this.#servedQueues.delete(nodeId);
    this.#passBarriers(nodeId, Infinity);
  }

  close(): void {
    this.#isClosed = true;
    this.#progressTimer?.cancel();
    for (const barrier of this.#barriers) barrier.timer?.cancel();
    this.#barriers = [];
    for (const timer of this.#lostLately.values()) timer.cancel();
    this.#lostLately.clear();
  }

  #announce(queueId: number, term: number): void {
    if (this.options.links === undefined || this.#isClosed) return;
    if (this.#toAnnounce.size === 0) this.options.timers.defer(() => this.#sendAnnouncement());
    this.#toAnnounce.set(queueId, term);
  }

  #nextBarrier(): Barrier {
    this.#barrier ??= {
      announcement: this.#announcement + 1,
      waiting: new Set(),
      synced: new Set(),
      missing: new Set(),
      actions: [],
      timer: undefined,
      leftMs: SYNC_TIMEOUT_MS,
    };
    return this.#barrier;
  }

  #sendAnnouncement(): void {
    const { links } = this.options;
    if (links === undefined || this.#isClosed) return;
    this.#announcement++;
    const values = [this.#announcement, ...[...this.#toAnnounce].flat()];
    this.#toAnnounce = new Map();
    const barrier = this.#barrier;
    this.#barrier = undefined;
    for (const peer of links.peers()) {
      sendPacked(peer, QueueFrame.leads, values);
      barrier?.waiting.add(peer.nodeId);
    }
    if (barrier === undefined) return;
    this.#barriers.push(barrier);
    for (const nodeId of [...barrier.waiting, ...this.#lostLately.keys()]) {
      barrier.missing.add(nodeId);
    }
    this.#watchBarrier(barrier);
    this.#endBarriers();
  }

  /** Gives up those that do not answer and that raft does not hear either, and all of them after a while. */
  #watchBarrier(barrier: Barrier): void {
    if (barrier.waiting.size === 0) return;
    barrier.timer = this.options.timers.setTimer(NODE_GONE_POLL_MS, () => {
      barrier.leftMs -= NODE_GONE_POLL_MS;
      for (const nodeId of barrier.waiting) {
        const isGivenUp = barrier.leftMs <= 0 || this.options.isNodeSilent(nodeId);
        if (isGivenUp) barrier.waiting.delete(nodeId);
      }
      this.#watchBarrier(barrier);
      this.#endBarriers();
    });
  }

  #passBarriers(nodeId: number, announcement: number): void {
    for (const barrier of this.#barriers) {
      if (barrier.announcement > announcement) continue;
      // Infinity: it is out of reach.
      if (announcement !== Infinity && barrier.waiting.has(nodeId)) {
        barrier.synced.add(nodeId);
        barrier.missing.delete(nodeId);
      }
      barrier.waiting.delete(nodeId);
    }
    this.#endBarriers();
  }

  #endBarriers(): void {
    const ended = this.#barriers.filter(({ waiting }) => waiting.size === 0);
    if (ended.length === 0) return;
    this.#barriers = this.#barriers.filter(({ waiting }) => waiting.size > 0);
    for (const { timer, actions, synced, missing } of ended) {
      timer?.cancel();
      for (const action of actions) action({ synced, missing });
    }
  }

  /** The link to the other node is open: what is led here is told to it, and what is led there is asked of it again. */
  #onUp(peer: LinkPeer): void {
    this.#noteLife(peer);
    this.#lostLately.get(peer.nodeId)?.cancel();
    this.#lostLately.delete(peer.nodeId);
    const values = [this.#announcement, ...[...this.#led].flat()];
    sendPacked(peer, QueueFrame.leads, values);
    for (const queueId of this.#leaders.queuesOf(peer.nodeId)) {
      this.#queues.get(queueId)?.leaderChanged();
    }
    this.#sendSynced(peer);
  }

  /** What a restarted node led it leads no more, until it says so again. */
  #noteLife({ nodeId, incarnation }: LinkPeer): void {
    const before = this.#lives.get(nodeId) ?? incarnation;
    this.#lives.set(nodeId, Math.max(before, incarnation));
    if (before >= incarnation) return;
    this.#restarts++;
    for (const queueId of this.#leaders.queuesOf(nodeId)) {
      this.#leaders.lost(queueId, nodeId);
      this.#queues.get(queueId)?.leaderChanged();
    }
  }

  #onDown(nodeId: number): void {
    this.#noteLost(nodeId);
    for (const queueId of this.#leaders.queuesOf(nodeId)) {
      this.#queues.get(queueId)?.leaderChanged();
    }
    this.#passBarriers(nodeId, Infinity);
  }

  #noteLost(nodeId: number): void {
    if (this.#isClosed || this.#lostLately.has(nodeId)) return;
    const timer = this.options.timers.setTimer(NODE_GONE_MS, () => {
      this.#lostLately.delete(nodeId);
    });
    this.#lostLately.set(nodeId, timer);
  }

  #sendSynced(peer: LinkPeer): void {
    const heard = this.#heard.get(peer.nodeId) ?? 0;
    peer.reserve(QueueFrame.synced, 6).writeUIntLE(heard, 0, 6);
  }

  #onLeads(peer: LinkPeer, payload: Buffer): void {
    const values = unpack(payload);
    const { nodeId } = peer;
    this.#noteLife(peer);
    this.#heard.set(nodeId, integerAt(values, 0));
    for (let at = 1; at + 1 < values.length; at += 2) {
      const queueId = integerAt(values, at);
      const isChanged = this.#leaders.heard(queueId, nodeId, integerAt(values, at + 1));
      if (isChanged) this.#queues.get(queueId)?.leaderChanged();
    }
    const own = this.options.links?.peer(nodeId);
    if (own !== undefined) this.#sendSynced(own);
  }

  #listen(links: NodeLinks): void {
    links.onFrame(QueueFrame.leads, (peer, payload) => this.#onLeads(peer, payload));
    links.onFrame(QueueFrame.synced, (peer, payload) => {
      need(payload, 6);
      for (const queue of this.#queuesServing(peer.nodeId)) queue.nodeSynced(peer);
      this.#passBarriers(peer.nodeId, payload.readUIntLE(0, 6));
    });
    this.#listenToRequests(links);
    this.#listenToAnswers(links);
  }

  #listenToRequests(links: NodeLinks): void {
    const requests = [
      QueueFrame.publish,
      QueueFrame.consumer,
      QueueFrame.settle,
      QueueFrame.session,
      QueueFrame.settledAgain,
      QueueFrame.deliveredAgain,
    ];
    for (const kind of requests) {
      links.onFrame(kind, (peer, payload) => {
        need(payload, 6);
        this.#toLeader(peer, payload.readUIntLE(0, 6), (queue) => {
          queue.onRequest(peer, kind, payload);
        });
      });
    }
    for (const kind of [
      QueueFrame.consume,
      QueueFrame.attachAgain,
      QueueFrame.get,
      QueueFrame.ask,
    ]) {
      links.onFrame(kind, (peer, payload) => {
        const values = unpack(payload);
        this.#toLeader(peer, integerAt(values, 0), (queue) => {
          queue.onPackedRequest(peer, kind, values);
        });
      });
    }
  }

  /** A queue that is led elsewhere by now, or is not known here yet: its sender waits for word of the leader. */
  #toLeader(peer: LinkPeer, queueId: number, action: (queue: ClusterQueue) => void): void {
    const queue = this.#queues.get(queueId);
    if (queue?.isServing === true) action(queue);
    else peer.reserve(QueueFrame.notLeader, 6).writeUIntLE(queueId, 0, 6);
  }

  #listenToAnswers(links: NodeLinks): void {
    const numbered = [QueueFrame.stored, QueueFrame.resend, QueueFrame.progressed] as const;
    for (const kind of numbered) {
      links.onFrame(kind, (peer, payload) => {
        need(payload, 12);
        this.#queueAt(payload)?.onNumber(peer, kind, payload.readUIntLE(6, 6));
      });
    }
    links.onFrame(QueueFrame.refused, (peer, payload) => {
      need(payload, 12);
      const items = new Set(payload.subarray(12));
      this.#queueAt(payload)?.onRefused(peer, payload.readUIntLE(6, 6), items);
    });
    links.onFrame(QueueFrame.notLeader, (peer, payload) => {
      need(payload, 6);
      this.#queueAt(payload)?.onNotLeader(peer);
    });
    for (const kind of [QueueFrame.consumed, QueueFrame.answer]) {
      links.onFrame(kind, (_peer, payload) => this.#onAnswer(unpack(payload)));
    }
    links.onFrame(QueueFrame.deliver, (peer, payload) => this.#onDeliver(peer, payload));
    links.onFrame(QueueFrame.got, (_peer, payload) => this.#onGot(payload));
    links.onFrame(QueueFrame.activated, (peer, payload) => {
      need(payload, 4);
      const consumer = this.#consumers.get(payload.readUInt32LE(0));
      consumer?.queue.onActivated(peer, consumer);
    });
    links.onFrame(QueueFrame.credit, (peer, payload) => {
      need(payload, 5);
      const consumer = this.#consumers.get(payload.readUInt32LE(0));
      consumer?.queue.onCredit(peer, consumer, payload[4] === 1);
    });
  }

  #queueAt(payload: Buffer): ClusterQueue | undefined {
    return this.#queues.get(payload.readUIntLE(0, 6));
  }

  #onAnswer(values: readonly unknown[]): void {
    const id = integerAt(values, 0);
    const onAnswer = this.#requests.get(id);
    this.#requests.delete(id);
    onAnswer?.(values.slice(1));
  }

  #onDeliver(peer: LinkPeer, payload: Buffer): void {
    need(payload, 4);
    const consumer = this.#consumers.get(payload.readUInt32LE(0));
    if (consumer === undefined) return;
    const delivery = readDelivery(payload, 4, this.#view);
    this.#view.routing = this.#routings.read(payload, delivery.routingStart);
    consumer.queue.onDelivery(peer, consumer, this.#view, delivery);
    this.#view.discard();
  }

  #onGot(payload: Buffer): void {
    need(payload, 9);
    const id = payload.readUInt32LE(0);
    const onAnswer = this.#requests.get(id);
    this.#requests.delete(id);
    if (onAnswer === undefined) return;
    if (payload[8] === 0) {
      onAnswer([]);
      return;
    }
    const delivery = readDelivery(payload, 9, this.#view);
    this.#view.routing = this.#routings.read(payload, delivery.routingStart);
    onAnswer([this.#view, delivery, payload.readUInt32LE(4)]);
    this.#view.forgetStored();
  }
}
