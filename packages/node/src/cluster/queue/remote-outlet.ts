import type { ConsumerOutlet } from "../../queue/broker-queue.ts";
import type { Message } from "../../queue/message.ts";
import type { LinkPeer } from "../link/link-peer.ts";
import { deliverySize, QueueFrame, writeDelivery } from "./queue-frames.ts";

/** At the leader: a consumer of a channel on another node. What the queue delivers goes out on the link that node dialled. */
export class RemoteOutlet implements ConsumerOutlet {
  readonly consumerId: number;
  readonly #onPaused: (outlet: RemoteOutlet) => void;
  #peer: LinkPeer;

  constructor(consumerId: number, peer: LinkPeer, onPaused: (outlet: RemoteOutlet) => void) {
    this.consumerId = consumerId;
    this.#peer = peer;
    this.#onPaused = onPaused;
  }

  get isCongested(): boolean {
    return this.#peer.isCongested;
  }

  /** The node has dialled again. */
  moveTo(peer: LinkPeer): void {
    this.#peer = peer;
  }

  deliver(
    deliveryNumber: number,
    message: Message,
    redelivered: boolean,
    deliveryCount: number,
  ): void {
    const room = this.#peer.reserve(QueueFrame.deliver, 4 + deliverySize(message));
    room.writeUInt32LE(this.consumerId, 0);
    writeDelivery(room, 4, message, { deliveryNumber, redelivered, deliveryCount });
  }

  paused(): void {
    this.#onPaused(this);
  }

  creditWanted(): void {
    this.#sendCredit(1);
  }

  creditUnused(): void {
    this.#sendCredit(0);
  }

  /** The next leader shall know which one it was. */
  activated(): void {
    this.#peer.reserve(QueueFrame.activated, 4).writeUInt32LE(this.consumerId, 0);
  }

  /** The other node hears that from the metadata. */
  queueDeleted(): void {
    // Nothing to send.
  }

  #sendCredit(isWanted: 0 | 1): void {
    const room = this.#peer.reserve(QueueFrame.credit, 5);
    room.writeUInt32LE(this.consumerId, 0);
    room[4] = isWanted;
  }
}
