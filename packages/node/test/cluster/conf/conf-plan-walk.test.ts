import {
  type ConfChange,
  type ConfState,
  EMPTY_CONF,
  nodeIdOf,
  type ReplicaId,
  replicaIdOf,
} from "@leveret/raft";
import { Random } from "@leveret/raft/sim";
import { describe, expect, test } from "vitest";
import { changeConf } from "../../../../raft/src/core/conf-changer.ts";
import { type ConfTarget, isAtTarget, nextConfStep } from "../../../src/cluster/conf/conf-plan.ts";

const NODES = [1, 2, 3, 4, 5];
/** More than any group needs: each change, its joint half, and a hand-over for each member. */
const STEPS_MAX = 60;

/** A group as Raft has it, without messages: members, who is alive, and who has the log. */
class Model {
  readonly alive = new Set(NODES);
  readonly random: Random;
  readonly generations = new Map(NODES.map((nodeId): [number, number] => [nodeId, 1]));
  conf: ConfState = { ...EMPTY_CONF, voters: [replicaIdOf(1, 1)] };
  target: ConfTarget = { voters: [replicaIdOf(1, 1)], learners: [] };
  leader: ReplicaId = replicaIdOf(1, 1);
  /** Has all that is committed. */
  readonly complete = new Set<ReplicaId>([replicaIdOf(1, 1)]);

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  isAlive(replica: ReplicaId): boolean {
    return this.alive.has(nodeIdOf(replica));
  }

  hasQuorum(voters: readonly ReplicaId[]): boolean {
    const live = voters.filter((replica) => this.isAlive(replica)).length;
    return live * 2 > voters.length;
  }

  /** A live voter that has the log, if there is a quorum. */
  elect(): boolean {
    const halves = [this.conf.voters, this.conf.votersOutgoing];
    if (!halves.every((half) => half.length === 0 || this.hasQuorum(half))) return false;
    const isFit = (replica: ReplicaId): boolean =>
      this.conf.voters.includes(replica) && this.isAlive(replica) && this.complete.has(replica);
    if (!isFit(this.leader)) {
      const fit = this.conf.voters.filter(isFit);
      expect(fit.length).toBeGreaterThan(0);
      this.leader = fit[this.random.below(fit.length)] ?? this.leader;
    }
    return true;
  }

  /** Moves nodes, power and wishes about. */
  disturb(): void {
    const nodeId = NODES[this.random.below(NODES.length)] ?? 1;
    switch (this.random.below(4)) {
      case 0:
        if (!this.alive.delete(nodeId)) this.alive.add(nodeId);
        return;
      case 1:
        this.alive.add(nodeId);
        return;
      default:
        this.#wish();
    }
  }

  /** Some replicas, as a record could have them: who is added again has a new generation; stopped nodes do not vote. */
  #wish(): void {
    const before = new Set([...this.target.voters, ...this.target.learners].map(nodeIdOf));
    const nodes = NODES.filter(() => this.random.below(2) === 0);
    if (nodes.length === 0) nodes.push(1);
    const voters: ReplicaId[] = [];
    const learners: ReplicaId[] = [];
    for (const nodeId of nodes) {
      if (!before.has(nodeId)) this.#nextGeneration(nodeId);
      const replica = replicaIdOf(nodeId, this.generations.get(nodeId) ?? 1);
      (this.random.below(4) === 0 ? learners : voters).push(replica);
    }
    this.target = { voters, learners };
  }

  #nextGeneration(nodeId: number): void {
    this.generations.set(nodeId, (this.generations.get(nodeId) ?? 1) + 1);
  }

  /** Live members get the log, or not yet. */
  replicate(isCertain: boolean): void {
    for (const replica of [...this.conf.voters, ...this.conf.learners]) {
      if (!this.isAlive(replica)) continue;
      if (isCertain || this.random.below(2) === 0) this.complete.add(replica);
    }
  }

  /** One step of the leader. false: it has none. */
  step(): boolean {
    if (!this.elect()) return false;
    const step = nextConfStep({
      conf: this.conf,
      target: this.target,
      self: this.leader,
      commitIndex: 1000,
      isAlive: (nodeId) => this.alive.has(nodeId),
      progress: (replica) => ({
        match: this.complete.has(replica) ? 1000 : 0,
        isActive: this.isAlive(replica),
        isReplicating: this.complete.has(replica),
      }),
    });
    if (step.kind === "transfer") {
      expect(this.conf.voters).toContain(step.to);
      expect(this.isAlive(step.to)).toBe(true);
      expect(step.to).not.toBe(this.leader);
      this.leader = step.to;
      this.complete.add(step.to);
      return true;
    }
    if (step.kind === "wait" && step.why === "joint") {
      this.#apply({ transition: "auto", steps: [], context: new Uint8Array(0) });
      return true;
    }
    if (step.kind === "change") this.#apply(step.change);
    return step.kind === "change";
  }

  #apply(change: ConfChange): void {
    const before = this.conf;
    const result = changeConf(before, change);
    if (!result.ok) throw new Error(result.why);
    this.conf = result.conf;
    this.#check(before);
  }

  #check(before: ConfState): void {
    const { voters, votersOutgoing, learners } = this.conf;
    expect(voters).toContain(this.leader);
    expect(this.hasQuorum(voters)).toBe(true);
    if (votersOutgoing.length > 0) expect(this.hasQuorum(votersOutgoing)).toBe(true);
    // What was committed is on a majority of the new voters, for those that came have it.
    const added = voters.filter((r) => ![...before.voters, ...before.votersOutgoing].includes(r));
    for (const replica of added) expect(this.complete.has(replica)).toBe(true);
    const nodes = [...new Set([...voters, ...votersOutgoing, ...learners])].map(nodeIdOf);
    expect(new Set(nodes).size).toBe(nodes.length);
  }

  /** All are alive and have the log: walks until nothing is left to do. */
  settle(): void {
    for (const nodeId of NODES) this.alive.add(nodeId);
    for (let steps = 0; steps < STEPS_MAX; steps++) {
      this.replicate(true);
      if (!this.step()) return;
    }
    throw new Error("goes on for ever");
  }

  /** Of those that only leave for a time none votes but the leader. */
  checkAllLeft(): void {
    for (const replica of this.conf.voters) {
      if (replica !== this.leader) expect(this.target.learners).not.toContain(replica);
    }
  }

  /** The only one who has the contents is an older replica of the one node that is to have them. */
  get isStuck(): boolean {
    const { voters } = this.target;
    const [only] = this.conf.voters;
    if (only === undefined || this.conf.voters.length > 1) return false;
    return voters.every((replica) => nodeIdOf(replica) === nodeIdOf(only) && replica !== only);
  }
}

describe("walks of a group's members through failures and changes of mind", () => {
  test.each(Array.from({ length: 300 }, (_, seed) => seed))(
    "keep a live quorum, lose nothing, and arrive: seed %i",
    (seed) => {
      const model = new Model(seed);
      for (let round = 0; round < 40; round++) {
        model.disturb();
        for (let steps = model.random.below(6); steps > 0; steps--) {
          model.replicate(false);
          model.step();
        }
      }
      model.settle();
      if (model.target.voters.length === 0) model.checkAllLeft();
      else if (!model.isStuck) expect(isAtTarget(model.conf, model.target)).toBe(true);
    },
  );
});
