import type { GroupId, ReplicaId } from "../core/ids.ts";
import type { RaftMessage } from "../core/message.ts";
import type { Role } from "../core/ready.ts";
import type { RaftLimits } from "../limits.ts";
import type { LogStore } from "../store/log-store.ts";
import type { GroupRunner } from "./group-runner.ts";
import type { HostMetrics } from "./metrics.ts";
import type { GroupEvent, HostObserver } from "./node-options.ts";
import type { ProposalSettler } from "./pending-proposals.ts";
import type { ReadSettler } from "./pending-reads.ts";

/** What a group on this node needs of the host that runs it. */
export interface GroupContext extends ProposalSettler, ReadSettler {
  readonly store: LogStore;
  readonly limits: RaftLimits;
  readonly metrics: HostMetrics;
  readonly observer: HostObserver | undefined;
  /** The node is stopping: nothing new is taken on. */
  readonly isStopping: boolean;
  nowMs(): number;
  /** False: dropped. */
  send(message: RaftMessage): boolean;
  /** Calls `done(value)` at the end of the turn. */
  complete<T>(done: (value: T) => void, value: T): void;
  /** The group's core has a Ready, or reads to ask for. */
  markReady(group: GroupRunner): void;
  /** The group has entries to apply. */
  markApplying(group: GroupRunner): void;
  setAwake(group: GroupRunner, isAwake: boolean): void;
  /** A follower of a group led here needs a snapshot. */
  requestSnapshot(group: GroupRunner, to: ReplicaId, atLeast: number): void;
  /** The group leads here and has applied all that was in its log before. */
  onReady(group: GroupRunner): void;
  onRoleChange(group: GroupRunner, before: Role): void;
  /** The members of the group changed. */
  onConfChange(group: GroupRunner): void;
  /** The snapshot that the machine was to take over cannot be read. */
  onStateLost(group: GroupRunner): void;
  /** The group does not run any more. */
  onStopped(group: GroupRunner, why: string): void;
  report(groupId: GroupId, event: GroupEvent): void;
}
