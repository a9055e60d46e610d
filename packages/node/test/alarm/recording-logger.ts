import type { LogFunction, Logger } from "../../src/logger.ts";

/** Keeps what is logged, as `level message`. */
export function recordingLogger(): { readonly log: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const at =
    (level: string): LogFunction =>
    (...words: readonly [string] | readonly [object, string]) => {
      lines.push(`${level} ${words.at(-1)}`);
    };
  const log: Logger = {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    fatal: at("fatal"),
    isLevelEnabled: () => true,
    child: () => log,
  };
  return { log, lines };
}
