import type { ProposalResult } from "@leveret/raft";
import { type Refusal, refused } from "./commands.ts";

const IS_OPEN = "it is not known whether the change was stored";

/** It was sent, and may be stored, or yet be. */
export const UNKNOWN: Refusal = refused("store_unavailable", IS_OPEN);
export const UNAVAILABLE: Refusal = refused("store_unavailable", "metadata cannot be changed now");
export const NO_SPACE: Refusal = refused(
  "store_full",
  "not enough disk space to store a change of metadata",
);
export const NOBODY_LEADS: Refusal = refused(
  "store_unavailable",
  "metadata cannot be changed: the cluster has no majority, or its metadata has no leader that answers",
);
/** This node was so far behind that it got the state as a whole. */
export const UNSEEN: Refusal = refused(
  "store_unavailable",
  "the change reached the cluster, but this node did not see whether it was refused",
);

/** The failure of something that was sent before, so that an earlier copy of it may be stored. */
export function leftOpen({ reason, text }: Refusal): Refusal {
  return refused(reason, `${text}; ${IS_OPEN}`);
}

/** The replica starts, or the log or the disk is behind: soon it will be different. */
export function isPassing({ kind }: ProposalResult): boolean {
  return kind === "busy" || kind === "not-leader" || kind === "transferring";
}

export function failureOf(outcome: ProposalResult): Refusal {
  switch (outcome.kind) {
    case "no-space":
      return NO_SPACE;
    case "refused":
      return refused("store_unavailable", `the change cannot be stored: ${outcome.why}`);
    case "unknown":
      return UNKNOWN;
    case "applied":
    case "busy":
    case "not-leader":
    case "stopped":
    case "transferring":
      return UNAVAILABLE;
    default:
      return outcome satisfies never;
  }
}
