import type { ConfChange } from "../core/conf-state.ts";
import type { ReplicaId } from "../core/ids.ts";
import type { ProposeResult } from "../core/raft-core.ts";
import type { SpaceState } from "../store/log-store.ts";
import type { GroupContext } from "./group-context.ts";
import type { GroupRunner } from "./group-runner.ts";
import { isAlone } from "./members.ts";
import type { ProposalResult, Refusal } from "./node-options.ts";
import { PendingProposals } from "./pending-proposals.ts";
import { PendingReads, type ReadDone } from "./pending-reads.ts";

export interface ProposeOptions {
  readonly command?: unknown;
  readonly freesSpace?: boolean;
}

export type ProposalDone = (result: ProposalResult) => void;

const BUSY: Refusal = { kind: "busy" };
const STOPPED: Refusal = { kind: "stopped" };
const NO_SPACE: Refusal = { kind: "no-space" };
const UNKNOWN: Refusal = { kind: "unknown" };

/** Proposals and reads that were asked for at this replica, from the asking to the outcome. */
export class GroupRequests {
  readonly #runner: GroupRunner;
  readonly #context: GroupContext;
  // Made when first needed: most groups have none at any time.
  #proposals: PendingProposals | undefined;
  #reads: PendingReads | undefined;

  constructor(runner: GroupRunner, context: GroupContext) {
    this.#runner = runner;
    this.#context = context;
  }

  get proposals(): PendingProposals | undefined {
    return this.#proposals;
  }

  get isIdle(): boolean {
    return (this.#proposals?.count ?? 0) === 0 && (this.#reads?.count ?? 0) === 0;
  }

  /** false: refused; `done` hears why. */
  propose(data: Uint8Array, options: ProposeOptions, done: ProposalDone): boolean {
    const refusal = this.#refusalOf(data.length, options.freesSpace === true);
    if (refusal !== undefined) {
      this.#refuse(refusal, done);
      return false;
    }
    return this.#onProposed(this.#runner.propose(data, options.command), data.length, done);
  }

  changeMembers(change: ConfChange, done: ProposalDone): void {
    // A change of members is how a full node gets rid of its replicas: space does not matter.
    const refusal = this.#refusalOf(change.context.length, true);
    if (refusal !== undefined) {
      this.#refuse(refusal, done);
      return;
    }
    const proposed = this.#runner.call("proposeConfChange", (core) =>
      core.proposeConfChange(change),
    );
    this.#onProposed(proposed, change.context.length, done);
  }

  read(done: ReadDone): void {
    const { metrics, limits, isStopping } = this.#context;
    metrics.reads++;
    if (this.#runner.isStopped || isStopping) {
      this.#context.complete(done, STOPPED);
      return;
    }
    this.#reads ??= new PendingReads(this.#context);
    if (this.#reads.count >= limits.maxPendingReads) {
      this.#context.complete(done, BUSY);
      return;
    }
    this.#reads.add(done);
    this.#context.markReady(this.#runner);
  }

  /** Puts the reads of this turn to the core, as one. */
  askReads(): void {
    const reads = this.#reads;
    if (reads?.hasFresh !== true) return;
    const context = reads.startRound(this.#context.nowMs() + this.#context.limits.readTimeoutMs);
    const isAsked = this.#runner.call("readIndex", (core) => core.readIndex(context));
    if (isAsked === true) return;
    reads.refuse(context, { kind: "not-leader", leader: this.#runner.core.leader });
  }

  /** The core's answers. */
  onReads(answers: readonly { readonly context: number; readonly index: number }[]): void {
    for (const { context, index } of answers) {
      if (index < 0) this.#reads?.refuse(context, UNKNOWN);
      else this.#reads?.onIndex(context, index);
    }
  }

  /** More is applied, or more of what is applied is durable. */
  onProgress(): void {
    this.#proposals?.onDurable(this.#runner.core.commitIndex);
    this.#reads?.onApplied(this.#runner.applier.appliedIndex);
  }

  /** A snapshot took the place of the entries up to the applied index. */
  onReplaced(): void {
    this.#proposals?.onPassed(this.#runner.applier.appliedIndex);
    this.onProgress();
  }

  /** A Ready may tell that this replica no longer leads in the term of its proposals. */
  checkLeadership(): void {
    if (this.#proposals === undefined || this.#proposals.count === 0) return;
    const { role, currentTerm, commitIndex } = this.#runner.core;
    this.#proposals.onLeaderLost(commitIndex, role === "leader" ? currentTerm : 0);
  }

  expire(nowMs: number): void {
    this.#reads?.expire(nowMs);
  }

  stop(): void {
    this.#proposals?.stop();
    this.#reads?.stop(STOPPED);
  }

  #refusalOf(size: number, freesSpace: boolean): Refusal | undefined {
    const { limits, metrics, store, isStopping } = this.#context;
    if (this.#runner.isStopped || isStopping) return STOPPED;
    if (size > limits.maxEntryBytes) return { kind: "refused", why: "too-large" };
    if (store.space !== "ok" && !(freesSpace && this.#mayFreeSpace(store.space))) return NO_SPACE;
    const isBusy =
      store.isBacklogged ||
      metrics.proposalBytesPending >= limits.maxPendingBytes ||
      (this.#proposals?.count ?? 0) >= limits.maxPendingProposals ||
      this.#runner.lagsBehind;
    return isBusy ? BUSY : undefined;
  }

  /** On a full disk there is still the rest of the last file, and nobody else who could lead a group of one. */
  #mayFreeSpace(space: SpaceState): boolean {
    return space === "low" || isAlone(this.#runner.core.conf);
  }

  #onProposed(proposed: ProposeResult | undefined, size: number, done: ProposalDone): boolean {
    if (proposed === undefined) {
      this.#refuse(STOPPED, done);
      return false;
    }
    if (!proposed.ok) {
      this.#refuse(toRefusal(proposed.why, proposed.leader), done);
      return false;
    }
    const { metrics } = this.#context;
    metrics.proposals++;
    metrics.proposalsPending++;
    metrics.proposalBytesPending += size;
    this.#proposals ??= new PendingProposals(this.#context);
    this.#proposals.add({ index: proposed.index, term: proposed.term, size, done });
    return true;
  }

  #refuse(refusal: Refusal, done: ProposalDone): void {
    this.#context.metrics.proposalsRefused++;
    this.#context.complete<ProposalResult>(done, refusal);
  }
}

function toRefusal(why: string, leader: ReplicaId): Refusal {
  switch (why) {
    case "not-leader":
      return { kind: "not-leader", leader };
    case "busy":
      return BUSY;
    case "transferring":
      return { kind: "transferring" };
    default:
      return { kind: "refused", why };
  }
}
