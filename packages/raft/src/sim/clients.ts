import type { GroupId, NodeId } from "../core/ids.ts";
import { nodeIdOf } from "../core/ids.ts";
import type { ProposalResult, RaftGroup } from "../host/node-options.ts";
import type { GroupLedger } from "./invariants/group-ledger.ts";
import { ensure } from "./invariants/violation.ts";
import type { GroupPlan } from "./placement.ts";
import type { Random } from "./random.ts";
import type { SimNode } from "./sim-node.ts";
import type { SimScheduler } from "./sim-scheduler.ts";
import type { Swarm } from "./swarm.ts";
import type { Workload, WorkProposal } from "./workload.ts";

/** What clients need of the world. */
export interface ClientWorld {
  readonly swarm: Swarm;
  readonly scheduler: SimScheduler;
  readonly nodes: ReadonlyMap<NodeId, SimNode>;
  readonly plans: readonly GroupPlan[];
  readonly workload: Workload;
  ledger(groupId: GroupId): GroupLedger;
  onEvent(event: string): void;
  /** Runs a check; a violation ends the run instead of being thrown. */
  guard(check: () => void): void;
}

/** Outcome of a proposal as its client knows it. */
type Outcome = "applied" | "refused" | "unknown";

/** Proposes commands and reads, and checks each answer against the ledger. */
export class Clients {
  readonly #world: ClientWorld;
  readonly #random: Random;
  readonly #leaders = new Map<GroupId, NodeId>();
  #isResting = false;
  #isStopped = false;
  confirmed = 0;

  constructor(world: ClientWorld, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  start(): void {
    for (let client = 0; client < this.#world.swarm.clients; client++) this.#scheduleNext();
    this.#scheduleRest();
  }

  /** No more requests of their own accord. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Proposes once on the replica where the leader is thought to be. */
  propose(plan: GroupPlan, done: (outcome: Outcome) => void): void {
    const group = this.#target(plan);
    if (group === undefined) {
      done("refused");
      return;
    }
    const { node, replica } = group;
    const world = this.#world;
    const ledger = world.ledger(plan.groupId);
    const { life } = node;
    let isInside = true;
    node.run(() => {
      const command = this.#draw(replica);
      replica.propose(command.data, command.options, (result) =>
        world.guard(() => {
          ensure(!isInside, "interface", () => "a proposal was answered inside the call");
          ensure(node.life === life, "interface", () => "an answer from a former life");
          const answer = { ledger, commandId: command.id, node: node.nodeId, result };
          const outcome = this.#onProposed(plan, answer);
          command.done?.(result, world.scheduler.nowMs);
          done(outcome);
        }),
      );
    });
    isInside = false;
  }

  #onProposed(
    plan: GroupPlan,
    answer: { ledger: GroupLedger; commandId: number; node: NodeId; result: ProposalResult },
  ): Outcome {
    const { ledger, commandId, result } = answer;
    this.#world.onEvent(`proposal-${result.kind}`);
    switch (result.kind) {
      case "applied":
        ledger.confirms(commandId, result.index, result.term);
        this.#leaders.set(plan.groupId, answer.node);
        this.confirmed++;
        return "applied";
      case "unknown":
        this.#leaders.delete(plan.groupId);
        return "unknown";
      case "not-leader":
        if (result.leader === 0) this.#leaders.delete(plan.groupId);
        else this.#leaders.set(plan.groupId, nodeIdOf(result.leader));
        ledger.refuses(commandId);
        return "refused";
      case "busy":
      case "transferring":
      case "no-space":
      case "refused":
      case "stopped":
        ledger.refuses(commandId);
        return "refused";
      default:
        return result satisfies never;
    }
  }

  /** Reads on any replica: the state must show everything that was committed before. */
  read(plan: GroupPlan): void {
    const replicas = [...plan.replicas.keys()];
    if (replicas.length === 0) return;
    const node = this.#world.nodes.get(this.#random.pick(replicas));
    const group = node?.group(plan.groupId);
    if (node === undefined || group === undefined || node.isPaused) return;
    const ledger = this.#world.ledger(plan.groupId);
    const committed = ledger.committedIndex;
    node.run(() =>
      group.read((result) => {
        this.#world.onEvent(`read-${result.kind}`);
        if (result.kind !== "ready") return;
        const { index } = result;
        this.#world.guard(() => this.#checkRead(group, { committed, index, epoch: plan.epoch }));
      }),
    );
  }

  /** Invariant 12. */
  #checkRead(
    group: RaftGroup,
    read: { readonly committed: number; readonly index: number; readonly epoch: number },
  ): void {
    const { appliedIndex, epoch } = group.status();
    if (epoch !== read.epoch) return;
    ensure(
      read.index >= read.committed,
      "linearizability",
      () =>
        `group ${group.groupId}: a read at ${read.index}, though ${read.committed} was committed before`,
    );
    ensure(
      appliedIndex >= read.index,
      "linearizability",
      () => `group ${group.groupId}: a read at ${read.index} with only ${appliedIndex} applied`,
    );
  }

  #scheduleNext(): void {
    const { scheduler, swarm } = this.#world;
    scheduler.after(this.#random.exponential(swarm.proposalMeanMs), () => {
      if (this.#isStopped) return;
      if (!this.#isResting) this.#request();
      this.#scheduleNext();
    });
  }

  #scheduleRest(): void {
    const { scheduler, swarm } = this.#world;
    const meanMs = 5000 * (this.#isResting ? swarm.restShare : 1 - swarm.restShare);
    scheduler.after(this.#random.exponential(meanMs), () => {
      if (this.#isStopped) return;
      this.#isResting = swarm.restShare > 0 && !this.#isResting;
      this.#scheduleRest();
    });
  }

  #request(): void {
    const plans = this.#world.plans.filter((plan) => !plan.isDeleted);
    if (plans.length === 0) return;
    const plan = this.#random.pick(plans);
    if (this.#random.chance(this.#world.swarm.readShare)) this.read(plan);
    else this.propose(plan, () => {});
  }

  #target(plan: GroupPlan): { node: SimNode; replica: RaftGroup } | undefined {
    const known = this.#leaders.get(plan.groupId);
    const isGuess = known === undefined || this.#random.chance(this.#world.swarm.guessShare);
    const nodes = [...plan.replicas.keys()];
    if (nodes.length === 0) return undefined;
    const node = this.#world.nodes.get(isGuess ? this.#random.pick(nodes) : known);
    const replica = node?.group(plan.groupId);
    if (node === undefined || replica === undefined || node.isPaused) {
      this.#leaders.delete(plan.groupId);
      return undefined;
    }
    return { node, replica };
  }

  #draw(group: RaftGroup): WorkProposal {
    const { swarm, scheduler, workload } = this.#world;
    return workload.draw({
      group,
      random: this.#random,
      maxPayload: swarm.maxPayload,
      keptShare: swarm.keptShare,
      nowMs: scheduler.nowMs,
      onEvent: (event) => this.#world.onEvent(event),
      guard: (check) => this.#world.guard(check),
    });
  }
}
