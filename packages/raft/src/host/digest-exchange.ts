import { DecodeError } from "../codec/decode-error.ts";
import { type GroupId, NONE, type NodeId } from "../core/ids.ts";
import type { Random } from "../core/random.ts";
import type { RaftLimits } from "../limits.ts";
import {
  type Digest,
  type DigestEntry,
  decodeDigest,
  decodeGroupIds,
  encodeDigest,
  encodeGroupIds,
} from "./digest-codec.ts";
import type { GroupHandle } from "./group-handle.ts";
import type { GroupRunner } from "./group-runner.ts";
import { leaderNode, membersOn } from "./members.ts";
import type { HostMetrics } from "./metrics.ts";
import { NoteKind } from "./note-kind.ts";

/** Groups looked at, and at most named, in one part of a round. */
const GROUPS_PER_PART = 1000;
/** A follower that its leader's node did not name so often in a row has lost its leader. */
const MISSES_MAX = 2;

/** What the exchange needs of the host. */
export interface DigestHost {
  readonly limits: RaftLimits;
  readonly metrics: HostMetrics;
  readonly random: Random;
  nowMs(): number;
  sendNote(to: NodeId, lane: "control" | "bulk", kind: number, body: Uint8Array): boolean;
  handles(): Iterable<GroupHandle>;
  findGroup(groupId: GroupId): GroupHandle | undefined;
  probe(runner: GroupRunner): void;
  leaderIsGone(runner: GroupRunner, node: NodeId): void;
  /** A peer speaks of a group that is not here. */
  onUnknownGroup(groupId: GroupId, from: NodeId): void;
  /** A peer speaks of a group in another epoch than the replica here. */
  onOtherEpoch(group: GroupHandle, epoch: number, from: NodeId): void;
}

/** A peer that is told where the groups led here stand. */
interface Outgoing {
  round: number;
  part: number;
  nextAtMs: number;
  /** Groups that are still to be looked at in this round; undefined between rounds. */
  rest: Iterator<GroupHandle> | undefined;
}

/** The present round of a peer's digest; `nextPart` -1: a part is missing, the round does not count. */
interface Present {
  readonly round: number;
  readonly nextPart: number;
}

/**
 * Anti-entropy between nodes: every leader's node names its groups to the nodes of their followers from time to time. It heals
 * what sleeping groups do not notice: lost messages, leaders that stopped silently, groups that one side does not know.
 */
export class DigestExchange {
  readonly #host: DigestHost;
  readonly #outgoing = new Map<NodeId, Outgoing>();
  readonly #incoming = new Map<NodeId, Present>();

  constructor(host: DigestHost) {
    this.#host = host;
  }

  onPeerUp(peer: NodeId): void {
    this.#incoming.delete(peer);
    if (this.#outgoing.has(peer)) return;
    const { limits, random } = this.#host;
    // Nodes that start together do not all send at the same moment.
    const nextAtMs = this.#host.nowMs() + random.next() * limits.digestMs;
    this.#outgoing.set(peer, { round: 0, part: 0, nextAtMs, rest: undefined });
  }

  onPeerDown(peer: NodeId): void {
    this.#outgoing.delete(peer);
    this.#incoming.delete(peer);
  }

  tick(nowMs: number): void {
    for (const [peer, outgoing] of this.#outgoing) {
      if (outgoing.rest === undefined && nowMs < outgoing.nextAtMs) continue;
      this.#sendPart(peer, outgoing, nowMs);
    }
  }

  /** @throws DecodeError */
  onDigest(from: NodeId, body: Uint8Array): void {
    const digest = decodeDigest(body);
    const mismatches: GroupId[] = [];
    for (const entry of digest.entries) {
      if (!this.#agrees(entry, digest.round, from)) mismatches.push(entry.groupId);
    }
    if (mismatches.length > 0) {
      this.#host.metrics.digestMismatches += mismatches.length;
      const note = encodeGroupIds(mismatches);
      this.#host.sendNote(from, "control", NoteKind.DigestMismatch, note);
    }
    if (this.#isWholeRound(from, digest)) this.#countMisses(from, digest.round);
  }

  /** Followers there stand elsewhere than the leaders here said. @throws DecodeError */
  onMismatch(body: Uint8Array): void {
    const groupIds = decodeGroupIds(body);
    if (groupIds.length > GROUPS_PER_PART) {
      throw new DecodeError(`${groupIds.length} groups in one answer to a digest`);
    }
    for (const groupId of groupIds) {
      const runner = this.#host.findGroup(groupId)?.runner;
      if (runner?.core.role === "leader") this.#host.probe(runner);
    }
  }

  #sendPart(peer: NodeId, outgoing: Outgoing, nowMs: number): void {
    if (outgoing.rest === undefined) {
      outgoing.rest = this.#host.handles()[Symbol.iterator]();
      outgoing.round = (outgoing.round + 1) >>> 0;
      outgoing.part = 0;
      outgoing.nextAtMs = nowMs + this.#host.limits.digestMs;
    }
    const entries: DigestEntry[] = [];
    const isLast = collect(outgoing.rest, peer, entries);
    const { round, part } = outgoing;
    outgoing.part++;
    if (isLast) outgoing.rest = undefined;
    if (entries.length === 0 && !isLast) {
      outgoing.part--;
      return;
    }
    const body = encodeDigest({ round, part, isLast, entries });
    const isSent = this.#host.sendNote(peer, "control", NoteKind.Digest, body);
    if (isSent) this.#host.metrics.digestsSent++;
    // The receiver notices the gap; the next round is whole again.
    else outgoing.rest = undefined;
  }

  /** Whether the replica here stands where its leader does. */
  #agrees(entry: DigestEntry, round: number, from: NodeId): boolean {
    const group = this.#host.findGroup(entry.groupId);
    if (group === undefined) {
      this.#host.onUnknownGroup(entry.groupId, from);
      return true;
    }
    if (group.epoch !== entry.epoch) {
      this.#host.onOtherEpoch(group, entry.epoch, from);
      return true;
    }
    const { runner } = group;
    if (runner === undefined) return true;
    const { core } = runner;
    if (leaderNode(core.leader) === from) {
      runner.digestRound = round;
      runner.digestMisses = 0;
    }
    // What is awake finds out by itself, unless it has no leader and may not campaign; what has just moved on will be
    // compared again.
    const findsOut = runner.awakeAt >= 0 && core.leader !== NONE;
    if (findsOut && entry.term >= core.currentTerm) return true;
    const isEqual =
      entry.term === core.currentTerm &&
      leaderNode(core.leader) === from &&
      entry.commitIndex === core.commitIndex &&
      entry.lastIndex === core.lastIndex;
    if (!isEqual) this.#host.probe(runner);
    return isEqual;
  }

  /** Whether this is the last part of a round of which no part is missing. */
  #isWholeRound(from: NodeId, digest: Digest): boolean {
    const present = this.#incoming.get(from);
    const isNext =
      digest.part === 0 || (present?.round === digest.round && present.nextPart === digest.part);
    this.#incoming.set(from, { round: digest.round, nextPart: isNext ? digest.part + 1 : -1 });
    return isNext && digest.isLast;
  }

  #countMisses(from: NodeId, round: number): void {
    for (const { runner } of this.#host.handles()) {
      if (runner === undefined || runner.core.role === "leader") continue;
      if (leaderNode(runner.core.leader) !== from || runner.digestRound === round) continue;
      runner.digestMisses++;
      if (runner.digestMisses < MISSES_MAX) continue;
      runner.digestMisses = 0;
      this.#host.leaderIsGone(runner, from);
    }
  }
}

/** Moves on over some groups and notes those led here with a member on `peer`. True: there are no more. */
function collect(rest: Iterator<GroupHandle>, peer: NodeId, entries: DigestEntry[]): boolean {
  for (let looked = 0; looked < GROUPS_PER_PART; looked++) {
    const next = rest.next();
    if (next.done === true) return true;
    const { runner, groupId, epoch } = next.value;
    if (runner?.core.role !== "leader" || membersOn(runner.core.conf, peer).length === 0) continue;
    const { currentTerm: term, commitIndex, lastIndex } = runner.core;
    entries.push({ groupId, epoch, term, commitIndex, lastIndex });
  }
  return false;
}
