import type { LoginAttempt, LoginResult } from "../auth/authenticator.ts";
import type { Logger } from "../logger.ts";
import type { Actor } from "../metadata/actor.ts";
import type { MetadataCommand } from "../metadata/commands.ts";
import type { Change } from "./events/attributed-metadata.ts";

/** What is not for a log: hashes, and values of parameters, which may hold the passwords of other brokers. */
const SECRETS: ReadonlySet<string> = new Set(["type", "passwordHash", "value"]);

/**
 * Writes down who changed what, and from where: what operators do at level info, what clients declare at debug, failed logins as warnings. Each
 * line has `user`, `via`, `from`, `action` and what it is about.
 */
export class AuditLog {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  changed({ command, actor }: Change): void {
    if (actor.via === "internal") return;
    const level = actor.via === "amqp" ? "debug" : "info";
    if (!this.#log.isLevelEnabled(level)) return;
    const subject = subjectOf(command);
    const about = Object.entries(subject)
      .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
      .join(" ");
    const fields = { ...actor, action: command.type, subject };
    this.#log[level](fields, `${actor.user} (${actor.via}): ${command.type} ${about}`);
  }

  loginDecided({ username, protocol, remoteAddress }: LoginAttempt, result: LoginResult): void {
    if (result.ok) return;
    const fields = { user: username, via: protocol, from: remoteAddress, action: "login" };
    this.#log.warn({ ...fields, reason: result.reason }, `login failed: ${result.why}`);
  }
}

/** Writes down what is no change of metadata, before it is done. */
export function noteAction(
  log: Logger,
  actor: Actor,
  { action, subject }: { readonly action: string; readonly subject: object },
): void {
  const text = `${actor.user} (${actor.via}): ${action} ${JSON.stringify(subject)}`;
  log.info({ ...actor, action, subject }, text);
}

/** The plain values of a command, or of the exchange, queue or binding that it is about. */
function subjectOf(command: MetadataCommand): Readonly<Record<string, unknown>> {
  const about = objectOf(command);
  const plain = Object.entries(about).filter(
    ([key, value]) => !SECRETS.has(key) && isPlain(value) && value !== undefined,
  );
  return Object.fromEntries(plain);
}

function objectOf(command: MetadataCommand): object {
  if (command.type === "declareExchange") return { ...command.exchange, type: undefined };
  if (command.type === "declareQueue") return command.queue;
  return "binding" in command ? command.binding : command;
}

function isPlain(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((item) => typeof item === "string");
  return typeof value !== "object" || value === null;
}
