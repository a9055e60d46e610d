import type { ConfChange } from "../../core/conf-state.ts";
import type { RaftConfig } from "../../core/raft-config.ts";
import type { MessageName } from "../scenario/network.ts";
import type { ClusterOptions } from "../scenario/start.ts";

/** How much may happen in one history; every history within these bounds is looked at. */
export interface Budget {
  /** Election timeouts, of anyone but a leader. */
  readonly elections: number;
  /** Crashes; a replica that is down may start again at any time. */
  readonly crashes: number;
  /** Messages that arrive twice. */
  readonly duplicates: number;
  /** Messages that are lost. Only of interest in an ordered network: elsewhere a message may simply never arrive. */
  readonly losses: number;
  /** Ticks of leaders, which are heartbeats. */
  readonly ticks: number;
  /** Snapshots with compaction of all that is applied. */
  readonly compactions: number;
  /** Entries that become unreadable on the disk of a replica that is down. */
  readonly damages: number;
  /** Transfers of leadership that are asked for, to anyone. */
  readonly transfers: number;
}

/** What a model check explores. */
export interface ModelScope {
  readonly name: string;
  readonly cluster: ClusterOptions;
  readonly budget: Budget;
  /** Commands, proposed in this order by whoever leads. */
  readonly commands: readonly string[];
  /** Changes of members, likewise. */
  readonly changes: readonly {
    readonly steps: string;
    readonly transition: ConfChange["transition"];
  }[];
  /** Messages that are always lost: that only makes the network worse, and the model smaller. */
  readonly lost: readonly MessageName[];
  /**
   * Pre-votes change nothing at those who are asked, so it makes no difference when they are answered: the answers of `one`
   * peer come at once, or they are messages like others.
   */
  readonly preVotes: "at once" | "as messages";
  /**
   * unordered: any message may be next. ordered: those from one replica to another arrive in the order in which they were
   * sent, as over one connection; far fewer histories, so more may happen in each.
   */
  readonly network: "unordered" | "ordered";
  /**
   * Whether messages to a former life of a replica, or from one that is known to have ended, may still arrive. `fenced`: no, as the
   * transport promises; damage can be told from a late answer only with that. Mixed is harder.
   */
  readonly lives: "fenced" | "mixed";
  /** Node that leads and has committed its no-op at the start; undefined: nobody leads. */
  readonly leader: number | undefined;
  /** Exploration ends, incomplete, beyond this many states. */
  readonly statesMax: number;
}

/** Settings of cores in models: an election timeout is one tick. */
export const MODEL_CONFIG: Partial<RaftConfig> = { electionTicks: 1, heartbeatTicks: 1 };
