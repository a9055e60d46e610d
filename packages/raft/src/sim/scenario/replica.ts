import { EMPTY_CONF } from "../../core/conf-state.ts";
import { type Entry, EntryType } from "../../core/entry.ts";
import type { ReplicaId } from "../../core/ids.ts";
import { MessageType, type RaftMessage, type SnapshotMeta } from "../../core/message.ts";
import type { RaftConfig } from "../../core/raft-config.ts";
import { RaftCore } from "../../core/raft-core.ts";
import type { CoreEvent, Fetch, Ready } from "../../core/ready.ts";
import { holesOf, type LogImage } from "./log-image.ts";
import { MemoryLog } from "./memory-log.ts";
import { BLANK, type RecordedState, recorded } from "./recorder.ts";

/** What the rest of a cluster wants to know of a replica's steps. */
export interface ReplicaObserver {
  /** A message leaves; `state` is the contents of an InstallSnapshot. */
  onSend(replica: Replica, message: RaftMessage): void;
  onReady(replica: Replica, ready: Ready): void;
  /** The entry was applied and `replica.state` has it. */
  onApply(replica: Replica, entry: Entry): void;
  /** The replica's core was called. */
  onStep(replica: Replica): void;
}

/** A core with the smallest host that can carry it out: each part of the work is done when the scenario says so. */
export class Replica {
  readonly id: ReplicaId;
  readonly log: MemoryLog;
  /** Results of reads asked for here, oldest first. */
  readonly reads: { context: number; index: number }[] = [];
  readonly events: CoreEvent[] = [];
  /** Replies of `step` other than "taken". */
  readonly ignored: string[] = [];
  /** Followers that wait for a snapshot, in order. */
  snapshotRequests: { to: ReplicaId; atLeast: number }[] = [];
  fetches: Fetch[] = [];
  state: RecordedState = BLANK;
  readonly #observer: ReplicaObserver;
  readonly #configOf: (boot: number) => RaftConfig;
  readonly #arrived = new Map<string, RecordedState>();
  #core: RaftCore | undefined;
  #toApply: Entry[] = [];
  #boots = 0;

  constructor(
    id: ReplicaId,
    image: LogImage,
    configOf: (boot: number) => RaftConfig,
    observer: ReplicaObserver,
  ) {
    this.id = id;
    this.log = new MemoryLog(image);
    this.#configOf = configOf;
    this.#observer = observer;
  }

  get isUp(): boolean {
    return this.#core !== undefined;
  }

  /** Times it was started. */
  get boots(): number {
    return this.#boots;
  }

  /** @throws Error while the replica is down */
  get core(): RaftCore {
    if (this.#core === undefined) throw new Error(`replica ${this.id} is down`);
    return this.#core;
  }

  /** Committed entries given out by the core and not yet applied. */
  get toApply(): readonly Entry[] {
    return this.#toApply;
  }

  /** Starts from what is durable. */
  start(): void {
    const image = this.log.durable;
    const isBlank = image.isSnapshotDamaged;
    this.#boots++;
    this.state = isBlank ? BLANK : image.snapshot.state;
    this.#core = RaftCore.restore(
      this.#configOf(this.#boots),
      {
        hardState: image.hardState,
        conf: isBlank ? EMPTY_CONF : image.snapshot.meta.conf,
        applied: isBlank ? 0 : image.snapshot.meta.index,
        holes: holesOf(image),
        promise: image.promise,
      },
      this.log,
    );
    this.#observer.onStep(this);
  }

  /** The process dies; of the waiting writes the first `reached` are on the disk nevertheless. */
  crash(reached: number): void {
    this.log.crash(reached);
    this.#core = undefined;
    this.#toApply = [];
    this.#arrived.clear();
    this.fetches = [];
    this.snapshotRequests = [];
  }

  /** Calls the core and lets the observer look. */
  call<T>(action: (core: RaftCore) => T): T {
    const result = action(this.core);
    this.#observer.onStep(this);
    return result;
  }

  /** A message arrives; `state` is what came with an InstallSnapshot. */
  receive(message: RaftMessage, state: RecordedState | undefined): void {
    if (message.snapshot !== undefined && state !== undefined)
      this.provide(message.snapshot, state);
    const answer = this.call((core) => core.step(message));
    if (answer !== "") this.ignored.push(answer);
  }

  /** The contents of a snapshot are here; a message that offers it may follow. */
  provide(meta: SnapshotMeta, state: RecordedState): void {
    this.#arrived.set(keyOf(meta), state);
  }

  /** Takes one Ready from the core and hands its parts out. False: there was none. */
  processReady(): boolean {
    if (!this.core.hasReady()) return false;
    const ready = this.core.ready();
    this.#observer.onReady(this, ready);
    if (ready.append !== undefined) {
      const { snapshot } = ready.append;
      this.log.write(ready.append, snapshot && this.#arrived.get(keyOf(snapshot)));
    }
    for (const message of ready.messages) this.#observer.onSend(this, message);
    this.#toApply.push(...ready.committed);
    this.reads.push(...ready.reads);
    this.events.push(...ready.events);
    this.fetches.push(...ready.fetches);
    this.snapshotRequests.push(...ready.snapshotRequests);
    return true;
  }

  /** The oldest write becomes durable and is reported; then the messages that waited for it leave. */
  processAppend(): boolean {
    const append = this.log.syncNext();
    if (append === undefined) return false;
    if (append.snapshot !== undefined) this.#install(append.snapshot);
    this.call((core) => core.onAppended(append.seq));
    for (const message of append.after) this.#observer.onSend(this, message);
    return true;
  }

  #install(meta: SnapshotMeta): void {
    if (meta.index <= this.state.index) return;
    const state = this.#arrived.get(keyOf(meta));
    if (state === undefined) throw new Error("a snapshot is installed that never arrived");
    this.state = state;
    this.#toApply = this.#toApply.filter((entry) => entry.index > meta.index);
  }

  /** Applies the next committed entry. False: there is none. */
  processApply(): boolean {
    const entry = this.#toApply.shift();
    if (entry === undefined) return false;
    this.state = recorded(this.state, entry);
    this.#observer.onApply(this, entry);
    if (entry.type === EntryType.ConfChange) this.core.applyConfChange(entry);
    this.call((core) => core.onApplied(entry.index));
    return true;
  }

  /** Answers the oldest fetch. False: there is none. */
  processFetch(): boolean {
    const fetch = this.fetches.shift();
    if (fetch === undefined) return false;
    const result = this.log.read(fetch.from, fetch.to, fetch.maxBytes);
    this.call((core) => core.onFetched(fetch.purpose, result));
    return true;
  }

  /** Takes a snapshot of all that is applied and forgets entries up to `compactTo`. */
  compact(compactTo: number): void {
    const { log, state } = this;
    const isBase = state.index === log.compactedIndex;
    const term = isBase ? log.compactedTerm : this.core.termAt(state.index);
    // The entry is damaged: its term is not known.
    if (term === undefined) return;
    const meta = { index: state.index, term, conf: this.core.conf };
    log.saveSnapshot({ meta, state }, compactTo);
  }

  /** The message that offers this replica's newest snapshot, and its contents. */
  snapshotFor(to: ReplicaId): { message: RaftMessage; state: RecordedState } {
    const { meta, state } = this.log.durable.snapshot;
    const { groupId, groupEpoch } = this.#configOf(this.#boots);
    const message: RaftMessage = {
      type: MessageType.InstallSnapshot,
      groupId,
      epoch: groupEpoch,
      from: this.id,
      to,
      term: this.core.currentTerm,
      index: 0,
      logTerm: 0,
      commit: 0,
      hint: 0,
      context: 0,
      reject: false,
      entries: [],
      snapshot: meta,
    };
    return { message, state };
  }
}

function keyOf(meta: SnapshotMeta): string {
  return `${meta.index}:${meta.term}`;
}
