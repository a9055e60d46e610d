import type { Disk } from "@leveret/raft";
import { STORAGE_OPENING_PATIENCE_MS } from "../limits.ts";
import type { Logger } from "../logger.ts";

/**
 * Says so, again and again, while a data directory takes long to open: a large log has to be read, or a full disk has no room for
 * the file that the log goes on in. In the second case the start goes on as soon as there is room.
 */
export class OpeningWait {
  readonly #disk: Disk;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;

  constructor(disk: Disk, log: Logger) {
    this.#disk = disk;
    this.#log = log;
    this.#timer = setInterval(() => this.#tell(), STORAGE_OPENING_PATIENCE_MS);
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #tell(): void {
    this.#disk.freeSpace((error, freeBytes) => {
      const fields = error === undefined ? { freeBytes } : { err: error };
      this.#log.warn(
        fields,
        "the data directory is not open yet: it is read, or waits for disk space",
      );
    });
  }
}
