import type { GroupId, ProposalResult, StateMachine } from "@leveret/raft";
import type { SettledReplica, WorkTarget } from "@leveret/raft/sim";

/** A command that still lacks its number. */
export interface WorkCommand {
  readonly command: Uint8Array;
  readonly options: { readonly command?: unknown; readonly freesSpace?: boolean };
  done?(result: ProposalResult, nowMs: number): void;
}

/** What is done with the groups of one kind. */
export interface Work {
  createMachine(): StateMachine;
  draw(target: WorkTarget): WorkCommand;
  /** Faults are over, and the replicas agree; `machine`, of a replica, may be used up. */
  onSettled?(groupId: GroupId, replicas: readonly SettledReplica[], nowMs: number): void;
  /** What is wrong after a simulated minute. */
  verdict?(): string | undefined;
}
