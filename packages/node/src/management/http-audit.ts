import type { Audit, AuditedAction } from "@leveret/management";
import { noteAction } from "../broker/audit-log.ts";
import type { Logger } from "../logger.ts";

/** Writes down what users of the HTTP API do besides changes of metadata, as auditedMethods does for the command line. */
export class HttpAudit implements Audit {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  note({ user, from, ...action }: AuditedAction): void {
    noteAction(this.#log, { user, via: "http", from }, action);
  }
}
