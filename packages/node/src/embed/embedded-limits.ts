/** Nobody guesses passwords of a test broker: three seconds' pause would only slow its tests. */
export const EMBEDDED_SILENT_CLOSE_DELAY_MS = 100;
/** A client that does not answer connection.close must not hold up the end of a test for long. */
export const EMBEDDED_SHUTDOWN_TIMEOUT_MS = 500;
/** A new data directory costs less than 10 MB, not 200. */
export const EMBEDDED_STORAGE_LIMITS = { hotFileBytes: 4_194_304, spareFiles: 1 } as const;
