import { createRequire } from "node:module";
import pino from "pino";
import type { PrettyOptions } from "pino-pretty";
import { LogLines } from "./log-lines.ts";
import { type LogSink, openConsoleSink, openFileSink } from "./log-sink.ts";

/** RabbitMQ's level names, from the most to the least talkative. `none` logs nothing. */
export const LOG_LEVELS = [
  "debug",
  "info",
  "notice",
  "warning",
  "error",
  "critical",
  "alert",
  "emergency",
  "none",
] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Parts of the broker whose level can be set by itself: `log.connection.level = debug`. */
export const LOG_CATEGORIES = [
  "connection",
  "channel",
  "queue",
  "mirroring",
  "federation",
  "upgrade",
  "ra",
  "user",
  "audit",
  "default",
] as const;
export type LogCategory = (typeof LOG_CATEGORIES)[number];

/** Logs one line: a message, or fields and a message. The message is constant; what varies goes into fields. */
export interface LogFunction {
  (message: string): void;
  (fields: object, message: string): void;
}

/** The only thing the rest of the broker knows of logging. Names are pino's: a pino logger is a Logger. */
export interface Logger {
  readonly debug: LogFunction;
  readonly info: LogFunction;
  readonly warn: LogFunction;
  readonly error: LogFunction;
  readonly fatal: LogFunction;
  /** Ask before building fields that cost something. */
  isLevelEnabled(level: string): boolean;
  /** A logger that adds `fields` to each of its lines. */
  child(fields: Record<string, unknown>): Logger;
}

/** Where lines go: fd 1 or 2, a file that is appended to, or (in tests) anything with a `write`. */
type LogDestination = 1 | 2 | { readonly file: string } | LogSink;

export type LogFormat = "pretty" | "json";

export interface LogOutput {
  readonly destination: LogDestination;
  readonly format: LogFormat;
  readonly level: LogLevel;
  /** ANSI colours, for `pretty` only. */
  readonly colors?: boolean;
}

export interface LoggingOptions {
  /** No output: nothing is logged. */
  readonly outputs: readonly LogOutput[];
  /** Level of a category; those not named follow `default`, and without it `info`. */
  readonly categoryLevels?: Readonly<Partial<Record<LogCategory, LogLevel>>>;
  /** Gets the lines of the category audit, of all levels, besides the others. */
  readonly audit?: LogOutput | undefined;
}

/** The loggers of one broker. */
export interface Logging {
  /** The logger of what belongs to no category. */
  readonly root: Logger;
  category(name: LogCategory): Logger;
  /** What was logged lately; undefined: nobody keeps it. */
  readonly lines?: LogLines;
  /** From now on all loggers and outputs have this level (RabbitMQ: set_log_level); undefined: it cannot be changed. */
  setLevel?(level: LogLevel): void;
  /** Closes log files. What was logged before is written already. */
  close(): void;
}

const PINO_LEVEL = {
  debug: "debug",
  info: "info",
  notice: "info",
  warning: "warn",
  error: "error",
  critical: "fatal",
  alert: "fatal",
  emergency: "fatal",
  none: "silent",
} as const satisfies Record<LogLevel, string>;
type PinoLevel = (typeof PINO_LEVEL)[LogLevel];

/** Level names in JSON lines: RabbitMQ's words instead of pino's numbers. */
const LEVEL_NAME: Readonly<Record<string, string>> = {
  debug: "debug",
  info: "info",
  warn: "warning",
  error: "error",
  fatal: "critical",
};

const PINO_LEVEL_ORDER: readonly PinoLevel[] = [
  "debug",
  "info",
  "warn",
  "error",
  "fatal",
  "silent",
];

interface OpenOutput {
  level: PinoLevel;
  readonly sink: LogSink;
  close(): void;
}

/**
 * Opens the outputs and makes the loggers of one broker. Writing is synchronous, so that the last lines
 * before an exit are never lost; the broker logs per connection and per incident, never per message.
 * Throws the file system's error if a log file cannot be opened.
 */
export function openLogging(options: LoggingOptions): Logging {
  const outputs = options.outputs.filter((output) => output.level !== "none").map(openOutput);
  const lines = new LogLines();
  const levels = options.categoryLevels ?? {};
  const lowest = outputs
    .map((output) => output.level)
    .reduce((a, b) => (isLater(b, a) ? a : b), "silent" as PinoLevel);
  let chosen: PinoLevel | undefined;
  const levelOf = (category: LogCategory): PinoLevel => {
    if (chosen !== undefined) return chosen;
    const own = PINO_LEVEL[levels[category] ?? levels.default ?? "debug"];
    return isLater(own, lowest) ? own : lowest;
  };
  const root = makePino(levelOf("default"), new LogOutputs(outputs, lines));
  const categories = new Map<LogCategory, Logger & { level: string }>([["default", root]]);
  const auditOutput = options.audit && openOutput(options.audit);
  if (auditOutput !== undefined) {
    const audit = makePino("debug", new LogOutputs([...outputs, auditOutput], lines));
    categories.set("audit", audit.child({ category: "audit" }));
  }
  return {
    root,
    category: (name) => {
      const known = categories.get(name);
      if (known !== undefined) return known;
      const logger = root.child({ category: name }, { level: levelOf(name) });
      categories.set(name, logger);
      return logger;
    },
    lines,
    setLevel: (level) => {
      chosen = PINO_LEVEL[level];
      for (const output of outputs) output.level = chosen;
      for (const [name, logger] of categories) {
        // The audit file gets all, the others what they want.
        if (name !== "audit" || auditOutput === undefined) logger.level = chosen;
      }
    },
    close: () => {
      for (const output of outputs) output.close();
      auditOutput?.close();
    },
  };
}

function makePino(level: PinoLevel, outputs: LogOutputs): pino.Logger {
  return pino(
    {
      base: null,
      level,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: LEVEL_NAME[label] ?? label }) },
    },
    outputs,
  );
}

/** Gives each line to the outputs that want its level, which may change. */
class LogOutputs {
  /** pino tells the level of each line in `lastLevel`, see its documentation of streams. */
  lastLevel = 0;
  readonly #outputs: readonly OpenOutput[];
  readonly #lines: LogLines;

  constructor(outputs: readonly OpenOutput[], lines: LogLines) {
    Object.assign(this, { [Symbol.for("pino.metadata")]: true });
    this.#outputs = outputs;
    this.#lines = lines;
  }

  write(line: string): void {
    this.#lines.add(line);
    for (const { level, sink } of this.#outputs) {
      if (level !== "silent" && this.lastLevel >= (pino.levels.values[level] ?? 0))
        sink.write(line);
    }
  }
}

/** For embedding: takes everything, writes nothing. */
export const SILENT_LOGGING: Logging = openLogging({ outputs: [] });

function isLater(a: PinoLevel, b: PinoLevel): boolean {
  return PINO_LEVEL_ORDER.indexOf(a) > PINO_LEVEL_ORDER.indexOf(b);
}

function openOutput(output: LogOutput): OpenOutput {
  const level = PINO_LEVEL[output.level];
  const { sink, close } = openDestination(output.destination);
  if (output.format === "json") return { level, sink, close };
  const prettify = makePrettifier(output.colors ?? false);
  return { level, sink: { write: (line) => sink.write(prettify(line)) }, close };
}

function openDestination(destination: LogDestination): { sink: LogSink; close(): void } {
  if (typeof destination === "number") return openConsoleSink(destination);
  if ("file" in destination) return openFileSink(destination.file);
  return { sink: destination, close: () => undefined };
}

/**
 * pino-pretty as a plain function, not as a transport: no worker thread, which would cost 20 MB and lose
 * lines at exit. Loaded only when a terminal wants it, as it takes as long to load as half of the broker.
 */
function makePrettifier(colors: boolean): (line: string) => string {
  const { prettyFactory } = createRequire(import.meta.url)("pino-pretty") as PrettyModule;
  return prettyFactory({
    colorize: colors,
    singleLine: true,
    translateTime: "SYS:yyyy-mm-dd HH:MM:ss.l",
    ignore: "category",
    messageFormat: (log, messageKey) => {
      const { category } = log;
      const message = String(log[messageKey]);
      return typeof category === "string" ? `${category}: ${message}` : message;
    },
    customPrettifiers: { level: (level) => `[${String(level)}]` },
  });
}

interface PrettyModule {
  prettyFactory(options: PrettyOptions): (line: string) => string;
}
