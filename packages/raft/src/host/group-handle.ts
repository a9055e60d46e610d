import type { ConfChange, ConfState } from "../core/conf-state.ts";
import { type GroupId, NONE, type ReplicaId } from "../core/ids.ts";
import type { ReadResult as EntriesResult } from "../store/log-store.ts";
import type { GroupContext } from "./group-context.ts";
import type { ProposalDone, ProposeOptions } from "./group-requests.ts";
import type { GroupRunner } from "./group-runner.ts";
import type { SaveDone } from "./group-snapshotter.ts";
import type { GroupStatus, MemberProgress, RaftGroup } from "./node-options.ts";
import type { ReadDone } from "./pending-reads.ts";
import type { StateMachine } from "./state-machine.ts";

/** A replica of this node over its stops and starts: what the rest of the node holds on to. */
export class GroupHandle implements RaftGroup {
  readonly groupId: GroupId;
  readonly replicaId: ReplicaId;
  readonly #context: GroupContext;
  #epoch: number;
  /** Members as of the stored snapshot; what the status shows until the replica runs. */
  #conf: ConfState;
  #machine: StateMachine;
  #runner: GroupRunner | undefined;
  #stoppedBecause: string | undefined;
  /** The store has a log of it. */
  #isStored: boolean;
  /** The last life, while appends of it are still with the store. */
  #ended: GroupRunner | undefined;
  #whenDrained: (() => void)[] = [];

  constructor(
    context: GroupContext,
    replica: {
      readonly groupId: GroupId;
      readonly epoch: number;
      readonly replicaId: ReplicaId;
      readonly conf: ConfState;
    },
    options: { readonly machine: StateMachine; readonly isStored: boolean },
  ) {
    this.groupId = replica.groupId;
    this.replicaId = replica.replicaId;
    this.#epoch = replica.epoch;
    this.#conf = replica.conf;
    this.#machine = options.machine;
    this.#isStored = options.isStored;
    this.#context = context;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Members, as far as is known here. */
  get conf(): ConfState {
    return this.#runner?.core.conf ?? this.#conf;
  }

  get machine(): StateMachine {
    return this.#machine;
  }

  /** undefined while the replica is being restored, and after it stopped. */
  get runner(): GroupRunner | undefined {
    return this.#runner;
  }

  get isReady(): boolean {
    return this.#runner?.isReady === true;
  }

  /** undefined: it runs, or is about to. */
  get stoppedBecause(): string | undefined {
    return this.#stoppedBecause;
  }

  /** The replica was restored and runs. */
  started(runner: GroupRunner): void {
    this.#runner = runner;
    this.#isStored = true;
  }

  /** The store forgets it. */
  deleted(): void {
    this.#isStored = false;
    this.#ended = undefined;
    this.#runWaiting();
  }

  /** The replica does not run, until `restarting`. */
  stopped(why: string): void {
    this.#conf = this.conf;
    this.#ended = this.#runner?.isDrained === false ? this.#runner : undefined;
    this.#runner = undefined;
    this.#stoppedBecause = why;
  }

  /** The store made append `seq` durable, of this life of the replica or of the one before. */
  onAppended(seq: number): void {
    if (this.#runner !== undefined) this.#runner.onAppended(seq);
    this.#ended?.onAppended(seq);
    if (this.#ended?.isDrained !== true) return;
    this.#ended = undefined;
    this.#runWaiting();
  }

  #runWaiting(): void {
    const waiting = this.#whenDrained;
    this.#whenDrained = [];
    for (const action of waiting) action();
  }

  /** Calls `action` when the store has nothing more of a life that was stopped: the next one counts anew. */
  whenDrained(action: () => void): void {
    if (this.#ended === undefined) action();
    else this.#whenDrained.push(action);
  }

  /** The replica is restored again after the operator's repair, maybe into another epoch. */
  restarting(epoch: number, conf: ConfState, machine: StateMachine): void {
    this.#epoch = epoch;
    this.#conf = conf;
    this.#machine = machine;
    this.#stoppedBecause = undefined;
  }

  status(): GroupStatus {
    const core = this.#runner?.core;
    const log = this.#isStored ? this.#context.store.log(this.groupId) : undefined;
    return {
      groupId: this.groupId,
      epoch: this.#epoch,
      replicaId: this.replicaId,
      role: core?.role ?? "follower",
      leader: core?.leader ?? NONE,
      term: core?.currentTerm ?? 0,
      commitIndex: core?.commitIndex ?? 0,
      appliedIndex: this.#runner?.applier.appliedIndex ?? 0,
      durableIndex: core?.durableIndex ?? 0,
      lastIndex: core?.lastIndex ?? log?.lastIndex ?? 0,
      snapshotIndex: log?.snapshotIndex ?? 0,
      conf: this.conf,
      isHibernating: core?.isHibernating ?? false,
      isDamaged: core?.isDamaged ?? false,
      isConfSettled: core?.isConfSettled ?? false,
      stoppedBecause: this.#stoppedBecause,
    };
  }

  propose(data: Uint8Array, options: ProposeOptions, done: ProposalDone): boolean {
    if (this.#runner !== undefined) return this.#runner.requests.propose(data, options, done);
    this.#refuse(done);
    return false;
  }

  changeMembers(change: ConfChange, done: ProposalDone): void {
    if (this.#runner !== undefined) this.#runner.requests.changeMembers(change, done);
    else this.#refuse(done);
  }

  progressOf(replica: ReplicaId): MemberProgress | undefined {
    const core = this.#runner?.core;
    const progress = replica === core?.self ? undefined : core?.progress(replica);
    if (progress === undefined) return undefined;
    return {
      match: progress.match,
      answeredRound: progress.ackedRound,
      isReplicating: progress.state === "replicate",
    };
  }

  settleMembers(): void {
    if (this.#runner?.core.role !== "leader") return;
    this.#runner.call("settleConf", (core) => core.settleConf());
  }

  read(done: ReadDone): void {
    if (this.#runner !== undefined) this.#runner.requests.read(done);
    else this.#refuse(done);
  }

  readEntries(
    first: number,
    last: number,
    maxBytes: number,
    done: (result: EntriesResult) => void,
  ): void {
    if (this.#isStored) this.#context.store.read(this.groupId, first, last, maxBytes, done);
    else this.#context.complete(done, { kind: "compacted" });
  }

  transferLeader(to: ReplicaId): void {
    this.#runner?.call("transferLeader", (core) => core.transferLeader(to));
  }

  takeSnapshot(done: SaveDone): void {
    if (this.#runner === undefined) {
      this.#context.complete(done, "stopped");
      return;
    }
    this.#runner.snapshotter.save(this.#runner.core, done);
  }

  /** A replica that is still being restored will soon know its leader: its users try again. */
  #refuse(done: (result: { readonly kind: "stopped" } | { readonly kind: "busy" }) => void): void {
    const kind = this.#stoppedBecause === undefined ? "busy" : "stopped";
    this.#context.complete(done, { kind });
  }
}
