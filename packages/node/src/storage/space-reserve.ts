import { randomBytes } from "node:crypto";
import { open, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { STORAGE_RESERVE_BYTES, STORAGE_RESERVE_STEP_BYTES } from "../limits.ts";

const NAME = "reserve";

/**
 * A file that is there to be deleted: where the disk is full to the last byte, a node could not even lock its data directory, and
 * so nobody could consume what fills it.
 */
export class SpaceReserve {
  readonly #path: string;
  /** What is being done to it, in order. */
  #work: Promise<unknown> = Promise.resolve();

  constructor(directory: string) {
    this.#path = join(directory, NAME);
  }

  /** Makes it, or makes it whole again, as far as there is room. */
  keep(): void {
    this.#work = this.#work.then(() => this.#make());
  }

  /** Gives some of it up. False: nothing is left. */
  async giveUp(): Promise<boolean> {
    const size = await this.#size();
    if (size === 0) return false;
    await truncate(this.#path, Math.max(0, size - STORAGE_RESERVE_STEP_BYTES));
    return true;
  }

  /** Resolves when nothing is written any more. */
  async settled(): Promise<void> {
    await this.#work;
  }

  async #make(): Promise<void> {
    const missing = STORAGE_RESERVE_BYTES - (await this.#size());
    if (missing <= 0) return;
    try {
      const file = await open(this.#path, "a");
      try {
        // Not zeros, which some file systems do not give room to.
        await file.writeFile(randomBytes(missing));
      } finally {
        await file.close();
      }
    } catch {
      // No room for more of it: it is completed when there is.
    }
  }

  async #size(): Promise<number> {
    try {
      return (await stat(this.#path)).size;
    } catch {
      return 0;
    }
  }
}
