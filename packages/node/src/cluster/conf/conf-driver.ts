import {
  type Clock,
  type ConfChange,
  type GroupId,
  type NodeId,
  nodeIdOf,
  type ProposalResult,
  type RaftGroup,
  type ReplicaId,
  type Timer,
  type Timers,
} from "@leveret/raft";
import {
  CONF_ANSWER_MS,
  CONF_CHANGES_AT_ONCE,
  CONF_LOOKS_PER_TURN,
  CONF_PASS_MS,
  CONF_PATIENCE_MS,
  CONF_POKE_MAX_MS,
  CONF_POKE_MIN_MS,
  CONF_POLL_MS,
  CONF_RETRY_MAX_MS,
  CONF_RETRY_MIN_MS,
  CONF_TRANSFER_MS,
} from "../../limits.ts";
import {
  type ConfStep,
  type ConfTarget,
  movesVotes,
  nextConfStep,
  type WaitReason,
} from "./conf-plan.ts";

/** What the driver needs of RaftNode. */
interface ConfNode {
  group(groupId: GroupId): RaftGroup | undefined;
  groups(): RaftGroup[];
  isAlive(nodeId: NodeId): boolean;
}

export interface ConfDriverOptions {
  readonly node: ConfNode;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Who is to be in a group; undefined: not known, or nobody's concern: it is left as it is. */
  targetOf(groupId: GroupId): ConfTarget | undefined;
  /**
   * Calls back, later, once the metadata here hold all that was answered anywhere before this call (a ReadIndex of their group); false:
   * not possible now. Asked before the first removal of each leadership: a leader whose metadata are old would remove a replica
   * that was added since, and that replica would stop.
   */
  confirm(done: (isCurrent: boolean) => void): void;
}

/** Who answers, asked once for each step that moves votes: that a node is down shows only seconds later. */
interface Probe {
  readonly atMs: number;
  /** The rounds that the members had answered before. */
  readonly before: ReadonlyMap<ReplicaId, number>;
}

/** A group whose members are changing. */
interface Work {
  /** A change, or a question, is under way: its callback goes on. */
  isBusy: boolean;
  /** The metadata are known to be new enough for removals in this term. */
  confirmedTerm: number;
  /** The question to all members that a step which moves votes rests on; undefined: none yet. */
  probe: Probe | undefined;
  /** When something was last seen to move, and what was seen. */
  movedAtMs: number;
  seen: string;
  /** When the members are asked again where they are, and the pause before the next time. */
  pokeAtMs: number;
  pokePauseMs: number;
  transferAtMs: number;
}

/**
 * Walks the groups that this node leads to the members that the metadata want, step by step (nextConfStep), a few groups at a
 * time. Whoever has news wakes it; besides, it looks at all groups from time to time. Groups that another node leads are that node's.
 */
export class ConfDriver {
  readonly #options: ConfDriverOptions;
  /** To be looked at, in this order. */
  readonly #waiting = new Set<GroupId>();
  readonly #active = new Map<GroupId, Work>();
  /** Nothing can be done before peers come or go, or the target changes. */
  readonly #parked = new Map<GroupId, WaitReason>();
  /** Tried again later: when. */
  readonly #delayed = new Map<GroupId, number>();
  /** Pauses that groups have come to; forgotten when they have reached their target. */
  readonly #delays = new Map<GroupId, number>();
  #timer: Timer | undefined;
  #passTimer: Timer | undefined;
  #isTurnScheduled = false;
  #isRunning = false;

  constructor(options: ConfDriverOptions) {
    this.#options = options;
  }

  /** Looks at all groups, and from now on at those it is told of. */
  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#pass();
  }

  /** Nothing is begun any more; what is under way may still happen. */
  stop(): void {
    this.#isRunning = false;
    this.#timer?.cancel();
    this.#passTimer?.cancel();
    this.#timer = undefined;
    this.#waiting.clear();
    this.#active.clear();
    this.#parked.clear();
    this.#delayed.clear();
  }

  /** This node leads the group and has applied what was in its log before (GroupEvent "ready"). */
  onLeader(groupId: GroupId): void {
    this.#look(groupId);
  }

  /** The metadata may want other members for the group. */
  onTargetChanged(groupId: GroupId): void {
    this.#look(groupId);
  }

  /** A node came, or went. */
  onPeerChange(): void {
    for (const groupId of [...this.#parked.keys(), ...this.#delayed.keys()]) this.#look(groupId);
  }

  /** Groups at work now, or about to be. */
  get pending(): number {
    return this.#active.size + this.#waiting.size + this.#delayed.size;
  }

  /** Groups that are not as they are to be, and what they wait for. */
  get stuck(): ReadonlyMap<GroupId, WaitReason> {
    return this.#parked;
  }

  /** Groups that this node still votes in though others could do without it: those a planned leave waits for. */
  pendingVoterGroups(): GroupId[] {
    const pending: GroupId[] = [];
    for (const group of this.#options.node.groups()) {
      if (this.#isVoterInVain(group)) pending.push(group.groupId);
    }
    return pending;
  }

  /** Whether the group needs this node's vote: it is a voter, and is to be one or cannot be replaced. */
  isVoterNeeded(groupId: GroupId): boolean {
    const group = this.#options.node.group(groupId);
    if (group === undefined) return false;
    const { conf, replicaId } = group.status();
    return isVoterIn(conf, replicaId) && !this.#isVoterInVain(group);
  }

  #isVoterInVain(group: RaftGroup): boolean {
    const { conf, replicaId, leader } = group.status();
    if (!isVoterIn(conf, replicaId)) return false;
    const target = this.#options.targetOf(group.groupId);
    if (target === undefined || target.voters.includes(replicaId)) return false;
    const { node } = this.#options;
    if (target.voters.some((replica) => node.isAlive(nodeIdOf(replica)))) return true;
    // All leave: the leader stays a voter, the others go.
    const isLedElsewhere = leader !== 0 && leader !== replicaId && node.isAlive(nodeIdOf(leader));
    return target.voters.length === 0 && isLedElsewhere;
  }

  #look(groupId: GroupId): void {
    if (!this.#isRunning) return;
    this.#parked.delete(groupId);
    this.#delayed.delete(groupId);
    if (!this.#active.has(groupId)) this.#waiting.add(groupId);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isTurnScheduled || !this.#isRunning) return;
    this.#isTurnScheduled = true;
    this.#options.timers.defer(() => {
      this.#isTurnScheduled = false;
      if (this.#isRunning) this.#turn();
    });
  }

  /** Looks at those who wait while there is room, but not for long. */
  #turn(): void {
    let looks = 0;
    for (const groupId of this.#waiting) {
      if (this.#active.size >= CONF_CHANGES_AT_ONCE) break;
      if (++looks > CONF_LOOKS_PER_TURN) {
        this.#schedule();
        break;
      }
      this.#waiting.delete(groupId);
      this.#begin(groupId);
    }
    this.#arm();
  }

  #begin(groupId: GroupId): void {
    const nowMs = this.#options.clock.monotonicMs();
    const work: Work = {
      isBusy: false,
      confirmedTerm: 0,
      probe: undefined,
      movedAtMs: nowMs,
      seen: "",
      pokeAtMs: nowMs,
      pokePauseMs: CONF_POKE_MIN_MS,
      transferAtMs: Number.NEGATIVE_INFINITY,
    };
    this.#active.set(groupId, work);
    this.#advance(groupId, work);
  }

  /** The work ends here; somebody else may have its place. */
  #end(groupId: GroupId): void {
    this.#active.delete(groupId);
    if (this.#waiting.size > 0) this.#schedule();
  }

  #advance(groupId: GroupId, work: Work): void {
    const group = this.#options.node.group(groupId);
    const target = group?.isReady === true ? this.#options.targetOf(groupId) : undefined;
    if (group === undefined || target === undefined || isEmpty(target)) {
      this.#delays.delete(groupId);
      this.#end(groupId);
      return;
    }
    if (work.probe !== undefined && !this.#isAnswered(group, work.probe)) return;
    const step = this.#plan(group, target, work.probe);
    if (work.probe === undefined && movesVotes(group.status().conf, step)) this.#ask(group, work);
    else this.#carryOut(group, work, step);
  }

  /** Asks all members; the read is done when a quorum has answered, which each change needs anyway. */
  #ask(group: RaftGroup, work: Work): void {
    const { groupId } = group;
    const before = new Map<ReplicaId, number>();
    for (const replica of othersOf(group)) before.set(replica, answeredRound(group, replica));
    const probe = { atMs: this.#options.clock.monotonicMs(), before };
    work.isBusy = true;
    group.read(({ kind }) => {
      work.isBusy = false;
      if (this.#active.get(groupId) !== work) return;
      work.probe = probe;
      if (kind === "ready") this.#advance(groupId, work);
      else this.#delay(groupId);
    });
  }

  /** All whose nodes are alive have answered, or will not. */
  #isAnswered(group: RaftGroup, probe: Probe): boolean {
    if (this.#options.clock.monotonicMs() - probe.atMs > CONF_ANSWER_MS) return true;
    const { node } = this.#options;
    return othersOf(group).every(
      (replica) => !node.isAlive(nodeIdOf(replica)) || hasAnswered(group, replica, probe),
    );
  }

  /** Without a probe, those on live nodes are taken to be alive themselves. */
  #plan(group: RaftGroup, target: ConfTarget, probe: Probe | undefined): ConfStep {
    const { conf, replicaId, commitIndex } = group.status();
    const { node } = this.#options;
    return nextConfStep({
      conf,
      target,
      self: replicaId,
      commitIndex,
      isAlive: (nodeId) => node.isAlive(nodeId),
      progress: (replica) => {
        const progress = group.progressOf(replica);
        if (progress === undefined) return undefined;
        const { match, isReplicating } = progress;
        const isActive = probe === undefined || hasAnswered(group, replica, probe);
        return { match, isReplicating, isActive };
      },
    });
  }

  #carryOut(group: RaftGroup, work: Work, step: ConfStep): void {
    switch (step.kind) {
      case "change":
        this.#change(group, work, step.change);
        return;
      case "transfer":
        this.#transfer(group, work, step.to);
        return;
      case "wait":
        this.#wait(group, work, step.why);
        return;
      case "done":
        // Those who left may be deleted when this is committed.
        if (!group.status().isConfSettled) group.settleMembers();
        this.#delays.delete(group.groupId);
        this.#end(group.groupId);
        return;
      default:
        step satisfies never;
    }
  }

  #change(group: RaftGroup, work: Work, change: ConfChange): void {
    const { term } = group.status();
    if (change.steps.some(({ kind }) => kind === "remove") && work.confirmedTerm !== term) {
      this.#confirm(group.groupId, work, term);
      return;
    }
    work.isBusy = true;
    group.changeMembers(change, (result) => {
      work.isBusy = false;
      if (this.#active.get(group.groupId) === work) this.#onChanged(group.groupId, work, result);
    });
  }

  #confirm(groupId: GroupId, work: Work, term: number): void {
    work.isBusy = true;
    this.#options.confirm((isCurrent) => {
      work.isBusy = false;
      if (this.#active.get(groupId) !== work) return;
      if (isCurrent) {
        work.confirmedTerm = term;
        this.#advance(groupId, work);
      } else {
        this.#delay(groupId);
      }
    });
  }

  #onChanged(groupId: GroupId, work: Work, result: ProposalResult): void {
    work.probe = undefined;
    if (result.kind === "applied") {
      work.movedAtMs = this.#options.clock.monotonicMs();
      work.pokePauseMs = CONF_POKE_MIN_MS;
      this.#advance(groupId, work);
    } else if (result.kind === "not-leader" || result.kind === "stopped") {
      this.#end(groupId);
    } else {
      this.#delay(groupId);
    }
  }

  /** Until this node leads no more; the core gives up by itself after an election timeout. */
  #transfer(group: RaftGroup, work: Work, to: ReplicaId): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - work.movedAtMs > CONF_PATIENCE_MS) {
      this.#delay(group.groupId);
      return;
    }
    if (nowMs - work.transferAtMs < CONF_TRANSFER_MS) return;
    work.transferAtMs = nowMs;
    group.transferLeader(to);
  }

  #wait(group: RaftGroup, work: Work, why: WaitReason): void {
    const { groupId } = group;
    if (why !== "joint" && why !== "catching-up") {
      this.#park(groupId, work, why);
      return;
    }
    work.probe = undefined;
    const nowMs = this.#options.clock.monotonicMs();
    const { conf, isHibernating } = group.status();
    const seen = conf.learners.map((r) => group.progressOf(r)?.match).join();
    if (seen !== work.seen) {
      work.seen = seen;
      work.movedAtMs = nowMs;
    } else if (nowMs - work.movedAtMs > CONF_PATIENCE_MS) {
      this.#delay(groupId);
    }
    const isReplicating = conf.learners.every((r) => group.progressOf(r)?.isReplicating === true);
    if (isHibernating || !isReplicating) this.#poke(group, work, nowMs);
  }

  /**
   * A sleeping group asks nobody how far he is; and what was sent to a new replica before it was created is sent again only when it
   * answers a heartbeat, which a read brings forward: a fifth of a second for each group would add up.
   */
  #poke(group: RaftGroup, work: Work, nowMs: number): void {
    if (nowMs < work.pokeAtMs) return;
    work.pokeAtMs = nowMs + work.pokePauseMs;
    work.pokePauseMs = Math.min(work.pokePauseMs * 2, CONF_POKE_MAX_MS);
    group.read(() => undefined);
  }

  /** Until somebody comes or goes. Who is silent though his node is alive does not announce it when he wakes up. */
  #park(groupId: GroupId, work: Work, why: WaitReason): void {
    if (work.probe === undefined) this.#end(groupId);
    else this.#delay(groupId);
    this.#parked.set(groupId, why);
  }

  #delay(groupId: GroupId): void {
    const delayMs = this.#delays.get(groupId) ?? CONF_RETRY_MIN_MS;
    this.#delays.set(groupId, Math.min(delayMs * 2, CONF_RETRY_MAX_MS));
    this.#delayed.set(groupId, this.#options.clock.monotonicMs() + delayMs);
    this.#end(groupId);
    this.#arm();
  }

  /** One timer for all: often while groups are at work, otherwise for the next that is to be tried again. */
  #arm(): void {
    if (this.#timer !== undefined || !this.#isRunning) return;
    if (this.#active.size === 0 && this.#delayed.size === 0) return;
    const delayMs = this.#active.size > 0 ? CONF_POLL_MS : CONF_RETRY_MIN_MS;
    this.#timer = this.#options.timers.setTimer(delayMs, () => {
      this.#timer = undefined;
      this.#poll();
    });
  }

  #poll(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const [groupId, atMs] of this.#delayed) {
      if (nowMs < atMs) continue;
      this.#delayed.delete(groupId);
      this.#parked.delete(groupId);
      this.#waiting.add(groupId);
    }
    for (const [groupId, work] of [...this.#active]) {
      if (!work.isBusy) this.#advance(groupId, work);
    }
    this.#turn();
  }

  #pass(): void {
    for (const { groupId } of this.#options.node.groups()) {
      if (!this.#active.has(groupId) && !this.#delayed.has(groupId)) this.#waiting.add(groupId);
    }
    this.#parked.clear();
    this.#schedule();
    this.#passTimer = this.#options.timers.setTimer(CONF_PASS_MS, () => this.#pass());
  }
}

function isVoterIn(
  conf: { readonly voters: readonly ReplicaId[]; readonly votersOutgoing: readonly ReplicaId[] },
  replica: ReplicaId,
): boolean {
  return conf.voters.includes(replica) || conf.votersOutgoing.includes(replica);
}

function othersOf(group: RaftGroup): ReplicaId[] {
  const { conf, replicaId } = group.status();
  return [...conf.voters, ...conf.learners].filter((replica) => replica !== replicaId);
}

function answeredRound(group: RaftGroup, replica: ReplicaId): number {
  return group.progressOf(replica)?.answeredRound ?? 0;
}

function hasAnswered(group: RaftGroup, replica: ReplicaId, { before }: Probe): boolean {
  return answeredRound(group, replica) > (before.get(replica) ?? 0);
}

function isEmpty({ voters, learners }: ConfTarget): boolean {
  return voters.length + learners.length === 0;
}
