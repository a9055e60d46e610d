/** Kinds of frames on links, numbers of the wire; each is handled in one place. 0 is the link's own. */
export const LinkKind = {
  /** A submission for the leader of the metadata. */
  metadataForward: 1,
  /** Why it was not taken. */
  metadataAnswer: 2,
  /** Whether a replica of the sender's, that is wanted no more, may be deleted: see ReplicaCleaner. */
  cleaningQuestion: 3,
  cleaningAnswer: 4,
  /** What users and vhosts have open on the sender's node: see UsageOverLinks. */
  usage: 10,
  /** How many submissions of the receiver the sender has applied: life u48, count u48. */
  metadataApplied: 9,
  /** What is short on the sender's node: see AlarmsOverLinks. */
  alarms: 5,
  /** A direct reply to a client of the receiver, and whether there is such a client: see RepliesOverLinks. */
  reply: 6,
  replyQuestion: 7,
  replyAnswer: 8,
} as const;
