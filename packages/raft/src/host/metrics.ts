/** Counters and gauges of a node's host. Plain numbers, changed in place: read them when needed. */
export interface HostMetrics {
  /** Gauges. */
  groups: number;
  groupsStarting: number;
  groupsAwake: number;
  groupsLed: number;
  groupsStopped: number;
  proposalsPending: number;
  proposalBytesPending: number;
  /** Groups that have committed entries to apply. */
  groupsApplying: number;
  /** As of the last tick: entries committed and not applied, of the awake group that has most of them. */
  applyLagEntries: number;
  /** As of the last tick: bytes that wait for the disk, and for the network. */
  storeQueuedBytes: number;
  linkQueuedBytes: number;
  snapshotsSending: number;
  snapshotsReceiving: number;
  groupsWaitingToWake: number;

  /** Counters since the start. */
  turns: number;
  batches: number;
  steps: number;
  messagesSent: number;
  messagesDropped: number;
  /** Messages for another epoch, for another replica, and for a group that is not here. */
  fencedEpoch: number;
  fencedReplica: number;
  fencedUnknown: number;
  /** Host-to-host messages that could not be understood. */
  notesDropped: number;
  campaigns: number;
  electionsWon: number;
  leaderChanges: number;
  termChanges: number;
  proposals: number;
  proposalsRefused: number;
  proposalsUnknown: number;
  reads: number;
  entriesApplied: number;
  hibernations: number;
  wakes: number;
  digestsSent: number;
  digestMismatches: number;
  snapshotsSaved: number;
  snapshotsSent: number;
  snapshotsReceived: number;
  snapshotsFailed: number;
  snapshotBytesSent: number;
  damagesFound: number;
  stalls: number;
  /** Longest time by which a tick came too late, ms. */
  loopGapMaxMs: number;
}

/** All zero. */
export function createHostMetrics(): HostMetrics {
  return {
    groups: 0,
    groupsStarting: 0,
    groupsAwake: 0,
    groupsLed: 0,
    groupsStopped: 0,
    proposalsPending: 0,
    proposalBytesPending: 0,
    groupsApplying: 0,
    applyLagEntries: 0,
    storeQueuedBytes: 0,
    linkQueuedBytes: 0,
    snapshotsSending: 0,
    snapshotsReceiving: 0,
    groupsWaitingToWake: 0,
    turns: 0,
    batches: 0,
    steps: 0,
    messagesSent: 0,
    messagesDropped: 0,
    fencedEpoch: 0,
    fencedReplica: 0,
    fencedUnknown: 0,
    notesDropped: 0,
    campaigns: 0,
    electionsWon: 0,
    leaderChanges: 0,
    termChanges: 0,
    proposals: 0,
    proposalsRefused: 0,
    proposalsUnknown: 0,
    reads: 0,
    entriesApplied: 0,
    hibernations: 0,
    wakes: 0,
    digestsSent: 0,
    digestMismatches: 0,
    snapshotsSaved: 0,
    snapshotsSent: 0,
    snapshotsReceived: 0,
    snapshotsFailed: 0,
    snapshotBytesSent: 0,
    damagesFound: 0,
    stalls: 0,
    loopGapMaxMs: 0,
  };
}
