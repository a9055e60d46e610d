import { type ConfState, EMPTY_CONF } from "../core/conf-state.ts";
import { type GroupId, NONE, type ReplicaId } from "../core/ids.ts";
import { RaftCore } from "../core/raft-core.ts";
import type { CoreInit } from "../core/ready.ts";
import type { RaftLimits } from "../limits.ts";
import { INITIAL_INDEX, INITIAL_TERM, type LogStore } from "../store/log-store.ts";
import { GroupApplier } from "./group-applier.ts";
import { type CommonConfig, createGroupConfig } from "./group-config.ts";
import type { GroupContext } from "./group-context.ts";
import { GroupHandle } from "./group-handle.ts";
import { GroupRunner } from "./group-runner.ts";
import {
  GroupStarter,
  type StarterHost,
  type StartingGroup,
  type StartState,
} from "./group-starter.ts";
import type { HostMetrics } from "./metrics.ts";
import type { GroupPriority } from "./node-options.ts";
import type { PeerLinks } from "./peer-links.ts";
import type { StateMachine } from "./state-machine.ts";

/** Of a replica to be created. */
export interface NewGroup {
  readonly groupId: GroupId;
  readonly epoch: number;
  readonly replicaId: ReplicaId;
  /** The initial members, the same at each of them; empty: this replica waits to be added. */
  readonly conf: ConfState;
  /** Campaigns at once instead of waiting for an election timeout; for one of the initial members. Default false. */
  readonly campaigns?: boolean;
}

/** What the registry needs of the host. */
export interface RegistryHost extends GroupContext {
  /** Nothing happens any more. */
  readonly isDead: boolean;
  readonly links: PeerLinks;
  priorityOf(groupId: GroupId): GroupPriority;
  createMachine(groupId: GroupId): StateMachine;
}

/** Why a group does not run though nothing went wrong. */
const DELETED = "deleted";
const OPERATOR = "operator";
const STATE_LOST = "snapshot damaged";

/** The replicas of a node, from their creation or recovery to their deletion. */
export class GroupRegistry implements StarterHost {
  readonly store: LogStore;
  readonly limits: RaftLimits;
  readonly metrics: HostMetrics;
  readonly #host: RegistryHost;
  readonly #config: CommonConfig;
  readonly #starter: GroupStarter;
  readonly #groups = new Map<GroupId, GroupHandle>();
  /** Who waits for replicas that are not in the store yet. */
  readonly #creating = new Map<GroupHandle, (() => void)[]>();
  /** The operator's repairs that wait for the one under way. */
  readonly #repairs = new Map<GroupHandle, (() => void)[]>();
  /** Until they are handed to the starter. */
  #recovered: readonly StartingGroup[] = [];

  constructor(host: RegistryHost, config: CommonConfig) {
    this.store = host.store;
    this.limits = host.limits;
    this.metrics = host.metrics;
    this.#host = host;
    this.#config = config;
    this.#starter = new GroupStarter(this);
  }

  find(groupId: GroupId): GroupHandle | undefined {
    return this.#groups.get(groupId);
  }

  handles(): IterableIterator<GroupHandle> {
    return this.#groups.values();
  }

  /** Knows of all that the store has found from now on, so that no message finds a group missing that is here. */
  recover(): void {
    this.#recovered = this.store.groups().map((recovered) => {
      const { groupId, epoch, replicaId, snapshot } = recovered;
      const handle = this.#add({ groupId, epoch, replicaId, conf: snapshot.conf }, true);
      return { handle, recovered };
    });
  }

  /** Starts what was recovered, as soon as it is its turn. */
  startRecovered(): void {
    for (const { recovered } of this.#recovered) this.#host.links.link(recovered.snapshot.conf);
    this.#starter.add(this.#recovered);
    this.#recovered = [];
  }

  /** See GroupStarter.prefer. */
  startFirst(groupId: GroupId): void {
    this.#starter.prefer(groupId);
  }

  /** A running replica leads and has applied all that was in its log before. */
  onReady(runner: GroupRunner): void {
    const handle = this.#groups.get(runner.groupId);
    if (handle?.runner === runner) this.#starter.settled(handle);
  }

  tick(nowMs: number): void {
    this.#starter.tick(nowMs);
  }

  /** No more groups are started. */
  stopStarting(): void {
    this.#starter.stop();
  }

  /** @throws RangeError if there is another replica of the group here */
  create(group: NewGroup, done: () => void): void {
    const present = this.#groups.get(group.groupId);
    if (present !== undefined) {
      if (present.replicaId !== group.replicaId) {
        throw new RangeError(`group ${group.groupId} has replica ${present.replicaId} here`);
      }
      const waiting = this.#creating.get(present);
      if (waiting === undefined) this.#host.complete(done, undefined);
      else waiting.push(done);
      return;
    }
    const handle = this.#add(group, false);
    const waiting = [done];
    this.#creating.set(handle, waiting);
    this.store.createGroup(group, () => {
      this.#creating.delete(handle);
      // Not if it was deleted, or the node stopped, meanwhile.
      if (this.isWanted(handle)) {
        this.run(handle, initialState(group.conf));
        if (group.campaigns === true) handle.runner?.campaignAsFirst();
      }
      for (const created of waiting) this.#host.complete(created, undefined);
    });
  }

  delete(groupId: GroupId, done: () => void): void {
    const handle = this.#groups.get(groupId);
    if (handle === undefined) {
      this.#host.complete(done, undefined);
      return;
    }
    this.stop(handle, DELETED);
    this.#groups.delete(groupId);
    handle.deleted();
    this.metrics.groups = this.#groups.size;
    this.metrics.groupsStopped--;
    this.#host.links.onGroupGone();
    this.store.deleteGroup(groupId, () => this.#host.complete(done, undefined));
  }

  /** Ends this life of a replica; it stays in the store. */
  stop(handle: GroupHandle, why: string): void {
    if (handle.runner !== undefined) handle.runner.stop(why);
    else if (handle.stoppedBecause === undefined) this.onNotStarted(handle, why);
  }

  stopAll(why: string): void {
    for (const handle of this.#groups.values()) this.stop(handle, why);
  }

  /** Gives up what of a group cannot be read anywhere, and starts it with the rest. */
  acceptLoss(groupId: GroupId, done: () => void): void {
    this.#repair(groupId, done, (repaired) => this.store.acceptLoss(groupId, repaired));
  }

  /** Gives a group that has lost its quorum new members and an epoch of its own, and starts it. */
  forceConf(
    groupId: GroupId,
    force: { readonly conf: ConfState; readonly epoch: number },
    done: () => void,
  ): void {
    this.#repair(groupId, done, (repaired) =>
      this.store.forceConf(groupId, force.conf, force.epoch, repaired),
    );
  }

  /** A running replica has ended. */
  onStopped(runner: GroupRunner, why: string): void {
    const handle = this.#groups.get(runner.groupId);
    if (handle?.runner !== runner) return;
    this.onNotStarted(handle, why);
    if (why === STATE_LOST) handle.whenDrained(() => this.#restart(handle));
  }

  /** The disk does not have the state any more that the group was to take over; it starts again, without. */
  onStateLost(runner: GroupRunner): void {
    this.metrics.damagesFound++;
    runner.stop(STATE_LOST);
  }

  priorityOf(groupId: GroupId): GroupPriority {
    return this.#host.priorityOf(groupId);
  }

  /** The replica is to be started: it was neither deleted nor stopped. */
  isWanted(handle: GroupHandle): boolean {
    return (
      !this.#host.isDead &&
      !this.#host.isStopping &&
      this.#groups.get(handle.groupId) === handle &&
      handle.stoppedBecause === undefined
    );
  }

  nowMs(): number {
    return this.#host.nowMs();
  }

  isSettling({ runner, replicaId }: GroupHandle): boolean {
    if (runner === undefined || runner.isReady || runner.core.isDamaged) return false;
    return isAlone(runner.core.conf, replicaId);
  }

  /** The machine has the state that `init` says: the replica takes part from now on. */
  run(handle: GroupHandle, { init, appliedTerm, forcedIndex }: StartState): void {
    const { groupId, replicaId } = handle;
    let core: RaftCore;
    try {
      const config = createGroupConfig(this.#config, handle);
      core = RaftCore.restore(config, init, this.store.log(groupId));
    } catch (error) {
      this.onNotStarted(handle, error instanceof Error ? error.message : String(error));
      return;
    }
    const applied = { index: init.applied, term: appliedTerm, forcedIndex };
    const applier = new GroupApplier(handle.machine, applied, this.#host);
    const isUrgent = this.priorityOf(groupId) === 0;
    if (core.isDamaged) {
      this.metrics.damagesFound++;
      this.#host.report(groupId, { kind: "damaged" });
    }
    const runner = new GroupRunner(this.#host, core, applier, { groupId, isUrgent });
    handle.started(runner);
    this.#host.links.link(init.conf);
    // Nobody else could lead, nor would anybody mind.
    if (isAlone(init.conf, replicaId)) runner.campaign();
  }

  onNotStarted(handle: GroupHandle, why: string): void {
    const dump = handle.runner?.dump;
    handle.stopped(why);
    this.#starter.settled(handle);
    this.metrics.groupsStopped++;
    this.#host.observer?.onEvent(handle.groupId, "stopped");
    this.#host.report(handle.groupId, { kind: "stopped", why, dump });
  }

  #add(group: NewGroup, isStored: boolean): GroupHandle {
    const machine = this.#host.createMachine(group.groupId);
    const handle = new GroupHandle(this.#host, group, { machine, isStored });
    this.#groups.set(group.groupId, handle);
    this.metrics.groups = this.#groups.size;
    return handle;
  }

  /** Stops a replica, changes what is stored of it, and starts it again. */
  #repair(groupId: GroupId, done: () => void, change: (changed: () => void) => void): void {
    const handle = this.#groups.get(groupId);
    if (handle === undefined) {
      this.#host.complete(done, undefined);
      return;
    }
    const finish = (): void => {
      this.#host.complete(done, undefined);
      this.#nextRepair(handle);
    };
    const start = (): void => this.#startRepair(handle, change, finish);
    const waiting = this.#repairs.get(handle);
    if (waiting !== undefined) {
      waiting.push(start);
      return;
    }
    this.#repairs.set(handle, []);
    start();
  }

  #startRepair(
    handle: GroupHandle,
    change: (changed: () => void) => void,
    finish: () => void,
  ): void {
    this.stop(handle, OPERATOR);
    handle.whenDrained(() => {
      if (this.#groups.get(handle.groupId) !== handle) {
        finish();
      } else if (handle.stoppedBecause === undefined) {
        // It was started again for another reason.
        this.#startRepair(handle, change, finish);
      } else {
        change(() => {
          this.#restart(handle);
          finish();
        });
      }
    });
  }

  #nextRepair(handle: GroupHandle): void {
    const next = this.#repairs.get(handle)?.shift();
    if (next === undefined) this.#repairs.delete(handle);
    else next();
  }

  /** Starts a stopped replica again from what the store has. */
  #restart(handle: GroupHandle): void {
    if (this.#groups.get(handle.groupId) !== handle) return;
    if (this.#host.isDead || this.#host.isStopping || handle.stoppedBecause === undefined) return;
    const recovered = this.store.recovered(handle.groupId);
    if (recovered === undefined) return;
    const { epoch, snapshot } = recovered;
    handle.restarting(epoch, snapshot.conf, this.#host.createMachine(handle.groupId));
    this.metrics.groupsStopped--;
    this.#starter.add([{ handle, recovered }]);
  }
}

/** Of a new replica: the initial state of the group, or nothing at all if it waits to be added. */
function initialState(conf: ConfState): StartState {
  const isWaiting = conf.voters.length === 0;
  const term = isWaiting ? 0 : INITIAL_TERM;
  const index = isWaiting ? 0 : INITIAL_INDEX;
  const init: CoreInit = {
    hardState: { currentTerm: term, votedFor: NONE, commitIndex: index },
    conf: isWaiting ? EMPTY_CONF : conf,
    applied: index,
    holes: [],
    promise: undefined,
  };
  return { init, appliedTerm: term, forcedIndex: 0 };
}

function isAlone({ voters, votersOutgoing }: ConfState, replica: ReplicaId): boolean {
  return voters.length === 1 && voters[0] === replica && votersOutgoing.length === 0;
}
