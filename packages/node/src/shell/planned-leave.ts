import { type GroupStatus, nodeIdOf } from "@leveret/raft";
import type { Logger } from "../logger.ts";
import { LEAVE_LOOK_MS, LEAVE_MAX_MS, LEAVE_PATIENCE_MS } from "./shell-limits.ts";

export interface PlannedLeaveDependencies {
  readonly log: Logger;
  /** Of all replicas on this node. */
  groups(): readonly GroupStatus[];
  /** Whether another node can take over a replica's vote. */
  isRunning(nodeId: number): boolean;
}

/**
 * Waits until the leaders of all groups have made this node's replicas ones that nobody waits for, as far as there are others: then the
 * cluster goes on without a pause, and the node that stops last is the one that can start alone.
 */
export async function leaveGroups(dependencies: PlannedLeaveDependencies): Promise<void> {
  const { log } = dependencies;
  const startedMs = performance.now();
  let progressMs = startedMs;
  let fewest = Number.POSITIVE_INFINITY;
  for (;;) {
    const left = groupsToLeave(dependencies);
    const nowMs = performance.now();
    if (left.length < fewest) {
      fewest = left.length;
      progressMs = nowMs;
    }
    const isLate = nowMs - progressMs > LEAVE_PATIENCE_MS || nowMs - startedMs > LEAVE_MAX_MS;
    if (left.length === 0 || isLate) {
      tell(log, left, Math.round(nowMs - startedMs));
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, LEAVE_LOOK_MS));
  }
}

/** Groups in which this node votes though a node that runs has a replica, too. */
export function groupsToLeave({
  groups,
  isRunning,
}: Pick<PlannedLeaveDependencies, "groups" | "isRunning">): number[] {
  return groups()
    .filter((status) => votes(status) && others(status).some(isRunning))
    .map(({ groupId }) => groupId);
}

function votes({ conf, replicaId, stoppedBecause }: GroupStatus): boolean {
  if (stoppedBecause !== undefined) return false;
  return conf.voters.includes(replicaId) || conf.votersOutgoing.includes(replicaId);
}

function others({ conf, replicaId }: GroupStatus): number[] {
  const replicas = [...conf.voters, ...conf.votersOutgoing, ...conf.learners];
  return replicas.filter((replica) => replica !== replicaId).map(nodeIdOf);
}

const GROUPS_SHOWN = 20;

function tell(log: Logger, left: readonly number[], ms: number): void {
  if (left.length === 0) {
    log.info({ ms }, "other nodes have taken over what this node led");
    return;
  }
  const fields = { ms, count: left.length, groups: left.slice(0, GROUPS_SHOWN) };
  log.warn(fields, "this node stops before other nodes have taken over all that it led");
}
