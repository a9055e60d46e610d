/** Every maximum of the console's sessions and looks at queues, with its reason. Times in milliseconds. */

/** Sessions at one node; more browsers than anybody has, and each takes some hundred bytes. */
export const SESSIONS_MAX = 1000;
/** A session that was not used for so long ends (RabbitMQ: a login of its console lasts 8 hours). */
export const SESSION_IDLE_MS = 28_800_000;
/** How old an answer about all queues may be at least and at most: many browsers may ask, and it looks at each queue. */
export const SURVEY_AGE_MIN_MS = 4000;
export const SURVEY_AGE_MAX_MS = 60_000;
/** Times as long as it took, nobody looks again. */
export const SURVEY_REST = 20;
/** Names of queues given as examples. */
export const SURVEY_NAMES_MAX = 5;
/** Messages shown at once: more than a person reads. */
export const PEEK_COUNT_MAX = 100;
/** Messages moved by one request: it holds a channel for as long as it takes. */
export const MOVE_COUNT_MAX = 1000;
