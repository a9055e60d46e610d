import { type ConfState, EMPTY_CONF } from "../../core/conf-state.ts";
import { confText } from "../scenario/facts.ts";
import { entryAt, type LogImage, lastIndexOf } from "../scenario/log-image.ts";
import type { Replica } from "../scenario/replica.ts";

/** What an entry is known by. */
export interface Identified {
  readonly index: number;
  readonly term: number;
  readonly crc: number;
}

/** What is checked of a replica's state, by itself and against the others. */
export interface LocalFacts {
  readonly isUp: boolean;
  readonly isLeader: boolean;
  readonly hasLeader: boolean;
  readonly term: number;
  readonly commit: number;
  readonly conf: ConfState;
  /** Entries up to here are compacted. */
  readonly base: number;
  /** What follows, as the core sees it. */
  readonly log: readonly Identified[];
  readonly disk: LogImage;
  readonly pendingAppends: number;
  readonly appliedIndex: number;
  readonly commands: readonly string[];
}

/** Reads the facts of a replica. */
export function localFactsOf(replica: Replica): LocalFacts {
  const { log } = replica;
  const disk = log.durable;
  const shared = { disk, base: log.compactedIndex, pendingAppends: log.pendingCount };
  if (!replica.isUp) {
    return {
      ...shared,
      isUp: false,
      isLeader: false,
      hasLeader: false,
      term: disk.hardState.currentTerm,
      commit: 0,
      conf: EMPTY_CONF,
      log: identities(disk),
      appliedIndex: 0,
      commands: [],
    };
  }
  const { core } = replica;
  return {
    ...shared,
    isUp: true,
    isLeader: core.role === "leader",
    hasLeader: core.role === "follower" && core.leader !== 0,
    term: core.currentTerm,
    commit: core.commitIndex,
    conf: core.conf,
    log: identities(log.handedOver),
    appliedIndex: replica.state.index,
    commands: replica.state.commands,
  };
}

function identities(image: LogImage): Identified[] {
  const found: Identified[] = [];
  for (let index = image.compacted.index + 1; index <= lastIndexOf(image); index++) {
    const entry = entryAt(image, index);
    if (entry !== undefined) found.push({ index, term: entry.term, crc: entry.crc });
  }
  return found;
}

/** Equal for replicas that will behave alike whatever comes. */
export function fingerprintOf(replica: Replica): string {
  const { log } = replica;
  const core = replica.isUp ? JSON.stringify(replica.core.dump()) : "down";
  const waiting = log.pendingCount === 0 ? "" : JSON.stringify(log.pendingWrites.map(writeText));
  const state = `${replica.state.index} ${replica.state.commands.join(",")}`;
  const images = `${imageText(log.handedOver)}/${imageText(log.durable)}`;
  return `${replica.id}|${core}|${waiting}|${images}|${state}`;
}

function writeText({ append }: Replica["log"]["pendingWrites"][number]): unknown {
  const { hardState, entries, repairs, snapshot, keepsSuffix, promise, after } = append;
  return {
    hardState,
    entries: entries.map((entry) => `${entry.index}:${entry.term}.${entry.crc}`),
    repairs: repairs.map((entry) => `${entry.index}:${entry.term}.${entry.crc}`),
    snapshot,
    keepsSuffix,
    promise,
    after: after.map((message) => ({
      ...message,
      entries: message.entries.map((entry) => `${entry.index}:${entry.term}.${entry.crc}`),
    })),
  };
}

function imageText(image: LogImage): string {
  const { hardState, snapshot, compacted, promise } = image;
  const entries = image.entries.map((entry) =>
    entry === undefined ? "x" : `${entry.term}.${entry.crc}`,
  );
  return [
    `${hardState.currentTerm},${hardState.votedFor},${hardState.commitIndex}`,
    `${snapshot.meta.index}:${snapshot.meta.term} ${confText(snapshot.meta.conf)}`,
    `${compacted.index} ${entries.join(" ")}`,
    promise === undefined ? "" : `${promise.term}:${promise.index}`,
  ].join(";");
}
