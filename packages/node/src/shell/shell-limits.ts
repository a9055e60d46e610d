/** Limits of a node's life around its broker, with their reasons. Milliseconds. */

/** A question to another node's control port: local networks answer within a few; a node that starts may be busy for a while. */
export const PEER_CALL_TIMEOUT_MS = 5000;
/** The same while a node looks around again and again: who does not answer is asked again soon. */
export const PEER_GREETING_TIMEOUT_MS = 2000;
/** Lists of everything that a node has: as long as tools wait for them. */
export const PEER_ROWS_TIMEOUT_MS = 60_000;
/** To join, and to be removed, the metadata have to change. */
export const PEER_CHANGE_TIMEOUT_MS = 45_000;
/** A start that takes no longer is not called waiting. */
export const BOOT_WAIT_GRACE_MS = 1000;
/** How long a start waits until the nodes that run see each other: a link opens within milliseconds, or is tried again in a second. */
export const AGREE_MAX_MS = 5000;
/** Between two looks whether they do. */
export const AGREE_LOOK_MS = 20;
/** Between two looks at the other members while this node waits for them. */
export const BOOT_LOOK_MS = 1000;
/** Before a change of this node's own state is tried again that the metadata refused for now. */
export const MEMBER_RETRY_MS = 500;
/** How long a stopping node tries to tell the cluster so: without a majority nobody can be told. */
export const STOPPING_TIMEOUT_MS = 5000;
/** How long a stopping node waits without any progress for others to take over its replicas. */
export const LEAVE_PATIENCE_MS = 10_000;
/** ... and in all: supervisors are told to wait for 90 s (deploy/), as systemd does anyway. */
export const LEAVE_MAX_MS = 50_000;
/** Between two looks at what is left to be taken over. */
export const LEAVE_LOOK_MS = 20;
/** Leaders that a node that is drained hands over at once: each stops its queue's publishers for a round trip. */
export const HAND_OVER_AT_ONCE = 64;
/** Between two looks at what is still led here. */
export const HAND_OVER_LOOK_MS = 20;
/** How long a draining node waits without any progress for others to lead. */
export const HAND_OVER_PATIENCE_MS = 10_000;
/** Between two looks of a drained node whether it leads again. */
export const HAND_OVER_AGAIN_MS = 1000;
/** How long a process that is to end waits for all of it: clients 3 s, the cluster 5, others to take over 50; then the storage. */
export const STOP_MAX_MS = 80_000;
