export { checkExclusivity } from "./check-exclusivity.ts";
export { checkMonotoneReads, type MonotoneOptions } from "./check-monotone-reads.ts";
export {
  formatComplete,
  formatInvoke,
  formatWhole,
  HISTORY_READ_LIMITS,
  HistoryReader,
  type HistoryReadLimits,
  type ParsedHistory,
  parseHistory,
} from "./format/history-lines.ts";
export {
  type Completion,
  HistoryRecorder,
  type Invocation,
  OPERATIONS_MAX,
} from "./format/history-recorder.ts";
export {
  canonicalJson,
  formatOperation,
  HistoryError,
  isSameJson,
  type Json,
  type Operation,
  type Outcome,
} from "./format/operation.ts";
export { formatVerdict, type Problem, type Validity, type Verdict } from "./format/verdict.ts";
export {
  checkLinearizability,
  explainObstacle,
  LINEARIZABILITY_LIMITS,
  type LinearizabilityLimits,
} from "./linearizability/check-linearizability.ts";
export {
  type Obstacle,
  type SearchLimits,
  type SearchResult,
  searchLinearization,
} from "./linearizability/linearization-search.ts";
export type { SequentialModel } from "./linearizability/sequential-model.ts";
export { lockModel } from "./models/lock-model.ts";
export { mapModel } from "./models/map-model.ts";
export { registerModel } from "./models/register-model.ts";
export { setModel } from "./models/set-model.ts";
export { checkTotalQueue } from "./queue/check-total-queue.ts";
export type { Settlement } from "./queue/queue-operations.ts";
export {
  PLAIN_QUEUE,
  type QueueProblemKind,
  type QueueRules,
  TOTAL_QUEUE_OPTIONS,
  type TotalQueueOptions,
} from "./queue/queue-rules.ts";
export { checkStream, type StreamProblemKind } from "./stream/check-stream.ts";
