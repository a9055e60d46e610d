import type { ConfState } from "../core/conf-state.ts";
import { type Entry, EntryType } from "../core/entry.ts";
import { type GroupId, type NodeId, nodeIdOf, type ReplicaId } from "../core/ids.ts";
import type { RaftCore } from "../core/raft-core.ts";
import type { GroupEvent, GroupStatus } from "../host/node-options.ts";
import { Clients, type ClientWorld } from "./clients.ts";
import { Coverage } from "./coverage.ts";
import { isQuorum } from "./invariants/conf-rules.ts";
import { GroupLedger } from "./invariants/group-ledger.ts";
import type { Truth } from "./invariants/node-observer.ts";
import { ReplicaRecord } from "./invariants/replica-record.ts";
import { ensure, InvariantViolation } from "./invariants/violation.ts";
import { membersOf } from "./membership.ts";
import { GroupPlan, type PlannedReplica } from "./placement.ts";
import type { Random } from "./random.ts";
import type { DiskFaults } from "./sim-disk.ts";
import { mix } from "./sim-machine.ts";
import { type CALM_NET, SimNet } from "./sim-net.ts";
import { type NodeWorld, SimNode } from "./sim-node.ts";
import { SimScheduler } from "./sim-scheduler.ts";
import type { FaultClass, Swarm } from "./swarm.ts";
import type { Workload } from "./workload.ts";

/** Called with each thing that happens, if a trace is wanted. */
export type TraceSink = (timeMs: number, nodeId: NodeId, what: string) => void;

/** Ids of groups start here, so that they are never mistaken for small numbers of another kind. */
const FIRST_GROUP_ID = 101;

/** What no-ops and changes of members, which are not limited, may add to a group's uncommitted entries. */
const CONTROL_ENTRIES_BYTES = 4096;

/** Heads of frames, and what a link says of itself. */
const FRAMES_BYTES = 16_384;

/** A node's memory is checked once in so many steps. */
const MEMORY_CHECK_STEPS = 256;

/** A node whose damaged disk does not open so often in a row is given up. */
const FAILED_OPENS_MAX = 5;

/** A whole simulated cluster with its clients, and all that is known of it. */
export class World implements NodeWorld, ClientWorld, Truth {
  readonly swarm: Swarm;
  readonly random: Random;
  readonly scheduler: SimScheduler;
  readonly net: SimNet;
  readonly nodes: Map<NodeId, SimNode> = new Map();
  readonly plans: GroupPlan[] = [];
  readonly coverage: Coverage = new Coverage();
  readonly workload: Workload;
  readonly clients: Clients;
  /** Nodes whose disks may be damaged or emptied: in each group they are too few to matter. */
  readonly unlucky: Set<NodeId> = new Set();
  steps = 0;
  /** Messages of groups handed to transports. */
  groupMessages = 0;
  /** Hash over all steps: equal for equal runs. */
  traceHash = 0;
  violation: InvariantViolation | undefined;
  readonly #ledgers = new Map<GroupId, GroupLedger>();
  readonly #records = new Map<GroupId, Map<ReplicaId, ReplicaRecord>>();
  readonly #trace: TraceSink | undefined;
  #nextGroupId = FIRST_GROUP_ID;
  #nextNodeId = 1;

  constructor(
    swarm: Swarm,
    random: Random,
    run: { readonly workload: Workload; readonly trace: TraceSink | undefined },
  ) {
    this.swarm = swarm;
    this.random = random;
    this.workload = run.workload;
    this.#trace = run.trace;
    this.scheduler = new SimScheduler(random.fork());
    this.net = new SimNet(this.scheduler, random.fork(), {
      faults: this.#netFaults(),
      watcher: {
        onNetEvent: (event): void => this.onEvent(event),
        onNetTrace: (host, what): void => this.onTrace(host, what),
      },
    });
    this.clients = new Clients(this, random.fork());
    while (this.nodes.size < swarm.nodes) this.#addNode(this.#nextNodeId++);
    for (let group = 0; group < swarm.groups; group++) this.createGroup();
    this.chooseUnlucky();
  }

  get truth(): Truth {
    return this;
  }

  hasFailed(): boolean {
    return this.violation !== undefined;
  }

  hasFault(fault: FaultClass): boolean {
    return this.swarm.faults.has(fault);
  }

  start(): void {
    for (const node of this.nodes.values()) {
      this.scheduler.after(this.random.float() * 100, () => node.boot());
    }
    this.clients.start();
  }

  /** Runs until there is a violation, the steps are used up or the time has come. */
  run(limit: { readonly steps: number; readonly untilMs: number }): void {
    while (this.violation === undefined && this.steps < limit.steps) {
      if (!this.scheduler.runNext(limit.untilMs)) break;
    }
  }

  createGroup(): GroupPlan {
    const all = this.random.shuffle([...this.nodes.keys()]);
    const plan = new GroupPlan(this.#nextGroupId++, all.slice(0, this.swarm.votersPerGroup));
    this.plans.push(plan);
    for (const nodeId of plan.replicas.keys()) this.ensureReplica(this.node(nodeId), plan);
    return plan;
  }

  node(nodeId: NodeId): SimNode {
    const node = this.nodes.get(nodeId);
    if (node === undefined) throw new RangeError(`no node ${nodeId}`);
    return node;
  }

  /** The replica that leads a group as far as the simulation sees: the one with the highest term. */
  leaderOf(plan: GroupPlan): { node: SimNode; status: GroupStatus } | undefined {
    let best: { node: SimNode; status: GroupStatus } | undefined;
    for (const nodeId of plan.replicas.keys()) {
      const node = this.node(nodeId);
      const status = node.group(plan.groupId)?.status();
      if (status === undefined || status.role !== "leader") continue;
      if (best === undefined || status.term > best.status.term) best = { node, status };
    }
    return best;
  }

  /** Makes sure that a running node has what the plan says, as the product's metadata would. */
  ensureReplica(node: SimNode, plan: GroupPlan): void {
    const planned = plan.replicaOn(node.nodeId);
    if (planned === undefined || node.state !== "up") return;
    const group = node.group(plan.groupId);
    if (group !== undefined) {
      if (group.status().replicaId === planned.replicaId) {
        planned.isCreated = true;
        return;
      }
      this.#deleteThenEnsure(node, plan);
      return;
    }
    if (planned.isCreated && node.isDamaged) {
      // Nothing on the disk tells of the replica any more: it is as good as lost, and comes back as another one.
      this.onEvent("replica-vanished");
      this.dropReplica(plan, node);
      return;
    }
    if (planned.isCreated) {
      this.onViolation(
        new InvariantViolation(
          "recovery",
          `group ${plan.groupId} is gone from node ${node.nodeId} after a restart`,
        ),
      );
      return;
    }
    this.#createReplica(node, plan, planned);
  }

  /** Members of a group as of the last change that anyone applied. */
  confOf(plan: GroupPlan): ConfState {
    return this.ledger(plan.groupId).latestConf ?? plan.initialConf;
  }

  /** Whether a quorum of a group's members has on its disks that the last change of members is committed. */
  isConfDurable(plan: GroupPlan): boolean {
    const { latestConfIndex } = this.ledger(plan.groupId);
    return isQuorum(
      this.confOf(plan),
      (voter) => this.record(plan.groupId, voter).durable.commit >= latestConfIndex,
    );
  }

  /** A replica is given up; if its node runs, it is deleted there, else when the node starts. */
  dropReplica(plan: GroupPlan, node: SimNode): void {
    plan.replicas.delete(node.nodeId);
    node.run((raftNode) => raftNode.deleteGroup(plan.groupId, () => {}));
  }

  /** A machine and its disk are gone for good; another one takes its place under a number of its own. */
  replaceNode(node: SimNode): SimNode {
    node.kill(true);
    node.isHeldDown = true;
    node.disk.wipe();
    this.nodes.delete(node.nodeId);
    for (const plan of this.plans) plan.replicas.delete(node.nodeId);
    for (const record of this.recordsOn(node.nodeId)) record.isExcused = true;
    const successor = this.#addNode(this.#nextNodeId++);
    successor.boot();
    return successor;
  }

  onNodeUp(node: SimNode): void {
    node.failedOpens = 0;
    this.onEvent("node-up");
    for (const plan of this.plans) {
      if (!plan.isDeleted) this.ensureReplica(node, plan);
    }
    this.deleteStrays(node);
  }

  onNodeFailed(node: SimNode, phase: "open" | "fatal", error: Error): void {
    this.onEvent(`node-failed-${phase}`);
    this.onTrace(node.nodeId, () => `fails (${phase}): ${error.message}`);
    const isExplained = phase === "fatal" ? this.#mayFail(node) : this.#mayNotOpen(node);
    if (!isExplained) {
      const text = error.stack ?? error.message;
      this.onViolation(
        new InvariantViolation(
          "crash",
          `node ${node.nodeId} fails without cause (${phase}): ${text}`,
        ),
      );
    }
    node.kill(this.random.chance(0.3));
    node.failedOpens = phase === "open" ? node.failedOpens + 1 : 0;
    if (node.isDamaged && node.failedOpens >= FAILED_OPENS_MAX) {
      this.onEvent("machine-given-up");
      this.replaceNode(node);
      return;
    }
    this.scheduler.after(this.random.logBetween(100, 5000), () => node.boot());
  }

  onGroupEvent(node: SimNode, groupId: GroupId, event: GroupEvent): void {
    if (event.kind === "role") return;
    this.onEvent(`group-${event.kind}`);
    this.onTrace(node.nodeId, () => `group ${groupId} ${JSON.stringify(event)}`);
    if (event.kind === "stopped") this.#onGroupStopped(node, groupId, event.why);
  }

  onViolation(violation: InvariantViolation): void {
    this.violation ??= violation;
    this.onTrace(0, () => violation.message);
  }

  guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      if (error instanceof InvariantViolation) this.onViolation(error);
      else throw error;
    }
  }

  ledger(groupId: GroupId): GroupLedger {
    let ledger = this.#ledgers.get(groupId);
    if (ledger === undefined) {
      ledger = new GroupLedger(groupId);
      this.#ledgers.set(groupId, ledger);
    }
    return ledger;
  }

  record(groupId: GroupId, replicaId: ReplicaId): ReplicaRecord {
    let records = this.#records.get(groupId);
    if (records === undefined) {
      records = new Map();
      this.#records.set(groupId, records);
    }
    let record = records.get(replicaId);
    if (record === undefined) {
      record = new ReplicaRecord(this.ledger(groupId), replicaId);
      records.set(replicaId, record);
    }
    return record;
  }

  recordsOn(nodeId: NodeId): ReplicaRecord[] {
    const found: ReplicaRecord[] = [];
    for (const records of this.#records.values()) {
      for (const record of records.values()) {
        if (nodeIdOf(record.replicaId) === nodeId) found.push(record);
      }
    }
    return found;
  }

  onStep(nodeId: NodeId, core: RaftCore, call: string): void {
    this.steps++;
    if (this.steps % MEMORY_CHECK_STEPS === 0) this.#checkMemory(this.node(nodeId));
    let hash = mix(this.traceHash, this.scheduler.nowMs * 1000);
    hash = mix(hash, core.self ^ call.length);
    hash = mix(hash, core.groupId ^ (core.currentTerm << 8));
    this.traceHash = mix(hash, core.commitIndex ^ (core.lastIndex << 12));
    if (this.#trace === undefined || call === "tick") return;
    this.onTrace(
      nodeId,
      () =>
        `group ${core.groupId} ${call}: ${core.role} term ${core.currentTerm} leader ${core.leader} commit ${core.commitIndex} applied ${core.appliedIndex} durable ${core.durableIndex} last ${core.lastIndex}`,
    );
  }

  onTrace(nodeId: NodeId, what: () => string): void {
    this.#trace?.(this.scheduler.nowMs, nodeId, what());
  }

  onEvent(event: string): void {
    this.coverage.count(event);
  }

  onMessage(): void {
    this.groupMessages++;
  }

  commandIdOf(entry: Entry): number {
    return entry.type === EntryType.Command ? this.workload.commandIdOf(entry.data) : 0;
  }

  get uncommittedBytesMax(): number {
    const { maxUncommittedBytes, maxEntryBytes } = this.swarm.limits;
    return maxUncommittedBytes + maxEntryBytes + CONTROL_ENTRIES_BYTES;
  }

  mayBeDamaged(nodeId: NodeId): boolean {
    return this.node(nodeId).isDamaged;
  }

  #addNode(nodeId: NodeId): SimNode {
    const { swarm, random } = this;
    const sign = random.chance(0.5) ? 1 : -1;
    const clock = {
      wallSkewMs: this.hasFault("clock") ? sign * swarm.skewMs * random.float() : 0,
      driftPpm: this.hasFault("clock") ? sign * swarm.driftPpm * random.float() : 0,
    };
    const node = new SimNode(nodeId, this, {
      random: random.fork(),
      clock,
      disk: this.#diskFaults(),
    });
    this.nodes.set(nodeId, node);
    return node;
  }

  #netFaults(): typeof CALM_NET {
    const { net } = this.swarm;
    return {
      ...net,
      lossChance: this.hasFault("loss") ? net.lossChance : 0,
      clogChance: this.hasFault("clog") ? net.clogChance : 0,
      resetChance: this.hasFault("reset") ? net.resetChance : 0,
    };
  }

  #diskFaults(): DiskFaults {
    const { disk } = this.swarm;
    const factor = this.hasFault("slow-disk") ? this.random.logBetween(0.3, 10) : 1;
    const base = this.hasFault("slow-disk")
      ? disk
      : { writeMeanMs: 0.1, syncMeanMs: 0.5, readMeanMs: 0.1 };
    return {
      ...disk,
      writeMeanMs: base.writeMeanMs * factor,
      syncMeanMs: base.syncMeanMs * factor,
      readMeanMs: base.readMeanMs * factor,
      stallChance: this.hasFault("disk-stall") ? disk.stallChance : 0,
      syncErrorChance: this.hasFault("fsync-error") ? disk.syncErrorChance : 0,
      writeErrorChance: this.hasFault("write-error") ? disk.writeErrorChance : 0,
      readErrorChance: 0,
      crash: { ...disk.crash },
    };
  }

  /**
   * One node may lose what is on its disk, if all groups can do without it: then they keep at least three voters. Only its disk
   * is damaged, replaced, or fails to read.
   */
  chooseUnlucky(): void {
    this.unlucky.clear();
    if (this.swarm.votersPerGroup < 3) return;
    const node = this.node(this.random.pick([...this.nodes.keys()]));
    this.unlucky.add(node.nodeId);
    if (!this.hasFault("read-error")) return;
    node.disk.faults.readErrorChance = this.swarm.disk.readErrorChance;
    this.harm(node);
  }

  /** From now on the node may have forgotten what it promised, as long as it says so. */
  harm(node: SimNode): void {
    node.isDamaged = true;
    for (const record of this.recordsOn(node.nodeId)) record.isExcused = true;
  }

  #createReplica(node: SimNode, plan: GroupPlan, planned: PlannedReplica): void {
    const { groupId, epoch } = plan;
    const { replicaId, conf } = planned;
    const { life } = node;
    if (planned.creatingInLife === life) return;
    planned.creatingInLife = life;
    node.run((raftNode) =>
      raftNode.createGroup({ groupId, epoch, replicaId, conf }, () => {
        if (node.life !== life) return;
        planned.isCreated = true;
        this.onEvent(conf.voters.length > 0 ? "replica-created" : "replica-waiting");
      }),
    );
  }

  #deleteThenEnsure(node: SimNode, plan: GroupPlan): void {
    const { life } = node;
    node.run((raftNode) =>
      raftNode.deleteGroup(plan.groupId, () => {
        if (node.life === life) this.ensureReplica(node, plan);
      }),
    );
  }

  /** Removes replicas of which the plan knows nothing (any more). */
  deleteStrays(node: SimNode): void {
    for (const group of node.raftNode?.groups() ?? []) {
      const plan = this.plans.find((known) => known.groupId === group.groupId);
      if (plan !== undefined && !plan.isDeleted && plan.replicaOn(node.nodeId) !== undefined)
        continue;
      node.run((raftNode) => raftNode.deleteGroup(group.groupId, () => {}));
    }
  }

  #mayFail(node: SimNode): boolean {
    const { faults } = node.disk;
    return (
      node.diskErrorInLife === node.life ||
      faults.syncErrorChance > 0 ||
      faults.writeErrorChance > 0 ||
      faults.readErrorChance > 0 ||
      this.hasFault("disk-full") ||
      node.isDamaged
    );
  }

  #mayNotOpen(node: SimNode): boolean {
    return this.#mayFail(node);
  }

  /** Invariant 11 for a node. Each lane of a link may hold one message more than its limit, or one that is larger. */
  #checkMemory(node: SimNode): void {
    const { raftNode } = node;
    if (raftNode === undefined) return;
    const { limits, groups } = this.swarm;
    const { linkQueuedBytes, proposalBytesPending, proposalsPending } = raftNode.metrics();
    const lanes = limits.controlLaneBytes + limits.appendLaneBytes + limits.snapshotInflightBytes;
    const message =
      limits.maxEntryBytes +
      limits.maxEntriesBytesPerMessage +
      limits.frameMaxBytes +
      limits.snapshotChunkBytes;
    const linkBytesMax = this.nodes.size * (lanes + 3 * message + FRAMES_BYTES);
    ensure(
      linkQueuedBytes <= linkBytesMax &&
        proposalBytesPending <= limits.maxPendingBytes &&
        proposalsPending <= limits.maxPendingProposals * groups,
      "memory",
      () =>
        `node ${node.nodeId}: ${linkQueuedBytes} of ${linkBytesMax} bytes wait for links, ${proposalsPending} proposals of ${proposalBytesPending} bytes`,
    );
  }

  #isMember(plan: GroupPlan, replicaId: ReplicaId): boolean {
    return membersOf(this.confOf(plan)).has(replicaId);
  }

  #onGroupStopped(node: SimNode, groupId: GroupId, why: string): void {
    const plan = this.plans.find((known) => known.groupId === groupId);
    const planned = plan?.replicaOn(node.nodeId);
    if (plan === undefined || planned === undefined || plan.isDeleted) return;
    if (why === "deleted" || (node.state === "stopping" && why === "node stopped")) return;
    if (why === "removed" && !this.#isMember(plan, planned.replicaId)) return;
    if (node.isDamaged) {
      this.onEvent("replica-lost");
      this.dropReplica(plan, node);
      return;
    }
    this.onViolation(
      new InvariantViolation("crash", `group ${groupId} on node ${node.nodeId} stopped: ${why}`),
    );
  }
}
