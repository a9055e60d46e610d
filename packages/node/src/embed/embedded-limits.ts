/** Nobody guesses passwords of a test broker: three seconds' pause would only slow its tests. */
export const EMBEDDED_SILENT_CLOSE_DELAY_MS = 100;
/** Of the HTTP API; address and port are the test's. */
export const EMBEDDED_MANAGEMENT_LISTENER = {
  tls: undefined,
  isOptional: false,
  requestTimeoutMs: 60_000,
  idleTimeoutMs: 120_000,
  keepAliveRequestsMax: 10_000,
} as const;
/** A client that does not answer connection.close must not hold up the end of a test for long. */
export const EMBEDDED_SHUTDOWN_TIMEOUT_MS = 500;
/** A new data directory costs less than 10 MB, not 200. */
export const EMBEDDED_STORAGE_LIMITS = { hotFileBytes: 4_194_304, spareFiles: 1 } as const;
