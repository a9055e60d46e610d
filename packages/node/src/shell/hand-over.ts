import { type GroupId, NONE, nodeIdOf, type RaftGroup, type ReplicaId } from "@leveret/raft";
import { HAND_OVER_AT_ONCE, HAND_OVER_LOOK_MS, HAND_OVER_PATIENCE_MS } from "./shell-limits.ts";

export interface HandOverDependencies {
  /** All replicas of this node. */
  groups(): readonly RaftGroup[];
  /** Whether what is led here can be led there. */
  canLead(nodeId: number): boolean;
  /** Nobody wants it any more. */
  isOver(): boolean;
}

/**
 * Has other nodes lead what this one leads, a few groups at a time, and returns how many are left that others could lead: those whose
 * followers lack entries, or do not answer in time. What nobody else has stays.
 */
export async function handOverLeaders(dependencies: HandOverDependencies): Promise<number> {
  const heirs = new Map<GroupId, ReplicaId>();
  let progressMs = performance.now();
  let fewest = Number.POSITIVE_INFINITY;
  for (;;) {
    const left = ledWithHeirs(dependencies, heirs);
    const open = left.length + countLeaderless(dependencies, heirs);
    if (open < fewest) {
      fewest = open;
      progressMs = performance.now();
    }
    const isLate = performance.now() - progressMs > HAND_OVER_PATIENCE_MS;
    if (open === 0 || isLate || dependencies.isOver()) return left.length;
    // A transfer that is under way goes on; one that was given up begins anew.
    for (const { group, heir } of left.slice(0, HAND_OVER_AT_ONCE)) group.transferLeader(heir);
    await new Promise((resolve) => setTimeout(resolve, HAND_OVER_LOOK_MS));
  }
}

interface Led {
  readonly group: RaftGroup;
  readonly heir: ReplicaId;
}

/** `heirs`: chosen before; who is once chosen stays, as long as he can lead. */
function ledWithHeirs(
  { groups, canLead }: HandOverDependencies,
  heirs: Map<GroupId, ReplicaId>,
): Led[] {
  return groups().flatMap((group) => {
    if (!group.isReady) return [];
    const candidates = candidatesOf(group, canLead);
    const before = heirs.get(group.groupId) ?? NONE;
    const heir = candidates.includes(before) ? before : candidates[0];
    if (heir === undefined) return [];
    heirs.set(group.groupId, heir);
    return [{ group, heir }];
  });
}

/** Of the groups that have heirs, those whose next leader is not elected yet. */
function countLeaderless(
  { groups }: HandOverDependencies,
  heirs: ReadonlyMap<GroupId, ReplicaId>,
): number {
  return groups().filter((group) => {
    const { leader, stoppedBecause } = group.status();
    return heirs.has(group.groupId) && leader === NONE && stoppedBecause === undefined;
  }).length;
}

/** Voters that could lead; who has most of the log first, as the wait for him is the shortest. */
function candidatesOf(group: RaftGroup, canLead: (nodeId: number) => boolean): ReplicaId[] {
  const { conf, replicaId } = group.status();
  const matchOf = (replica: ReplicaId): number => group.progressOf(replica)?.match ?? 0;
  return conf.voters
    .filter((replica) => replica !== replicaId && canLead(nodeIdOf(replica)))
    .sort((a, b) => matchOf(b) - matchOf(a));
}
