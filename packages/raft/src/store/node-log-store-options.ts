import type { NodeId } from "../core/ids.ts";
import type { Clock, Timers } from "../env/clock.ts";
import type { Disk } from "../env/disk.ts";
import type { RaftLimits } from "../limits.ts";
import type { NodeLogStore } from "./node-log-store.ts";

/** Whose log it is. */
export interface NodeLogStoreOptions {
  readonly nodeId: NodeId;
  readonly clusterId: string;
  readonly limits: RaftLimits;
}

/** Called once, in a later turn. */
export type OpenDone = (
  ...result: [error: undefined, store: NodeLogStore] | [error: Error, store: undefined]
) => void;

/** Where a store runs. */
export interface Platform {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly timers: Timers;
}
