import type { GroupId } from "../core/ids.ts";
import type { ProposalResult, RaftGroup } from "../host/node-options.ts";
import type { StateMachine } from "../host/state-machine.ts";
import type { Random } from "./random.ts";

/** Where a client of the simulation is about to propose; valid during the call. */
export interface WorkTarget {
  /** The replica that is thought to lead. */
  readonly group: RaftGroup;
  readonly random: Random;
  /** Bytes that a command may have at most. */
  readonly maxPayload: number;
  /** Share of the commands to whose entries the machine goes on referring. */
  readonly keptShare: number;
  /** Simulated time. */
  readonly nowMs: number;
  onEvent(event: string): void;
  /** Runs a check in a later turn; a violation ends the run instead of being thrown. */
  guard(check: () => void): void;
}

/** A command on its way to a replica. */
export interface WorkProposal {
  /** Unique in a simulation, from 1; the data says it, too (`Workload.commandIdOf`). */
  readonly id: number;
  readonly data: Uint8Array;
  readonly options: { readonly command?: unknown; readonly freesSpace?: boolean };
  /** Hears the answer, if the node lives to give it. */
  done?(result: ProposalResult, nowMs: number): void;
}

/** A group as it is when everything has healed, agrees and sleeps. */
export interface SettledGroup {
  readonly groupId: GroupId;
  readonly replicas: readonly SettledReplica[];
  /** Id of the command that is committed at an index, 0 if what is there is none; undefined: nothing is known to be. */
  commandIdAt(index: number): number | undefined;
}

export interface SettledReplica {
  readonly group: RaftGroup;
  /** The disk was damaged on purpose: reading may find more of it. */
  readonly isOnDamagedDisk: boolean;
}

/**
 * What simulated groups are for: their machine, and what clients do with it. All that it does has to follow from the seed and the
 * calls. Faults are found by returning or throwing an InvariantViolation.
 */
export interface Workload {
  createMachine(groupId: GroupId): StateMachine;
  /** The next command. Called as something inside the node; what it draws must not depend on anything but the arguments. */
  draw(target: WorkTarget): WorkProposal;
  /** Of a command in the log. */
  commandIdOf(data: Uint8Array): number;
  /** Faults are over and all replicas agree: last looks. What it asks for is answered within the next simulated minute. */
  onSettled?(groups: readonly SettledGroup[], nowMs: number): void;
  /** After that minute: what is wrong, undefined if nothing is. */
  verdict?(): string | undefined;
}
