import type { ReplicaId } from "./ids.ts";

/**
 * The members of a group. Outside a joint configuration `votersOutgoing` is empty. In one, decisions need a majority
 * of `voters` and one of `votersOutgoing` (Raft dissertation 4.3). All lists are sorted and without duplicates.
 */
export interface ConfState {
  readonly voters: readonly ReplicaId[];
  readonly votersOutgoing: readonly ReplicaId[];
  readonly learners: readonly ReplicaId[];
  /** Outgoing voters that become learners when the joint configuration is left. */
  readonly learnersNext: readonly ReplicaId[];
  /** The leader leaves the joint configuration by itself as soon as it is applied. */
  readonly autoLeave: boolean;
}

export const EMPTY_CONF: ConfState = {
  voters: [],
  votersOutgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
};

export interface ConfChangeStep {
  readonly kind: "add-voter" | "add-learner" | "remove";
  readonly replica: ReplicaId;
}

/**
 * A change of members, the payload of a ConfChange entry; takes effect when applied.
 * "auto": one voter changes at most -> simple, otherwise joint with auto-leave. "joint-implicit": joint with auto-leave.
 * "joint-explicit": joint, left by a change without steps. No steps: leave the joint configuration.
 */
export interface ConfChange {
  readonly transition: "auto" | "joint-implicit" | "joint-explicit";
  readonly steps: readonly ConfChangeStep[];
  /** Opaque to Raft, given back when the change is applied (who asked for it). At most 64 KiB. */
  readonly context: Uint8Array;
}
