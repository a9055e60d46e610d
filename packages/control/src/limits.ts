/** Longest cookie: an atom of Erlang is no longer, and RabbitMQ's cookie is one. */
export const COOKIE_SIZE_MAX = 255;
/** Bytes of a node's name: NAME@HOST, where a host name has at most 253. */
export const NODE_NAME_SIZE_MAX = 255;
/** Payload of one message of the handshake: the longest is a hello with a long name. Others are not of ours. */
export const HANDSHAKE_MESSAGE_SIZE_MAX = 1024;
/** A handshake is two round trips; who takes longer is overloaded, or only holds the place of another. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Connections that have not shown the cookie yet. Each holds a socket and about 1 KiB; all nodes at once are fewer. */
export const HANDSHAKES_MAX = 256;
/** How long a refusal may take to reach the other side before the connection is cut. */
export const REFUSAL_LINGER_MS = 1000;
/** One frame of a call. Larger answers have to be streamed. */
export const CONTROL_FRAME_SIZE_MAX: number = 16 * 1024 * 1024;
/** Calls in progress on one connection: the others wait for nothing and are refused. */
export const CONTROL_CALLS_MAX = 256;
/** Rows of a stream are collected up to this size before they are sent. */
export const STREAM_CHUNK_SIZE: number = 32 * 1024;
/** Chunks of a stream that are under way or not consumed yet; more are sent as they are consumed. */
export const STREAM_WINDOW = 8;
/** Time of a call that does not say another, as rabbitmqctl's default for most commands. */
export const CALL_TIMEOUT_MS = 60_000;
