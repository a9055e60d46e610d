import type { GroupId, Timer, Timers } from "@leveret/raft";

/** Between two looks, while mirrors wait, milliseconds. */
const LOOK_MS = 200;
/** Queues that one look is about, of each kind: a millisecond or two. */
const QUEUES_PER_LOOK = 500;

/** What the log of a queue that is led here has. */
export interface LogContents {
  /** Index of the last entry. */
  readonly lastIndex: number;
  /** Index of the entry with the oldest message; Infinity: there is none. */
  readonly oldestIndex: number;
}

export interface DrainedSyncOptions {
  readonly timers: Timers;
  /** undefined: the group is not led here. */
  contentsOf(groupId: GroupId): LogContents | undefined;
  /** Mirrors of the queue wait for `sync_queue`. */
  hasUnsynced(groupId: GroupId): boolean;
  /** Has them placed, as `sync_queue` does. */
  place(groupId: GroupId): void;
}

/**
 * Mirrors that ha-sync-mode manual holds back come by themselves once all messages are gone that the queue had when they were
 * wanted: in RabbitMQ they have all the others then, and count as synchronised. An empty queue has its mirrors at once. Works where
 * the queue is led; who leads it next begins anew.
 */
export class DrainedSync {
  readonly #options: DrainedSyncOptions;
  /** To be looked at for mirrors that wait; with the last entry when they came to be wanted, -1: not known. */
  readonly #fresh = new Map<GroupId, number>();
  /** With mirrors that wait, and the last entry when that was seen first. */
  readonly #waiting = new Map<GroupId, number>();
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: DrainedSyncOptions) {
    this.#options = options;
  }

  /** The members or the queue's leader have changed. As often as one likes. */
  look(groupId: GroupId): void {
    if (this.#isStopped) return;
    if (!this.#fresh.has(groupId)) this.#fresh.set(groupId, -1);
    this.#arm();
  }

  /** The policy of the queue has changed: what it has now is what its mirrors may have to wait for. */
  lookFromHere(groupId: GroupId): void {
    if (this.#isStopped) return;
    this.#fresh.set(groupId, this.#options.contentsOf(groupId)?.lastIndex ?? -1);
    this.#arm();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#fresh.clear();
    this.#waiting.clear();
  }

  #arm(): void {
    this.#timer ??= this.#options.timers.setTimer(LOOK_MS, () => {
      this.#timer = undefined;
      this.#lookAtFresh();
      this.#lookAtWaiting();
      if (this.#fresh.size + this.#waiting.size > 0) this.#arm();
    });
  }

  #lookAtFresh(): void {
    let left = QUEUES_PER_LOOK;
    for (const [groupId, lastIndex] of this.#fresh) {
      if (left-- === 0) return;
      this.#fresh.delete(groupId);
      if (this.#waiting.has(groupId) || !this.#options.hasUnsynced(groupId)) continue;
      const contents = this.#options.contentsOf(groupId);
      if (contents === undefined) continue;
      this.#waiting.set(groupId, lastIndex < 0 ? contents.lastIndex : lastIndex);
    }
  }

  /** Those that still wait go behind the others. */
  #lookAtWaiting(): void {
    let left = Math.min(QUEUES_PER_LOOK, this.#waiting.size);
    for (const [groupId, lastIndex] of this.#waiting) {
      if (left-- === 0) return;
      this.#waiting.delete(groupId);
      const contents = this.#options.contentsOf(groupId);
      if (contents === undefined) continue;
      if (contents.oldestIndex <= lastIndex) {
        if (this.#options.hasUnsynced(groupId)) this.#waiting.set(groupId, lastIndex);
      } else if (this.#options.hasUnsynced(groupId)) {
        this.#options.place(groupId);
      }
    }
  }
}
