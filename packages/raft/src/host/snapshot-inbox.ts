import { type NodeId, nodeIdOf } from "../core/ids.ts";
import { MessageType, type RaftMessage, type SnapshotMeta } from "../core/message.ts";
import type { RaftCore } from "../core/raft-core.ts";
import type { SnapshotReceiver } from "../store/log-store.ts";
import type { GroupHandle } from "./group-handle.ts";
import type { GroupRunner } from "./group-runner.ts";
import { NoteKind } from "./note-kind.ts";
import type { SnapshotHost } from "./snapshot-sender.ts";
import {
  AnswerStatus,
  encodeAnswer,
  isSameTransfer,
  readChunkEntries,
  type SnapshotChunk,
  type SnapshotOffer,
  type TransferId,
} from "./transfer-codec.ts";

/** A snapshot on its way in. */
interface Incoming {
  readonly offer: SnapshotOffer;
  readonly from: NodeId;
  readonly runner: GroupRunner;
  readonly receiver: SnapshotReceiver;
  nextSeq: number;
  /** Up to here the sender has been told. */
  ackedSeq: number;
  /** The sender has been asked to go back, and the chunk asked for has not come yet. */
  isResendAsked: boolean;
  isFinishing: boolean;
  activeAtMs: number;
}

/** Silent transfers are given up after so many times the time after which the sender asks. */
const STALLS_MAX = 6;

/**
 * Takes in snapshots for followers on this node. Chunks are taken in order only; acknowledgements are held back while the
 * store has not written what came. When everything is durable, the core is asked to accept the snapshot.
 */
export class SnapshotInbox {
  readonly #host: SnapshotHost;
  readonly #findGroup: (groupId: number) => GroupHandle | undefined;
  /** By group: a newer transfer takes the place of an older one. */
  readonly #incoming = new Map<number, Incoming>();

  constructor(host: SnapshotHost, findGroup: (groupId: number) => GroupHandle | undefined) {
    this.#host = host;
    this.#findGroup = findGroup;
  }

  onOffer(from: NodeId, offer: SnapshotOffer): void {
    const { id } = offer;
    const present = this.#incoming.get(id.groupId);
    if (present !== undefined && present === this.#find(from, id)) {
      // The acceptance was lost.
      this.#answer(from, id, AnswerStatus.Accept, present);
      return;
    }
    const runner = nodeIdOf(id.from) === from ? this.#runnerFor(id) : undefined;
    const refusal = runner === undefined ? AnswerStatus.Refused : this.#refusalOf(runner, offer);
    if (runner === undefined || refusal !== undefined) {
      this.#answer(from, id, refusal ?? AnswerStatus.Refused);
      return;
    }
    if (present !== undefined) this.#abort(present);
    if (this.#incoming.size >= this.#host.limits.snapshotsPerReceiver) {
      this.#answer(from, id, AnswerStatus.Busy);
      return;
    }
    this.#accept(from, offer, runner);
  }

  onChunk(from: NodeId, chunk: SnapshotChunk): void {
    const incoming = this.#find(from, chunk.id);
    if (incoming === undefined) {
      this.#answer(from, chunk.id, AnswerStatus.Refused);
      return;
    }
    incoming.activeAtMs = this.#host.nowMs();
    if (chunk.seq < incoming.nextSeq || incoming.isFinishing) return;
    if (chunk.seq > incoming.nextSeq || !this.#take(incoming, chunk)) {
      // Once per gap: what is still on its way behind the gap would only ask again.
      if (!incoming.isResendAsked) this.#answer(from, chunk.id, AnswerStatus.Resend, incoming);
      incoming.isResendAsked = true;
      return;
    }
    incoming.nextSeq++;
    incoming.isResendAsked = false;
    if (chunk.isLast) this.#finish(incoming);
    else this.#acknowledge(incoming);
  }

  /** The sender has not heard from here for a while. */
  onQuery(from: NodeId, id: TransferId): void {
    const incoming = this.#find(from, id);
    if (incoming === undefined) {
      this.#answer(from, id, AnswerStatus.Refused);
      return;
    }
    incoming.activeAtMs = this.#host.nowMs();
    const isHeldBack = incoming.isFinishing || this.#isFull(incoming);
    const status = isHeldBack ? AnswerStatus.Ack : AnswerStatus.Resend;
    if (!isHeldBack) incoming.ackedSeq = incoming.nextSeq;
    this.#answer(from, id, status, incoming);
  }

  onAbort(from: NodeId, id: TransferId): void {
    const incoming = this.#find(from, id);
    if (incoming !== undefined && !incoming.isFinishing) this.#abort(incoming);
  }

  /** The node is gone or another life of it is up: its transfers will not go on. */
  onPeerGone(peer: NodeId): void {
    for (const incoming of [...this.#incoming.values()]) {
      if (incoming.from === peer && !incoming.isFinishing) this.#abort(incoming);
    }
  }

  onGroupStopped(groupId: number): void {
    const incoming = this.#incoming.get(groupId);
    if (incoming !== undefined) this.#abort(incoming);
  }

  /** Sends acknowledgements that were held back, and gives up what is silent. */
  tick(nowMs: number): void {
    const silenceMs = this.#host.limits.snapshotStallMs * STALLS_MAX;
    for (const incoming of [...this.#incoming.values()]) {
      if (incoming.isFinishing) continue;
      if (nowMs - incoming.activeAtMs > silenceMs) this.#abort(incoming);
      else this.#acknowledge(incoming);
    }
  }

  #runnerFor(id: TransferId): GroupRunner | undefined {
    const group = this.#findGroup(id.groupId);
    return group?.epoch === id.epoch && group.replicaId === id.to ? group.runner : undefined;
  }

  #find(from: NodeId, id: TransferId): Incoming | undefined {
    const incoming = this.#incoming.get(id.groupId);
    if (incoming?.from !== from || !isSameTransfer(incoming.offer.id, id)) return undefined;
    return incoming;
  }

  #refusalOf(runner: GroupRunner, { id }: SnapshotOffer): AnswerStatus | undefined {
    const { core } = runner;
    if (id.term < core.currentTerm || core.role === "leader") return AnswerStatus.Refused;
    if (!isNeeded(core, id.snapshotIndex)) return AnswerStatus.Current;
    // What was received is not in the log yet: the store keeps one snapshot for a group.
    if (core.isInstalling) return AnswerStatus.Busy;
    if (this.#host.store.space === "full") return AnswerStatus.Busy;
    // Its end decides what this one may be.
    return this.#incoming.get(id.groupId)?.isFinishing === true ? AnswerStatus.Busy : undefined;
  }

  #accept(from: NodeId, offer: SnapshotOffer, runner: GroupRunner): void {
    const { store, metrics } = this.#host;
    const incoming: Incoming = {
      offer,
      from,
      runner,
      receiver: store.receiveSnapshot(offer.id.groupId, offer.meta, offer.live),
      nextSeq: 0,
      ackedSeq: 0,
      isResendAsked: false,
      isFinishing: false,
      activeAtMs: this.#host.nowMs(),
    };
    this.#incoming.set(offer.id.groupId, incoming);
    metrics.snapshotsReceiving++;
    this.#answer(from, offer.id, AnswerStatus.Accept, incoming);
  }

  #take(incoming: Incoming, chunk: SnapshotChunk): boolean {
    if (!chunk.isIntact) return false;
    if (chunk.isState) {
      incoming.receiver.addState(chunk.payload);
      return true;
    }
    const entries = readChunkEntries(chunk.id.groupId, chunk.payload);
    if (entries === undefined) return false;
    incoming.receiver.addEntries(entries);
    return true;
  }

  #isFull(incoming: Incoming): boolean {
    return incoming.receiver.bufferedBytes > this.#host.limits.snapshotInflightBytes;
  }

  #acknowledge(incoming: Incoming): void {
    if (incoming.ackedSeq === incoming.nextSeq || this.#isFull(incoming)) return;
    incoming.ackedSeq = incoming.nextSeq;
    this.#answer(incoming.from, incoming.offer.id, AnswerStatus.Ack, incoming);
  }

  #finish(incoming: Incoming): void {
    incoming.isFinishing = true;
    incoming.receiver.finish((result) => {
      if (!this.#remove(incoming)) return;
      const status = result === "ready" ? this.#install(incoming) : failureOf(result);
      this.#answer(incoming.from, incoming.offer.id, status);
    });
  }

  /** Asks the core to accept what is durable now. What it does not want any more must not stay behind. */
  #install({ offer, runner, receiver }: Incoming): AnswerStatus {
    const { id, meta } = offer;
    if (runner.isStopped || !isNeeded(runner.core, meta.index)) {
      receiver.abort();
      return AnswerStatus.Current;
    }
    // The log has reached it meanwhile: then it only tells what is committed.
    const hasAll =
      runner.core.termAt(meta.index) === meta.term && runner.core.contiguousLast >= meta.index;
    const answer = runner.call("step", (core) => core.step(installMessage(id, meta)));
    if (answer !== "" || hasAll) receiver.abort();
    if (answer !== "") return AnswerStatus.Refused;
    this.#host.metrics.snapshotsReceived++;
    return AnswerStatus.Done;
  }

  #abort(incoming: Incoming): void {
    if (!this.#remove(incoming)) return;
    incoming.receiver.abort();
    this.#host.metrics.snapshotsFailed++;
    this.#answer(incoming.from, incoming.offer.id, AnswerStatus.Refused);
  }

  #remove(incoming: Incoming): boolean {
    const { groupId } = incoming.offer.id;
    if (this.#incoming.get(groupId) !== incoming) return false;
    this.#incoming.delete(groupId);
    this.#host.metrics.snapshotsReceiving--;
    return true;
  }

  #answer(to: NodeId, id: TransferId, status: AnswerStatus, incoming?: Incoming): void {
    const body = encodeAnswer({
      id,
      status,
      nextSeq: incoming?.nextSeq ?? 0,
      missing: status === AnswerStatus.Accept ? (incoming?.receiver.missing ?? []) : [],
    });
    this.#host.sendNote(to, "control", NoteKind.SnapshotAnswer, body);
  }
}

/** Whether the core would install a snapshot at `index`. */
function isNeeded(core: RaftCore, index: number): boolean {
  if (index > core.commitIndex) return true;
  return index > core.contiguousLast && index > core.appliedIndex;
}

function failureOf(result: "incomplete" | "no-space"): AnswerStatus {
  return result === "no-space" ? AnswerStatus.Busy : AnswerStatus.Refused;
}

/** Says that the snapshot has arrived. */
function installMessage(id: TransferId, snapshot: SnapshotMeta): RaftMessage {
  return {
    type: MessageType.InstallSnapshot,
    groupId: id.groupId,
    epoch: id.epoch,
    from: id.from,
    to: id.to,
    term: id.term,
    index: 0,
    logTerm: 0,
    commit: 0,
    hint: 0,
    context: 0,
    reject: false,
    entries: [],
    snapshot,
  };
}
