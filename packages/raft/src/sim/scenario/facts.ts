import type { ConfState } from "../../core/conf-state.ts";
import { NONE, nodeIdOf, type ReplicaId } from "../../core/ids.ts";
import type { Role } from "../../core/ready.ts";
import type { Replica } from "./replica.ts";

/** What can be said about a replica, with nodes for replicas. */
export interface Facts {
  readonly role: Role;
  readonly term: number;
  /** Node voted for in this term; 0: none. */
  readonly vote: number;
  /** Node that leads as far as known; 0: none. */
  readonly leader: number;
  readonly commit: number;
  readonly applied: number;
  readonly durable: number;
  readonly last: number;
  /** See {@link confText}. */
  readonly conf: string;
  readonly isDamaged: boolean;
  readonly hasPromise: boolean;
  readonly isHibernating: boolean;
  /** Terms of the entries after the compacted index; 0 where damaged. */
  readonly terms: readonly number[];
  /** Commands applied, in order. */
  readonly commands: readonly string[];
}

/** Reads all facts of a running replica. */
export function factsOf(replica: Replica): Facts {
  const { core } = replica;
  return {
    role: core.role,
    term: core.currentTerm,
    vote: nodeOf(core.votedFor),
    leader: nodeOf(core.leader),
    commit: core.commitIndex,
    applied: core.appliedIndex,
    durable: core.durableIndex,
    last: core.lastIndex,
    conf: confText(core.conf),
    isDamaged: core.isDamaged,
    hasPromise: core.hasPromise,
    isHibernating: core.isHibernating,
    terms: termsOf(replica),
    commands: replica.state.commands,
  };
}

/** Node of a replica; 0 for none. */
export function nodeOf(replica: ReplicaId): number {
  return replica === NONE ? 0 : nodeIdOf(replica);
}

/** Members by node: "1 2 3", joint "1 2 4 & 1 2 3", then " learners 5", " next 3" and " auto" where there are such. */
export function confText(conf: ConfState): string {
  const list = (ids: readonly ReplicaId[]): string => ids.map(nodeOf).join(" ");
  let text = list(conf.voters);
  if (conf.votersOutgoing.length > 0) text += ` & ${list(conf.votersOutgoing)}`;
  if (conf.learners.length > 0) text += ` learners ${list(conf.learners)}`;
  if (conf.learnersNext.length > 0) text += ` next ${list(conf.learnersNext)}`;
  return conf.autoLeave ? `${text} auto` : text;
}

function termsOf(replica: Replica): number[] {
  const terms: number[] = [];
  const { core, log } = replica;
  for (
    let index = log.compactedIndex + 1;
    index <= Math.max(log.lastIndex, core.lastIndex);
    index++
  ) {
    terms.push(core.termAt(index) ?? 0);
  }
  return terms;
}
