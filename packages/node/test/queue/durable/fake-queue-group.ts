import { type Entry, EntryType, type ProposalResult, type ReadResult } from "@leveret/raft";
import type { QueueCommand, QueueGroup } from "../../../src/queue/log/queue-group.ts";
import { QueueLog } from "../../../src/queue/log/queue-log.ts";

interface Proposed {
  readonly data: Uint8Array;
  readonly command: QueueCommand;
  readonly done: (result: ProposalResult) => void;
}

/**
 * A group of one in memory: `apply` applies what was proposed, `sync` makes it durable, `crash` loses what was not. Nothing
 * happens by itself.
 */
export class FakeQueueGroup implements QueueGroup {
  readonly groupId = 16;
  isReady = true;
  isReplicated = false;
  readonly term = 1;
  onChange: (() => void) | undefined;
  isBusy = false;
  failure: string | undefined = undefined;
  /** Takes only what frees space. */
  isFull = false;
  log: QueueLog = new QueueLog();
  readonly entries: Entry[] = [];
  /** Indexes that cannot be read. */
  readonly lost: Set<number> = new Set();
  readCount = 0;
  /** Proposed last. */
  lastCommand: QueueCommand | undefined;
  isDeleted = false;
  #proposed: Proposed[] = [];
  #applied: { readonly proposed: Proposed; readonly index: number }[] = [];
  #durableCount = 0;
  #waiting: (() => void)[] = [];
  #reads: (() => void)[] = [];

  get lastIndex(): number {
    return this.entries.length + 1;
  }

  onceReady(done: () => void): void {
    this.#waiting.push(done);
  }

  hurry(): void {}

  whenReady(done: () => void): void {
    this.#waiting.push(done);
  }

  becomeReady(): void {
    this.isReady = true;
    this.tellWaiting();
  }

  /** It is ready, or has failed. */
  tellWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const done of waiting) done();
  }

  propose(
    data: Uint8Array,
    { command, freesSpace }: { readonly command: QueueCommand; readonly freesSpace: boolean },
    done: (result: ProposalResult) => void,
  ): boolean {
    const kind = this.#refusal(freesSpace);
    if (kind !== undefined) {
      this.#reads.push(() => done({ kind }));
      return false;
    }
    this.lastCommand = command;
    this.#proposed.push({ data, command, done });
    return true;
  }

  #refusal(freesSpace: boolean): "busy" | "no-space" | "stopped" | undefined {
    if (this.failure !== undefined) return "stopped";
    if (this.isFull && !freesSpace) return "no-space";
    return this.isBusy ? "busy" : undefined;
  }

  /** Applies what was proposed, and answers refusals. */
  apply(): void {
    const proposed = this.#proposed;
    this.#proposed = [];
    for (const each of proposed) {
      const index = this.lastIndex + 1;
      const entry: Entry = {
        index,
        term: 1,
        type: EntryType.Command,
        // A copy, as the disk has one.
        data: Uint8Array.from(each.data),
        crc: 0,
      };
      this.entries.push(entry);
      this.#applied.push({ proposed: each, index });
      this.log.apply({ ...entry, data: each.data, command: each.command });
    }
  }

  /** What was applied is durable. */
  sync(): void {
    const applied = this.#applied;
    this.#applied = [];
    this.#durableCount = this.entries.length;
    for (const { proposed, index } of applied) proposed.done({ kind: "applied", index, term: 1 });
  }

  /** The group does not run any more: what became of proposals nobody can tell. */
  stop(why: string): void {
    this.failure = why;
    const proposed = [...this.#applied.map((each) => each.proposed), ...this.#proposed];
    this.#applied = [];
    this.#proposed = [];
    for (const { done } of proposed) done({ kind: "unknown" });
  }

  read(first: number, maxBytes: number, done: (result: ReadResult) => void): void {
    this.readCount++;
    this.#reads.push(() => {
      if (this.lost.has(first)) {
        done({ kind: "compacted" });
        return;
      }
      const found: Entry[] = [];
      let bytes = 0;
      for (const entry of this.entries) {
        if (entry.index < first || (found.length > 0 && bytes + entry.data.length > maxBytes))
          continue;
        found.push(entry);
        bytes += entry.data.length;
      }
      done({ kind: "entries", entries: found });
    });
  }

  /** Answers what was read. */
  answerReads(): void {
    const reads = this.#reads;
    this.#reads = [];
    for (const read of reads) read();
  }

  delete(): void {
    this.isDeleted = true;
    setImmediate(() => this.tellWaiting());
  }

  /** The group as the next process finds it: what was not durable may be gone. */
  restart(losesUnsynced: boolean): FakeQueueGroup {
    const next = new FakeQueueGroup();
    next.entries.push(
      ...(losesUnsynced ? this.entries.slice(0, this.#durableCount) : this.entries),
    );
    next.#durableCount = next.entries.length;
    for (const entry of next.entries) {
      if (entry.type === EntryType.Command) next.log.apply(entry);
    }
    return next;
  }
}
