/** Host-to-host messages; the numbers are the ones on the wire. */
export const NoteKind = {
  /** Where the groups stand that the sender leads. */
  Digest: 1,
  /** Groups of a digest that stand elsewhere here. */
  DigestMismatch: 2,
  /** The receiver's replica belongs to an epoch that forced recovery has closed. */
  ObsoleteEpoch: 3,
  /** The receiver's replica is no member of its group any more. */
  RemovedReplica: 4,
  SnapshotOffer: 16,
  SnapshotChunk: 17,
  SnapshotQuery: 18,
  SnapshotAbort: 19,
  SnapshotAnswer: 20,
} as const;
export type NoteKind = (typeof NoteKind)[keyof typeof NoteKind];
