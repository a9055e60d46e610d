import type { SpaceState } from "@leveret/raft";
import type { Logger } from "../logger.ts";
import type { Alarms } from "./alarms.ts";

/** What raises the alarm, besides the disk monitor. */
const CAUSE = "log store";

/**
 * Raises the disk alarm while the log store has no room for more messages, whatever limit the disk monitor goes by: it needs
 * more than that to go on, and it may be the file system's quota or inodes that ran out. What frees space is still taken.
 */
export class StoreSpace {
  readonly #alarms: Alarms;
  readonly #log: Logger;
  readonly #node: string;
  #space: SpaceState = "ok";

  constructor(node: string, { alarms, log }: { readonly alarms: Alarms; readonly log: Logger }) {
    this.#node = node;
    this.#alarms = alarms;
    this.#log = log;
  }

  /** To be called with the state at the start, and after each change. */
  update(space: SpaceState): void {
    if (space === this.#space) return;
    this.#space = space;
    if (space === "ok") {
      this.#log.info("Free disk space is sufficient for the log of messages");
      this.#alarms.clear("disk", this.#node, CAUSE);
      return;
    }
    this.#log.warn({ space }, "Free disk space is insufficient for the log of messages");
    this.#alarms.raise("disk", this.#node, CAUSE);
  }
}
