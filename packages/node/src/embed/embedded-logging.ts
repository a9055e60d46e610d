import { type Logging, type LogLevel, openLogging, SILENT_LOGGING } from "../logger.ts";

/** To stdout from that level on; undefined: nothing is logged. */
export function embeddedLogging(level: LogLevel | undefined): Logging {
  if (level === undefined) return SILENT_LOGGING;
  return openLogging({ outputs: [{ destination: 1, format: "json", level }] });
}
