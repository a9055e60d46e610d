import type { Audit, AuditedAction } from "@leveret/management";
import type { Logger } from "../logger.ts";
import type { Actor } from "../metadata/actor.ts";

/** Writes down what users of the HTTP API do besides changes of metadata, as auditedMethods does for the command line. */
export class HttpAudit implements Audit {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  note({ user, from, action, subject }: AuditedAction): void {
    const actor: Actor = { user, via: "http", from };
    const text = `${user} (${actor.via}): ${action} ${JSON.stringify(subject)}`;
    this.#log.info({ ...actor, action, subject }, text);
  }
}
