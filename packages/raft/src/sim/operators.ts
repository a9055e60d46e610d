import type { ConfChange, ConfChangeStep, ConfState } from "../core/conf-state.ts";
import type { ReplicaId } from "../core/ids.ts";
import { membersOf } from "./membership.ts";
import type { GroupPlan } from "./placement.ts";
import type { Random } from "./random.ts";
import type { SimNode } from "./sim-node.ts";
import type { FaultClass } from "./swarm.ts";
import type { World } from "./world.ts";

/** Interval of the operator's repairs, ms. */
const REPAIR_MS = 2000;
/** Share of the repairs at which removed replicas are deleted: until then the others may tell them that they are not members. */
const DELETE_SHARE = 0.03;

const TRANSITIONS = ["auto", "auto", "joint-implicit", "joint-explicit"] as const;

/** Does to a cluster what its operators, and the product's placement, do: members, leaders, snapshots, deletion, new machines. */
export class Operators {
  readonly #world: World;
  readonly #random: Random;
  #isStopped = false;
  #isHalted = false;

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  start(): void {
    this.#repeat("membership", () => this.#changeMembers());
    this.#repeat("transfer", () => this.#transfer());
    this.#repeat("snapshot", () => this.#snapshot());
    this.#repeat("delete-group", () => this.#deleteGroup());
    this.#repeat("wipe", () => this.#replaceMachine());
    this.#repairLater();
  }

  /** From now on only repairs. */
  stop(): void {
    this.#isStopped = true;
  }

  /** From now on nothing. */
  halt(): void {
    this.#isStopped = true;
    this.#isHalted = true;
  }

  #repeat(fault: FaultClass, happen: () => void): void {
    const world = this.#world;
    if (!world.hasFault(fault)) return;
    const next = (): void => {
      world.scheduler.after(this.#random.exponential(world.swarm.meanMsBetween[fault]), () => {
        if (this.#isStopped) return;
        happen();
        next();
      });
    };
    next();
  }

  /** Replaces members that are no more, and deletes replicas that are no members any more. */
  #repairLater(): void {
    this.#world.scheduler.after(REPAIR_MS * (0.5 + this.#random.float()), () => {
      if (this.#isHalted) return;
      for (const plan of this.#world.plans) if (!plan.isDeleted) this.#repair(plan);
      for (const node of this.#world.nodes.values()) {
        if (node.state === "up" && !node.isPaused) this.#world.deleteStrays(node);
      }
      this.#repairLater();
    });
  }

  #repair(plan: GroupPlan): void {
    const conf = this.#world.confOf(plan);
    const members = membersOf(conf);
    this.#deleteRemoved(plan, members);
    const orphan = [...members].find((member) => plan.isOrphan(member));
    if (conf.votersOutgoing.length > 0) this.#leaveJoint(plan, conf);
    else if (orphan !== undefined) this.#replaceOrphan(plan, conf, orphan);
  }

  /**
   * Members that were removed may be deleted once a quorum of the others knows for good that they were: until then one that
   * restarts might need their votes.
   */
  #deleteRemoved(plan: GroupPlan, members: ReadonlySet<ReplicaId>): void {
    this.#noteMembers(plan, members);
    const removed = [...plan.replicas].filter(
      ([, { replicaId }]) => plan.wasMember.has(replicaId) && !members.has(replicaId),
    );
    if (removed.length === 0) return;
    if (!this.#world.isConfDurable(plan)) {
      this.#world.clients.propose(plan, () => {});
      return;
    }
    if (!this.#random.chance(DELETE_SHARE)) return;
    for (const [nodeId] of removed) {
      this.#world.onEvent("replica-removed");
      this.#world.dropReplica(plan, this.#world.node(nodeId));
    }
  }

  /** Joint configurations that do not end by themselves are the operator's to end. */
  #leaveJoint(plan: GroupPlan, conf: ConfState): void {
    if (!conf.autoLeave) this.#propose(plan, "joint-explicit", []);
  }

  #replaceOrphan(plan: GroupPlan, conf: ConfState, orphan: ReplicaId): void {
    const successor = this.#spare(plan, conf);
    if (conf.learners.includes(orphan)) {
      this.#propose(plan, "auto", [{ kind: "remove", replica: orphan }]);
    } else if (successor !== undefined) {
      this.#propose(plan, "joint-implicit", [
        { kind: "add-voter", replica: successor },
        { kind: "remove", replica: orphan },
      ]);
    } else if (!this.#addSpare(plan)) {
      this.#propose(plan, "auto", [{ kind: "remove", replica: orphan }]);
    }
  }

  #changeMembers(): void {
    const plan = this.#anyPlan();
    if (plan === undefined || plan.isChanging) return;
    const conf = this.#world.confOf(plan);
    // A member that is lost is replaced first: until then the group bears no other loss.
    if (conf.votersOutgoing.length > 0 || this.#hasOrphan(plan, conf)) return;
    const transition = this.#random.pick(TRANSITIONS);
    const steps = this.#drawSteps(plan, conf);
    if (steps.length > 0) this.#propose(plan, transition, steps);
  }

  /** A change that leaves enough voters; none if it needs a spare replica, which is made ready then. */
  #drawSteps(plan: GroupPlan, conf: ConfState): ConfChangeStep[] {
    const canShrink = conf.voters.length > (this.#world.unlucky.size > 0 ? 3 : 1);
    const voter = this.#random.pick(conf.voters);
    const [learner] = this.#random.shuffle(conf.learners);
    const kind = this.#random.below(6);
    if (kind === 0) return canShrink ? [{ kind: "add-learner", replica: voter }] : [];
    if (kind === 1) {
      const removed = learner ?? (canShrink ? voter : undefined);
      return removed === undefined ? [] : [{ kind: "remove", replica: removed }];
    }
    const added = learner ?? this.#spare(plan, conf);
    if (added === undefined) {
      this.#addSpare(plan);
      return [];
    }
    if (kind === 2) return [{ kind: "add-learner", replica: added }];
    if (kind === 3 || this.#isSmall(conf)) return [{ kind: "add-voter", replica: added }];
    const leaving = this.#random.pick(["remove", "add-learner"] as const);
    return [
      { kind: "add-voter", replica: added },
      { kind: leaving, replica: voter },
    ];
  }

  /** Two voters, one of them on the disk that may be lost, are too few: there must be three before one is replaced. */
  #isSmall(conf: ConfState): boolean {
    return this.#world.unlucky.size > 0 && conf.voters.length < 3;
  }

  #propose(
    plan: GroupPlan,
    transition: ConfChange["transition"],
    steps: readonly ConfChangeStep[],
  ): void {
    const leader = this.#world.leaderOf(plan);
    const group = leader?.node.group(plan.groupId);
    if (leader === undefined || group === undefined || leader.node.isPaused) return;
    plan.isChanging = true;
    const { life } = leader.node;
    // A change whose outcome is never told (the node died) does not keep others back for ever.
    this.#world.scheduler.after(10_000, () => {
      plan.isChanging = false;
    });
    const change: ConfChange = { transition, steps, context: new Uint8Array(0) };
    leader.node.run(() =>
      group.changeMembers(change, (result) => {
        plan.isChanging = false;
        this.#world.onEvent(`change-${result.kind}`);
        if (leader.node.life === life)
          this.#world.onTrace(leader.node.nodeId, () => `change ${JSON.stringify(result)}`);
      }),
    );
  }

  /** Some were members for so short a time that no look at the members has shown them. */
  #noteMembers(plan: GroupPlan, members: ReadonlySet<ReplicaId>): void {
    for (const member of members) plan.wasMember.add(member);
    for (const member of this.#world.ledger(plan.groupId).everMembers) plan.wasMember.add(member);
  }

  /** A replica that waits on a running node to be added. */
  #spare(plan: GroupPlan, conf: ConfState): ReplicaId | undefined {
    const members = membersOf(conf);
    this.#noteMembers(plan, members);
    for (const [nodeId, planned] of plan.replicas) {
      const { replicaId, isCreated } = planned;
      if (members.has(replicaId) || plan.wasMember.has(replicaId) || !isCreated) continue;
      if (this.#world.node(nodeId).state === "up") return planned.replicaId;
    }
    return undefined;
  }

  #addSpare(plan: GroupPlan): boolean {
    const free = [...this.#world.nodes.values()].filter(
      (node) => node.state === "up" && plan.replicaOn(node.nodeId) === undefined,
    );
    if (free.length === 0) return false;
    const node = this.#random.pick(free);
    if (node.group(plan.groupId) !== undefined) return true;
    plan.addReplica(node.nodeId);
    this.#world.ensureReplica(node, plan);
    return true;
  }

  #transfer(): void {
    const plan = this.#anyPlan();
    const leader = plan === undefined ? undefined : this.#world.leaderOf(plan);
    if (plan === undefined || leader === undefined || leader.node.isPaused) return;
    const group = leader.node.group(plan.groupId);
    const { voters } = leader.status.conf;
    if (group === undefined || voters.length < 2) return;
    this.#world.onEvent("transfer-asked");
    leader.node.run(() => group.transferLeader(this.#random.pick(voters)));
  }

  #snapshot(): void {
    const plan = this.#anyPlan();
    if (plan === undefined || plan.replicas.size === 0) return;
    const node = this.#world.node(this.#random.pick([...plan.replicas.keys()]));
    const group = node.group(plan.groupId);
    if (group === undefined || node.isPaused) return;
    node.run(() => group.takeSnapshot((result) => this.#world.onEvent(`snapshot-${result}`)));
  }

  #deleteGroup(): void {
    const plan = this.#anyPlan();
    if (plan === undefined) return;
    this.#world.onEvent("group-deleted");
    plan.isDeleted = true;
    for (const nodeId of [...plan.replicas.keys()]) {
      const node = this.#world.node(nodeId);
      const { life } = node;
      this.#world.scheduler.after(this.#random.logBetween(1, 5000), () => {
        if (node.life === life) this.#deleteOn(node, plan);
      });
    }
    this.#world.createGroup();
  }

  #deleteOn(node: SimNode, plan: GroupPlan): void {
    if (node.isPaused) return;
    node.run((raftNode) => raftNode.deleteGroup(plan.groupId, () => {}));
  }

  /** The unlucky node's machine is lost; the next unlucky one is chosen when no group needs the lost one any more. */
  #replaceMachine(): void {
    const world = this.#world;
    const [unlucky] = world.unlucky;
    if (unlucky === undefined) return;
    const node = world.nodes.get(unlucky);
    if (node !== undefined) {
      world.onEvent("machine-lost");
      world.replaceNode(node);
      return;
    }
    const broken = world.plans.filter((plan) => !plan.isDeleted && !this.#isWhole(plan));
    if (broken.length === 0) world.chooseUnlucky();
    // The next entry tells a quorum that the change of members is committed.
    for (const plan of broken)
      if (!world.isConfDurable(plan)) world.clients.propose(plan, () => {});
  }

  /**
   * Whether the group could bear the loss of another disk. A change of members whose commit is not known for good by a quorum
   * counts as under way: if those who know it are lost, the others need the former members, who may be no more.
   */
  #isWhole(plan: GroupPlan): boolean {
    const conf = this.#world.confOf(plan);
    const isJoint = conf.votersOutgoing.length > 0;
    if (isJoint || conf.voters.length < 3 || this.#hasOrphan(plan, conf)) return false;
    return this.#world.isConfDurable(plan);
  }

  #hasOrphan(plan: GroupPlan, conf: ConfState): boolean {
    return [...membersOf(conf)].some((member) => plan.isOrphan(member));
  }

  #anyPlan(): GroupPlan | undefined {
    const plans = this.#world.plans.filter((plan) => !plan.isDeleted);
    return plans.length === 0 ? undefined : this.#random.pick(plans);
  }
}
