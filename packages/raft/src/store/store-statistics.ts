import type { LogFile } from "./log-file.ts";

/** Figures for metrics and tests. */
export interface LogStoreStatistics {
  readonly batches: number;
  readonly records: number;
  readonly bytes: number;
  readonly files: number;
  readonly liveBytes: number;
  readonly diskBytes: number;
  readonly bodyCacheBytes: number;
  readonly indexCacheBytes: number;
  readonly removedFiles: number;
  readonly rewrittenBytes: number;
}

export function fileStatistics(
  files: readonly LogFile[],
): Pick<LogStoreStatistics, "files" | "liveBytes" | "diskBytes"> {
  return {
    files: files.length,
    liveBytes: files.reduce((sum, file) => sum + file.liveBytes, 0),
    diskBytes: files.reduce((sum, file) => sum + file.size, 0),
  };
}
