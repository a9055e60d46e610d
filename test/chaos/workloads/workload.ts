import type { Operation } from "@leveret/raft/history";

export interface WorkloadFigures {
  readonly published: number;
  readonly confirmed: number;
  readonly resent: number;
  readonly delivered: number;
  /** Longest time between two confirms of a publisher, faults and all, ms. */
  readonly longestGapMs: number;
}

/** What one workload was promised and did not get. */
export interface Finding {
  /** Such as "lost". */
  readonly kind: string;
  readonly count: number;
  /** For people, with the operations in question. */
  readonly text: string;
}

/** What was found, and what was looked at. */
export interface WorkloadVerdict {
  readonly findings: readonly Finding[];
  readonly counts: Readonly<Record<string, number>>;
}

/** Clients that use the broker in one way, while it has faults. */
export interface Workload {
  readonly name: string;
  /** Queues to be drained at the end, in this order. */
  readonly queues: readonly string[];
  declare(): Promise<void>;
  start(): Promise<void>;
  /** From now on counts what is served. */
  mark(): void;
  /** Who was not served since the mark; empty: everybody was. */
  readonly unserved: readonly string[];
  /** Clients that had to go elsewhere come back. */
  goHome(): Promise<void>;
  /** Nothing new is begun; what is under way is ended. */
  hold(): void;
  release(): void;
  /** Held, with everything confirmed or answered. */
  readonly isSettled: boolean;
  /** Its consumers are attached and have nothing in hand. */
  readonly isIdle: boolean;
  /** After everything is drained: what else can be looked at then. */
  finish(): Promise<void>;
  stop(): Promise<void>;
  check(operations: readonly Operation[]): WorkloadVerdict;
  readonly figures: WorkloadFigures;
}
