import type { GroupId, ReplicaId } from "../core/ids.ts";
import type { RaftConfig } from "../core/raft-config.ts";
import type { RaftLimits } from "../limits.ts";

const EMPTY = new Uint8Array(0);
/** Odd, with bits all over: neighbouring groups and nodes get seeds far apart. */
const SEED_MIX = 0x9e37_79b1;

/** What the cores of all groups of a node have in common. */
export interface CommonConfig {
  readonly limits: RaftLimits;
  readonly seed: number;
  readonly appliesBeforeDurable: boolean;
  readonly noopData: Uint8Array | undefined;
  readonly createEntry: RaftConfig["createEntry"];
  readonly isNodeAlive: (replica: ReplicaId) => boolean;
}

/** The settings of one group's core. */
export function createGroupConfig(
  common: CommonConfig,
  group: { readonly groupId: GroupId; readonly epoch: number; readonly replicaId: ReplicaId },
): RaftConfig {
  const { limits } = common;
  const mixed = Math.imul(group.groupId % 0x1_0000_0000, SEED_MIX) ^ group.replicaId;
  return {
    self: group.replicaId,
    groupId: group.groupId,
    groupEpoch: group.epoch,
    electionTicks: limits.electionTicks,
    heartbeatTicks: limits.heartbeatTicks,
    seed: (common.seed ^ mixed) >>> 0,
    maxEntriesBytesPerMessage: limits.maxEntriesBytesPerMessage,
    maxInflightMessages: limits.maxInflightMessages,
    maxInflightBytes: limits.maxInflightBytes,
    maxUncommittedBytes: limits.maxUncommittedBytes,
    maxApplyingBytes: limits.maxApplyingBytes,
    appliesBeforeDurable: common.appliesBeforeDurable,
    noopData: common.noopData ?? EMPTY,
    createEntry: common.createEntry,
    isNodeAlive: common.isNodeAlive,
  };
}
