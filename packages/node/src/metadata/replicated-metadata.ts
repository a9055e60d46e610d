import type { ProposalResult, RaftGroup, Timers } from "@leveret/raft";
import {
  METADATA_READY_POLL_MS,
  METADATA_RETRY_COUNT_MAX,
  METADATA_RETRY_MS,
  METADATA_WAITING_MAX,
} from "../limits.ts";
import type { Logger } from "../logger.ts";
import { decodeMetadataCommand, encodeMetadataCommand } from "./codec/command-codec.ts";
import { freesSpace, isAboutTransient } from "./command-traits.ts";
import { type MetadataCommand, type MetadataResult, type Refusal, refused } from "./commands.ts";
import type { MetadataEvent } from "./events.ts";
import type { MetadataMachine, MetadataView } from "./metadata-machine.ts";
import { MetadataStateMachine, SubmittedCommand } from "./metadata-state-machine.ts";
import type { MetadataStore, WaitsUntil } from "./metadata-store.ts";

/** A command from `submit` until it is stored, or is known not to be. */
interface Submission {
  /** As decoded from `data`: what a replay will see. */
  readonly command: MetadataCommand;
  readonly data: Uint8Array;
  /** It is answered when it is applied, before the disk has it. */
  readonly isEarly: boolean;
  /** undefined: it has been called. */
  done: ((result: MetadataResult) => void) | undefined;
  /** Set when it is applied. */
  result: MetadataResult | undefined;
  /** Who waits until everything up to here is stored. */
  readonly followers: ((failure: Refusal | undefined) => void)[];
}

/**
 * Metadata in the log of the metadata group: a change is proposed, applied on every replica, and answered when it is durable. What is
 * purely transient is answered when it is applied: a restart ends it anyway.
 */
export class ReplicatedMetadata implements MetadataStore {
  readonly #group: RaftGroup;
  readonly #timers: Timers;
  readonly #log: Logger;
  readonly #machine: MetadataMachine;
  /** All that is not stored yet, in order. */
  readonly #underWay = new Set<Submission>();
  #last: Submission | undefined;
  /** Those that the group has not accepted yet, in order. */
  #waiting: Submission[] = [];
  /** The group has refused the first of `#waiting` for now. */
  #isHeldBack = false;
  /** How often it has. */
  #attempts = 0;
  /** Applied, and to be answered before the disk has them. */
  #early: Submission[] = [];

  /** `group`: the metadata group, whose machine is a MetadataStateMachine. `log` hears of bugs. @throws TypeError */
  constructor(group: RaftGroup, timers: Timers, log: Logger) {
    if (!(group.machine instanceof MetadataStateMachine)) {
      throw new TypeError(`group ${group.groupId} has no metadata`);
    }
    this.#group = group;
    this.#timers = timers;
    this.#log = log;
    this.#machine = group.machine.machine;
  }

  get machine(): MetadataView {
    return this.#machine;
  }

  /**
   * Waits until this node leads the group and has applied all that is in its log, then drops what a restart ends. Nothing may be
   * submitted before `done`.
   */
  start(done: (failure: Error | undefined) => void): void {
    const { stoppedBecause } = this.#group.status();
    if (stoppedBecause !== undefined) {
      done(new Error(`the metadata cannot be used: ${stoppedBecause}`));
    } else if (!this.#group.isReady) {
      this.#timers.setTimer(METADATA_READY_POLL_MS, () => this.start(done));
    } else if (this.#machine.hasTransient()) {
      this.submit({ type: "dropTransient" }, (result) => {
        done(result.ok ? undefined : new Error(`the metadata cannot be changed: ${result.text}`));
      });
    } else {
      done(undefined);
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
    if (this.#waiting.length >= METADATA_WAITING_MAX) {
      done(refused("store_unavailable", "too many changes of metadata wait for the disk"));
      return;
    }
    const isEarly = until === "applied" || isAboutTransient(command, this.#machine);
    let submission: Submission;
    try {
      const data = encodeMetadataCommand(command);
      const decoded = decodeMetadataCommand(data);
      submission = { command: decoded, data, isEarly, done, result: undefined, followers: [] };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      done(refused("validation_failed", `it cannot be stored: ${why}`));
      return;
    }
    this.#underWay.add(submission);
    this.#last = submission;
    this.#waiting.push(submission);
    this.#proposeWaiting();
  }

  whenStored(done: (failure: Refusal | undefined) => void): void {
    const last = this.#last;
    if (last === undefined) done(undefined);
    else last.followers.push(done);
  }

  #proposeWaiting(): void {
    if (this.#isHeldBack) return;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      // Later ones must not overtake one that is refused for now.
      if (!this.#propose(next)) {
        this.#isHeldBack = true;
        return;
      }
      this.#waiting.shift();
      this.#attempts = 0;
    }
  }

  #propose(submission: Submission): boolean {
    const { data, command } = submission;
    const isAccepted = this.#group.propose(
      data,
      {
        command: new SubmittedCommand(command, (result) => this.#onApplied(submission, result)),
        freesSpace: freesSpace(command),
      },
      (outcome) => {
        if (isAccepted) this.#end(submission, outcome);
        else this.#onRefused(submission, outcome);
      },
    );
    return isAccepted;
  }

  #onApplied(submission: Submission, result: MetadataResult): void {
    submission.result = result;
    if (!submission.isEarly) return;
    // Later: inside the group's turn nobody may go on with the next command.
    if (this.#early.length === 0) this.#timers.defer(() => this.#answerEarly());
    this.#early.push(submission);
  }

  #answerEarly(): void {
    const early = this.#early;
    this.#early = [];
    for (const submission of early) {
      if (submission.result !== undefined) this.#answer(submission, submission.result);
    }
  }

  /** The group takes nothing now. That passes, or the command fails. */
  #onRefused(submission: Submission, outcome: ProposalResult): void {
    this.#attempts++;
    if (isPassing(outcome) && this.#attempts < METADATA_RETRY_COUNT_MAX) {
      this.#timers.setTimer(METADATA_RETRY_MS, () => this.#goOn());
      return;
    }
    this.#waiting.shift();
    this.#attempts = 0;
    this.#end(submission, outcome);
    this.#goOn();
  }

  #goOn(): void {
    this.#isHeldBack = false;
    this.#proposeWaiting();
  }

  /** It is stored, or will not be, or nobody can tell. */
  #end(submission: Submission, outcome: ProposalResult): void {
    this.#underWay.delete(submission);
    // Usually none: they end in order. One that was refused ends before those that are in the log.
    if (this.#last === submission) this.#last = Array.from(this.#underWay).at(-1);
    const { result } = submission;
    const isStored = outcome.kind === "applied" && result !== undefined;
    this.#answer(submission, isStored ? result : failureOf(outcome));
    this.#tellFollowers(submission, outcome);
  }

  #tellFollowers({ followers, result }: Submission, outcome: ProposalResult): void {
    const isRefused = result === undefined && outcome.kind !== "unknown";
    if (isRefused && this.#last !== undefined) {
      this.#last.followers.push(...followers);
      return;
    }
    // What was refused changed nothing that a follower could have seen.
    const isLost = !isRefused && outcome.kind !== "applied";
    for (const done of followers) this.#call(() => done(isLost ? failureOf(outcome) : undefined));
  }

  #answer(submission: Submission, result: MetadataResult): void {
    const { done } = submission;
    submission.done = undefined;
    if (done !== undefined) this.#call(() => done(result));
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

/** The replica starts, or the log or the disk is behind: soon it will be different. */
function isPassing({ kind }: ProposalResult): boolean {
  return kind === "busy" || kind === "not-leader" || kind === "transferring";
}

function failureOf(outcome: ProposalResult): Refusal {
  const { kind } = outcome;
  if (kind === "no-space") {
    return refused("store_full", "not enough disk space to store a change of metadata");
  }
  const why =
    kind === "refused"
      ? `the change cannot be stored: ${outcome.why}`
      : kind === "unknown"
        ? "it is not known whether the change was stored"
        : "metadata cannot be changed now";
  return refused("store_unavailable", why);
}
