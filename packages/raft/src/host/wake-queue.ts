import type { NodeId } from "../core/ids.ts";
import type { GroupRunner } from "./group-runner.ts";
import type { GroupPriority } from "./node-options.ts";

/**
 * probe: wakes, so that leader and followers compare where they stand. elect: the leader on `leaderNode` is gone, as far as
 * can be told: forget it and campaign. A `certain` loss stays one even if the node answers again (it restarted, or it does
 * not name the group any more).
 */
export type Wake =
  | { readonly kind: "probe" }
  | {
      readonly kind: "elect";
      readonly leaderNode: NodeId;
      readonly isCertain: boolean;
      /** Campaigns of this group for this loss before. */
      readonly attempts: number;
      /** When it was last looked at: in a later term, somebody else's election is under way. */
      readonly term: number;
    };

interface Waiting {
  readonly runner: GroupRunner;
  readonly priority: GroupPriority;
  readonly dueMs: number;
  readonly wake: Wake;
}

/**
 * Groups that are to wake. When a node goes, thousands may want to at the same moment: they come at a bounded rate, those in
 * use first.
 */
export class WakeQueue {
  readonly #waiting = new Map<number, Waiting>();
  readonly #perSecond: number;
  #sorted: Waiting[] = [];
  #isSorted = true;
  #tokens = 0;
  #refilledAtMs: number;

  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#refilledAtMs = nowMs;
  }

  get count(): number {
    return this.#waiting.size;
  }

  /** One wake per group: an election is more than a probe, one for a later leader's loss more than one for an earlier one's. */
  add(waiting: Waiting): void {
    const { groupId } = waiting.runner;
    const present = this.#waiting.get(groupId);
    if (present?.runner === waiting.runner) {
      if (!isMore(waiting.wake, present.wake)) return;
    }
    this.#waiting.set(groupId, waiting);
    this.#sorted.push(waiting);
    this.#isSorted = false;
  }

  /** Gives out those that are due, as many as the rate allows. */
  takeDue(nowMs: number, visit: (runner: GroupRunner, wake: Wake) => void): void {
    this.#refill(nowMs);
    if (this.#waiting.size === 0) return;
    if (!this.#isSorted) {
      this.#sorted = [...this.#waiting.values()].sort(byUrgency);
      this.#isSorted = true;
    }
    const taken: Waiting[] = [];
    for (const waiting of this.#sorted) {
      if (this.#tokens < 1) break;
      if (waiting.dueMs > nowMs) continue;
      this.#tokens--;
      taken.push(waiting);
    }
    if (taken.length === 0) return;
    for (const { runner } of taken) this.#waiting.delete(runner.groupId);
    const gone = new Set(taken);
    this.#sorted = this.#sorted.filter((waiting) => !gone.has(waiting));
    for (const { runner, wake } of taken) visit(runner, wake);
  }

  /** At most the tokens of a tenth of a second (or one) are saved up. */
  #refill(nowMs: number): void {
    const added = ((nowMs - this.#refilledAtMs) * this.#perSecond) / 1000;
    this.#refilledAtMs = nowMs;
    this.#tokens = Math.min(this.#tokens + added, Math.max(1, this.#perSecond / 10));
  }
}

function isMore(wake: Wake, present: Wake): boolean {
  if (wake.kind === "elect" && present.kind === "elect" && wake.leaderNode !== present.leaderNode) {
    return true;
  }
  return rank(wake) > rank(present);
}

function rank(wake: Wake): number {
  if (wake.kind === "probe") return 0;
  return wake.isCertain ? 2 : 1;
}

function byUrgency(a: Waiting, b: Waiting): number {
  const isInUse = (waiting: Waiting): number => (waiting.runner.awakeAt >= 0 ? 0 : 1);
  return (
    a.priority - b.priority ||
    isInUse(a) - isInUse(b) ||
    a.dueMs - b.dueMs ||
    a.runner.groupId - b.runner.groupId
  );
}
