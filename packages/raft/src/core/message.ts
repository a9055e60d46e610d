import type { ConfState } from "./conf-state.ts";
import type { Entry } from "./entry.ts";
import type { GroupId, ReplicaId } from "./ids.ts";

/**
 * Messages between replicas; the numbers are the ones on the wire. What the fields mean for each:
 *
 * | type               | index                 | logTerm            | commit            | hint              | context         |
 * |--------------------|-----------------------|--------------------|-------------------|-------------------|-----------------|
 * | AppendEntries      | prevLogIndex          | prevLogTerm        | leader's commit   | 0                 | 0               |
 * | AppendEntriesReply | matchIndex            | 0                  | own commit        | own last index    | 0               |
 * |  - reject          | refused prevLogIndex  | term at hint       | own commit        | highest index that may agree | own last index |
 * | RequestVote        | lastLogIndex          | lastLogTerm        | own commit        | term at commit    | 1: by transfer  |
 * | PreVote            | lastLogIndex          | lastLogTerm        | own commit        | term at commit    | 0               |
 * |  - both replies    | 0                     | term at commit     | own commit        | 0                 | 0               |
 * | Heartbeat          | 0                     | 0                  | min(match,commit) | 0                 | read round      |
 * | HeartbeatReply     | 0                     | 0                  | own commit        | own last index    | read round      |
 * | InstallSnapshot    | 0                     | 0                  | 0                 | 0                 | 0               |
 * | TimeoutNow         | 0                     | 0                  | 0                 | 0                 | 0               |
 * | ReadIndex          | 0                     | 0                  | 0                 | 0                 | reader's number |
 * | ReadIndexReply     | read index            | 0                  | 0                 | 0                 | reader's number |
 * | Hibernate          | leader's last index   | its term           | leader's commit   | 0                 | 0               |
 * | LeaderGone         | 0                     | 0                  | 0                 | 0                 | 0               |
 * | Promise            | index to promise      | its term           | 0                 | 0                 | 0               |
 * | Damage             | own last index        | 0                  | 0                 | index that a snapshot must reach; 0: any | 0 |
 *
 * PreVote carries the term the sender would campaign in; it is never adopted. A PreVoteReply that grants carries that term,
 * one that rejects the receiver's own. All other messages carry the sender's current term.
 * "own last index" is the last index up to which the log is without holes.
 */
export const MessageType = {
  AppendEntries: 1,
  AppendEntriesReply: 2,
  RequestVote: 3,
  RequestVoteReply: 4,
  PreVote: 5,
  PreVoteReply: 6,
  Heartbeat: 7,
  HeartbeatReply: 8,
  /** The snapshot's contents have arrived on the bulk lane and are durable; this asks the core to accept them. */
  InstallSnapshot: 9,
  /** Leadership transfer: campaign at once, without PreVote (Raft dissertation 3.10). */
  TimeoutNow: 10,
  ReadIndex: 11,
  ReadIndexReply: 12,
  /** The group is idle: a follower that agrees stops ticking. */
  Hibernate: 13,
  /** The sender no longer leads. */
  LeaderGone: 14,
  /** To a replica that forgot what it had acknowledged: it must not vote or lead below this position. */
  Promise: 15,
  /** To the leader: entries after `index` that the sender had acknowledged cannot be read any more; send them again. */
  Damage: 16,
} as const;
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

/** Identity of a snapshot: the state after applying `index`, and the members then. */
export interface SnapshotMeta {
  readonly index: number;
  readonly term: number;
  readonly conf: ConfState;
}

/** All messages have all fields, so that the engine sees one shape. */
export interface RaftMessage {
  readonly type: MessageType;
  readonly groupId: GroupId;
  /** Raised by forced recovery; messages of another epoch are ignored. */
  readonly epoch: number;
  readonly from: ReplicaId;
  readonly to: ReplicaId;
  readonly term: number;
  readonly index: number;
  readonly logTerm: number;
  readonly commit: number;
  readonly hint: number;
  readonly context: number;
  readonly reject: boolean;
  readonly entries: readonly Entry[];
  /** Only in InstallSnapshot. */
  readonly snapshot: SnapshotMeta | undefined;
}
