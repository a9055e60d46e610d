import { type NodeId, nodeIdOf, type ReplicaId } from "../core/ids.ts";
import type { RaftLimits } from "../limits.ts";
import type { GroupRunner } from "./group-runner.ts";

/** A leadership that does not move in this time stays. */
const TRANSFER_TIMEOUT_MS = 2000;

export interface MoverHost {
  readonly limits: RaftLimits;
  isNodeAlive(node: NodeId): boolean;
}

interface Transfer {
  readonly runner: GroupRunner;
  readonly deadlineMs: number;
}

/** Hands the leadership of some groups to other nodes, a few at a time. Groups without a live successor are left alone. */
export class LeaderMover {
  readonly #host: MoverHost;
  /** Taken from the end. */
  readonly #waiting: GroupRunner[];
  #transfers: Transfer[] = [];

  constructor(host: MoverHost, runners: Iterable<GroupRunner>) {
    this.#host = host;
    this.#waiting = [...runners].reverse();
  }

  get isDone(): boolean {
    return this.#waiting.length === 0 && this.#transfers.length === 0;
  }

  tick(nowMs: number): void {
    this.#transfers = this.#transfers.filter(
      ({ runner, deadlineMs }) =>
        !runner.isStopped && runner.core.role === "leader" && nowMs < deadlineMs,
    );
    while (this.#transfers.length < this.#host.limits.transfersAtOnce) {
      const runner = this.#waiting.pop();
      if (runner === undefined) return;
      const to = this.#successorOf(runner);
      if (to === undefined) continue;
      const isStarted = runner.call("transferLeader", (core) => core.transferLeader(to));
      if (isStarted !== true) continue;
      this.#transfers.push({ runner, deadlineMs: nowMs + TRANSFER_TIMEOUT_MS });
    }
  }

  /** The voter on a live node that has most of the log. */
  #successorOf({ core, isStopped }: GroupRunner): ReplicaId | undefined {
    if (isStopped || core.role !== "leader") return undefined;
    let best: ReplicaId | undefined;
    let bestMatch = -1;
    for (const replica of core.conf.voters) {
      if (replica === core.self || !this.#host.isNodeAlive(nodeIdOf(replica))) continue;
      const match = core.progress(replica)?.match ?? 0;
      if (match <= bestMatch) continue;
      best = replica;
      bestMatch = match;
    }
    return best;
  }
}
