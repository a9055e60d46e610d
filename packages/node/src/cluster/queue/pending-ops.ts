import type { MessageName, Retired } from "../../queue/log/queue-journal.ts";
import { PENDING_OPS_MAX } from "../link/link-limits.ts";
import type { LinkPeer } from "../link/link-peer.ts";
import type { ClusterConsumer } from "./cluster-consumer.ts";
import { QueueFrame, type SettleOp, sendSettle } from "./queue-frames.ts";

interface PendingOp {
  readonly consumer: ClusterConsumer;
  readonly op: SettleOp;
  readonly from: number;
  readonly to: number;
  /** How many frames had been sent on the link with this one. */
  count: number;
}

/** Level and ref in a frame. */
const REF_SIZE = 9;

/**
 * Acknowledgements and returns on their way to a leader elsewhere, kept until it has stored them: another leader, that may not know of
 * them, gets them again.
 */
export class PendingOps {
  readonly #queueId: number;
  #ops: PendingOp[] = [];
  /** Acknowledged when this node led, and maybe not stored. */
  #settled: readonly MessageName[] = [];
  /** Handed out when this node led, and the log may not have heard of it. */
  #delivered: readonly MessageName[] = [];
  #settledCount = 0;
  #sentCount = 0;

  constructor(queueId: number) {
    this.#queueId = queueId;
  }

  /** `peer` undefined: nobody leads now. */
  add(
    peer: LinkPeer | undefined,
    consumer: ClusterConsumer,
    op: SettleOp,
    range: { readonly from: number; readonly to: number },
  ): void {
    const pending = { consumer, op, ...range, count: Infinity };
    this.#ops.push(pending);
    // Who is forgotten so far back is delivered again.
    if (this.#ops.length > PENDING_OPS_MAX) this.#ops.shift();
    if (peer !== undefined) this.#send(peer, pending);
  }

  /** This node led, and may not have been able to store that these were handed out, or acknowledged. */
  addRetired({ settled, delivered }: Pick<Retired, "settled" | "delivered">): void {
    this.#settled = [...this.#settled, ...settled];
    this.#delivered = [...this.#delivered, ...delivered];
  }

  /** All that the leader may not have; it knows the consumers by now. */
  sendAll(peer: LinkPeer): void {
    this.#sentCount = 0;
    this.#sendRefs(peer, QueueFrame.deliveredAgain, this.#delivered);
    if (this.#settled.length > 0) {
      this.#sendRefs(peer, QueueFrame.settledAgain, this.#settled);
      this.#sentCount++;
      this.#settledCount = this.#sentCount;
    }
    for (const op of this.#ops) this.#send(peer, op);
  }

  /** The leader has stored so many frames of this link. */
  progressed(count: number): void {
    if (this.#settled.length > 0 && this.#settledCount <= count) this.#settled = [];
    // It has written down at once what was handed out.
    this.#delivered = [];
    let done = 0;
    for (const { consumer, from, to, count: at } of this.#ops) {
      if (at > count) break;
      consumer.forget(from, to);
      done++;
    }
    if (done > 0) this.#ops.splice(0, done);
  }

  /** This node leads now. */
  takeAll(): Pick<Retired, "settled" | "delivered"> & { readonly ops: readonly PendingOp[] } {
    const taken = { ops: this.#ops, settled: [...this.#settled], delivered: [...this.#delivered] };
    this.#ops = [];
    this.#settled = [];
    this.#delivered = [];
    return taken;
  }

  /** The session has ended: what it held goes back, whatever was said of it. */
  forgetSession(sessionId: number): void {
    this.#ops = this.#ops.filter(({ consumer }) => consumer.sessionId !== sessionId);
  }

  #send(peer: LinkPeer, pending: PendingOp): void {
    const { consumer, op, from, to } = pending;
    sendSettle(peer, this.#queueId, { consumerId: consumer.id, op, from, to });
    this.#sentCount++;
    pending.count = this.#sentCount;
  }

  #sendRefs(peer: LinkPeer, kind: number, refs: readonly MessageName[]): void {
    if (refs.length === 0) return;
    const room = peer.reserve(kind, 6 + refs.length * REF_SIZE);
    room.writeUIntLE(this.#queueId, 0, 6);
    for (const [nth, { level, ref }] of refs.entries()) {
      room[6 + nth * REF_SIZE] = level;
      room.writeDoubleLE(ref, 7 + nth * REF_SIZE);
    }
  }
}

/** What `settledAgain` and `deliveredAgain` say. */
export function readRefs(payload: Buffer): MessageName[] {
  const settled: MessageName[] = [];
  for (let at = 6; at + REF_SIZE <= payload.length; at += REF_SIZE) {
    settled.push({ level: payload[at] ?? 0, ref: payload.readDoubleLE(at + 1) });
  }
  return settled;
}
