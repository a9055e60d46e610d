import { type GroupId, type NodeId, nodeIdOf } from "../core/ids.ts";
import { MessageType, type RaftMessage } from "../core/message.ts";
import { decodeVerdict, encodeVerdict, type Verdict } from "./digest-codec.ts";
import type { GroupHandle } from "./group-handle.ts";
import type { GroupRunner } from "./group-runner.ts";
import { isMember } from "./members.ts";
import type { HostMetrics } from "./metrics.ts";
import { NoteKind } from "./note-kind.ts";

/** What the fence needs of the host. */
export interface FenceHost {
  readonly metrics: HostMetrics;
  sendNote(to: NodeId, lane: "control" | "bulk", kind: number, body: Uint8Array): boolean;
  findGroup(groupId: GroupId): GroupHandle | undefined;
  onUnknownGroup(groupId: GroupId, from: NodeId): void;
  /** The replica here must not run on. */
  onVerdict(group: GroupHandle, verdict: "removed" | "obsolete", epoch: number): void;
}

/** Verdicts sent between two ticks: an obsolete replica may send much. */
const VERDICTS_PER_TICK = 32;

/** Lets through to a replica only what is meant for it, and tells replicas that should not be running any more. */
export class GroupFence {
  readonly #host: FenceHost;
  #verdictsLeft = VERDICTS_PER_TICK;

  constructor(host: FenceHost) {
    this.#host = host;
  }

  tick(): void {
    this.#verdictsLeft = VERDICTS_PER_TICK;
  }

  /** The replica that the message is for; undefined: dropped and counted. */
  admit(from: NodeId, message: RaftMessage): GroupRunner | undefined {
    const { metrics } = this.#host;
    const group = this.#host.findGroup(message.groupId);
    if (group === undefined) {
      metrics.fencedUnknown++;
      this.#host.onUnknownGroup(message.groupId, from);
      return undefined;
    }
    if (message.epoch !== group.epoch) {
      metrics.fencedEpoch++;
      if (message.epoch < group.epoch) this.tellObsolete(group, from, message.from);
      return undefined;
    }
    const isForged =
      message.to !== group.replicaId ||
      nodeIdOf(message.from) !== from ||
      // Snapshots come on the bulk lane; only this node itself says that one has arrived.
      message.type === MessageType.InstallSnapshot;
    if (isForged) {
      metrics.fencedReplica++;
      return undefined;
    }
    if (group.runner !== undefined) this.#tellRemoved(group.runner, message);
    return group.runner;
  }

  /** A node runs a replica of an epoch that was closed. `replica` 0: not known which. */
  tellObsolete(group: GroupHandle, to: NodeId, replica: number): void {
    const { groupId, epoch } = group;
    this.#tell(to, NoteKind.ObsoleteEpoch, { groupId, epoch, replica });
  }

  /** @throws DecodeError */
  onVerdict(
    kind: typeof NoteKind.ObsoleteEpoch | typeof NoteKind.RemovedReplica,
    body: Uint8Array,
  ): void {
    const { groupId, epoch, replica } = decodeVerdict(body);
    const group = this.#host.findGroup(groupId);
    if (group === undefined || (replica !== 0 && group.replicaId !== replica)) return;
    if (kind === NoteKind.ObsoleteEpoch && epoch > group.epoch) {
      this.#host.onVerdict(group, "obsolete", epoch);
    } else if (kind === NoteKind.RemovedReplica && epoch === group.epoch) {
      this.#host.onVerdict(group, "removed", epoch);
    }
  }

  /**
   * A replica that was removed while its node was away would campaign for ever. Only a leader can tell that has applied
   * all of earlier terms, and only of a candidate that is not ahead of its term: the members of a newer term may be others.
   */
  #tellRemoved(runner: GroupRunner, message: RaftMessage): void {
    const { core, groupId, applier } = runner;
    const isCampaign =
      message.type === MessageType.PreVote || message.type === MessageType.RequestVote;
    if (!isCampaign || core.role !== "leader" || message.term > core.currentTerm + 1) return;
    if (applier.appliedTerm !== core.currentTerm) return;
    if (isMember(core.conf, message.from)) return;
    if (!core.isConfSettled) {
      // Those who stay might forget the change and need its vote once more. It will ask again.
      runner.call("settleConf", () => core.settleConf());
      return;
    }
    const { groupEpoch: epoch } = core;
    const verdict = { groupId, epoch, replica: message.from };
    this.#tell(nodeIdOf(message.from), NoteKind.RemovedReplica, verdict);
  }

  #tell(to: NodeId, kind: NoteKind, verdict: Verdict): void {
    if (this.#verdictsLeft === 0) return;
    this.#verdictsLeft--;
    this.#host.sendNote(to, "control", kind, encodeVerdict(verdict));
  }
}
