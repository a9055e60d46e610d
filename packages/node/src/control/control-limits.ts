/** Limits of what tools ask a node, with their reasons. Sizes in bytes. */

/** Messages of one peek: a page for people; whoever wants more asks again with an offset. */
export const PEEK_COUNT_MAX = 1000;
/** Of one body, shown by peek and tail: what fits in a frame of a control connection with room to spare. */
export const SHOWN_BODY_MAX = 4_194_304;
/** Shown of a body if nobody says how much: as RabbitMQ's management UI. */
export const SHOWN_BODY_DEFAULT = 50_000;
/** Copies of messages that one peek holds in memory: what is beyond is left out, and asked for with an offset. */
export const PEEK_BYTES_MAX = 16_777_216;

/** Messages that wait for who tails a queue; what comes then is dropped, and counted. */
export const TAIL_MESSAGES_MAX = 10_000;
export const TAIL_MESSAGES_DEFAULT = 1000;
/** The same in bytes. */
export const TAIL_BYTES_MAX = 8_388_608;
/** Readers that tail queues of one node at once: each costs a copy of every message. */
export const TAILS_MAX = 64;
/** Between two looks for a queue's new leader. */
export const TAIL_LOOK_MS = 200;
/** A queue without a leader for so long is given up. */
export const TAIL_PATIENCE_MS = 60_000;

/** Events that wait for who follows them; what comes then is left out, and counted. */
export const EVENTS_WAITING_MAX = 10_000;
/** Readers of events at one node at once. */
export const EVENT_READERS_MAX = 16;

/** Bindings that explain_publish tries: each takes a microsecond or two of the event loop. */
export const EXPLAINED_BINDINGS_MAX = 10_000;
/** ... and names: nobody reads more. */
export const SHOWN_BINDINGS_MAX = 200;
/** Bindings that do not match, named as examples. */
export const UNMATCHED_SHOWN_MAX = 20;
/** Queues whose state explain_publish shows. */
export const EXPLAINED_QUEUES_MAX = 200;
