/** Every maximum and interval of this package, with its reason. Tests and the simulator pass smaller ones. */
export interface RaftLimits {
  /** Host tick of awake groups, ms. */
  readonly tickMs: number;
  readonly electionTicks: number;
  readonly heartbeatTicks: number;
  readonly maxEntriesBytesPerMessage: number;
  readonly maxInflightMessages: number;
  readonly maxInflightBytes: number;
  readonly maxUncommittedBytes: number;
  readonly maxApplyingBytes: number;
  /** Largest payload of one entry: a message of max_message_size and its envelope. */
  readonly maxEntryBytes: number;

  // Store
  readonly hotFileBytes: number;
  readonly spareFiles: number;
  readonly batchMaxBytes: number;
  readonly batchMaxRecords: number;
  /** Batches start and end at multiples of this, a multiple of 512: a sector that is lost takes one batch with it. */
  readonly batchAlignBytes: number;
  /** Bytes waiting behind the batch being written before the store counts as backlogged. */
  readonly backlogBytes: number;
  readonly bodyCacheBytes: number;
  readonly indexCacheBytes: number;
  /** Quiet time after which a marker batch proves the last batch durable. */
  readonly evidenceDelayMs: number;
  /** Free disk space below which space is "low". */
  readonly freeSpaceMinBytes: number;
  /** A sealed file is rewritten when less than this share of it is live. */
  readonly rewriteLiveRatio: number;
  readonly rewriteBytesPerSecond: number;
  readonly inlineSnapshotMaxBytes: number;

  // Host
  readonly stepBudgetMs: number;
  readonly applyBudgetMs: number;
  readonly applySliceEntries: number;
  readonly hibernateAfterMs: number;
  /** The same for a group without other members, whose sleep and waking cost nothing: thousands may have just started. */
  readonly hibernateAloneAfterMs: number;
  readonly snapshotMinIntervalMs: number;
  readonly snapshotReclaimBytes: number;
  /** Entries kept above the snapshot for followers that lag by less. */
  readonly lagKeepBytes: number;
  readonly stallMs: number;
  /** Groups whose Ready is worked off in one turn, and entries applied in it: bounds where time stands still. */
  readonly turnGroups: number;
  readonly turnApplyEntries: number;
  /** Callers that hear an outcome in one turn: what they propose then leaves before the rest hear theirs. */
  readonly turnCompletions: number;
  /** A leader that has not applied for so long what was committed takes no more proposals. */
  readonly applyLagMaxMs: number;
  /** Proposals of one group, and bytes of those of all groups, that wait for their outcome. */
  readonly maxPendingProposals: number;
  readonly maxPendingBytes: number;
  /** Reads of one group that wait, and how long one waits before it is given up. */
  readonly maxPendingReads: number;
  readonly readTimeoutMs: number;
  /**
   * Recovered groups that are being started at the same time: one alone until it leads, others until they run. Twice
   * as many if they are asked for.
   */
  readonly startsAtOnce: number;
  /** A group of one that does not lead after so long (its log is long) does not count against the above any more. */
  readonly startSettleMs: number;
  /** A sleeping group whose leader's node does not answer campaigns after a random time between these. */
  readonly wakeJitterMinMs: number;
  readonly wakeJitterMaxMs: number;
  /**
   * When the leader's node is gone for sure, the first of the other voters campaigns at once, the next one so much later, and so on; to
   * each but the first comes a random half of it. Longer than an election takes: two writes to disks, two round trips.
   */
  readonly electStaggerMs: number;
  /** As long as nobody leads then, each campaigns again after this and its turn, the next time after twice as long ... */
  readonly electRetryMs: number;
  /** ... and so on, so many times. After that the election timeout counts. */
  readonly electRetries: number;
  /** Graceful stop: leaderships being moved at once, groups being saved at once, and time for all of it. */
  readonly transfersAtOnce: number;
  readonly savesAtOnce: number;
  readonly stopBudgetMs: number;
  /** At a graceful stop, groups with more entries to replay than this are saved: each may take a read of its own to replay. */
  readonly checkpointEntries: number;
  /** Pause before a failed snapshot transfer is tried again; doubles up to the maximum. */
  readonly snapshotRetryMinMs: number;
  readonly snapshotRetryMaxMs: number;
  /** A transfer without progress for so long asks where it stands; after five times as long it is given up. */
  readonly snapshotStallMs: number;

  // Transport
  readonly linkHeartbeatMs: number;
  readonly suspectMs: number;
  readonly downMs: number;
  readonly digestMs: number;
  readonly appendLaneBytes: number;
  readonly controlLaneBytes: number;
  readonly frameMaxBytes: number;
  readonly snapshotChunkBytes: number;
  readonly snapshotInflightBytes: number;
  /** Transfers that a node takes at once: most are small and wait for an fsync; each large one has a chunk in memory. */
  readonly snapshotsPerReceiver: number;
  readonly wakesPerSecond: number;
  readonly reconnectMinMs: number;
  readonly reconnectMaxMs: number;
  /** A connection attempt or handshake that takes longer has failed. */
  readonly handshakeMs: number;
  /** Incoming connections that have not said who they are; more are closed at once. */
  readonly pendingHandshakesMax: number;
  /** A peer that went down more than once within this time is held down for a while before it counts as up again ... */
  readonly flapWindowMs: number;
  /** ... for this long for each time but the first, ... */
  readonly flapHoldMs: number;
  /** ... and never longer than this. */
  readonly flapHoldMaxMs: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

export const DEFAULT_LIMITS: RaftLimits = {
  tickMs: 50,
  electionTicks: 20,
  heartbeatTicks: 4,
  maxEntriesBytesPerMessage: 256 * KIB,
  maxInflightMessages: 64,
  maxInflightBytes: 4 * MIB,
  maxUncommittedBytes: 16 * MIB,
  maxApplyingBytes: MIB,
  maxEntryBytes: 17 * MIB,
  hotFileBytes: 64 * MIB,
  spareFiles: 2,
  batchMaxBytes: 4 * MIB,
  batchMaxRecords: 8192,
  batchAlignBytes: 4 * KIB,
  backlogBytes: 8 * MIB,
  bodyCacheBytes: 64 * MIB,
  indexCacheBytes: 64 * MIB,
  evidenceDelayMs: 50,
  freeSpaceMinBytes: 50 * MIB,
  rewriteLiveRatio: 0.5,
  rewriteBytesPerSecond: 20 * MIB,
  inlineSnapshotMaxBytes: 64 * KIB,
  stepBudgetMs: 2,
  applyBudgetMs: 2,
  applySliceEntries: 1024,
  hibernateAfterMs: 3000,
  hibernateAloneAfterMs: 200,
  snapshotMinIntervalMs: 1000,
  snapshotReclaimBytes: 10 * MIB,
  lagKeepBytes: 64 * MIB,
  stallMs: 250,
  turnGroups: 1024,
  turnApplyEntries: 4096,
  turnCompletions: 256,
  applyLagMaxMs: 5000,
  maxPendingProposals: 65_536,
  maxPendingBytes: 64 * MIB,
  maxPendingReads: 65_536,
  readTimeoutMs: 4000,
  startsAtOnce: 64,
  startSettleMs: 2000,
  wakeJitterMinMs: 150,
  wakeJitterMaxMs: 600,
  electStaggerMs: 100,
  electRetryMs: 20,
  electRetries: 6,
  transfersAtOnce: 16,
  savesAtOnce: 64,
  stopBudgetMs: 10_000,
  checkpointEntries: 32,
  snapshotRetryMinMs: 1000,
  snapshotRetryMaxMs: 60_000,
  snapshotStallMs: 2000,
  linkHeartbeatMs: 200,
  suspectMs: 1500,
  downMs: 3000,
  digestMs: 30_000,
  appendLaneBytes: 8 * MIB,
  controlLaneBytes: MIB,
  frameMaxBytes: 64 * KIB,
  snapshotChunkBytes: 256 * KIB,
  snapshotInflightBytes: 8 * MIB,
  snapshotsPerReceiver: 16,
  wakesPerSecond: 500,
  reconnectMinMs: 100,
  reconnectMaxMs: 5000,
  handshakeMs: 1500,
  pendingHandshakesMax: 128,
  flapWindowMs: 60_000,
  flapHoldMs: 1000,
  flapHoldMaxMs: 5000,
};
