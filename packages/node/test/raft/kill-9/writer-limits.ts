import { DEFAULT_LIMITS, type RaftLimits } from "../../../../raft/src/limits.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** Small files, so that sealing, rewriting and removing them happens all the time. */
export const WRITER_LIMITS: RaftLimits = {
  ...DEFAULT_LIMITS,
  hotFileBytes: MIB,
  spareFiles: 1,
  batchMaxBytes: 256 * KIB,
  backlogBytes: 512 * KIB,
  bodyCacheBytes: MIB,
  inlineSnapshotMaxBytes: 4 * KIB,
  evidenceDelayMs: 5,
  rewriteBytesPerSecond: 100 * MIB,
};
