import { NONE, type NodeId, nodeIdOf } from "../core/ids.ts";
import type { Random } from "../core/random.ts";
import type { RaftLimits } from "../limits.ts";
import type { GroupHandle } from "./group-handle.ts";
import type { GroupRunner } from "./group-runner.ts";
import { leaderNode, membersOn } from "./members.ts";
import type { HostMetrics } from "./metrics.ts";
import type { GroupPriority } from "./node-options.ts";
import { type Wake, WakeQueue } from "./wake-queue.ts";

type Election = Extract<Wake, { readonly kind: "elect" }>;

/** So many looks at it, and as long as its own disk takes, a candidate is left alone. */
const PATIENT_ATTEMPTS = 3;

/** What the waker needs of the host. */
export interface WakerHost {
  readonly limits: RaftLimits;
  readonly metrics: HostMetrics;
  readonly random: Random;
  nowMs(): number;
  /** Calls back between two ticks, if the host still runs. */
  later(delayMs: number, action: () => void): void;
  isNodeAlive(node: NodeId): boolean;
  handles(): Iterable<GroupHandle>;
  priorityOf(groupId: number): GroupPriority;
}

/**
 * Turns what is known about nodes into what groups do about it. Sleeping groups send nothing by themselves: that the nodes of
 * their members answer is all that tells them that their leader is well.
 */
export class GroupWaker {
  readonly #host: WakerHost;
  readonly #queue: WakeQueue;
  readonly #incarnations = new Map<NodeId, number>();
  /** Peers not found down since they were last up. */
  readonly #up = new Set<NodeId>();
  /** The next look at the queue before or after a tick; undefined: the next tick will do. */
  #lookAtMs: number | undefined;

  constructor(host: WakerHost) {
    this.#host = host;
    this.#queue = new WakeQueue(host.limits.wakesPerSecond, host.nowMs());
  }

  onPeerUp(peer: NodeId, incarnation: number): { readonly hasRestarted: boolean } {
    const known = this.#incarnations.get(peer);
    const hasRestarted = known !== undefined && known !== incarnation;
    this.#incarnations.set(peer, incarnation);
    const wasOnlySilent = this.#up.has(peer) && !hasRestarted;
    this.#up.add(peer);
    // Nothing was lost, nobody has given up: let sleep, unless a group fell asleep without the peer meanwhile.
    if (wasOnlySilent) {
      this.#probeLagging(peer);
      return { hasRestarted };
    }
    for (const { runner } of this.#host.handles()) {
      if (runner === undefined) continue;
      if (runner.core.role === "leader") this.#followerIsUp(runner, peer, hasRestarted);
      else if (leaderNode(runner.core.leader) === peer) {
        this.#leaderIsUp(runner, peer, hasRestarted);
      }
    }
    this.tick(this.#host.nowMs());
    return { hasRestarted };
  }

  /** No answer for a while: sleeping groups find out. Those awake notice by themselves. */
  onPeerSuspect(peer: NodeId): void {
    this.#electWhereLeading(peer, (runner) => runner.awakeAt < 0);
  }

  /** It is gone for sure: nothing is listening there, or it was silent for long. */
  onPeerDown(peer: NodeId): void {
    this.#up.delete(peer);
    this.#electWhereLeading(peer, () => true);
    this.tick(this.#host.nowMs());
  }

  /** Followers on this node and the leader compare where they stand. */
  probe(runner: GroupRunner): void {
    this.#add(runner, { kind: "probe" }, this.#host.nowMs());
  }

  /** The node does not lead this group any more, though it is alive. */
  leaderIsGone(runner: GroupRunner, node: NodeId): void {
    this.#elect(runner, election(runner, node, true));
  }

  /** The leader has said that it leads no more. */
  leaderHasLeft(runner: GroupRunner, node: NodeId): void {
    const { core } = runner;
    if (core.role !== "follower" || core.leader !== NONE) return;
    this.#elect(runner, election(runner, node, true));
    this.tick(this.#host.nowMs());
  }

  tick(nowMs: number): void {
    this.#queue.takeDue(nowMs, (runner, wake) => this.#wake(runner, wake));
    this.#host.metrics.groupsWaitingToWake = this.#queue.count;
  }

  #followerIsUp(runner: GroupRunner, peer: NodeId, hasRestarted: boolean): void {
    for (const replica of membersOn(runner.core.conf, peer)) {
      // At once, before the first message of the new life: that one shows what the replica has forgotten.
      if (hasRestarted) runner.call("peerRestarted", (core) => core.peerRestarted(replica));
      this.probe(runner);
    }
  }

  #probeLagging(peer: NodeId): void {
    for (const { runner } of this.#host.handles()) {
      if (runner === undefined || runner.core.role !== "leader") continue;
      const { core } = runner;
      const isLagging = membersOn(core.conf, peer).some(
        (replica) => core.progress(replica)?.match !== core.lastIndex,
      );
      if (isLagging) this.probe(runner);
    }
  }

  #leaderIsUp(runner: GroupRunner, peer: NodeId, hasRestarted: boolean): void {
    // A restarted node leads nothing.
    if (hasRestarted) this.leaderIsGone(runner, peer);
    else this.probe(runner);
  }

  #electWhereLeading(peer: NodeId, isConcerned: (runner: GroupRunner) => boolean): void {
    for (const { runner } of this.#host.handles()) {
      if (runner === undefined || runner.core.role === "leader") continue;
      if (leaderNode(runner.core.leader) !== peer || !isConcerned(runner)) continue;
      this.#elect(runner, election(runner, peer, false));
    }
  }

  #elect(runner: GroupRunner, wake: Election): void {
    const isSure = wake.isCertain || !this.#up.has(wake.leaderNode);
    // Before its own turn comes it votes for whoever is faster. Sleeping ones are not loyal to a leader whose node is gone.
    if (isSure && runner.awakeAt >= 0) runner.call("forgetLeader", (core) => core.forgetLeader());
    const delayMs = isSure ? this.#turnMs(runner, wake.leaderNode) : this.#jitterMs();
    this.#add(runner, wake, this.#host.nowMs() + delayMs);
  }

  /** It may only have been slow: others wait about as long, and a random order keeps them apart. */
  #jitterMs(): number {
    const { limits, random } = this.#host;
    const spreadMs = limits.wakeJitterMaxMs - limits.wakeJitterMinMs;
    return limits.wakeJitterMinMs + random.next() * spreadMs;
  }

  /**
   * Voters campaign one after the other, so that they do not split the votes: in the order of their replicas, which each group begins
   * at another one, so that not all leaders meet on one node.
   */
  #turnMs({ core, groupId }: GroupRunner, lostNode: NodeId): number {
    const { limits, random } = this.#host;
    const voters = core.conf.voters.filter((replica) => {
      const node = nodeIdOf(replica);
      return replica === core.self || (node !== lostNode && this.#host.isNodeAlive(node));
    });
    const place = voters.sort((a, b) => a - b).indexOf(core.self);
    const turn = place < 0 ? voters.length : (place + groupId) % voters.length;
    return turn * limits.electStaggerMs * (1 + random.next() / 2);
  }

  #add(runner: GroupRunner, wake: Wake, dueMs: number): void {
    // An awake group compares all the time.
    if (wake.kind === "probe" && runner.awakeAt >= 0) return;
    const priority = this.#host.priorityOf(runner.groupId);
    this.#queue.add({ runner, priority, dueMs, wake });
    const delayMs = dueMs - this.#host.nowMs();
    // A queue is out of use until its group has a leader: half a tick is long.
    if (wake.kind === "elect" && delayMs > 0) this.#lookIn(delayMs);
  }

  /** One timer for all that come due at about the same time. */
  #lookIn(delayMs: number): void {
    const atMs = this.#host.nowMs() + delayMs;
    if (this.#lookAtMs !== undefined && this.#lookAtMs <= atMs) return;
    this.#lookAtMs = atMs;
    this.#host.later(delayMs, () => {
      if (this.#lookAtMs === atMs) this.#lookAtMs = undefined;
      this.tick(this.#host.nowMs());
    });
  }

  #wake(runner: GroupRunner, wake: Wake): void {
    if (runner.isStopped) return;
    if (wake.kind === "probe") {
      runner.call("wake", (core) => core.wake());
      return;
    }
    this.#campaign(runner, wake);
  }

  #campaign(runner: GroupRunner, wake: Election): void {
    const { core } = runner;
    // Meanwhile another leader was found, or the node answers again.
    if (core.role === "leader") return;
    if (core.leader !== NONE && leaderNode(core.leader) !== wake.leaderNode) return;
    if (!wake.isCertain && this.#host.isNodeAlive(wake.leaderNode)) return;
    if (!isElectionUnderWay(runner, wake)) {
      if (core.leader !== NONE) {
        runner.call("wake", () => core.wake());
        runner.call("forgetLeader", () => core.forgetLeader());
      }
      runner.call("campaign", () => core.campaign());
    }
    this.#tryAgain(runner, { ...wake, term: core.currentTerm, attempts: wake.attempts + 1 });
  }

  /** Others may not know yet that the leader is gone, and not answer; or votes are split; or the one elected is gone, too. */
  #tryAgain(runner: GroupRunner, wake: Election): void {
    const { electRetries, electRetryMs } = this.#host.limits;
    if (wake.attempts > electRetries || runner.core.role === "leader") return;
    const pauseMs = electRetryMs * 2 ** (wake.attempts - 1);
    const turnMs = this.#turnMs(runner, wake.leaderNode);
    this.#add(runner, wake, this.#host.nowMs() + pauseMs + turnMs);
  }
}

/** Whoever stands for election gets the time for it. If two stand, and a voter is gone, none of them wins and none loses. */
function isElectionUnderWay({ core, isDrained }: GroupRunner, wake: Election): boolean {
  if (core.currentTerm !== wake.term) return true;
  return core.role === "candidate" && (wake.attempts < PATIENT_ATTEMPTS || !isDrained);
}

function election({ core }: GroupRunner, leaderNode: NodeId, isCertain: boolean): Election {
  return { kind: "elect", leaderNode, isCertain, attempts: 0, term: core.currentTerm };
}
