import type { ConfState } from "../core/conf-state.ts";
import type { IndexRange } from "../core/hard-state.ts";
import { type GroupId, NONE, type ReplicaId } from "../core/ids.ts";
import { MessageType, type RaftMessage } from "../core/message.ts";
import type { ProposeResult, RaftCore } from "../core/raft-core.ts";
import type { CoreEvent, Fetch, Ready, Role } from "../core/ready.ts";
import type { ReadResult } from "../store/log-store.ts";
import type { GroupApplier, SliceBudget } from "./group-applier.ts";
import type { GroupContext } from "./group-context.ts";
import { GroupRequests } from "./group-requests.ts";
import { GroupSnapshotter } from "./group-snapshotter.ts";
import { MachineReplacement } from "./machine-replacement.ts";
import { isAlone, memberIds } from "./members.ts";

/** Messages that become true when an append is durable. */
interface WaitingMessages {
  readonly seq: number;
  readonly messages: readonly RaftMessage[];
}

/**
 * Runs one replica: calls its core, carries out what the core wants, feeds the machine. It lives from the start of the replica
 * to its stop; nothing happens after that. Whatever the core or the machine throws stops this replica only.
 */
export class GroupRunner {
  readonly groupId: GroupId;
  readonly core: RaftCore;
  readonly applier: GroupApplier;
  readonly snapshotter: GroupSnapshotter;
  readonly requests: GroupRequests;
  readonly isUrgent: boolean;
  /** Of {@link AwakeSet}. */
  awakeAt = -1;
  /** In the host's list of groups with a Ready, and of those with entries to apply. */
  isInReadyList = false;
  isInApplyList = false;
  /** The last digest round of the leader's node that named this group, and how many since did not. */
  digestRound = 0;
  digestMisses = 0;
  readonly #context: GroupContext;
  readonly #replacement: MachineReplacement;
  #waiting: WaitingMessages[] = [];
  #isStopped = false;
  #wantsToLead = false;
  /** Ticks in which a new group's first leader still asks for votes again. */
  #askAgainTicks = 0;
  #isReady = false;
  #dump: Readonly<Record<string, unknown>> | undefined;
  #role: Role;
  #leader: ReplicaId = NONE;
  #term: number;
  #conf: ConfState;
  #lastSeq = 0;
  #durableSeq = 0;
  #activeAtMs: number;
  /** An index committed at a known time: if it is still not applied much later, applying lags. */
  #lagIndex = 0;
  #lagSinceMs: number;

  constructor(
    context: GroupContext,
    core: RaftCore,
    applier: GroupApplier,
    options: { readonly groupId: GroupId; readonly isUrgent: boolean },
  ) {
    this.groupId = options.groupId;
    this.isUrgent = options.isUrgent;
    this.core = core;
    this.applier = applier;
    this.#context = context;
    this.#role = core.role;
    this.#term = core.currentTerm;
    this.#conf = core.conf;
    this.#activeAtMs = context.nowMs();
    this.#lagSinceMs = this.#activeAtMs;
    this.snapshotter = new GroupSnapshotter(options.groupId, context, applier);
    this.requests = new GroupRequests(this, context);
    this.#replacement = new MachineReplacement(this, context);
    this.#afterCall("restore");
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** The role as of the last Ready. */
  get role(): Role {
    return this.#role;
  }

  /** It leads, and its machine has all that was in the log before: what is proposed now meets the whole state. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Committed entries have waited too long to be applied. */
  get lagsBehind(): boolean {
    return (
      this.#lagIndex > this.applier.appliedIndex &&
      this.#context.nowMs() - this.#lagSinceMs > this.#context.limits.applyLagMaxMs
    );
  }

  /** All that was handed to the store is durable. */
  get isDrained(): boolean {
    return this.#lastSeq === this.#durableSeq;
  }

  /** Nothing is under way that needs this replica awake. */
  get isQuiet(): boolean {
    return (
      this.isDrained && this.applier.isIdle && this.requests.isIdle && !this.snapshotter.isBusy
    );
  }

  step(message: RaftMessage): void {
    this.#context.metrics.steps++;
    this.call("step", (core) => core.step(message));
  }

  /** Campaigns now, or as soon as what is known to be committed is applied: before that, the core may not. */
  campaign(): void {
    this.call("campaign", (core) => core.campaign());
    this.#wantsToLead = this.core.role === "follower";
  }

  /**
   * Campaigns for a group that is just being created: other members may not have it yet, and do not answer then. So it asks again at
   * each tick for as long as another would wait before it stands itself.
   */
  campaignAsFirst(): void {
    this.campaign();
    this.#askAgainTicks = this.core.role === "leader" ? 0 : this.#context.limits.electionTicks;
  }

  /** Time passes for an awake group. */
  tick(count: number, nowMs: number): void {
    this.call("tick", (core) => core.tick(count));
    if (this.#isStopped) return;
    this.#askAgain();
    this.requests.expire(nowMs);
    this.#watchLag(nowMs);
    this.snapshotter.onDurable(this.core);
    this.snapshotter.saveIfDue(this.core);
    if (this.#checkFailure(this.snapshotter.failure)) return;
    this.#hibernateIfIdle(nowMs);
  }

  /**
   * Calls the core; whatever it throws stops the group. All calls into a core pass here, `propose`, or the applier. `undefined`
   * if the group is stopped.
   */
  call<T>(name: string, action: (core: RaftCore) => T): T | undefined {
    if (this.#isStopped) return undefined;
    let result: T;
    try {
      result = action(this.core);
    } catch (error) {
      this.fail(error);
      return undefined;
    }
    this.#afterCall(name);
    return result;
  }

  /** As {@link call}, for what is called most. */
  propose(data: Uint8Array, command: unknown): ProposeResult | undefined {
    if (this.#isStopped) return undefined;
    let result: ProposeResult;
    try {
      result = this.core.propose(data, command);
    } catch (error) {
      this.fail(error);
      return undefined;
    }
    this.#afterCall("propose");
    return result;
  }

  /** Carries out one Ready. */
  processReady(): void {
    if (this.#isStopped) return;
    this.requests.askReads();
    const ready = this.#takeReady();
    if (ready === undefined) return;
    this.#carryOut(ready);
    this.#markIfReady();
  }

  /** The store made append `seq`, and all before it, durable. */
  onAppended(seq: number): void {
    // The core has to hear of each; what one made true is said before the next one counts.
    while (this.#durableSeq < seq) {
      this.#durableSeq++;
      const durable = this.#durableSeq;
      this.call("onAppended", (core) => core.onAppended(durable));
      this.#sendWaiting(durable);
    }
    this.#onDurable(seq);
  }

  /** Applies a slice of what is committed; returns the number of entries. */
  applySlice(budget: SliceBudget): number {
    if (this.#isStopped || !this.applier.hasWork) return 0;
    const count = this.applier.applySlice(this.core, this.requests.proposals, budget);
    if (this.#checkFailure(this.applier.failure)) return count;
    this.#syncWithCore();
    this.requests.onProgress();
    this.#campaignIfCaughtUp();
    this.#noteIfReady();
    this.snapshotter.saveIfDue(this.core);
    if (!this.#checkFailure(this.snapshotter.failure)) this.#markIfApplying();
    return count;
  }

  /** Saves the state if enough of the log would be set free. */
  saveIfDue(): void {
    if (this.#isStopped) return;
    this.snapshotter.saveIfDue(this.core);
    this.#checkFailure(this.snapshotter.failure);
  }

  /** The machine has the state of a snapshot now. */
  onReplaced(): void {
    this.requests.onReplaced();
    this.#markIfApplying();
  }

  onDamage(range: IndexRange): void {
    this.#context.metrics.damagesFound++;
    this.#context.observer?.onEvent(this.groupId, "damage");
    this.call("reportDamage", (core) => core.reportDamage(range));
    if (this.core.isDamaged) this.#context.report(this.groupId, { kind: "damaged" });
  }

  /** Of the core when the group failed, for those who look into it; undefined: it has not. */
  get dump(): Readonly<Record<string, unknown>> | undefined {
    return this.#dump;
  }

  /** Stops the group because its core or its machine threw. */
  fail(error: unknown): void {
    if (this.#isStopped) return;
    this.#dump = this.core.dump();
    this.stop(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  }

  /** Ends this life of the replica. Whoever it led is told at once. */
  stop(why: string): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    if (this.core.role === "leader") this.#sayLeaderGone();
    this.#waiting = [];
    this.applier.clear();
    this.requests.stop();
    this.snapshotter.stop();
    this.#context.setAwake(this, false);
    this.#context.onStopped(this, why);
  }

  #askAgain(): void {
    if (this.#askAgainTicks === 0) return;
    this.#askAgainTicks--;
    if (this.core.role === "pre-candidate") this.call("campaign", (core) => core.campaign());
    else if (this.core.role !== "candidate") this.#askAgainTicks = 0;
  }

  /** A long log comes in several reads: what has been read so far may all be applied long before the last of them. */
  #campaignIfCaughtUp(): void {
    if (!this.#wantsToLead || this.applier.appliedIndex < this.core.commitIndex) return;
    this.#wantsToLead = false;
    this.call("campaign", (core) => core.campaign());
  }

  #noteIfReady(): void {
    if (this.#isReady || !this.core.isLeaderReady || this.#isStopped) return;
    if (this.#role !== "leader" || this.applier.appliedIndex < this.core.termStart) return;
    this.#isReady = true;
    this.#context.onReady(this);
  }

  #afterCall(name: string): void {
    this.#context.observer?.onCoreCall(this.core, name);
    this.#syncWithCore();
  }

  #syncWithCore(): void {
    if (this.#conf !== this.core.conf) {
      this.#conf = this.core.conf;
      this.#context.onConfChange(this);
    }
    const isAwake = !this.core.isHibernating;
    if (isAwake !== this.awakeAt >= 0) {
      if (isAwake) this.#activeAtMs = this.#context.nowMs();
      this.#context.setAwake(this, isAwake);
    }
    this.#markIfReady();
  }

  #markIfReady(): void {
    if (this.isInReadyList || this.#isStopped) return;
    if (this.core.hasReady()) this.#context.markReady(this);
  }

  #markIfApplying(): void {
    if (this.applier.hasWork) this.#context.markApplying(this);
  }

  #takeReady(): Ready | undefined {
    if (this.#isStopped || !this.core.hasReady()) return undefined;
    let ready: Ready;
    try {
      ready = this.core.ready();
    } catch (error) {
      this.fail(error);
      return undefined;
    }
    this.#context.observer?.onReady(this.core, ready);
    this.#afterCall("ready");
    return ready;
  }

  #sendWaiting(seq: number): void {
    let sent = 0;
    for (const { seq: waitsFor, messages } of this.#waiting) {
      if (waitsFor > seq) break;
      sent++;
      for (const message of messages) this.#send(message);
    }
    this.#waiting.splice(0, sent);
  }

  #onDurable(seq: number): void {
    if (this.#isStopped) return;
    this.#replacement.onDurable(seq);
    this.snapshotter.onDurable(this.core);
    if (this.#checkFailure(this.snapshotter.failure)) return;
    this.requests.onProgress();
    this.#noteIfReady();
    this.#markIfApplying();
  }

  #carryOut(ready: Ready): void {
    if (ready.soft !== undefined) this.#onSoft(ready.soft);
    if (ready.soft !== undefined || this.core.role !== "leader") this.requests.checkLeadership();
    if (ready.append !== undefined) this.#append(ready.append);
    for (const message of ready.messages) this.#send(message);
    if (ready.committed.length > 0) {
      this.#activeAtMs = this.#context.nowMs();
      this.applier.enqueue(ready.committed);
      this.#markIfApplying();
    }
    if (ready.reads.length > 0) this.requests.onReads(ready.reads);
    for (const { to, atLeast } of ready.snapshotRequests) {
      // An older one would be followed by changes of members that forced recovery has replaced.
      this.#context.requestSnapshot(this, to, Math.max(atLeast, this.applier.forcedIndex));
    }
    for (const fetch of ready.fetches) this.#fetch(fetch);
    for (const event of ready.events) this.#onEvent(event);
    this.requests.onProgress();
  }

  #append(append: NonNullable<Ready["append"]>): void {
    this.#context.observer?.onAppend(this.groupId, append);
    if (append.entries.length > 0) this.#activeAtMs = this.#context.nowMs();
    this.#lastSeq = append.seq;
    if (append.after.length > 0) this.#waiting.push({ seq: append.seq, messages: append.after });
    if (append.snapshot !== undefined) {
      this.snapshotter.abandon();
      this.#replacement.onAccepted(append.seq);
    }
    this.#context.store.append(this.groupId, append);
  }

  #send(message: RaftMessage): void {
    if (this.#context.send(message) || message.type !== MessageType.AppendEntries) return;
    this.call("reportUnreachable", (core) => core.reportUnreachable(message.to));
  }

  #fetch(fetch: Fetch): void {
    const { from, to, maxBytes, purpose } = fetch;
    const done = (result: ReadResult): void => {
      const answer = result.kind === "entries" ? result.entries : result.kind;
      this.call("onFetched", (core) => core.onFetched(purpose, answer));
    };
    this.#context.store.read(this.groupId, from, to, maxBytes, done);
  }

  #onSoft(soft: NonNullable<Ready["soft"]>): void {
    const before = this.#role;
    const { metrics } = this.#context;
    if (soft.term !== this.#term) metrics.termChanges++;
    if (soft.leader !== this.#leader && soft.leader !== NONE) metrics.leaderChanges++;
    if (soft.role === "pre-candidate" && before !== "pre-candidate") metrics.campaigns++;
    this.#role = soft.role;
    if (soft.role !== "leader" || soft.term !== this.#term) this.#isReady = false;
    this.#leader = soft.leader;
    this.#term = soft.term;
    this.digestMisses = 0;
    if (soft.role !== before) this.#context.onRoleChange(this, before);
    this.#context.report(this.groupId, { kind: "role", ...soft });
  }

  #onEvent(event: CoreEvent): void {
    const { metrics } = this.#context;
    if (event.kind === "hibernated") metrics.hibernations++;
    else if (event.kind === "woke") metrics.wakes++;
    this.#context.observer?.onEvent(this.groupId, event.kind);
    this.#context.report(this.groupId, event);
  }

  #hibernateIfIdle(nowMs: number): void {
    if (this.#isStopped || this.#role !== "leader" || this.core.isHibernating) return;
    const { limits } = this.#context;
    const afterMs = isAlone(this.core.conf)
      ? limits.hibernateAloneAfterMs
      : limits.hibernateAfterMs;
    if (nowMs - this.#activeAtMs < afterMs) return;
    // It may only have to wait until the last snapshot is old enough; nothing would wake the group for it.
    if (this.snapshotter.isWorthIt) return;
    if (!this.isQuiet || this.#context.isStopping || !this.core.canHibernate()) return;
    this.call("hibernate", (core) => core.hibernate());
  }

  #watchLag(nowMs: number): void {
    const { metrics } = this.#context;
    const lag = this.core.commitIndex - this.applier.appliedIndex;
    if (lag > metrics.applyLagEntries) metrics.applyLagEntries = lag;
    if (this.applier.appliedIndex < this.#lagIndex) return;
    this.#lagIndex = this.core.commitIndex;
    this.#lagSinceMs = nowMs;
  }

  #checkFailure(failure: { readonly error: unknown } | undefined): boolean {
    if (failure !== undefined) this.fail(failure.error);
    return this.#isStopped;
  }

  #sayLeaderGone(): void {
    const { core } = this;
    for (const to of memberIds(core.conf)) {
      if (to === core.self) continue;
      this.#context.send({
        type: MessageType.LeaderGone,
        groupId: this.groupId,
        epoch: core.groupEpoch,
        from: core.self,
        to,
        term: core.currentTerm,
        index: 0,
        logTerm: 0,
        commit: 0,
        hint: 0,
        context: 0,
        reject: false,
        entries: [],
        snapshot: undefined,
      });
    }
  }
}
