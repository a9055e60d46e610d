import type { Disk } from "@leveret/raft";
import { STORAGE_OPENING_PATIENCE_MS } from "../limits.ts";
import type { Logger } from "../logger.ts";

const MIB = 1_048_576;

export interface OpeningWaitOptions {
  readonly log: Logger;
  /** Size of the file that the log may need to go on in. */
  readonly fileBytes: number;
}

/**
 * Says so, again and again, while a data directory takes long to open: a large log has to be read, or a full disk has no room for
 * the file that the log goes on in. In the second case the start goes on as soon as there is room.
 */
export class OpeningWait {
  readonly #disk: Pick<Disk, "freeSpace">;
  readonly #options: OpeningWaitOptions;
  readonly #timer: NodeJS.Timeout;

  constructor(disk: Pick<Disk, "freeSpace">, options: OpeningWaitOptions) {
    this.#disk = disk;
    this.#options = options;
    this.#timer = setInterval(() => this.#tell(), STORAGE_OPENING_PATIENCE_MS);
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #tell(): void {
    const { log, fileBytes } = this.#options;
    this.#disk.freeSpace((error, freeBytes) => {
      const fields = error === undefined ? { freeBytes } : { err: error };
      const needed = `, or waits until ${Math.ceil(fileBytes / MIB)} MiB of the disk are free`;
      const isEnough = error === undefined && freeBytes >= fileBytes;
      const what = "the data directory is not open yet: its log is read";
      log.warn(fields, isEnough ? what : what + needed);
    });
  }
}
