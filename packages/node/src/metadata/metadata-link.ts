import type { NodeId } from "@leveret/raft";

/**
 * How the stores of metadata of two nodes reach each other. Payloads are opaque; they arrive at the other node's `onForwarded` or
 * `onAnswer` in the order in which they were given, at most once; those on their way are lost with the connection, which
 * `onPeerLost` tells.
 */
export interface MetadataLink {
  /** Hands a submission to the node that leads. false: no connection, or it takes no more now. */
  forward(leader: NodeId, payload: Uint8Array): boolean;
  /** Tells the node that forwarded a submission that it was not taken. May be lost. */
  answer(to: NodeId, payload: Uint8Array): void;
  /** Nodes that can be reached. */
  reachable(): Iterable<NodeId>;
  /** Tells the node how many of the submissions of its life are applied here. Lost if it cannot be reached. */
  tellApplied(to: NodeId, incarnation: number, seq: number): void;
}

/** Of a node that knows no other. */
export const NO_LINK: MetadataLink = {
  forward: () => false,
  answer: () => undefined,
  reachable: () => [],
  tellApplied: () => undefined,
};
