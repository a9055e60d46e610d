import type { Timer } from "@leveret/raft";
import { QUEUE_REQUEST_TIMEOUT_MS } from "../link/link-limits.ts";
import type { LinkPeer } from "../link/link-peer.ts";
import type { LedQueue } from "./led-queue.ts";
import type { QueueHub } from "./queue-hub.ts";

/** Something asked of a queue's leader, wherever that is. */
export interface QueueRequest {
  /** The channel that it is for, with which it ends; undefined: none. */
  readonly sessionId?: number;
  /** Asks a leader elsewhere; the answer goes to `onAnswer`. */
  send(peer: LinkPeer, requestId: number): void;
  onAnswer(values: readonly unknown[]): void;
  /** This node leads. */
  local(queue: LedQueue): void;
  /** Nobody has led for long, or the queue does not work. */
  fail(): void;
}

interface Pending {
  readonly request: QueueRequest;
  requestId: number;
  readonly timer: Timer;
}

/** What is asked of a queue, until it is answered: asked again of each new leader. */
export class RemoteRequests {
  readonly #hub: QueueHub;
  readonly #onExpired: () => void;
  readonly #pending = new Set<Pending>();

  /** @param onExpired nobody has answered for so long that a request fails */
  constructor(hub: QueueHub, onExpired: () => void) {
    this.#hub = hub;
    this.#onExpired = onExpired;
  }

  add(request: QueueRequest, peer: LinkPeer | undefined): void {
    const { timers } = this.#hub.options;
    const pending: Pending = {
      request,
      requestId: 0,
      timer: timers.setTimer(QUEUE_REQUEST_TIMEOUT_MS, () => this.#expire(pending)),
    };
    this.#pending.add(pending);
    if (peer !== undefined) this.#send(peer, pending);
  }

  sendAll(peer: LinkPeer): void {
    for (const pending of this.#pending) this.#send(peer, pending);
  }

  runAll(queue: LedQueue): void {
    const all = [...this.#pending];
    for (const pending of all) {
      this.#end(pending);
      pending.request.local(queue);
    }
  }

  /** The channel has ended: nothing is asked for it any more. */
  endSession(sessionId: number): void {
    for (const pending of [...this.#pending]) {
      if (pending.request.sessionId !== sessionId) continue;
      this.#end(pending);
      pending.request.fail();
    }
  }

  /** Nobody is told anything any more. */
  dropAll(): void {
    for (const pending of [...this.#pending]) this.#end(pending);
  }

  failAll(): void {
    for (const pending of [...this.#pending]) {
      this.#end(pending);
      pending.request.fail();
    }
  }

  #send(peer: LinkPeer, pending: Pending): void {
    this.#hub.forgetRequest(pending.requestId);
    pending.requestId = this.#hub.addRequest((values) => {
      this.#end(pending);
      pending.request.onAnswer(values);
    });
    pending.request.send(peer, pending.requestId);
  }

  #expire(pending: Pending): void {
    this.#end(pending);
    this.#onExpired();
    pending.request.fail();
  }

  #end(pending: Pending): void {
    pending.timer.cancel();
    this.#hub.forgetRequest(pending.requestId);
    this.#pending.delete(pending);
  }
}
