import { nodeIdOf, type ReplicaId } from "../core/ids.ts";
import { isQuorum } from "./invariants/conf-rules.ts";
import { type Invariant, InvariantViolation } from "./invariants/violation.ts";
import { membersOf } from "./membership.ts";
import type { Operators } from "./operators.ts";
import type { GroupPlan } from "./placement.ts";
import type { Random } from "./random.ts";
import type { SimNode } from "./sim-node.ts";
import type { SettledReplica } from "./workload.ts";
import type { World } from "./world.ts";

/** Within this time, ms, groups with a majority among healthy nodes accept and apply commands again. */
const RECOVERY_MS = 60_000;
/** Within this time after everything is healed, all replicas agree and sleep. */
const CONVERGENCE_MS = 180_000;
/** Time in which removed replicas are deleted. */
const REMOVAL_MS = 5_000;
/** So long no message of any group may be sent then. */
const SILENCE_MS = 60_000;
const RETRY_MS = 300;
const POLL_MS = 500;
const SETTLED_POLLS = 10;
/** The store keeps 64 files open for reading (LogFiles), and has those that it writes, spare ones and its lock. */
const OPEN_FILES_MAX = 80;

interface Position {
  readonly applied: number;
  readonly digest: number;
}

/** The second phase of a run: whether a cluster comes back to life once faults end. */
export class Liveness {
  readonly #world: World;
  readonly #operators: Operators;
  readonly #random: Random;

  constructor(world: World, operators: Operators, random: Random) {
    this.#world = world;
    this.#operators = operators;
    this.#random = random;
  }

  /** First a healthy core of nodes, then all of them. Stops at a violation. */
  run(steps: number): void {
    const core = this.#healCore();
    this.#requireProgress(core, steps);
    if (this.#world.hasFailed()) return;
    this.#healAll();
    this.#requireConvergence(steps);
    if (this.#world.hasFailed()) return;
    this.#tellSettled();
    this.#operators.halt();
    this.#requireSilence(steps);
  }

  /** A majority of the nodes gets well, among each other; the others stay as they are. */
  #healCore(): Set<SimNode> {
    const { nodes, net } = this.#world;
    const majority = Math.floor(nodes.size / 2) + 1;
    const order = this.#random
      .shuffle([...nodes.values()])
      .sort((a, b) => Number(a.isDamaged) - Number(b.isDamaged));
    const core = new Set(order.slice(0, majority + this.#random.below(nodes.size - majority + 1)));
    const isolatesOthers = this.#random.chance(0.5);
    for (const node of nodes.values()) {
      if (core.has(node)) this.#healNode(node);
      else if (node.state === "down") node.isHeldDown = true;
      for (const other of nodes.values()) {
        const areBothIn = core.has(node) && core.has(other);
        if (areBothIn) net.setBlocked(node.nodeId, other.nodeId, false);
        else if (isolatesOthers && node !== other) net.setBlocked(node.nodeId, other.nodeId, true);
      }
    }
    this.#calmNet();
    return core;
  }

  #healNode(node: SimNode): void {
    const { faults } = node.disk;
    faults.syncErrorChance = 0;
    faults.writeErrorChance = 0;
    faults.readErrorChance = 0;
    faults.stallChance = 0;
    faults.writeMeanMs = Math.min(faults.writeMeanMs, 5);
    faults.syncMeanMs = Math.min(faults.syncMeanMs, 10);
    faults.readMeanMs = Math.min(faults.readMeanMs, 5);
    faults.capacityBytes = Math.max(faults.capacityBytes, this.#world.swarm.disk.capacityBytes);
    node.isHeldDown = false;
    node.process?.resume();
    node.boot();
  }

  #calmNet(): void {
    const { faults } = this.#world.net;
    faults.lossChance = 0;
    faults.clogChance = 0;
    faults.resetChance = 0;
    faults.delayMeanMs = Math.min(faults.delayMeanMs, 20);
    faults.sendBufferBytes = Math.max(faults.sendBufferBytes, 4096);
  }

  /** Each group that can must elect, accept and apply. */
  #requireProgress(core: ReadonlySet<SimNode>, steps: number): void {
    const waiting = new Set(this.#world.plans.filter((plan) => !plan.isDeleted));
    for (const plan of waiting) this.#proposeUntilApplied(plan, waiting);
    this.#runUntil(RECOVERY_MS, steps, () => waiting.size === 0);
    if (this.#world.hasFailed()) return;
    for (const plan of waiting) {
      if (!this.#hasQuorum(plan, core)) continue;
      this.#fail(
        "liveness",
        `group ${plan.groupId} accepts nothing ${RECOVERY_MS} ms after its majority is healthy: ${this.#describe(plan)}`,
      );
    }
  }

  #proposeUntilApplied(plan: GroupPlan, waiting: Set<GroupPlan>): void {
    if (!waiting.has(plan) || this.#world.hasFailed()) return;
    this.#world.clients.propose(plan, (outcome) => {
      if (outcome === "applied") waiting.delete(plan);
    });
    this.#world.scheduler.after(RETRY_MS, () => this.#proposeUntilApplied(plan, waiting));
  }

  /**
   * Whether the group's majority, without damaged replicas, is in the core; by the members that each replica in the core knows,
   * too: a replica that does not know yet that a change is committed rightly asks the former members.
   */
  #hasQuorum(plan: GroupPlan, core: ReadonlySet<SimNode>): boolean {
    const confs = [this.#world.confOf(plan)];
    for (const node of core) {
      const conf = node.group(plan.groupId)?.status().conf;
      if (conf !== undefined) confs.push(conf);
    }
    const isHealthy = (voter: ReplicaId): boolean => {
      const node = this.#world.nodes.get(nodeIdOf(voter));
      return node !== undefined && core.has(node) && !node.isDamaged && !plan.isOrphan(voter);
    };
    return confs.every((conf) => isQuorum(conf, isHealthy));
  }

  #healAll(): void {
    this.#world.net.healAll();
    for (const node of this.#world.nodes.values()) this.#healNode(node);
  }

  /** All replicas of all groups end with the same log and state, and go to sleep. */
  #requireConvergence(steps: number): void {
    const live = this.#world.plans.filter((plan) => !plan.isDeleted);
    // A message that was on its way may wake a group once more.
    let polls = 0;
    const isDone = (): boolean => {
      polls = live.every((plan) => this.#lagOf(plan) === undefined) ? polls + 1 : 0;
      return polls >= SETTLED_POLLS;
    };
    this.#runUntil(CONVERGENCE_MS, steps, isDone);
    if (this.#world.hasFailed()) return;
    for (const plan of live) {
      const lag = this.#lagOf(plan);
      if (lag === undefined) continue;
      this.#fail("convergence", `group ${plan.groupId}: ${lag}: ${this.#describe(plan)}`);
      return;
    }
  }

  #tellSettled(): void {
    const { plans, workload, scheduler } = this.#world;
    const groups = plans
      .filter((plan) => !plan.isDeleted)
      .map((plan) => ({
        groupId: plan.groupId,
        replicas: this.#replicasOf(plan),
        commandIdAt: (index: number) => this.#world.ledger(plan.groupId).commandIdAt(index),
      }));
    this.#world.guard(() => workload.onSettled?.(groups, scheduler.nowMs));
  }

  #replicasOf(plan: GroupPlan): SettledReplica[] {
    return Array.from(membersOf(this.#world.confOf(plan))).flatMap((member) => {
      const node = this.#world.node(nodeIdOf(member));
      const group = node.group(plan.groupId);
      return group === undefined ? [] : [{ group, isOnDamagedDisk: node.isDamaged }];
    });
  }

  /** Why a group is not yet of one mind and asleep; undefined: it is. */
  #lagOf(plan: GroupPlan): string | undefined {
    const conf = this.#world.confOf(plan);
    if (conf.votersOutgoing.length > 0) return "still in a joint configuration";
    let first: Position | undefined;
    for (const member of membersOf(conf)) {
      const position = this.#positionOf(plan, member);
      if (typeof position === "string") return `member ${member} ${position}`;
      first ??= position;
      if (position.applied !== first.applied) return "members ended at different indexes";
      if (position.digest !== first.digest) return "members have different states";
    }
    const committed = this.#world.ledger(plan.groupId).committedIndex;
    return first !== undefined && first.applied < committed
      ? "committed entries are missing"
      : undefined;
  }

  /** Where a member stands, or why it is not at rest. */
  #positionOf(plan: GroupPlan, member: ReplicaId): Position | string {
    if (plan.isOrphan(member)) return "is lost";
    const group = this.#world.node(nodeIdOf(member)).group(plan.groupId);
    if (group === undefined) return "is not there";
    const status = group.status();
    if (status.isDamaged) return "is damaged";
    if (!status.isHibernating) return "is awake";
    if (status.appliedIndex !== status.lastIndex) return "has not applied all";
    return { applied: status.appliedIndex, digest: group.machine.digest() };
  }

  /**
   * Replicas that are no members any more go, as whoever keeps the members' list would see to: those that know only each other
   * have nobody left who could tell them.
   */
  #deleteRemoved(steps: number): void {
    for (const plan of this.#world.plans) {
      const members = membersOf(this.#world.confOf(plan));
      for (const [nodeId, { replicaId }] of [...plan.replicas]) {
        if (!plan.wasMember.has(replicaId) || members.has(replicaId)) continue;
        this.#world.dropReplica(plan, this.#world.node(nodeId));
      }
    }
    this.#runUntil(REMOVAL_MS, steps, () => false);
  }

  /** Sleeping groups cost nothing, and nothing is left over. */
  #requireSilence(steps: number): void {
    const world = this.#world;
    this.#deleteRemoved(steps);
    const sentBefore = world.groupMessages;
    const timersBefore = this.#timers();
    this.#runUntil(SILENCE_MS, steps, () => false);
    if (world.hasFailed()) return;
    const sent = world.groupMessages - sentBefore;
    if (sent > 0) this.#fail("convergence", `${sent} messages of sleeping groups`);
    const timers = this.#timers();
    if (timers > timersBefore + world.nodes.size * 8) {
      this.#fail("leak", `${timersBefore} timers became ${timers} while all groups slept`);
    }
    for (const node of world.nodes.values()) this.#checkDisk(node);
  }

  /** Disk space is bounded by what is live and what the limits allow to lie around. */
  #checkDisk(node: SimNode): void {
    const { limits, groups } = this.#world.swarm;
    const bound =
      (limits.spareFiles + 15) * limits.hotFileBytes +
      groups * (limits.snapshotReclaimBytes + 64 * 600) * 4;
    const used = node.disk.usedBytes;
    if (used > bound + groups * limits.hotFileBytes * 2) {
      this.#fail(
        "leak",
        `node ${node.nodeId} uses ${used} bytes of disk in ${node.disk.files().length} files; ${bound} were expected`,
      );
    }
    if (node.disk.openFileCount > OPEN_FILES_MAX) {
      this.#fail(
        "leak",
        `node ${node.nodeId} has ${node.disk.openFileCount} of ${node.disk.files().length} files open`,
      );
    }
  }

  #timers(): number {
    let timers = 0;
    for (const node of this.#world.nodes.values()) timers += node.process?.timers ?? 0;
    return timers;
  }

  #runUntil(durationMs: number, steps: number, isDone: () => boolean): void {
    const { scheduler } = this.#world;
    const endMs = scheduler.nowMs + durationMs;
    while (scheduler.nowMs < endMs && !isDone() && !this.#world.hasFailed()) {
      const untilMs = Math.min(endMs, scheduler.nowMs + POLL_MS);
      this.#world.run({ steps: this.#world.steps + steps, untilMs });
      scheduler.advanceTo(untilMs);
    }
  }

  #describe(plan: GroupPlan): string {
    const lines: string[] = [];
    for (const [nodeId, planned] of plan.replicas) {
      const node = this.#world.node(nodeId);
      const status = node.group(plan.groupId)?.status();
      lines.push(
        `${planned.replicaId} on ${nodeId} (${node.state}, ${node.disk.usedBytes} of ${node.disk.faults.capacityBytes} bytes in ${node.disk.files().length} files): ${JSON.stringify(status)}`,
      );
    }
    return lines.join("\n  ");
  }

  #fail(invariant: Invariant, message: string): void {
    this.#world.onViolation(new InvariantViolation(invariant, message));
  }
}
