import type { ReplicaId } from "./ids.ts";
import { Inflights } from "./inflights.ts";

/**
 * probe: where the follower's log agrees is not known, one message at a time; replicate: entries are sent ahead of
 * acknowledgements; snapshot: waits until a snapshot has arrived.
 */
export type ProgressState = "probe" | "replicate" | "snapshot";

/** What the leader knows of one member, for a term (Raft paper, figure 2: nextIndex, matchIndex). */
export class Progress {
  readonly replica: ReplicaId;
  readonly inflights: Inflights;
  state: ProgressState = "probe";
  /** Highest index known to be durable there and equal to the leader's. Never falls, except by amnesia. */
  match = 0;
  /** Next index to send. */
  next: number;
  /** Commit index that the last message told. */
  sentCommit = 0;
  /** A snapshot for it has to reach this index: a damaged log begins there. */
  snapshotAtLeast = 0;
  /** Index of the snapshot on its way, in state snapshot. */
  pendingSnapshot = 0;
  /** Nothing is sent until an answer, or a heartbeat's, arrives. */
  isFlowPaused = false;
  /** A message is to be sent even if it has no entries. */
  wantsEmpty = false;
  /** Answered since the last quorum check. */
  isRecentlyActive = false;
  /** Entries for it are being read from the log; nothing else is sent, or read for it, until they have come. */
  isFetching = false;
  /** Newest read round that it answered. */
  ackedRound = 0;
  /** What it had acknowledged when its node restarted, until its first answer shows that it still has it; 0: nothing to show. */
  matchAtRestart = 0;
  /** What it had acknowledged and forgot: it is reminded until it has it again; 0: nothing. */
  forgotten = 0;

  constructor(replica: ReplicaId, next: number, inflights: Inflights) {
    this.replica = replica;
    this.next = next;
    this.inflights = inflights;
  }

  get isPaused(): boolean {
    return this.state === "snapshot" || this.isFlowPaused || this.isFetching;
  }

  /** Where nothing is known of the follower yet, `next` stays the guess that its answer will correct. */
  becomeProbe(): void {
    const known =
      this.state === "snapshot" ? Math.max(this.match, this.pendingSnapshot) : this.match;
    this.#enter("probe");
    if (known > 0) this.next = known + 1;
  }

  becomeReplicate(): void {
    this.#enter("replicate");
    this.next = this.match + 1;
  }

  becomeSnapshot(index: number): void {
    this.#enter("snapshot");
    this.pendingSnapshot = index;
    this.next = index + 1;
  }

  #enter(state: ProgressState): void {
    this.state = state;
    this.isFlowPaused = false;
    this.pendingSnapshot = 0;
    this.sentCommit = Math.min(this.sentCommit, this.match);
    this.inflights.reset();
  }

  /** A message with entries `next`.. left. A full window pauses until the answer to a heartbeat, to find lost messages. */
  sent(entries: number, bytes: number): void {
    this.wantsEmpty = false;
    if (this.state === "replicate") {
      if (entries > 0) {
        this.next += entries;
        this.inflights.add(this.next - 1, bytes);
      }
      this.isFlowPaused = this.inflights.isFull;
    } else {
      this.isFlowPaused = true;
    }
  }

  /** Everything up to `index` is durable there. True: that is news. */
  acknowledge(index: number): boolean {
    if (index <= this.match) return false;
    this.match = index;
    this.next = Math.max(this.next, index + 1);
    this.isFlowPaused = false;
    return true;
  }

  /**
   * The follower refused entries after `rejected`; it may agree at `hint`. False: an old message that says nothing new.
   */
  reject(rejected: number, hint: number): boolean {
    if (this.state === "replicate") {
      if (rejected <= this.match) return false;
      this.becomeProbe();
      return true;
    }
    if (this.state === "snapshot" || this.next - 1 !== rejected) return false;
    // What it acknowledged it refuses only if it has lost it, and that it says by itself: no use in asking at once.
    if (rejected <= this.match) return false;
    this.next = Math.max(Math.min(rejected, hint + 1), this.match + 1);
    this.isFlowPaused = false;
    return true;
  }
}

/** Progress of a member whose log is not known yet. */
export function newProgress(
  replica: ReplicaId,
  next: number,
  limits: { readonly maxInflightMessages: number; readonly maxInflightBytes: number },
): Progress {
  return new Progress(
    replica,
    next,
    new Inflights(limits.maxInflightMessages, limits.maxInflightBytes),
  );
}
