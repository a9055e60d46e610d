import type { NodeId, ProposalResult, RaftGroup, Timer, Timers } from "@leveret/raft";
import {
  METADATA_FORWARDED_MAX,
  METADATA_READY_POLL_MS,
  METADATA_RESEND_MS,
  METADATA_RETRY_COUNT_MAX,
  METADATA_RETRY_MS,
  METADATA_TICK_MS,
  METADATA_UNAVAILABLE_MS,
  METADATA_WAITING_MAX,
} from "../limits.ts";
import type { Logger } from "../logger.ts";
import { AppliedElsewhere } from "./applied-elsewhere.ts";
import { decodeForwardAnswer, type ForwardAnswer } from "./codec/answer-codec.ts";
import type { EntryOrigin } from "./codec/entry-codec.ts";
import { isAboutTransient } from "./command-traits.ts";
import { type MetadataCommand, type MetadataResult, type Refusal, refused } from "./commands.ts";
import type { MetadataEvent } from "./events.ts";
import { ForwardedSubmissions } from "./forwarded-submissions.ts";
import { LeaderView } from "./leader-view.ts";
import type { MetadataLink } from "./metadata-link.ts";
import type { MetadataMachine, MetadataView } from "./metadata-machine.ts";
import { MetadataStateMachine } from "./metadata-state-machine.ts";
import type { MetadataStore, WaitsUntil } from "./metadata-store.ts";
import { NewestState } from "./newest-state.ts";
import {
  failureOf,
  isPassing,
  leftOpen,
  NO_SPACE,
  NOBODY_LEADS,
  UNAVAILABLE,
  UNKNOWN,
  UNSEEN,
} from "./store-failures.ts";
import { Submission } from "./submission.ts";
import { SubmissionQueue } from "./submission-queue.ts";

const EXPIRE_TICKS = METADATA_UNAVAILABLE_MS / METADATA_TICK_MS;
const RESEND_TICKS = METADATA_RESEND_MS / METADATA_TICK_MS;

/** This life of this node. */
export type SubmissionOrigin = Pick<EntryOrigin, "nodeId" | "incarnation">;

export interface ReplicatedMetadataOptions {
  /** The metadata group, whose machine is a MetadataStateMachine. */
  readonly group: RaftGroup;
  readonly timers: Timers;
  /** Hears of bugs. */
  readonly log: Logger;
  /** `incarnation`: higher at each start of the node. */
  readonly origin: SubmissionOrigin;
  readonly link: MetadataLink;
}

/**
 * Metadata in the log of the metadata group, at any replica of it. A change goes into the log here if this node leads, else it is sent to
 * the leader; every replica applies it, and when this one has, it is answered: whoever declared something finds it here. Changes of
 * a node are applied once each and in order, however often they were sent (`SubmissionOrigins`): when the leader changes or the
 * connection to it is lost, all that are not known to be applied are sent again.
 *
 * What a group of several members has applied is committed. In a group of one the disk may be behind: there the group says when it is
 * stored, and only what is purely transient, which a restart ends anyway, is answered before.
 */
export class ReplicatedMetadata implements MetadataStore {
  readonly #group: RaftGroup;
  readonly #timers: Timers;
  readonly #log: Logger;
  readonly #origin: SubmissionOrigin;
  readonly #link: MetadataLink;
  readonly #replica: MetadataStateMachine;
  readonly #machine: MetadataMachine;
  readonly #leader: LeaderView;
  readonly #forwarded: ForwardedSubmissions;
  readonly #newest: NewestState;
  readonly #elsewhere: AppliedElsewhere;
  /** Nodes to be told, at the end of the turn, how many of their submissions are applied here. */
  readonly #toTell = new Set<NodeId>();
  readonly #queue = new SubmissionQueue();
  /** To whom the queue's cursor belongs; undefined: nobody leads. */
  #target: NodeId | undefined;
  /** The first one of the queue cannot be handed over for now. */
  #isHeldBack = false;
  /** How often a group of one has refused it. */
  #attempts = 0;
  /** The disk of the leader is the reason, as far as is known. */
  #isOutOfSpace = false;
  /** To be answered, or ended, at the end of the turn. */
  #due: Submission[] = [];
  #ticks = 0;
  #tickTimer: Timer | undefined;
  #retryTimer: Timer | undefined;
  /** The oldest that has left, and since which tick it is. */
  #oldest = { seq: 0, tick: 0 };
  /** The leader has refused something: until it takes something again, it is sent one at a time. */
  #isProbing = false;
  #isClosed = false;

  /** @throws TypeError */
  constructor({ group, timers, log, origin, link }: ReplicatedMetadataOptions) {
    const { machine } = group;
    if (!(machine instanceof MetadataStateMachine)) {
      throw new TypeError(`group ${group.groupId} has no metadata`);
    }
    this.#group = group;
    this.#timers = timers;
    this.#log = log;
    this.#origin = origin;
    this.#link = link;
    this.#replica = machine;
    this.#machine = machine.machine;
    this.#leader = new LeaderView(group, origin.nodeId);
    this.#newest = new NewestState(group, timers);
    this.#elsewhere = new AppliedElsewhere(timers, origin.incarnation);
    this.#forwarded = new ForwardedSubmissions({ group, machine, link, log });
    machine.watcher = {
      onApplied: (applied, result) => this.#onApplied(applied, result),
      onReplaced: () => this.#onReplaced(),
    };
  }

  get machine(): MetadataView {
    return this.#machine;
  }

  /**
   * Waits, as long as it takes, until this copy has all that was committed, whoever leads, then drops what a restart of this node ends.
   * Nothing may be submitted before `done`. An error: the group does not run here any more, or the change could not be made.
   */
  start(done: (failure: Error | undefined) => void): void {
    const { stoppedBecause } = this.#group.status();
    if (stoppedBecause !== undefined || this.#isClosed) {
      done(new Error(`the metadata cannot be used: ${stoppedBecause ?? "the node stops"}`));
    } else if (this.#leader.isAlone()) {
      if (this.#group.isReady) this.#dropTransient(done);
      else this.#timers.setTimer(METADATA_READY_POLL_MS, () => this.start(done));
    } else {
      this.#group.read(({ kind }) => {
        if (kind === "ready") this.#dropTransient(done);
        else this.#timers.setTimer(METADATA_RETRY_MS, () => this.start(done));
      });
    }
  }

  tellEvents(onEvent: (event: MetadataEvent) => void): void {
    this.#machine.onEvent = (event) => {
      try {
        onEvent(event);
      } catch (error) {
        // The command is in the log, and applied: what follows from it must not undo that.
        this.#log.error({ err: error }, `internal error after metadata event ${event.type}`);
      }
    };
  }

  submit(
    command: MetadataCommand,
    done: (result: MetadataResult) => void,
    until: WaitsUntil = "stored",
  ): void {
    if (this.#isClosed) {
      done(UNAVAILABLE);
      return;
    }
    if (this.#queue.waitingCount >= METADATA_WAITING_MAX) {
      done(refused("store_unavailable", "too many changes of metadata wait for the disk"));
      return;
    }
    const isEarly = until === "applied" || isAboutTransient(command, this.#machine);
    let submission: Submission;
    try {
      const options = { isEarly, isSpread: until === "stored", tick: this.#ticks };
      submission = new Submission(this.#withHome(command), options, done);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      done(refused("validation_failed", `it cannot be stored: ${why}`));
      return;
    }
    this.#queue.add(submission);
    this.#handOver();
  }

  whenStored(done: (failure: Refusal | undefined) => void): void {
    const { last } = this.#queue;
    if (last === undefined || !this.#leader.isAlone()) done(undefined);
    else last.followers.push(done);
  }

  /**
   * Calls `done` when the machine here shows everything that was acknowledged anywhere before this call; a Refusal: no leader has said
   * so in time.
   */
  readLatest(done: (failure: Refusal | undefined) => void): void {
    this.#newest.wait((failure) => this.#call(() => done(failure)));
  }

  /** A payload of the other node's `MetadataLink.forward`. It may be a view: it is copied. */
  onForwarded(from: NodeId, payload: Uint8Array): void {
    if (!this.#isClosed) this.#forwarded.take(from, payload);
  }

  /** A payload of the other node's `MetadataLink.answer`. */
  onAnswer(from: NodeId, payload: Uint8Array): void {
    let answer: ForwardAnswer | undefined;
    try {
      answer = decodeForwardAnswer(payload);
    } catch (error) {
      this.#log.error({ err: error, from }, "an answer about metadata is malformed");
    }
    if (answer === undefined || answer.incarnation !== this.#origin.incarnation) return;
    const submission = this.#queue.find(answer.seq);
    if (from !== this.#target || submission === undefined || submission.isSettled) return;
    // Not about an earlier time when the node led.
    if (this.#queue.isHandedOver(submission)) this.#onForwardRefused(submission, answer);
  }

  /** The node can be reached: it hears what it may not have heard. */
  onPeerUp(nodeId: NodeId): void {
    this.#tellSoon(nodeId);
  }

  /** The node has applied so many submissions of this one, in that life of it. */
  onAppliedElsewhere(nodeId: NodeId, incarnation: number, seq: number): void {
    this.#elsewhere.heard(nodeId, incarnation, seq);
  }

  /** The connection to the node is gone, with what was on its way. */
  onPeerLost(nodeId: NodeId): void {
    this.#elsewhere.lost(nodeId);
    this.#forwarded.forget(nodeId);
    if (this.#leader.hint === nodeId) this.#leader.hint = undefined;
    if (this.#target !== nodeId) return;
    this.#queue.rewind();
    this.#holdBack();
  }

  /** The metadata group has another leader, or the same in another term; undefined: none that is known. */
  onLeaderChange(leader: NodeId | undefined): void {
    this.#leader.hint = leader;
    this.#isOutOfSpace = false;
    this.#isProbing = false;
    this.#forwarded.forgetAll();
    this.#queue.rewind();
    this.#goOn();
  }

  /** The node stops: what waits is refused, and nothing more is taken. */
  close(): void {
    this.#isClosed = true;
    this.#tickTimer?.cancel();
    this.#retryTimer?.cancel();
    this.#newest.close();
    this.#endAll();
    this.#elsewhere.close();
  }

  #dropTransient(done: (failure: Error | undefined) => void): void {
    const { nodeId } = this.#origin;
    if (!this.#machine.hasTransient(nodeId)) {
      done(undefined);
      return;
    }
    this.submit({ type: "dropTransient", nodeId }, (result) => {
      done(result.ok ? undefined : new Error(`the metadata cannot be changed: ${result.text}`));
    });
  }

  /** A queue is at home where it was declared. */
  #withHome(command: MetadataCommand): MetadataCommand {
    if (command.type !== "declareQueue" || command.queue.home !== undefined) return command;
    return { ...command, queue: { ...command.queue, home: this.#origin.nodeId } };
  }

  /** Hands what waits to who leads, in order. */
  #handOver(): void {
    while (!this.#isHeldBack) {
      const next = this.#queue.next();
      if (next === undefined) return;
      const target = this.#leader.find();
      if (target !== this.#target) {
        this.#target = target;
        this.#isProbing = false;
        this.#queue.rewind();
      } else if (target === undefined) {
        this.#holdBack();
      } else if (target === this.#origin.nodeId) {
        this.#propose(next);
      } else if (!this.#forward(target, next)) {
        return;
      }
    }
  }

  #propose(next: Submission): void {
    if (next.isProposed) {
      this.#queue.advance(next);
      return;
    }
    const { data, command } = next.entry(this.#originOf(next));
    const isAccepted = this.#group.propose(
      data,
      { command, freesSpace: next.freesSpace },
      (outcome) => {
        if (isAccepted) this.#onOutcome(next, outcome);
        else this.#onRefused(next, outcome);
      },
    );
    // Later ones must not overtake one that is refused for now.
    if (!isAccepted) {
      this.#isHeldBack = true;
      return;
    }
    next.isProposed = true;
    next.sendCount++;
    this.#attempts = 0;
    this.#isOutOfSpace = false;
    this.#queue.advance(next);
  }

  /** false: it cannot be sent now. */
  #forward(leader: NodeId, next: Submission): boolean {
    this.#startTicking();
    // When those before are applied, it goes on.
    if (this.#isProbing && this.#queue.isUnderWay) return false;
    if (next.seq === 0 && this.#queue.sentCount >= METADATA_FORWARDED_MAX) return false;
    if (!this.#link.forward(leader, next.entry(this.#originOf(next)).data)) {
      this.#holdBack();
      return false;
    }
    next.sendCount++;
    this.#queue.advance(next);
    return true;
  }

  #originOf(next: Submission): EntryOrigin {
    return { ...this.#origin, seq: this.#queue.nextSeq(next) };
  }

  /** In the group's turn: nobody may go on with the next command here. */
  #onApplied({ nodeId, incarnation, seq }: EntryOrigin, result: MetadataResult): void {
    if (nodeId !== this.#origin.nodeId) this.#tellSoon(nodeId);
    if (nodeId !== this.#origin.nodeId || incarnation !== this.#origin.incarnation) return;
    const submission = this.#queue.find(seq);
    if (submission === undefined) return;
    submission.result = result;
    // A copy that another leader had put into the log. In a group of one it is not known to be on the disk: this node puts it there again.
    submission.isSettled = !submission.isProposed && !this.#leader.isAlone();
    this.#isProbing = false;
    if (submission.isSettled || submission.isEarly) this.#later(submission);
  }

  #onReplaced(): void {
    const applied = this.#replica.origins.applied(this.#origin);
    for (const { nodeId } of this.#replica.origins.records()) this.#tellSoon(nodeId);
    for (const submission of this.#queue.all()) {
      if (submission.seq === 0 || submission.seq > applied) continue;
      submission.isSettled = true;
      this.#later(submission);
    }
  }

  #tellSoon(nodeId: NodeId): void {
    if (nodeId === this.#origin.nodeId) return;
    if (this.#toTell.size === 0) this.#timers.defer(() => this.#tellApplied());
    this.#toTell.add(nodeId);
  }

  #tellApplied(): void {
    for (const { nodeId, incarnation, seq } of this.#replica.origins.records()) {
      if (this.#toTell.has(nodeId)) this.#link.tellApplied(nodeId, incarnation, seq);
    }
    this.#toTell.clear();
  }

  #later(submission: Submission): void {
    if (this.#due.length === 0) this.#timers.defer(() => this.#answerDue());
    this.#due.push(submission);
  }

  #answerDue(): void {
    const due = this.#due;
    this.#due = [];
    for (const submission of due) {
      const { isSettled, result, seq } = submission;
      if (this.#queue.find(seq) !== submission) continue;
      if (isSettled) this.#end(submission, result === undefined ? UNSEEN : undefined);
      else if (result !== undefined) this.#answer(submission, result);
    }
    this.#handOver();
  }

  /** What became of an entry that this node had put into the log. */
  #onOutcome(submission: Submission, outcome: ProposalResult): void {
    submission.isProposed = false;
    if (this.#queue.find(submission.seq) !== submission) return;
    const isApplied = outcome.kind === "applied";
    if (isApplied && submission.result !== undefined) this.#end(submission, undefined);
    else if (isApplied && this.#replica.origins.applied(this.#origin) >= submission.seq) {
      this.#end(submission, UNSEEN);
    } else if (!isApplied && this.#leader.isAlone()) this.#end(submission, failureOf(outcome));
    else this.#sendAgain(submission);
  }

  /** Its entry is lost, or came too early: the next leader gets it again, with all after it. */
  #sendAgain({ seq }: Submission): void {
    this.#queue.rewindTo(seq);
    this.#holdBack();
  }

  /** The group took nothing. That passes, or the command fails. */
  #onRefused(submission: Submission, outcome: ProposalResult): void {
    // It was tried again meanwhile, and taken.
    if (submission.isProposed) return;
    this.#isOutOfSpace = outcome.kind === "no-space";
    if (isPassing(outcome) && !this.#isGivingUp()) {
      this.#holdBack();
      return;
    }
    this.#attempts = 0;
    this.#refuse(submission, outcome);
  }

  /** A group of one has nobody else to turn to. */
  #isGivingUp(): boolean {
    if (!this.#leader.isAlone()) return false;
    this.#attempts++;
    return this.#attempts >= METADATA_RETRY_COUNT_MAX;
  }

  /** For good. One that has left before keeps its number, and what is sent from now on under it is nothing. */
  #refuse(submission: Submission, outcome: ProposalResult): void {
    const failure = failureOf(outcome);
    if (submission.seq === 0) this.#end(submission, failure);
    else if (outcome.kind === "stopped") this.#end(submission, UNKNOWN);
    else if (submission.isGivenUp) {
      this.#sendAgain(submission);
      return;
    } else this.#giveUp(submission, UNKNOWN);
    this.#goOn();
  }

  #onForwardRefused(submission: Submission, { kind, leader, why }: ForwardAnswer): void {
    this.#isOutOfSpace = kind === "no-space";
    if (kind === "not-leader" && leader !== this.#target) {
      this.#leader.hint = leader === 0 ? undefined : leader;
    }
    const isFinal = kind === "no-space" || kind === "refused";
    this.#isProbing = true;
    if (!isFinal || submission.isGivenUp) {
      this.#sendAgain(submission);
      return;
    }
    const outcome: ProposalResult =
      kind === "no-space" ? { kind } : { kind: "refused", why: why ?? "" };
    // Who has seen it once has refused it: it is in no log.
    this.#giveUp(submission, submission.sendCount === 1 ? failureOf(outcome) : UNKNOWN);
    this.#queue.rewindTo(submission.seq);
    this.#handOver();
  }

  #giveUp(submission: Submission, failure: Refusal): void {
    submission.isGivenUp = true;
    this.#answer(submission, failure);
  }

  #holdBack(): void {
    this.#isHeldBack = true;
    if (this.#isClosed) return;
    this.#retryTimer ??= this.#timers.setTimer(METADATA_RETRY_MS, () => this.#goOn());
    this.#startTicking();
  }

  #goOn(): void {
    this.#retryTimer?.cancel();
    this.#retryTimer = undefined;
    this.#isHeldBack = false;
    if (!this.#isClosed) this.#handOver();
  }

  #startTicking(): void {
    this.#tickTimer ??= this.#timers.setTimer(METADATA_TICK_MS, () => this.#tick());
  }

  #tick(): void {
    this.#tickTimer = undefined;
    this.#ticks++;
    if (this.#queue.isEmpty || this.#isClosed) return;
    if (this.#group.status().stoppedBecause !== undefined) {
      this.#endAll();
      return;
    }
    this.#startTicking();
    if (this.#leader.isAlone()) return;
    this.#expire();
    this.#resendIfStuck();
  }

  /** Those that nobody has stored for too long are refused. */
  #expire(): void {
    const failure = this.#isOutOfSpace ? NO_SPACE : NOBODY_LEADS;
    for (const submission of this.#queue.all()) {
      if (submission.isAnswered) continue;
      if (this.#ticks - submission.tick < EXPIRE_TICKS) return;
      if (submission.seq === 0) this.#end(submission, failure);
      else this.#giveUp(submission, leftOpen(failure));
    }
  }

  /** The leader may have dropped something without a word. */
  #resendIfStuck(): void {
    const { firstSeq } = this.#queue;
    const isStuck = firstSeq !== 0 && firstSeq === this.#oldest.seq;
    if (isStuck && this.#ticks - this.#oldest.tick < RESEND_TICKS) return;
    this.#oldest = { seq: firstSeq, tick: this.#ticks };
    if (!isStuck) return;
    this.#queue.rewind();
    this.#handOver();
  }

  /** The replica here will never say what becomes of them. */
  #endAll(): void {
    for (const submission of this.#queue.all()) {
      this.#end(submission, submission.seq === 0 ? UNAVAILABLE : UNKNOWN);
    }
  }

  /** It is stored (`failure` undefined, and it has a result), or will not be, or nobody can tell. */
  #end(submission: Submission, failure: Refusal | undefined): void {
    const { result } = submission;
    this.#queue.remove(submission);
    this.#answer(submission, failure ?? result ?? UNKNOWN);
    this.#tellFollowers(submission, failure);
  }

  #tellFollowers({ followers, result, seq }: Submission, failure: Refusal | undefined): void {
    if (followers.length === 0) return;
    const { last } = this.#queue;
    const isRefused = failure !== undefined && result === undefined && seq === 0;
    // What was refused changed nothing that a follower could have seen; what was before it may have.
    if (isRefused && last !== undefined) {
      last.followers.push(...followers);
      return;
    }
    const isStored = isRefused || !this.#leader.isAlone();
    const loss = isStored && !this.#isClosed ? undefined : failure;
    for (const done of followers) this.#call(() => done(loss));
  }

  #answer(submission: Submission, result: MetadataResult): void {
    const done = submission.takeDone();
    if (done === undefined) return;
    const { seq, isSpread } = submission;
    // What was refused, or was so before, changed nothing that others could look for.
    const nodes = isSpread && result.ok && result.changed ? this.#othersThatRun() : [];
    this.#elsewhere.whenApplied(seq, nodes, () => this.#call(() => done(result)));
  }

  /** Other nodes with clients, as far as they can be reached. */
  #othersThatRun(): NodeId[] {
    const isRunning = (nodeId: NodeId): boolean =>
      this.#machine.member(nodeId)?.state === "running";
    return [...this.#link.reachable()].filter(isRunning);
  }

  /** Callers must not throw; if one does, the others still have to be called. */
  #call(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#log.error({ err: error }, "internal error after a change of metadata");
    }
  }
}
