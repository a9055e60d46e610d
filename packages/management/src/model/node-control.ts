/** How far the app of this node is. "waiting": it starts, and cannot go on before other members are there. */
export interface AppProgress {
  readonly state: "stopped" | "starting" | "waiting" | "running";
  /** While it waits: the members that are awaited. */
  readonly awaited: readonly string[];
}

/** What operators do with nodes and leaders. */
export interface NodeControl {
  readonly progress: AppProgress;
  /** Sends the clients of a node away, and has other nodes lead what it leads. Rejects with RefusedError. */
  drain(node: string): Promise<void>;
  /** Undoes it. Rejects with RefusedError. */
  revive(node: string): Promise<void>;
  /** Makes the replica on a node the leader of a queue. Rejects with RefusedError. */
  transferLeadership(vhost: string, queue: string, node: string): Promise<void>;
}
