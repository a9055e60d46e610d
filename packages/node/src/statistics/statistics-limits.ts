import type { Retention } from "./sample-ring.ts";

/** Between two samples (RabbitMQ: collect_statistics_interval). */
export const SAMPLE_INTERVAL_MS = 5000;

const MINUTE_MS = 60_000;

/** Of the node and its vhosts: 10 minutes, an hour, 8 hours, a day (RabbitMQ: sample_retention_policies, global). */
export const GLOBAL_RETENTIONS: readonly Retention[] = [
  { intervalMs: SAMPLE_INTERVAL_MS, count: 121 },
  { intervalMs: MINUTE_MS, count: 61 },
  { intervalMs: 10 * MINUTE_MS, count: 49 },
  { intervalMs: 30 * MINUTE_MS, count: 49 },
];

/** Of queues, exchanges, connections and channels: 10 minutes and an hour (RabbitMQ: basic). */
export const OBJECT_RETENTIONS: readonly Retention[] = [
  { intervalMs: SAMPLE_INTERVAL_MS, count: 121 },
  { intervalMs: MINUTE_MS, count: 61 },
];

/** The same while there is no memory for more. */
export const SHORT_RETENTIONS: readonly Retention[] = [
  { intervalMs: SAMPLE_INTERVAL_MS, count: 13 },
];

/**
 * Memory for the past of all objects; 15 KB for a queue in use. What comes when it is used up is remembered for a minute only (1 KB each),
 * and what has not changed for an hour gives its memory back.
 */
export const HISTORY_BYTES_MAX = 67_108_864;
/** How long sampling works before other work gets its turn, ms. */
export const SAMPLE_SLICE_MS = 2;
/** Objects that are sampled between two looks at the clock: each takes less than a microsecond. */
export const SAMPLE_STEPS = 64;
/** Samples of one request: RabbitMQ's console asks for 121 at most. */
export const SAMPLES_MAX = 2000;
/** How often the event loop is asked whether it is late: its timer costs a thousandth of a core. */
export const DELAY_RESOLUTION_MS = 20;
/** Looks at that which are kept: a minute. */
export const DELAY_LOOKS = 12;
