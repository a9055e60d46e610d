/** Maxima of the metadata machine, with their reasons. */

/**
 * UTF-16 units of a policy or permission pattern. Names are at most 255 bytes, so a longer pattern cannot say
 * anything useful; matching takes time proportional to pattern times name.
 */
export const PATTERN_LENGTH_MAX = 4096;
/**
 * Steps that a pattern with lookaround may need on the worst name: some 0.2 s once, when a policy is set or a
 * permission first asked. PCRE's own match limit in RabbitMQ is 10,000,000.
 */
export const BACKTRACKING_STEPS_MAX = 33_554_432;
/** Bytes of a definitions document: some 100,000 queues with bindings. */
export const DEFINITIONS_SIZE_MAX = 67_108_864;
/** Problems of a definitions document that are reported before giving up. */
export const DEFINITIONS_PROBLEM_MAX = 20;
/** Compiled patterns and remembered decisions of the access control; full: starts afresh. */
export const ACCESS_PATTERN_CACHE_COUNT = 4096;
export const ACCESS_DECISION_CACHE_COUNT = 65_536;
/** Node ids fit in 16 bits (`replicaIdOf` of packages/raft). */
export const NODE_ID_MAX = 65_535;
/** Replicas of one queue: as many as the largest cluster that is tested, several times over. */
export const QUEUE_REPLICAS_MAX = 64;
