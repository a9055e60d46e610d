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
/** A cluster id is a UUID; nothing longer than this is read. */
export const LINK_CLUSTER_ID_MAX = 255;
