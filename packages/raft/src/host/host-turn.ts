import type { Timers } from "../env/clock.ts";
import type { RaftLimits } from "../limits.ts";
import { Completions } from "./completions.ts";
import type { SliceBudget } from "./group-applier.ts";
import type { GroupRunner } from "./group-runner.ts";
import type { HostMetrics } from "./metrics.ts";
import { RoundRobin } from "./round-robin.ts";

/** Groups worked off between two looks at the clock. */
const GROUPS_PER_LOOK = 16;

/** What a turn does besides the groups' own work. */
export interface TurnOwner {
  readonly limits: RaftLimits;
  readonly metrics: HostMetrics;
  nowMs(): number;
  /** Everything that the groups wanted sent or written goes out. */
  flush(): void;
}

/**
 * The one loop of all groups of a node. A turn: what the cores are ready to do is carried out, then it all leaves in one go,
 * then entries are applied, group by group; at last callers hear the outcome. Each part has a budget in time and in numbers;
 * what is left over goes on in the next turn, after the input that has arrived meanwhile.
 */
export class HostTurn {
  readonly #timers: Timers;
  readonly #owner: TurnOwner;
  readonly #ready = new RoundRobin<GroupRunner>();
  readonly #applying = new RoundRobin<GroupRunner>();
  readonly #completions = new Completions();
  readonly #turn = (): void => this.#run();
  #isScheduled = false;
  #isStopped = false;

  constructor(timers: Timers, owner: TurnOwner) {
    this.#timers = timers;
    this.#owner = owner;
  }

  /** Nothing more is done; callers that wait do hear the outcome known so far, all in the next turn. */
  stop(): void {
    this.#isStopped = true;
    this.schedule();
  }

  /** Carries out what all groups are ready with, whatever it takes. */
  carryOutAll(): void {
    for (let group = this.#ready.shift(); group !== undefined; group = this.#ready.shift()) {
      group.isInReadyList = false;
      group.processReady();
    }
  }

  markReady(group: GroupRunner): void {
    if (group.isInReadyList) return;
    group.isInReadyList = true;
    this.#ready.push(group);
    this.schedule();
  }

  markApplying(group: GroupRunner): void {
    if (group.isInApplyList) return;
    group.isInApplyList = true;
    this.#applying.push(group);
    this.schedule();
  }

  complete<T>(done: (value: T) => void, value: T): void {
    this.#completions.add(done, value);
    this.schedule();
  }

  /** There will be a turn after the input at hand. */
  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#timers.defer(this.#turn);
  }

  #run(): void {
    // What the work itself asks for is part of it: only what is left over needs another turn.
    if (!this.#isStopped) this.#work();
    this.#isScheduled = false;
    if (!this.#isStopped && this.#ready.count + this.#applying.count > 0) this.schedule();
    try {
      this.#completions.run(this.#completionsMax);
    } finally {
      if (!this.#completions.isEmpty) this.schedule();
    }
  }

  /**
   * What callers propose when they hear an outcome leaves before the rest hear theirs: this disk, the network and the followers work on it
   * meanwhile. Otherwise everybody waits for everybody in turn, as all that is under way ends up in one batch.
   */
  get #completionsMax(): number {
    return this.#isStopped ? Number.POSITIVE_INFINITY : this.#owner.limits.turnCompletions;
  }

  #work(): void {
    const { metrics } = this.#owner;
    metrics.turns++;
    this.#carryOutReady();
    this.#owner.flush();
    metrics.groupsApplying = this.#applying.count;
    if (this.#applying.count === 0) return;
    this.#apply();
    // What was applied may have made the cores ready again.
    this.#carryOutReady();
    this.#owner.flush();
  }

  #carryOutReady(): void {
    const { limits } = this.#owner;
    const endMs = this.#owner.nowMs() + limits.stepBudgetMs;
    for (let count = 0; count < limits.turnGroups; count++) {
      if (count % GROUPS_PER_LOOK === GROUPS_PER_LOOK - 1 && this.#owner.nowMs() > endMs) return;
      const group = this.#ready.shift();
      if (group === undefined) return;
      group.isInReadyList = false;
      group.processReady();
    }
  }

  /** Gives each group that has something to apply one slice, as far as the budget goes. */
  #apply(): void {
    const { limits } = this.#owner;
    const endMs = this.#owner.nowMs() + limits.applyBudgetMs;
    const budget: SliceBudget = {
      entries: limits.applySliceEntries,
      isUsedUp: () => this.#owner.nowMs() > endMs,
    };
    let applied = 0;
    // A group that is not done goes to the end of the list: it has its next slice in another turn.
    for (let groups = this.#applying.count; groups > 0; groups--) {
      const group = this.#applying.shift();
      if (group === undefined) return;
      group.isInApplyList = false;
      applied += group.applySlice(budget);
      if (applied >= limits.turnApplyEntries || budget.isUsedUp()) return;
    }
  }
}
