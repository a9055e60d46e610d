import { setTimeout as delay } from "node:timers/promises";
import { FIRST_QUEUE_GROUP_ID } from "../../../src/metadata/metadata-state-machine.ts";
import type { ClusterProcesses } from "../kill/cluster-processes.ts";

const POLL_MS = 150;
export const METADATA_GROUP = 1;
/** Ids of groups are given out in order; those of queues that are soon gone do not matter. */
const GROUPS: readonly number[] = [
  METADATA_GROUP,
  ...Array.from({ length: 32 }, (_, index) => FIRST_QUEUE_GROUP_ID + index),
];

export interface SeenReplica {
  readonly role: string;
  readonly term: number;
  readonly lastIndex: number;
  readonly commitIndex: number;
}

/** Asks all nodes again and again who leads which group in which term: there must never be two. */
export class LeaderWatch {
  readonly #cluster: ClusterProcesses;
  /** By group and term. */
  readonly #leaders = new Map<string, number>();
  readonly #newest = new Map<number, { readonly term: number; readonly node: number }>();
  readonly #problems: string[] = [];
  readonly #runs: Promise<void>[] = [];
  #isStopped = false;

  constructor(cluster: ClusterProcesses) {
    this.#cluster = cluster;
  }

  /** Terms of groups in which a leader was seen. */
  get seen(): number {
    return this.#leaders.size;
  }

  /** What was seen that must not be. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  start(): void {
    for (const node of this.#cluster.indices) this.#runs.push(this.#poll(node));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#runs);
  }

  /** The node that led the group last, as far as was seen. */
  leaderOf(group: number): number | undefined {
    return this.#newest.get(group)?.node;
  }

  /** The node says that it leads. */
  noteLeader(group: number | string, term: number, node: number): void {
    const key = `${group} in term ${term}`;
    const known = this.#leaders.get(key) ?? node;
    this.#leaders.set(key, known);
    if (known !== node) {
      const names = [known, node].map((index) => this.#cluster.nameOf(index));
      this.#problems.push(`group ${key} is led by ${names.join(" and ")}`);
    }
  }

  /** The replicas on a node, by group. @throws Error if it does not answer */
  async replicasOn(node: number): Promise<ReadonlyMap<number, SeenReplica>> {
    const answer = await this.#cluster.call(node, "peer.group_states", { groups: GROUPS });
    const states = Array.isArray(answer) ? answer : [];
    const found = new Map<number, SeenReplica>();
    for (const [index, state] of states.entries()) {
      const group = GROUPS[index];
      if (group !== undefined && isReplica(state)) found.set(group, state);
    }
    return found;
  }

  async #poll(node: number): Promise<void> {
    while (!this.#isStopped) {
      try {
        this.#note(node, await this.replicasOn(node));
      } catch {
        // It does nothing at the moment.
      }
      await delay(POLL_MS);
    }
  }

  #note(node: number, replicas: ReadonlyMap<number, SeenReplica>): void {
    for (const [group, { role, term }] of replicas) {
      if (role !== "leader") continue;
      this.noteLeader(group, term, node);
      if (term >= (this.#newest.get(group)?.term ?? 0)) this.#newest.set(group, { term, node });
    }
  }
}

function isReplica(state: unknown): state is SeenReplica {
  return typeof state === "object" && state !== null && "role" in state && "lastIndex" in state;
}
