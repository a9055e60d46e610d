import type { Logger } from "../logger.ts";

/** What happens when nothing can be stored any more. It may happen before there is anybody to tell. */
export class StorageFailure {
  readonly #log: Logger;
  readonly #endProcess: ((error: Error) => void) | undefined;
  #onFailure: (() => void) | undefined;
  #hasHappened = false;

  /** `endProcess` undefined: the process is somebody else's, who may want to go on. */
  constructor(log: Logger, endProcess: ((error: Error) => void) | undefined) {
    this.#log = log;
    this.#endProcess = endProcess;
  }

  /** `action` is called when it happens; at once if it has. */
  onFailure(action: () => void): void {
    this.#onFailure = action;
    if (this.#hasHappened) action();
  }

  happened(error: Error): void {
    this.#hasHappened = true;
    this.#log.fatal({ err: error }, `storage failed: ${reasonOf(error)}`);
    if (this.#endProcess === undefined) this.#onFailure?.();
    else this.#endProcess(error);
  }
}

/** With the system's own words, if there are any. */
function reasonOf(error: Error): string {
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
