import type { NodeId } from "../core/ids.ts";
import { MessageType, type RaftMessage } from "../core/message.ts";
import type { TransportListener } from "../transport/transport.ts";
import { membersOn } from "./members.ts";
import type { MultiRaftHost } from "./multi-raft-host.ts";
import { takeNote } from "./peer-notes.ts";

/** What comes from peers, on its way to whom it concerns. */
export class TransportInput implements TransportListener {
  readonly #host: MultiRaftHost;

  constructor(host: MultiRaftHost) {
    this.#host = host;
  }

  onMessage(from: NodeId, message: RaftMessage): void {
    if (this.#host.isDead) return;
    const runner = this.#host.fence.admit(from, message);
    if (runner === undefined) return;
    // There is no room: the leader sends them again when there is.
    const isTooMuch =
      message.type === MessageType.AppendEntries &&
      message.entries.length > 0 &&
      this.#host.store.space === "full";
    if (!isTooMuch) runner.step(message);
    if (message.type === MessageType.LeaderGone) this.#host.waker.leaderHasLeft(runner, from);
  }

  onNote(from: NodeId, _lane: "control" | "bulk", kind: number, body: Uint8Array): void {
    if (this.#host.isDead) return;
    if (!takeNote(this.#host, from, kind, body)) this.#host.metrics.notesDropped++;
  }

  onTurnEnd(): void {
    this.#host.turn.schedule();
  }

  onPeerUp(peer: NodeId, incarnation: number): void {
    if (this.#host.isDead) return;
    const { hasRestarted } = this.#host.waker.onPeerUp(peer, incarnation);
    if (hasRestarted) this.#forget(peer);
    this.#host.digests.onPeerUp(peer);
  }

  onPeerSuspect(peer: NodeId): void {
    if (!this.#host.isDead) this.#host.waker.onPeerSuspect(peer);
  }

  onPeerDown(peer: NodeId): void {
    if (this.#host.isDead) return;
    this.#host.waker.onPeerDown(peer);
    this.#forget(peer);
    this.#host.digests.onPeerDown(peer);
  }

  onDropped(peer: NodeId): void {
    if (this.#host.isDead) return;
    // Sleeping groups have sent nothing that could be lost.
    this.#host.visitAwake((runner) => {
      if (runner.core.role !== "leader") return;
      for (const replica of membersOn(runner.core.conf, peer)) {
        runner.call("reportUnreachable", (core) => core.reportUnreachable(replica));
      }
    });
  }

  onDrain(peer: NodeId, lane: "append" | "bulk"): void {
    if (!this.#host.isDead && lane === "bulk") this.#host.sender.onDrain(peer);
  }

  /** What was on its way to or from this life of the peer will not arrive. */
  #forget(peer: NodeId): void {
    this.#host.sender.onPeerGone(peer);
    this.#host.inbox.onPeerGone(peer);
  }
}
