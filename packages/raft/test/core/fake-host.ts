import { createEntryMaker } from "../../src/codec/entry-maker.ts";
import type { ConfState } from "../../src/core/conf-state.ts";
import { type Entry, EntryType } from "../../src/core/entry.ts";
import type { IndexRange, LogPosition } from "../../src/core/hard-state.ts";
import { NONE } from "../../src/core/ids.ts";
import type { RaftMessage } from "../../src/core/message.ts";
import { DEFAULT_RAFT_LIMITS, type RaftConfig } from "../../src/core/raft-config.ts";
import { RaftCore } from "../../src/core/raft-core.ts";
import type { Append, CoreEvent, Fetch, Ready } from "../../src/core/ready.ts";
import { FakeLog } from "./fake-log.ts";
import { confOf, EPOCH, entriesOf, GROUP, NO_BYTES, r } from "./make.ts";

export interface HostOptions {
  readonly self?: number;
  readonly conf?: ConfState;
  /** Default 1: what the snapshot at the start of the log holds. */
  readonly base?: LogPosition;
  /** Terms of the entries after `base`. */
  readonly terms?: readonly number[];
  readonly entries?: readonly Entry[];
  readonly term?: number;
  readonly vote?: number;
  readonly commit?: number;
  readonly applied?: number;
  readonly holes?: readonly IndexRange[];
  readonly promise?: LogPosition;
  readonly config?: Partial<RaftConfig>;
}

/** Calls of `ready` that one input may cause while nothing is completed. */
const READY_MAX = 8;

/** A core with its storage, both moved by hand. */
export class FakeHost {
  readonly log: FakeLog;
  readonly core: RaftCore;
  readonly dead = new Set<number>();
  /** Appends not durable yet, oldest first. */
  readonly outstanding: Append[] = [];
  toApply: Entry[] = [];
  readonly applied: Entry[] = [];
  readonly reads: { readonly context: number; readonly index: number }[] = [];
  readonly events: CoreEvent[] = [];
  readonly fetches: Fetch[] = [];
  readonly snapshotRequests: { readonly to: number; readonly atLeast: number }[] = [];

  constructor(options: HostOptions = {}) {
    const base = options.base ?? { index: 1, term: 1 };
    const entries = options.entries ?? entriesOf(base.index + 1, options.terms ?? []);
    this.log = new FakeLog(base, entries);
    for (const { first, last } of options.holes ?? []) {
      for (let index = first; index <= last; index++) this.log.entries.delete(index);
    }
    const lastTerm = entries.at(-1)?.term ?? base.term;
    const hardState = {
      currentTerm: options.term ?? lastTerm,
      votedFor: options.vote === undefined ? NONE : r(options.vote),
      commitIndex: options.commit ?? base.index,
    };
    const config = configOf(r(options.self ?? 1), (replica) => !this.dead.has(replica));
    const init = {
      hardState,
      conf: options.conf ?? confOf([1, 2, 3]),
      applied: options.applied ?? base.index,
      holes: options.holes ?? [],
      promise: options.promise,
    };
    this.core = RaftCore.restore({ ...config, ...options.config }, init, this.log);
  }

  /** One Ready, carried out as far as it can be without waiting. */
  take(): Ready {
    const ready = this.core.ready();
    if (ready.append !== undefined) {
      this.log.write(ready.append);
      this.outstanding.push(ready.append);
    }
    this.toApply.push(...ready.committed);
    this.reads.push(...ready.reads);
    this.events.push(...ready.events);
    this.fetches.push(...ready.fetches);
    this.snapshotRequests.push(...ready.snapshotRequests);
    return ready;
  }

  /** All that can be had while nothing is completed. @returns messages that may leave at once */
  flush(): RaftMessage[] {
    const sent: RaftMessage[] = [];
    for (let turn = 0; this.core.hasReady(); turn++) {
      if (turn === READY_MAX) throw new Error("ready() does not come to an end");
      sent.push(...this.take().messages);
    }
    return sent;
  }

  /** The oldest append becomes durable. @returns the messages that waited for it */
  durable(): readonly RaftMessage[] {
    const append = this.outstanding.shift();
    if (append === undefined) throw new Error("no append is outstanding");
    const snapshot = append.snapshot?.index ?? 0;
    this.toApply = this.toApply.filter((entry) => entry.index > snapshot);
    this.core.onAppended(append.seq);
    return append.after;
  }

  /** Applies what was given out. */
  apply(): void {
    for (const entry of this.toApply.splice(0)) {
      this.applied.push(entry);
      if (entry.type === EntryType.ConfChange) this.core.applyConfChange(entry);
      this.core.onApplied(entry.index);
    }
  }

  /** Until nothing is left to do. @returns all messages that left */
  settle(): RaftMessage[] {
    const sent = this.flush();
    while (this.outstanding.length > 0 || this.toApply.length > 0) {
      while (this.outstanding.length > 0) sent.push(...this.durable());
      this.apply();
      sent.push(...this.flush());
    }
    return sent;
  }

  /** Takes messages; @returns what left after all of it is durable and applied. */
  receive(...messages: readonly RaftMessage[]): RaftMessage[] {
    for (const message of messages) this.core.step(message);
    return this.settle();
  }

  /** Answers the oldest fetch as a disk would. */
  answerFetch(): void {
    const fetch = this.fetches.shift();
    if (fetch === undefined) throw new Error("nothing was fetched");
    const entries = this.log.run(fetch.from, fetch.to, fetch.maxBytes);
    this.core.onFetched(fetch.purpose, entries.length > 0 ? entries : "damaged");
  }

  /** Data of the commands applied, in order. */
  get commands(): string[] {
    const commands = this.applied.filter((entry) => entry.type === EntryType.Command);
    return commands.map((entry) => Buffer.from(entry.data).toString());
  }
}

function configOf(
  self: number,
  isNodeAlive: (replica: number) => boolean = () => true,
): RaftConfig {
  return {
    ...DEFAULT_RAFT_LIMITS,
    electionTicks: 10,
    heartbeatTicks: 2,
    self,
    groupId: GROUP,
    groupEpoch: EPOCH,
    seed: self,
    appliesBeforeDurable: false,
    noopData: NO_BYTES,
    createEntry: createEntryMaker(),
    isNodeAlive,
  };
}
