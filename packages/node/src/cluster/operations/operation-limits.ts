/** Limits of operations on the replicas of queues, with their reasons. */

/** Leaders that a rebalancing moves at once: each stops its queue's publishers for a round trip. */
export const LEADER_MOVES_AT_ONCE = 64;
/** A leader that has not moved by then does not: its heir lacks entries, or does not answer. Milliseconds. */
export const LEADER_MOVE_TIMEOUT_MS = 10_000;
/** A transfer is given up by the group after an election timeout; then it is asked for again. Milliseconds. */
export const LEADER_MOVE_AGAIN_MS = 1500;
/** Between two looks at who leads, milliseconds. */
export const LEADER_MOVE_LOOK_MS = 20;
/** Queues whose members an operation changes at once: each is a command of the metadata. */
export const MEMBER_CHANGES_AT_ONCE = 64;
