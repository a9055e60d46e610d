import type { ProposalResult, RaftGroup, RaftNode, ReadResult, Timers } from "@leveret/raft";
import type { QueueCommand, QueueGroup } from "../queue/log/queue-group.ts";
import type { QueueLog } from "../queue/log/queue-log.ts";

/** What a queue's group needs of the storage it is part of. */
export interface QueueGroupOwner {
  readonly node: Pick<RaftNode, "deleteGroup" | "startFirst">;
  readonly timers: Timers;
  /** The group is deleted: nothing of it is told any more. */
  forget(groupId: number): void;
}

/** The contents of one durable queue: a Raft group whose only member is this node. */
export class RaftQueueGroup implements QueueGroup {
  readonly groupId: number;
  readonly log: QueueLog;
  onChange: (() => void) | undefined;
  #isMeantToBeReplicated = false;
  readonly #group: RaftGroup;
  readonly #owner: QueueGroupOwner;
  #waiting: (() => void)[] = [];
  #stoppedBecause: string | undefined;
  /** When the proposal was made whose time is taken; undefined: none is under way. */
  #proposedAtMs: number | undefined;
  #commitLatencyMs: number | undefined;
  #isDamaged: boolean;

  constructor(group: RaftGroup, log: QueueLog, owner: QueueGroupOwner) {
    this.groupId = group.groupId;
    this.log = log;
    const { stoppedBecause, isDamaged } = group.status();
    this.#stoppedBecause = stoppedBecause;
    this.#isDamaged = isDamaged;
    this.#group = group;
    this.#owner = owner;
  }

  /** Whether this is about that replica: one that was deleted may have a successor on the same node. */
  isOf(group: RaftGroup | undefined): boolean {
    return group === this.#group;
  }

  /** A queue that is to have one replica has others as long as the last of them has not gone. */
  get isReplicated(): boolean {
    if (this.#isMeantToBeReplicated) return true;
    const { voters, votersOutgoing, learners } = this.#group.status().conf;
    return new Set([...voters, ...votersOutgoing, ...learners]).size > 1;
  }

  set isReplicated(isMeant: boolean) {
    this.#isMeantToBeReplicated = isMeant;
  }

  get isReady(): boolean {
    return this.#group.isReady;
  }

  get failure(): string | undefined {
    if (this.#stoppedBecause !== undefined) return this.#stoppedBecause;
    return this.#isDamaged ? "part of its contents is lost" : undefined;
  }

  get term(): number {
    return this.#group.status().term;
  }

  get lastIndex(): number {
    return this.#group.status().lastIndex;
  }

  onceReady(done: () => void): void {
    if (this.isReady || this.failure !== undefined) this.#owner.timers.defer(done);
    else this.#waiting.push(done);
  }

  whenReady(done: () => void): void {
    this.onceReady(done);
    this.hurry();
  }

  hurry(): void {
    if (!this.isReady) this.#owner.node.startFirst(this.groupId);
  }

  propose(
    data: Uint8Array,
    options: { readonly command: QueueCommand; readonly freesSpace: boolean },
    done: (result: ProposalResult) => void,
  ): boolean {
    if (this.#proposedAtMs !== undefined) return this.#group.propose(data, options, done);
    this.#proposedAtMs = performance.now();
    return this.#group.propose(data, options, (result) => {
      this.#noteLatency(result);
      done(result);
    });
  }

  read(first: number, maxBytes: number, done: (result: ReadResult) => void): void {
    this.#group.readEntries(first, this.lastIndex, maxBytes, done);
  }

  delete(): void {
    this.#owner.forget(this.groupId);
    this.#owner.node.deleteGroup(this.groupId, () => undefined);
    this.#owner.timers.defer(() => this.#answer());
  }

  /** Time from a proposal to its being committed and applied, of the last one that was measured; undefined: there was none. */
  get commitLatencyMs(): number | undefined {
    return this.#commitLatencyMs;
  }

  /** The group leads and has replayed its log. */
  onReady(): void {
    this.#isDamaged = false;
    this.#answer();
    this.#tellChange();
  }

  /** Another replica may lead now. */
  onRole(): void {
    this.#tellChange();
  }

  /** The group does not run any more. */
  onStopped(why: string): void {
    this.#stoppedBecause = why;
    this.#answer();
    this.#tellChange();
  }

  /** Entries of it are lost: it works again if its state turns out not to need them. */
  onDamaged(): void {
    this.#isDamaged = true;
    this.#answer();
    this.#tellChange();
  }

  /** In a turn of its own: what follows must not meet the group in the middle of something. */
  #tellChange(): void {
    this.#owner.timers.defer(() => this.onChange?.());
  }

  #noteLatency({ kind }: ProposalResult): void {
    const startMs = this.#proposedAtMs;
    this.#proposedAtMs = undefined;
    if (kind === "applied" && startMs !== undefined) {
      this.#commitLatencyMs = performance.now() - startMs;
    }
  }

  #answer(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const done of waiting) done();
  }
}
