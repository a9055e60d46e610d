/** Limits of the links between brokers, with their reasons. Sizes in bytes. */

/** Output of one link that the network has not taken yet, from which on its senders wait for `onDrain`: a turn or two of a busy node. */
export const LINK_OUTPUT_HIGH = 8_388_608;
/** ... and at which they go on. */
export const LINK_OUTPUT_LOW = 2_097_152;
/** Output beyond which the link is given up, as somebody sends without waiting: more than the largest message that may go out at once. */
export const LINK_OUTPUT_MAX = 671_088_640;
/** One output buffer: the frames of a turn leave in one write, and the buffer is used again when the network has taken it. */
export const LINK_CHUNK_SIZE = 131_072;
/** Frames from this size on get a buffer of their own: a rest of the common one would mostly be waste. */
export const LINK_OWN_BUFFER_SIZE = 65_536;
/** Longest frame: the largest message that any configuration allows (512 MiB), with what goes around it. */
export const LINK_FRAME_MAX = 541_065_216;
/** A link that has sent nothing else for so long sends a beat. */
export const LINK_BEAT_MS = 500;
/** Beats that do not come before a link is given up: 3 s of silence, counted in own beats, so that an own pause is not held against the peer. */
export const LINK_SILENT_BEATS_MAX = 6;
/** Pause before a link that failed is dialled again, doubled up to the maximum, of which a random half is taken. */
export const LINK_BACKOFF_MIN_MS = 50;
export const LINK_BACKOFF_MAX_MS = 2000;
/** Frames that are kept until who handles them is there: a node that starts has links before it has all of its broker. */
export const LINK_EARLY_BYTES_MAX = 1_048_576;
/** A cluster id is a UUID; nothing longer than this is read. */
export const LINK_CLUSTER_ID_MAX = 255;
/** A new leader of a queue delivers when the other nodes have named what their channels hold, or after so long. */
export const SYNC_TIMEOUT_MS = 3000;
/** How often a leader tells other nodes which acknowledgements are stored: they keep those that are not for the next leader. */
export const PROGRESS_REPORT_MS = 50;
/** What is asked of a queue that nobody leads fails after so long: an election takes a second or two, a restarted node some more. */
export const QUEUE_REQUEST_TIMEOUT_MS = 30_000;
/** Acknowledgements kept for the next leader of one queue: a second of a fast consumer. Older ones are forgotten, and their messages redelivered. */
export const PENDING_OPS_MAX = 262_144;
/** A node that cannot be reached for so long, and has not been heard of by raft either, loses what its consumers hold. */
export const NODE_GONE_MS = 5000;
/** How often that is looked at. */
export const NODE_GONE_POLL_MS = 200;
/** Bytes of messages on their way to one queue that is led elsewhere, or by nobody for the moment: then its publishers wait. */
export const OUTBOX_HIGH = 4_194_304;
/** ... until no more than that is left. */
export const OUTBOX_LOW = 1_048_576;
/** Output of a link beyond which direct replies are dropped: nothing holds their senders back. */
export const REPLIES_BUFFERED_MAX = 67_108_864;
/** Different things that are said about links that cannot be used: a node has few others, and few reasons. */
export const LINK_COMPLAINTS_MAX = 1000;
