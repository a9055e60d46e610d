import type { MessageSink } from "../../broker/message-sink.ts";
import { Message, messageRouting } from "../../queue/message.ts";
import { RoutingReader } from "../../queue/routing-reader.ts";
import { SlabStore } from "../../queue/slab-store.ts";
import { deliverySize, readDelivery, writeDelivery } from "../queue/queue-frames.ts";
import { LinkProtocolError } from "./link-frames.ts";
import { LinkKind } from "./link-kinds.ts";
import { REPLIES_BUFFERED_MAX } from "./link-limits.ts";
import type { LinkPeer } from "./link-peer.ts";
import type { NodeLinks } from "./node-links.ts";

/** Clients of this node that wait for direct replies. */
export interface WaitingClients {
  find(address: string): MessageSink | undefined;
}

/** A reply has no number and no history. */
const FACTS = { deliveryNumber: 0, redelivered: false, deliveryCount: -1 };

/*
 * reply:    address as shortstr | message, see `writeDelivery`
 * question: number u32 | address
 * answer:   number u32 | 1: it waits, 0: it does not
 */

/** Direct replies to clients of other nodes. What is under way when a link is lost is lost, as replies are stored nowhere. */
export class RepliesOverLinks {
  readonly #links: NodeLinks;
  readonly #clients: WaitingClients;
  readonly #view = new Message(new SlabStore(), messageRouting("", ""));
  readonly #routings = new RoutingReader();
  /** Answers that are waited for, and from whom. */
  readonly #asked = new Map<
    number,
    { readonly nodeId: number; readonly done: (isWaiting: boolean) => void }
  >();
  #lastNumber = 0;

  constructor(links: NodeLinks, clients: WaitingClients) {
    this.#links = links;
    this.#clients = clients;
    links.onFrame(LinkKind.reply, (_peer, payload) => this.#onReply(payload));
    links.onFrame(LinkKind.replyQuestion, (peer, payload) => this.#onQuestion(peer, payload));
    links.onFrame(LinkKind.replyAnswer, (_peer, payload) => {
      if (payload.length !== 5) throw new LinkProtocolError("no answer about a reply");
      this.#answer(payload.readUInt32LE(0), payload[4] === 1);
    });
    links.onDown((nodeId) => {
      for (const [number, asked] of this.#asked) {
        if (asked.nodeId === nodeId) this.#answer(number, false);
      }
    });
  }

  /** Where to publish a reply to a client of that node; undefined: the node cannot be reached. */
  sinkOf(nodeId: number, address: string): MessageSink | undefined {
    const peer = this.#links.peer(nodeId);
    return peer === undefined ? undefined : new RemoteReply(peer, address);
  }

  /** Asks the node whether the client still waits; a node that cannot be reached has none. */
  ask(nodeId: number, address: string, done: (isWaiting: boolean) => void): void {
    const peer = this.#links.peer(nodeId);
    if (peer === undefined) {
      done(false);
      return;
    }
    this.#lastNumber = (this.#lastNumber % 0xffff_ffff) + 1;
    this.#asked.set(this.#lastNumber, { nodeId, done });
    const room = peer.reserve(LinkKind.replyQuestion, 4 + Buffer.byteLength(address));
    room.writeUInt32LE(this.#lastNumber, 0);
    room.write(address, 4);
  }

  #answer(number: number, isWaiting: boolean): void {
    const asked = this.#asked.get(number);
    this.#asked.delete(number);
    asked?.done(isWaiting);
  }

  #onQuestion(peer: LinkPeer, payload: Buffer): void {
    if (payload.length < 4) throw new LinkProtocolError("no question about a reply");
    const isWaiting = this.#clients.find(payload.toString("utf8", 4)) !== undefined;
    const room = peer.reserve(LinkKind.replyAnswer, 5);
    room.writeUInt32LE(payload.readUInt32LE(0), 0);
    room[4] = isWaiting ? 1 : 0;
  }

  #onReply(payload: Buffer): void {
    const messageAt = 1 + (payload[0] ?? 0);
    const { routingStart } = readDelivery(payload, messageAt, this.#view);
    this.#view.routing = this.#routings.read(payload, routingStart);
    // Its client may be gone by now (RabbitMQ: nobody is told).
    this.#clients.find(payload.toString("utf8", 1, messageAt))?.publish(0, this.#view);
    this.#view.forgetStored();
  }
}

/** A client of another node that waits for replies, or did. */
class RemoteReply implements MessageSink {
  readonly #peer: LinkPeer;
  readonly #address: string;

  constructor(peer: LinkPeer, address: string) {
    this.#peer = peer;
    this.#address = address;
  }

  publish(_now: number, message: Message): boolean {
    // As with a client that does not read: replies are not queued.
    if (this.#peer.bufferedBytes > REPLIES_BUFFERED_MAX) return false;
    const messageAt = 1 + Buffer.byteLength(this.#address);
    const room = this.#peer.reserve(LinkKind.reply, messageAt + deliverySize(message));
    room[0] = messageAt - 1;
    room.write(this.#address, 1);
    writeDelivery(room, messageAt, message, FACTS);
    return true;
  }
}
