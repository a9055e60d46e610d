import { type NodeId, nodeIdOf, type ReplicaId } from "../core/ids.ts";
import type { RaftLimits } from "../limits.ts";
import type { LogStore } from "../store/log-store.ts";
import type { GroupRunner } from "./group-runner.ts";
import type { HostMetrics } from "./metrics.ts";
import type { HostObserver } from "./node-options.ts";
import { OutgoingTransfer, type TransferOwner, type TransferResult } from "./outgoing-transfer.ts";
import type { SnapshotAnswer } from "./transfer-codec.ts";

/** What the snapshot exchange needs of the host. */
export interface SnapshotHost {
  readonly store: LogStore;
  readonly limits: RaftLimits;
  readonly metrics: HostMetrics;
  readonly observer: HostObserver | undefined;
  nowMs(): number;
  sendNote(to: NodeId, lane: "control" | "bulk", kind: number, body: Uint8Array): boolean;
}

/** A follower that needs a snapshot and does not get it yet. */
interface Request {
  readonly runner: GroupRunner;
  readonly to: ReplicaId;
  readonly atLeast: number;
  readonly notBeforeMs: number;
}

/** Snapshots sent to one node. */
interface Receiver {
  readonly waiting: Map<string, Request>;
  readonly active: Set<OutgoingTransfer>;
  inflightBytes: number;
  /** It said that it is busy: nothing is begun before, and the pause if it says so again. */
  notBeforeMs: number;
  busyPauseMs: number;
}

/** First pause for a busy receiver; doubles up to `snapshotRetryMinMs`. Most snapshots are small and take less. */
const BUSY_PAUSE_MIN_MS = 25;

/** Sends snapshots of groups led here to followers that are too far behind for the log. A few at a time to each node. */
export class SnapshotSender implements TransferOwner {
  readonly store: LogStore;
  readonly limits: RaftLimits;
  readonly #host: SnapshotHost;
  readonly #receivers = new Map<NodeId, Receiver>();
  /** Attempts in a row that brought nothing, by group and follower. */
  readonly #failures = new Map<string, number>();
  #lastTransferId: number;

  /** `firstTransferId`: different for each life of the node, so that parts of an earlier one are never taken for new. */
  constructor(host: SnapshotHost, firstTransferId: number) {
    this.#host = host;
    this.store = host.store;
    this.limits = host.limits;
    this.#lastTransferId = firstTransferId;
  }

  nowMs(): number {
    return this.#host.nowMs();
  }

  sendNote(to: NodeId, lane: "control" | "bulk", kind: number, body: Uint8Array): boolean {
    return this.#host.sendNote(to, lane, kind, body);
  }

  inflightBytes(to: NodeId): number {
    return this.#receivers.get(to)?.inflightBytes ?? 0;
  }

  addInflightBytes(to: NodeId, bytes: number): void {
    const receiver = this.#receivers.get(to);
    if (receiver === undefined) return;
    receiver.inflightBytes += bytes;
    if (bytes > 0) this.#host.metrics.snapshotBytesSent += bytes;
  }

  /** A core asks for it, once; it hears of the outcome by reportSnapshot. */
  request(runner: GroupRunner, to: ReplicaId, atLeast: number): void {
    const receiver = this.#receiverOf(nodeIdOf(to));
    const key = keyOf(runner, to);
    for (const transfer of receiver.active) {
      if (transfer.runner === runner && transfer.to === to) return;
    }
    const waiting = receiver.waiting.get(key);
    // Who asks again while it waits does not start the pause anew.
    const notBeforeMs =
      waiting?.runner === runner
        ? waiting.notBeforeMs
        : this.nowMs() + this.#pauseMs(this.#failures.get(key) ?? 0);
    receiver.waiting.set(key, { runner, to, atLeast, notBeforeMs });
    this.#startWaiting(receiver);
  }

  onAnswer(from: NodeId, answer: SnapshotAnswer): void {
    const transfer = this.#find(from, answer.id.transferId);
    if (transfer?.to === answer.id.to) transfer.onAnswer(answer);
  }

  onDrain(peer: NodeId): void {
    this.#pump(this.#receivers.get(peer));
  }

  onPeerGone(peer: NodeId): void {
    const receiver = this.#receivers.get(peer);
    if (receiver === undefined) return;
    for (const transfer of [...receiver.active]) transfer.abort();
  }

  /** The group is not led here any more. */
  onLeaderLost(runner: GroupRunner): void {
    for (const receiver of this.#receivers.values()) {
      for (const transfer of [...receiver.active]) {
        if (transfer.runner === runner) transfer.abort();
      }
      for (const [key, request] of receiver.waiting) {
        if (request.runner === runner) receiver.waiting.delete(key);
      }
    }
    const prefix = `${runner.groupId}:`;
    for (const key of this.#failures.keys()) {
      if (key.startsWith(prefix)) this.#failures.delete(key);
    }
  }

  tick(nowMs: number): void {
    for (const receiver of this.#receivers.values()) {
      for (const transfer of [...receiver.active]) transfer.tick(nowMs);
      this.#startWaiting(receiver);
    }
  }

  onEnded(transfer: OutgoingTransfer, result: TransferResult): void {
    const receiver = this.#receiverOf(transfer.node);
    if (!receiver.active.delete(transfer)) return;
    const { metrics, observer } = this.#host;
    metrics.snapshotsSending--;
    transfer.runner.snapshotter.sendingEnded();
    const key = keyOf(transfer.runner, transfer.to);
    if (result === "done") {
      metrics.snapshotsSent++;
      observer?.onEvent(transfer.runner.groupId, "snapshot-sent");
      this.#failures.delete(key);
      receiver.busyPauseMs = BUSY_PAUSE_MIN_MS;
    } else {
      if (result !== "current") metrics.snapshotsFailed++;
      // A busy receiver has not failed: it only wants a pause. One that is as far may ask at once again, in vain.
      if (result === "busy") this.#pauseFor(receiver);
      else this.#failures.set(key, (this.#failures.get(key) ?? 0) + 1);
    }
    transfer.runner.call("reportSnapshot", (core) =>
      core.reportSnapshot(transfer.to, result === "done" || result === "current"),
    );
    if (result === "damaged") handOver(transfer);
    this.#startWaiting(receiver);
    this.#pump(receiver);
  }

  #receiverOf(node: NodeId): Receiver {
    let receiver = this.#receivers.get(node);
    if (receiver === undefined) {
      receiver = {
        waiting: new Map(),
        active: new Set(),
        inflightBytes: 0,
        notBeforeMs: 0,
        busyPauseMs: BUSY_PAUSE_MIN_MS,
      };
      this.#receivers.set(node, receiver);
    }
    return receiver;
  }

  #find(node: NodeId, transferId: number): OutgoingTransfer | undefined {
    for (const transfer of this.#receivers.get(node)?.active ?? []) {
      if (transfer.transferId === transferId) return transfer;
    }
    return undefined;
  }

  #startWaiting(receiver: Receiver): void {
    if (receiver.waiting.size === 0) return;
    const nowMs = this.nowMs();
    if (nowMs < receiver.notBeforeMs) return;
    for (const [key, request] of receiver.waiting) {
      if (receiver.active.size >= this.limits.snapshotsPerReceiver) return;
      if (request.notBeforeMs > nowMs) continue;
      receiver.waiting.delete(key);
      if (!request.runner.isStopped) this.#start(receiver, request);
    }
  }

  #start(receiver: Receiver, { runner, to, atLeast }: Request): void {
    this.#lastTransferId = (this.#lastTransferId + 1) >>> 0;
    const transferId = this.#lastTransferId;
    const transfer = new OutgoingTransfer(this, runner, { to, atLeast, transferId });
    receiver.active.add(transfer);
    this.#host.metrics.snapshotsSending++;
    runner.snapshotter.sendingStarted();
    transfer.start();
  }

  /** Room in the window is shared: whoever comes first in the set takes it. */
  #pump(receiver: Receiver | undefined): void {
    if (receiver === undefined) return;
    for (const transfer of [...receiver.active]) transfer.pump();
  }

  /** Many groups may wait for one receiver, and other nodes as well: it is the receiver that gets a pause, not each of them. */
  #pauseFor(receiver: Receiver): void {
    receiver.notBeforeMs = this.nowMs() + receiver.busyPauseMs;
    receiver.busyPauseMs = Math.min(receiver.busyPauseMs * 2, this.limits.snapshotRetryMinMs);
  }

  #pauseMs(failures: number): number {
    if (failures === 0) return 0;
    const { snapshotRetryMinMs, snapshotRetryMaxMs } = this.limits;
    return Math.min(snapshotRetryMaxMs, snapshotRetryMinMs * 2 ** (failures - 1));
  }
}

/** What cannot be read here, another replica may have: it is to lead, and to send the snapshot. */
function handOver({ runner, to }: OutgoingTransfer): void {
  runner.call("transferLeader", (core) => {
    let heir: ReplicaId | undefined;
    let heirMatch = 0;
    for (const replica of core.conf.voters) {
      const match = core.progress(replica)?.match ?? 0;
      if (replica === core.self || replica === to || match <= heirMatch) continue;
      heir = replica;
      heirMatch = match;
    }
    return heir !== undefined && core.transferLeader(heir);
  });
}

function keyOf(runner: GroupRunner, to: ReplicaId): string {
  return `${runner.groupId}:${to}`;
}
