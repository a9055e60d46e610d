import type { Entry, RestoreSink, SnapshotSource, StateMachine } from "@leveret/raft";
import type { QueueLog } from "../../src/queue/log/queue-log.ts";

/** Keeps the texts of all commands: stands for the metadata, or for the contents of a queue. */
export class ListLog implements StateMachine {
  items: string[] = [];
  reclaimableBytes = 0;

  apply(entry: Entry): void {
    this.items.push(Buffer.from(entry.data).toString());
  }

  snapshot(): SnapshotSource {
    const bytes = Buffer.from(JSON.stringify(this.items));
    let isGiven = false;
    return {
      live: [],
      next: (): Uint8Array | undefined => {
        if (isGiven) return undefined;
        isGiven = true;
        return bytes;
      },
      close: (): void => {},
    };
  }

  restore(): RestoreSink {
    const pieces: Uint8Array[] = [];
    return {
      add: (bytes): void => void pieces.push(Buffer.from(bytes)),
      finish: (): void => {
        this.items = JSON.parse(Buffer.concat(pieces).toString()) as string[];
      },
    };
  }

  digest(): number {
    return this.items.length;
  }

  /** For a storage that does not look into it. */
  asQueueLog(): QueueLog {
    return this as unknown as QueueLog;
  }
}
