/**
 * Every option of every command: a name means the same everywhere, so that options may stand before the command, too. `switch`: takes
 * no value, `--no-x` unsets it. `number`: whole and not negative, or `infinity`.
 */
export const OPTIONS = {
  node: { kind: "text", short: "n" },
  timeout: { kind: "number", short: "t" },
  quiet: { kind: "switch", short: "q" },
  silent: { kind: "switch", short: "s" },
  longnames: { kind: "switch", short: "l" },
  vhost: { kind: "text", short: "p" },
  formatter: { kind: "text" },
  printer: { kind: "text" },
  file: { kind: "text" },
  "script-name": { kind: "text" },
  "table-headers": { kind: "switch" },
  "print-stacktrace": { kind: "switch" },
  "dry-run": { kind: "switch" },
  "erlang-cookie": { kind: "text" },
  cookie: { kind: "text" },
  "cookie-file": { kind: "text" },
  "data-dir": { kind: "text" },
  "tls-certfile": { kind: "text" },
  "tls-keyfile": { kind: "text" },
  "tls-cacertfile": { kind: "text" },
  help: { kind: "switch", short: "?" },
  version: { kind: "switch" },
  offline: { kind: "switch" },
  online: { kind: "switch" },
  local: { kind: "switch" },
  global: { kind: "switch" },
  all: { kind: "switch" },
  disc: { kind: "switch" },
  ram: { kind: "switch" },
  force: { kind: "switch" },
  "if-empty": { kind: "switch", short: "e" },
  "if-unused": { kind: "switch", short: "u" },
  "errors-only": { kind: "switch" },
  idempotent: { kind: "switch" },
  wait: { kind: "switch" },
  "list-commands": { kind: "switch" },
  "pre-hashed-password": { kind: "switch" },
  user: { kind: "text" },
  description: { kind: "text" },
  tags: { kind: "text" },
  "default-queue-type": { kind: "text" },
  priority: { kind: "number" },
  "apply-to": { kind: "text" },
  limit: { kind: "number" },
  "per-connection-delay": { kind: "number" },
  "vhost-pattern": { kind: "text" },
  "queue-pattern": { kind: "text" },
  membership: { kind: "text" },
  "queue-timeout": { kind: "number" },
  unit: { kind: "text" },
  format: { kind: "text" },
  "skip-if-unchanged": { kind: "switch" },
} as const;

export type OptionName = keyof typeof OPTIONS;

type ValueOf<Kind> = Kind extends "switch" ? boolean : Kind extends "number" ? number : string;
/** What was given; `--no-x` is false. */
export type Options = {
  readonly [Name in OptionName]?: ValueOf<(typeof OPTIONS)[Name]["kind"]>;
};

/** Accepted by every command, with or without an effect on it. */
export const GENERAL_OPTIONS: ReadonlySet<OptionName> = new Set<OptionName>([
  "node",
  "timeout",
  "quiet",
  "silent",
  "longnames",
  "vhost",
  "formatter",
  "printer",
  "file",
  "script-name",
  "table-headers",
  "print-stacktrace",
  "dry-run",
  "erlang-cookie",
  "cookie",
  "cookie-file",
  "data-dir",
  "tls-certfile",
  "tls-keyfile",
  "tls-cacertfile",
  "help",
  "version",
  "offline",
]);
