import type { Logging } from "./logger.ts";
import { removePidFile } from "./pid-file.ts";
import type { NodeShell } from "./shell/node-shell.ts";
import { STOP_MAX_MS } from "./shell/shell-limits.ts";

const STOP_SIGNALS = ["SIGTERM", "SIGINT"] as const;
/** It did not end in order. */
const EXIT_FORCED = 1;

/**
 * The end of the process, by a signal or an operator's order: clients are told (320), other nodes take over what this one leads, the storage
 * is closed, exit 0. Also of a start that is under way, however long it waits for other nodes. A second signal ends at once; so does the
 * time that all of it may take.
 */
export class ProcessEnding {
  readonly #logging: Logging;
  #shell: NodeShell | undefined;
  #hasStarted = false;
  #hasBegun = false;

  constructor(logging: Logging) {
    this.#logging = logging;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Without handlers, signals would have no effect on the first process of a container. */
  watchSignals(): void {
    for (const signal of STOP_SIGNALS) process.on(signal, () => this.#onSignal(signal));
  }

  /** From now on there is something to be closed. */
  opened(shell: NodeShell): void {
    this.#shell = shell;
  }

  /** The start is complete. */
  started(): void {
    this.#hasStarted = true;
  }

  /** `reason`: for the log. */
  begin(reason: string): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#logging.root.info(`${reason}, shutting down`);
    setTimeout(() => this.#giveUp(), STOP_MAX_MS).unref();
    void this.#end();
  }

  #onSignal(signal: NodeJS.Signals): void {
    if (this.#hasBegun) process.exit(EXIT_FORCED);
    this.begin(`received ${signal}${this.#hasStarted ? "" : " before the start was complete"}`);
  }

  async #end(): Promise<void> {
    try {
      await this.#shell?.close();
    } catch (error) {
      this.#logging.root.error({ err: error }, "could not be stopped in order");
      this.#exit(EXIT_FORCED);
    }
    this.#exit(0);
  }

  #giveUp(): void {
    this.#logging.root.error(`did not stop within ${STOP_MAX_MS} ms`);
    this.#exit(EXIT_FORCED);
  }

  #exit(code: number): never {
    const pidFile = this.#shell?.config.node.pidFile;
    if (pidFile !== undefined) removePidFile(pidFile);
    this.#logging.close();
    process.exit(code);
  }
}
