/** Every maximum of the management API, with its reason. Sizes are in bytes, times in milliseconds. */

/** HTTP connections open at once on a listener: hundreds of browsers and exporters; more is a client that leaks. */
export const CONNECTIONS_MAX = 2000;
/** Request line and headers: longer than any path of four encoded names of 255 bytes. */
export const HEADER_SIZE_MAX = 32_768;
/** Body of a request that needs no login: a name and a password. */
export const STRANGER_BODY_SIZE_MAX = 16_384;
/** How long a stopping listener waits for answers that are under way; streams of events never end by themselves. */
export const STOP_TIMEOUT_MS = 500;

/** Rows of a page (RabbitMQ: page size should be less than 500, which it allows, too). */
export const PAGE_SIZE_MAX = 500;
export const DEFAULT_PAGE_SIZE = 100;
/** Characters of a name filter; a name has at most 255 bytes. */
export const NAME_FILTER_LENGTH_MAX = 1000;
/** Columns and sort keys of one request. */
export const COLUMNS_MAX = 200;

/** Samples of one figure in an answer: a day in steps of a minute, or what RabbitMQ's console asks for, 121. */
export const SAMPLES_MAX = 2000;
/** A stream of events ends after this time: whoever was locked out since is not let in again. */
export const LIVE_STREAM_MS = 900_000;

/** How long one request works before other work gets its turn: the event loop is to be blocked for less than 10 ms, with several requests. */
export const SLICE_MS = 2;
/** Characters of an answer that are given to the socket at once. */
export const CHUNK_LENGTH = 65_536;
/** Answers shorter than this are not compressed: one packet holds them. */
export const COMPRESS_SIZE_MIN = 1024;
/** Bytes of a name of an object (AMQP: short string). */
export const NAME_SIZE_MAX = 255;
/** Messages that one request takes from a queue: more than a person reads. */
export const GET_COUNT_MAX = 10_000;
/** Bytes of their bodies together, after which no further message is taken: an answer is built in memory, and is a third longer in base64. */
export const GET_SIZE_MAX = 64_000_000;
/** Between two looks for clients that take too long. */
export const TIMEOUT_CHECK_MS = 5000;
