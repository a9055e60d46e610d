import type { MetadataLink } from "../../metadata/metadata-link.ts";
import { LinkProtocolError } from "./link-frames.ts";
import { LinkKind } from "./link-kinds.ts";
import type { LinkPeer } from "./link-peer.ts";
import type { NodeLinks } from "./node-links.ts";

/** What comes for the store of metadata. */
export interface MetadataReceiver {
  onForwarded(from: number, payload: Uint8Array): void;
  onAnswer(from: number, payload: Uint8Array): void;
  onPeerLost(nodeId: number): void;
  onPeerUp(nodeId: number): void;
  onAppliedElsewhere(nodeId: number, incarnation: number, seq: number): void;
}

const APPLIED_SIZE = 12;

/** Carries submissions of metadata on the link to the leader, and refusals back on the same. */
export class MetadataOverLinks implements MetadataLink {
  readonly #links: NodeLinks;
  /** Links of other nodes on which submissions have come. */
  readonly #origins = new Map<number, LinkPeer>();

  constructor(links: NodeLinks) {
    this.#links = links;
  }

  attach(receiver: MetadataReceiver): void {
    this.#links.onFrame(LinkKind.metadataForward, (peer, payload) => {
      this.#noteOrigin(peer, receiver);
      receiver.onForwarded(peer.nodeId, payload);
    });
    this.#links.onFrame(LinkKind.metadataAnswer, (peer, payload) => {
      receiver.onAnswer(peer.nodeId, payload);
    });
    this.#links.onFrame(LinkKind.metadataApplied, ({ nodeId }, payload) => {
      if (payload.length !== APPLIED_SIZE) throw new LinkProtocolError("no number of submissions");
      receiver.onAppliedElsewhere(nodeId, payload.readUIntLE(0, 6), payload.readUIntLE(6, 6));
    });
    this.#links.onUp(({ nodeId }) => receiver.onPeerUp(nodeId));
    this.#links.onDown((nodeId) => receiver.onPeerLost(nodeId));
  }

  forward(leader: number, payload: Uint8Array): boolean {
    const peer = this.#links.peer(leader);
    if (peer === undefined || peer.isCongested) return false;
    peer.send(LinkKind.metadataForward, payload);
    return true;
  }

  answer(to: number, payload: Uint8Array): void {
    this.#origins.get(to)?.send(LinkKind.metadataAnswer, payload);
  }

  *reachable(): Iterable<number> {
    for (const { nodeId } of this.#links.peers()) yield nodeId;
  }

  tellApplied(to: number, incarnation: number, seq: number): void {
    const room = this.#links.peer(to)?.reserve(LinkKind.metadataApplied, APPLIED_SIZE);
    room?.writeUIntLE(incarnation, 0, 6);
    room?.writeUIntLE(seq, 6, 6);
  }

  #noteOrigin(peer: LinkPeer, receiver: MetadataReceiver): void {
    const { nodeId } = peer;
    if (this.#origins.get(nodeId) === peer) return;
    this.#origins.set(nodeId, peer);
    peer.onClose(() => {
      if (this.#origins.get(nodeId) !== peer) return;
      this.#origins.delete(nodeId);
      receiver.onPeerLost(nodeId);
    });
  }
}
