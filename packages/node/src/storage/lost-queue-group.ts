import type { ProposalResult, ReadResult } from "@leveret/raft";
import type { QueueGroup } from "../queue/log/queue-group.ts";
import type { QueueLog } from "../queue/log/queue-log.ts";

/**
 * Stands for the contents of a queue that are gone from a damaged data directory. It is never ready: to go on with an empty
 * queue would hide that messages are lost. Deleting the queue and declaring it again is the way out.
 */
export class LostQueueGroup implements QueueGroup {
  readonly groupId: number;
  readonly log: QueueLog;
  readonly isReady = false;
  isReplicated = false;
  readonly term = 0;
  onChange: undefined;
  readonly failure = "its contents are missing";
  readonly lastIndex = 0;

  constructor(groupId: number, log: QueueLog) {
    this.groupId = groupId;
    this.log = log;
  }

  onceReady(done: () => void): void {
    setImmediate(done);
  }

  hurry(): void {}

  whenReady(done: () => void): void {
    setImmediate(done);
  }

  propose(_data: Uint8Array, _options: object, done: (result: ProposalResult) => void): boolean {
    setImmediate(() => done({ kind: "stopped" }));
    return false;
  }

  read(_first: number, _maxBytes: number, done: (result: ReadResult) => void): void {
    setImmediate(() => done({ kind: "compacted" }));
  }

  delete(): void {}
}
