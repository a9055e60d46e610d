import { EMPTY_CONF } from "../core/conf-state.ts";
import type { IndexRange } from "../core/hard-state.ts";
import type { GroupId } from "../core/ids.ts";
import type { CoreInit } from "../core/ready.ts";
import type { RaftLimits } from "../limits.ts";
import { INITIAL_INDEX, type LogStore, type RecoveredGroup } from "../store/log-store.ts";
import type { GroupHandle } from "./group-handle.ts";
import type { HostMetrics } from "./metrics.ts";
import type { GroupPriority } from "./node-options.ts";
import { type RestoreResult, restoreMachine } from "./restore-machine.ts";

/** Where a replica starts. */
export interface StartState {
  readonly init: CoreInit;
  /** Term of the entry at `init.applied`. */
  readonly appliedTerm: number;
  /** See RecoveredGroup. */
  readonly forcedIndex: number;
}

/** What the starter needs of the host. */
export interface StarterHost {
  readonly store: LogStore;
  readonly limits: RaftLimits;
  readonly metrics: HostMetrics;
  priorityOf(groupId: GroupId): GroupPriority;
  nowMs(): number;
  /** The group was not deleted or stopped meanwhile. */
  isWanted(handle: GroupHandle): boolean;
  /** It runs, and is to lead, alone, once it has replayed its log: until then it counts as being started. */
  isSettling(handle: GroupHandle): boolean;
  /** The machine has the state that `init` says. */
  run(handle: GroupHandle, state: StartState): void;
  onNotStarted(handle: GroupHandle, why: string): void;
}

/** A replica to be started, and what the store knows of it. */
export interface StartingGroup {
  readonly handle: GroupHandle;
  readonly recovered: RecoveredGroup;
}

/**
 * Brings recovered replicas to life, a bounded number at a time, the important ones first. A group of one is only done when it
 * leads: if thousands replayed their logs at once, none would be ready before the last, and turns would become long.
 */
export class GroupStarter {
  readonly #host: StarterHost;
  /** In order of starting, from the end. Those in `#preferred` too are started before. */
  #order: GroupId[] = [];
  readonly #waiting = new Map<GroupId, StartingGroup>();
  readonly #preferred = new Set<GroupId>();
  /** Running, but not leading yet, and since when. */
  readonly #settling = new Map<GroupHandle, number>();
  #active = 0;
  /** Of those active, with priority 0: what they serve is needed before anything else can be used. */
  readonly #urgent = new Set<GroupHandle>();

  constructor(host: StarterHost) {
    this.#host = host;
  }

  /** Starts these as soon as it is their turn: by priority, then those that this node may have led before. */
  add(groups: readonly StartingGroup[]): void {
    const rank = ({ recovered }: StartingGroup): number =>
      this.#host.priorityOf(recovered.groupId) * 2 + (mayHaveLed(recovered) ? 0 : 1);
    const ranked = groups.map((waiting) => ({ waiting, rank: rank(waiting) }));
    ranked.sort((a, b) => a.rank - b.rank || a.waiting.handle.groupId - b.waiting.handle.groupId);
    for (const { waiting } of ranked) this.#waiting.set(waiting.handle.groupId, waiting);
    // Taken from the end, which costs nothing.
    const order = ranked.map(({ waiting }) => waiting.handle.groupId).reverse();
    this.#order = [...order, ...this.#order];
    this.#startNext();
  }

  /** Somebody wants to use the group: if it is still to be started, it comes before those that nobody has asked for. */
  prefer(groupId: GroupId): void {
    if (!this.#waiting.has(groupId)) return;
    this.#preferred.add(groupId);
    this.#startNext();
  }

  /** The group leads, or has stopped. */
  settled(handle: GroupHandle): void {
    if (this.#settling.delete(handle)) this.#ended(handle);
  }

  /** Those that cannot lead (damaged), or take long to replay, must not hold up the others. */
  tick(nowMs: number): void {
    for (const [handle, sinceMs] of this.#settling) {
      const isLate = nowMs - sinceMs >= this.#host.limits.startSettleMs;
      if (isLate || !this.#host.isSettling(handle)) this.settled(handle);
    }
  }

  stop(): void {
    this.#order = [];
    this.#preferred.clear();
    this.#waiting.clear();
  }

  #startNext(): void {
    while (this.#mayStart) {
      const next = this.#takeNext();
      if (next === undefined) break;
      this.#start(next);
    }
    this.#host.metrics.groupsStarting = this.#active + this.#waiting.size;
  }

  /** Those that somebody waits for need not wait for the others at work. */
  get #mayStart(): boolean {
    const { startsAtOnce } = this.#host.limits;
    return this.#active < (this.#preferred.size > 0 ? startsAtOnce * 2 : startsAtOnce);
  }

  #takeNext(): StartingGroup | undefined {
    for (;;) {
      const groupId = this.#nextId();
      if (groupId === undefined) return undefined;
      const group = this.#waiting.get(groupId);
      if (group === undefined) continue;
      if (this.#urgent.size > 0 && this.#host.priorityOf(groupId) > 0) {
        this.#order.push(groupId);
        return undefined;
      }
      this.#waiting.delete(groupId);
      return group;
    }
  }

  #nextId(): GroupId | undefined {
    for (const groupId of this.#preferred) {
      this.#preferred.delete(groupId);
      return groupId;
    }
    return this.#order.pop();
  }

  #start({ handle }: StartingGroup): void {
    if (!this.#host.isWanted(handle)) return;
    const recovered = this.#host.store.recovered(handle.groupId);
    if (recovered === undefined) return;
    if (recovered.hardState === "lost") {
      // It may have voted: another vote in the same term would elect two leaders.
      this.#host.onNotStarted(handle, "term and vote were lost");
      return;
    }
    if (recovered.isSnapshotDamaged) {
      this.#run(handle, { kind: "damaged" });
      return;
    }
    this.#active++;
    if (this.#host.priorityOf(handle.groupId) === 0) this.#urgent.add(handle);
    const { store, limits } = this.#host;
    const { machine } = handle;
    restoreMachine(
      machine,
      {
        store,
        groupId: handle.groupId,
        chunkBytes: limits.snapshotChunkBytes,
        isWanted: () => {
          // Stopped and started again meanwhile, it has another machine.
          const isWanted = this.#host.isWanted(handle) && handle.machine === machine;
          if (!isWanted) this.#ended(handle);
          return isWanted;
        },
      },
      (result) => {
        if (result.kind === "failed") {
          const { error } = result;
          this.#host.onNotStarted(handle, error instanceof Error ? error.message : String(error));
        } else {
          this.#run(handle, result);
        }
        if (this.#host.isSettling(handle)) this.#settling.set(handle, this.#host.nowMs());
        else this.#ended(handle);
      },
    );
  }

  #ended(handle: GroupHandle): void {
    this.#active--;
    this.#urgent.delete(handle);
    this.#startNext();
  }

  /**
   * Goes by what the store knows now: damage that was found while the replica waited, or was being restored, was told to
   * nobody.
   */
  #run(handle: GroupHandle, restored: Exclude<RestoreResult, { kind: "failed" }>): void {
    const recovered = this.#host.store.recovered(handle.groupId);
    if (recovered === undefined || recovered.hardState === "lost") return;
    const { hardState, promise, snapshot, forcedIndex } = recovered;
    if (restored.kind === "damaged" || (restored.kind === "none" && hasState(recovered))) {
      // Blank, until the leader has sent another snapshot.
      const holes = withHole(recovered.holes, snapshot.index);
      const init = { hardState, conf: EMPTY_CONF, applied: 0, holes, promise };
      this.#host.run(handle, { init, appliedTerm: 0, forcedIndex });
      return;
    }
    const meta = restored.kind === "restored" ? restored.meta : snapshot;
    const { holes } = recovered;
    const init = { hardState, conf: meta.conf, applied: meta.index, holes, promise };
    this.#host.run(handle, { init, appliedTerm: meta.term, forcedIndex });
    // Only after its state had been read.
    if (recovered.isSnapshotDamaged) handle.runner?.onDamage({ first: 1, last: snapshot.index });
  }
}

function mayHaveLed({ hardState, replicaId }: RecoveredGroup): boolean {
  return hardState !== "lost" && hardState.votedFor === replicaId;
}

/** The initial state of a group is empty and needs no snapshot. */
function hasState({ snapshot }: RecoveredGroup): boolean {
  return snapshot.index > INITIAL_INDEX;
}

function withHole(holes: readonly IndexRange[], last: number): IndexRange[] {
  return [{ first: 1, last }, ...holes.filter((hole) => hole.last > last)];
}
