import type { IndexRange } from "../core/hard-state.ts";
import type { ReplicaId } from "../core/ids.ts";
import type { RaftCore } from "../core/raft-core.ts";
import type { SnapshotSource } from "../store/log-store.ts";
import type { GroupApplier } from "./group-applier.ts";
import type { GroupContext } from "./group-context.ts";

/** "saved", "superseded", "no-space" as the store answers; "current": nothing new to save; "stopped"; "damaged". */
export type SaveResult = "saved" | "superseded" | "no-space" | "current" | "stopped" | "damaged";
export type SaveDone = (result: SaveResult) => void;

/** With little space left, snapshots are taken for this fraction of the usual reclaimable bytes. */
const LOW_SPACE_FRACTION = 0.2;
/** Entries a follower keeps below its snapshot, as a fraction of what a leader keeps for those that lag: it may lead next. */
const TRAILING_FRACTION = 1 / 64;

/** Decides when the state of one group is saved, and what of the log may be forgotten then. */
export class GroupSnapshotter {
  readonly #groupId: number;
  readonly #context: GroupContext;
  readonly #applier: GroupApplier;
  #waiters: SaveDone[] = [];
  #isWanted = false;
  #isSaving = false;
  #isStopped = false;
  #sending = 0;
  #notBeforeMs = 0;
  #lastSize = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(groupId: number, context: GroupContext, applier: GroupApplier) {
    this.#groupId = groupId;
    this.#context = context;
    this.#applier = applier;
  }

  /** What the machine threw when it was asked for its state. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** A snapshot is being written, or sent to a follower. */
  get isBusy(): boolean {
    return this.#isWanted || this.#isSaving || this.#sending > 0;
  }

  /** A snapshot would set enough of the log free. */
  get isWorthIt(): boolean {
    const { limits, store } = this.#context;
    const threshold =
      store.space === "ok"
        ? limits.snapshotReclaimBytes
        : limits.snapshotReclaimBytes * LOW_SPACE_FRACTION;
    const reclaimable = this.#applier.machine.reclaimableBytes;
    return reclaimable >= threshold && reclaimable >= this.#lastSize;
  }

  /** While a snapshot is on its way to a follower no other one is taken: it would have to start anew. */
  sendingStarted(): void {
    this.#sending++;
  }

  sendingEnded(): void {
    this.#sending--;
  }

  /** Saves if enough of the log would be set free. */
  saveIfDue(core: RaftCore): void {
    if (this.isBusy || this.#applier.isReplacing) return;
    if (!this.isWorthIt && !this.#wouldHeal(core)) return;
    if (this.#context.nowMs() < this.#notBeforeMs) return;
    this.save(core);
  }

  /** Saves the state as it is now, or joins the save that is under way. */
  save(core: RaftCore, done?: SaveDone): void {
    if (done !== undefined) this.#waiters.push(done);
    if (this.#isSaving) return;
    if (this.#isStopped) {
      this.#answer("stopped");
      return;
    }
    if (core.isInstalling) {
      this.#answer("superseded");
      return;
    }
    const isDamaged = core.isDamaged && !this.#wouldHeal(core);
    if (isDamaged || this.#applier.isReplacing) {
      this.#answer("damaged");
      return;
    }
    const { store } = this.#context;
    if (this.#applier.appliedIndex <= store.log(this.#groupId).snapshotIndex) {
      this.#answer("current");
      return;
    }
    this.#isWanted = true;
    this.onDurable(core);
  }

  /** More of the log is durable: what was applied before that may be saved now. */
  onDurable(core: RaftCore): void {
    // The core's members are already those of a snapshot that was accepted.
    if (!this.#isWanted || core.isInstalling) return;
    // What was applied before its entry was lost had been durable.
    const durable = this.#wouldHeal(core) ? core.commitIndex : core.durableIndex;
    const mayStart = this.#applier.appliedIndex <= Math.min(core.commitIndex, durable);
    // A group of one applies ahead of its disk. It has to wait, or the state would always be ahead of what may be saved.
    this.#applier.hold(!mayStart);
    if (!mayStart) return;
    this.#isWanted = false;
    this.#start(core);
  }

  /** A snapshot from the leader takes the place of this state. */
  abandon(): void {
    this.#isWanted = false;
    this.#applier.hold(false);
    if (!this.#isSaving) this.#answer("superseded");
  }

  stop(): void {
    this.#isStopped = true;
    this.#isWanted = false;
    if (!this.#isSaving) this.#answer("stopped");
  }

  /** Entries are lost that the state already has: it takes their place, and no peer is needed to get them back. */
  #wouldHeal(core: RaftCore): boolean {
    const hole = core.holes[0];
    return hole !== undefined && hole.first <= this.#applier.appliedIndex;
  }

  #start(core: RaftCore): void {
    const index = this.#applier.appliedIndex;
    const meta = { index, term: this.#applier.appliedTerm, conf: core.conf };
    let source: CountingSource;
    try {
      source = new CountingSource(this.#applier.machine.snapshot());
    } catch (error) {
      this.#failure = { error };
      this.#answer("stopped");
      return;
    }
    const { holes } = core;
    if (this.#wouldHeal(core) && overlaps(source.live, holes)) source.narrow();
    if (this.#wouldHeal(core) && overlaps(source.live, holes)) {
      // The state needs some of the lost entries: a peer has to bring them back.
      source.close();
      this.#notBeforeMs = this.#context.nowMs() + this.#context.limits.snapshotRetryMaxMs;
      this.#answer("damaged");
      return;
    }
    this.#isSaving = true;
    const compactTo = Math.max(0, Math.min(index, this.#keptFrom(core, index)));
    this.#context.store.saveSnapshot(this.#groupId, { meta, source, compactTo }, (result) => {
      this.#isSaving = false;
      this.#onSaved(result, source.size);
    });
  }

  #onSaved(result: "saved" | "superseded" | "no-space", size: number): void {
    const { limits, metrics, observer } = this.#context;
    const pauseMs =
      result === "no-space" ? limits.snapshotRetryMinMs : limits.snapshotMinIntervalMs;
    this.#notBeforeMs = this.#context.nowMs() + pauseMs;
    if (result === "saved") {
      this.#lastSize = size;
      metrics.snapshotsSaved++;
      observer?.onEvent(this.#groupId, "snapshot-saved");
    }
    this.#answer(result);
  }

  /** Entries above the result stay in the log. */
  #keptFrom(core: RaftCore, index: number): number {
    const mean = Math.max(1, this.#applier.meanEntrySize);
    const { lagKeepBytes } = this.#context.limits;
    if (this.#wouldHeal(core)) return index;
    if (core.role !== "leader")
      return index - Math.floor((lagKeepBytes * TRAILING_FRACTION) / mean);
    const furthest = index - Math.floor(lagKeepBytes / mean);
    let kept = index;
    const visit = (replica: ReplicaId): void => {
      const match = core.progress(replica)?.match ?? 0;
      // One that lags by more gets a snapshot; it must not fill the disk of this node.
      if (match < kept && match >= furthest) kept = match;
    };
    for (const replica of core.conf.voters) visit(replica);
    for (const replica of core.conf.votersOutgoing) visit(replica);
    for (const replica of core.conf.learners) visit(replica);
    return kept;
  }

  #answer(result: SaveResult): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const done of waiters) this.#context.complete(done, result);
  }
}

function overlaps(live: readonly IndexRange[], holes: readonly IndexRange[]): boolean {
  return holes.some((hole) =>
    live.some((range) => range.first <= hole.last && hole.first <= range.last),
  );
}

/** Passes a source on and counts its bytes. */
class CountingSource implements SnapshotSource {
  readonly #source: SnapshotSource;
  #size = 0;

  constructor(source: SnapshotSource) {
    this.#source = source;
  }

  get live(): SnapshotSource["live"] {
    return this.#source.live;
  }

  narrow(): void {
    this.#source.narrow?.();
  }

  get size(): number {
    return this.#size;
  }

  next(maxBytes: number): Uint8Array | undefined {
    const piece = this.#source.next(maxBytes);
    this.#size += piece?.length ?? 0;
    return piece;
  }

  close(): void {
    this.#source.close();
  }
}
