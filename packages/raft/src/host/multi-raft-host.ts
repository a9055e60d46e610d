import { createEntryMaker } from "../codec/entry-maker.ts";
import { type GroupId, NONE, type NodeId, nodeIdOf, type ReplicaId } from "../core/ids.ts";
import type { RaftMessage } from "../core/message.ts";
import { Random } from "../core/random.ts";
import type { Role } from "../core/ready.ts";
import { DEFAULT_LIMITS, type RaftLimits } from "../limits.ts";
import type { LogStore } from "../store/log-store.ts";
import type { Transport } from "../transport/transport.ts";
import { AwakeSet } from "./awake-set.ts";
import { DigestExchange } from "./digest-exchange.ts";
import { GracefulStop, leadersOf } from "./graceful-stop.ts";
import { GroupFence } from "./group-fence.ts";
import type { GroupHandle } from "./group-handle.ts";
import { GroupRegistry, type RegistryHost } from "./group-registry.ts";
import type { GroupRunner } from "./group-runner.ts";
import { GroupWaker } from "./group-waker.ts";
import { HostClock } from "./host-clock.ts";
import type { HostEnvironment } from "./host-environment.ts";
import { HostTurn } from "./host-turn.ts";
import { LeaderMover } from "./leader-mover.ts";
import { createHostMetrics, type HostMetrics } from "./metrics.ts";
import type {
  GroupEvent,
  GroupPriority,
  HostObserver,
  ProposalResult,
  RaftNodeOptions,
} from "./node-options.ts";
import { PeerLinks } from "./peer-links.ts";
import type { PendingProposal } from "./pending-proposals.ts";
import type { ReadDone, ReadResult } from "./pending-reads.ts";
import { SnapshotInbox } from "./snapshot-inbox.ts";
import { SnapshotSender } from "./snapshot-sender.ts";
import type { StateMachine } from "./state-machine.ts";
import { TransportInput } from "./transport-input.ts";

/** Between two attempts to move leaderships away from a full node. */
const MOVE_PAUSE_MS = 5000;
/** Unknown groups reported between two ticks. */
const UNKNOWN_MAX = 1024;
/** Numbers of reads: so many for each life of the node, and so many lives before they repeat; together a safe integer. */
const READS_PER_LIFE = 2 ** 32;
const LIVES = 2 ** 21;

/**
 * Runs all replicas of a node: one loop, one timer, one store and one transport for thousands of groups. What does not
 * need attention costs nothing but memory.
 */
export class MultiRaftHost<T extends Transport = Transport> implements RegistryHost {
  readonly store: LogStore;
  readonly limits: RaftLimits;
  readonly metrics: HostMetrics = createHostMetrics();
  readonly observer: HostObserver | undefined;
  readonly random: Random;
  readonly transport: T;
  readonly groups: GroupRegistry;
  readonly links: PeerLinks;
  readonly digests: DigestExchange;
  readonly fence: GroupFence;
  readonly inbox: SnapshotInbox;
  readonly sender: SnapshotSender;
  readonly waker: GroupWaker;
  readonly turn: HostTurn;
  readonly #environment: HostEnvironment<T>;
  readonly #options: RaftNodeOptions;
  readonly #clock: HostClock;
  readonly #awake = new AwakeSet<GroupRunner>();
  /** Unknown groups reported since the last tick. */
  readonly #unknown = new Set<GroupId>();
  readonly #input: TransportInput;
  readonly #firstRead: number;
  #readsAsked = 0;
  #isAppendPaused = false;
  #isDead = false;
  #stop: GracefulStop | undefined;
  /** Those who wait for the end. */
  #onEnded: (() => void)[] = [];
  readonly #onAbandoned: (() => void)[] = [];
  #hasEnded = false;
  /** While the disk is full. */
  #mover: LeaderMover | undefined;
  #moveAtMs = 0;

  constructor(environment: HostEnvironment<T>) {
    const { clock, timers, options, store } = environment;
    this.#environment = environment;
    this.#options = options;
    this.store = store;
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.observer = options.observer;
    this.random = new Random(environment.seed);
    this.#firstRead = (store.incarnation % LIVES) * READS_PER_LIFE;
    this.groups = new GroupRegistry(this, {
      limits: this.limits,
      seed: this.random.nextU32(),
      appliesBeforeDurable: options.appliesBeforeDurable ?? false,
      noopData: options.noopData,
      createEntry: createEntryMaker(),
      isNodeAlive: (replica) => this.isNodeAlive(nodeIdOf(replica)),
    });
    this.turn = new HostTurn(timers, this);
    this.#clock = new HostClock({ clock, timers }, this, (ticks, nowMs) =>
      this.#tick(ticks, nowMs),
    );
    this.links = new PeerLinks(this, options.nodeId);
    this.fence = new GroupFence(this);
    this.digests = new DigestExchange(this);
    this.waker = new GroupWaker(this);
    this.sender = new SnapshotSender(this, this.random.nextU32());
    this.inbox = new SnapshotInbox(this, (groupId) => this.groups.find(groupId));
    this.groups.recover();
    this.#input = new TransportInput(this);
    this.transport = environment.createTransport(this.#input);
  }

  /** A graceful stop is under way, or over: nothing new is taken on. */
  get isStopping(): boolean {
    return this.#stop !== undefined;
  }

  /** Nothing happens any more. */
  get isDead(): boolean {
    return this.#isDead;
  }

  /** Starts the clock, and the recovered groups as soon as it is their turn. */
  start(): void {
    this.#clock.start();
    this.groups.startRecovered();
  }

  findGroup(groupId: GroupId): GroupHandle | undefined {
    return this.groups.find(groupId);
  }

  handles(): IterableIterator<GroupHandle> {
    return this.groups.handles();
  }

  /** Ends in good order; `done` when the store is closed. */
  stop(done: () => void): void {
    if (this.#hasEnded) {
      this.turn.complete(done, undefined);
      return;
    }
    this.#onEnded.push(done);
    if (this.#isDead || this.isStopping) return;
    this.groups.stopStarting();
    this.#stop = new GracefulStop(this, () => this.#close());
  }

  /** Ends without any order; `done` when the network is closed. */
  abandon(done: () => void): void {
    if (this.#hasEnded) {
      done();
      return;
    }
    this.#onAbandoned.push(done);
    this.die();
  }

  /** Storage failed: from now on nothing is sent, stored or answered. */
  die(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#clock.stop();
    this.groups.stopStarting();
    this.groups.stopAll("storage failed");
    this.turn.stop();
    // The store has nothing left to close: it failed.
    this.transport.close(() => this.#ended());
  }

  // GroupContext

  nowMs(): number {
    return this.#environment.clock.monotonicMs();
  }

  send(message: RaftMessage): boolean {
    if (this.#isDead) return true;
    this.observer?.onSend(message);
    const isQueued = this.transport.send(message);
    if (isQueued) this.metrics.messagesSent++;
    else this.metrics.messagesDropped++;
    this.turn.schedule();
    return isQueued;
  }

  sendNote(to: NodeId, lane: "control" | "bulk", kind: number, body: Uint8Array): boolean {
    if (this.#isDead) return false;
    this.turn.schedule();
    return this.transport.sendNote(to, lane, kind, body);
  }

  later(delayMs: number, action: () => void): void {
    this.#environment.timers.setTimer(delayMs, () => {
      if (this.#isDead) return;
      action();
      this.turn.schedule();
    });
  }

  complete<T>(done: (value: T) => void, value: T): void {
    this.turn.complete(done, value);
  }

  markReady(group: GroupRunner): void {
    this.turn.markReady(group);
  }

  markApplying(group: GroupRunner): void {
    this.turn.markApplying(group);
  }

  setAwake(group: GroupRunner, isAwake: boolean): void {
    if (isAwake) this.#awake.add(group);
    else this.#awake.remove(group);
    this.metrics.groupsAwake = this.#awake.count;
  }

  requestSnapshot(group: GroupRunner, to: ReplicaId, atLeast: number): void {
    this.sender.request(group, to, atLeast);
  }

  onRoleChange(group: GroupRunner, before: Role): void {
    if (group.role === "leader") {
      this.metrics.electionsWon++;
      this.metrics.groupsLed++;
    } else if (before === "leader") {
      this.metrics.groupsLed--;
      this.sender.onLeaderLost(group);
    }
  }

  onReady(group: GroupRunner): void {
    this.groups.onReady(group);
    this.report(group.groupId, { kind: "ready" });
  }

  onConfChange(group: GroupRunner): void {
    this.links.link(group.core.conf);
  }

  onStopped(group: GroupRunner, why: string): void {
    if (group.role === "leader") this.metrics.groupsLed--;
    this.sender.onLeaderLost(group);
    this.inbox.onGroupStopped(group.groupId);
    this.groups.onStopped(group, why);
  }

  onStateLost(group: GroupRunner): void {
    this.groups.onStateLost(group);
  }

  settle(proposal: PendingProposal, result: ProposalResult): void {
    this.metrics.proposalsPending--;
    this.metrics.proposalBytesPending -= proposal.size;
    if (result.kind === "unknown") this.metrics.proposalsUnknown++;
    this.turn.complete(proposal.done, result);
  }

  nextReadContext(): number {
    this.#readsAsked = (this.#readsAsked + 1) % READS_PER_LIFE;
    return this.#firstRead + this.#readsAsked;
  }

  settleRead(done: ReadDone, result: ReadResult): void {
    this.turn.complete(done, result);
  }

  report(groupId: GroupId, event: GroupEvent): void {
    const { onGroupEvent } = this.#options;
    if (onGroupEvent === undefined) return;
    this.turn.complete(() => this.#options.onGroupEvent?.(groupId, event), undefined);
  }

  // What the parts of the host ask for

  isNodeAlive(node: NodeId): boolean {
    return node === this.#options.nodeId || this.transport.isAlive(node);
  }

  priorityOf(groupId: GroupId): GroupPriority {
    return this.#options.groupPriority?.(groupId) ?? 1;
  }

  onUnlinked(node: NodeId): void {
    this.#input.onPeerDown(node);
  }

  probe(runner: GroupRunner): void {
    this.waker.probe(runner);
  }

  leaderIsGone(runner: GroupRunner, node: NodeId): void {
    this.waker.leaderIsGone(runner, node);
  }

  createMachine(groupId: GroupId): StateMachine {
    return this.#options.createMachine(groupId);
  }

  onUnknownGroup(groupId: GroupId, from: NodeId): void {
    // A peer that knows better may send many messages for it: once a tick is enough.
    if (this.#options.onUnknownGroup === undefined || this.#unknown.size >= UNKNOWN_MAX) return;
    if (this.#unknown.has(groupId)) return;
    this.#unknown.add(groupId);
    this.turn.complete(() => this.#options.onUnknownGroup?.(groupId, from), undefined);
  }

  onOtherEpoch(group: GroupHandle, epoch: number, from: NodeId): void {
    if (epoch > group.epoch) this.onVerdict(group, "obsolete", epoch);
    else this.fence.tellObsolete(group, from, NONE);
  }

  onVerdict(group: GroupHandle, verdict: "removed" | "obsolete", epoch: number): void {
    if (group.runner === undefined) return;
    this.groups.stop(group, verdict);
    const event: GroupEvent =
      verdict === "removed" ? { kind: "removed" } : { kind: "obsolete", epoch };
    this.report(group.groupId, event);
  }

  /** End of a turn's work: all of it leaves at once. */
  flush(): void {
    this.transport.flush();
    this.store.kick();
    this.checkBacklog();
  }

  /** The disk does not keep up: what followers would store waits in the network. */
  checkBacklog(): void {
    const { isBacklogged } = this.store;
    if (isBacklogged === this.#isAppendPaused) return;
    this.#isAppendPaused = isBacklogged;
    this.transport.pauseAppends(isBacklogged);
  }

  /** Space is short: less is worth a snapshot now. Sleeping groups would not notice. */
  saveWhatFreesSpace(): void {
    for (const { runner } of this.handles()) {
      if (runner !== undefined && runner.awakeAt < 0) runner.saveIfDue();
    }
  }

  /** The peer lost messages: those awake find out what. Sleeping groups have sent none. */
  visitAwake(visit: (runner: GroupRunner) => void): void {
    this.#awake.visitAll(visit);
  }

  #tick(ticks: number, nowMs: number): void {
    if (this.#isDead || ticks === 0) return;
    this.#measure();
    this.#awake.visitAll((runner) => runner.tick(ticks, nowMs));
    this.#unknown.clear();
    this.fence.tick();
    this.links.tick(nowMs);
    this.groups.tick(nowMs);
    this.waker.tick(nowMs);
    this.digests.tick(nowMs);
    this.sender.tick(nowMs);
    this.inbox.tick(nowMs);
    this.checkBacklog();
    this.#moveLeadersIfFull(nowMs);
    this.turn.schedule();
    this.#stop?.tick(nowMs);
  }

  #measure(): void {
    const { metrics, transport } = this;
    // The groups' ticks find the largest.
    metrics.applyLagEntries = 0;
    metrics.storeQueuedBytes = this.store.queuedBytes;
    metrics.linkQueuedBytes = transport.peers.reduce(
      (sum, peer) => sum + transport.queuedBytes(peer),
      0,
    );
  }

  /** A full node has no room for what would be proposed: others lead. */
  #moveLeadersIfFull(nowMs: number): void {
    if (this.store.space !== "full" || this.isStopping) {
      this.#mover = undefined;
      return;
    }
    if (this.#mover === undefined && this.metrics.groupsLed > 0 && nowMs >= this.#moveAtMs) {
      this.#mover = new LeaderMover(this, leadersOf(this.handles()));
      this.#moveAtMs = nowMs + MOVE_PAUSE_MS;
    }
    this.#mover?.tick(nowMs);
    if (this.#mover?.isDone === true) this.#mover = undefined;
  }

  #close(): void {
    this.#clock.stop();
    // What was proposed and not given to the store yet would be lost; the store writes all that it has when it closes.
    this.turn.carryOutAll();
    this.groups.stopAll("node stopped");
    this.flush();
    this.#isDead = true;
    this.turn.stop();
    this.transport.close(() => this.store.close(() => this.#ended()));
  }

  #ended(): void {
    this.#hasEnded = true;
    const waiting = this.#onEnded;
    this.#onEnded = [];
    for (const done of waiting) this.turn.complete(done, undefined);
    // There are no turns any more in which they could be told.
    for (const done of this.#onAbandoned.splice(0)) done();
  }
}
