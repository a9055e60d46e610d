import type { NodeId } from "../core/ids.ts";
import type { RaftMessage } from "../core/message.ts";

/** What arrives from peers. Calls come inside a turn that the transport started; the host does its work at `onTurnEnd`. */
export interface TransportListener {
  /**
   * A message from the present life of a peer to the present life of this node. `entries` own their bytes (copied once).
   * Group, epoch and replica are the receiver's to check.
   */
  onMessage(from: NodeId, message: RaftMessage): void;
  /** A host-to-host message of the control lane (digests and the like) or of the bulk lane (snapshots); owns its bytes. */
  onNote(from: NodeId, lane: "control" | "bulk", kind: number, body: Uint8Array): void;
  /** A chunk of input was worked off. */
  onTurnEnd(): void;
  /**
   * Round trips work, for the first time or again after onPeerSuspect. Comes before any message of this life of the peer;
   * with another incarnation, and no onPeerDown between, if the peer restarted quickly.
   */
  onPeerUp(peer: NodeId, incarnation: number): void;
  /** No round trip for a while: whoever it leads may be without leader. Messages may still arrive. */
  onPeerSuspect(peer: NodeId): void;
  onPeerDown(peer: NodeId): void;
  /** Messages to the peer were dropped (lane full, connection lost): progress of its replicas has to be probed. */
  onDropped(peer: NodeId): void;
  /** A lane that refused has room again. */
  onDrain(peer: NodeId, lane: "append" | "bulk"): void;
  /**
   * A connection was refused, by us or by the peer: wrong cluster, no common version, an older life or a copy of a node.
   * `peer` undefined: it did not get as far as saying who it is. For people to read; nothing needs to be done.
   */
  onRefused?(peer: NodeId | undefined, reason: string): void;
}

/** Links to all peers: three connections each (control, append, bulk), one frame per peer, lane and turn. */
export interface Transport {
  /** Queues a message to the node of `message.to`; goes out at `flush`. False: dropped, the peer is away or its lane full. */
  send(message: RaftMessage): boolean;
  /** Queues a host-to-host message. False: not taken; for bulk, wait for onDrain. */
  sendNote(to: NodeId, lane: "control" | "bulk", kind: number, body: Uint8Array): boolean;
  /** End of turn: what was queued leaves as one frame per peer and lane. */
  flush(): void;
  /** Holds back (or lets go on) reading the append lanes of all peers: the store is backlogged. */
  pauseAppends(paused: boolean): void;
  /** Up and not suspect. */
  isAlive(peer: NodeId): boolean;
  /** Monotonic ms of the last completed round trip; undefined before the first. */
  lastRoundTripMs(peer: NodeId): number | undefined;
  /** Starts to keep a link to a peer (address from the node options); a no-op if there is one. */
  addPeer(peer: NodeId): void;
  removePeer(peer: NodeId): void;
  readonly peers: readonly NodeId[];
  /** Bytes waiting for a peer in all lanes. */
  queuedBytes(peer: NodeId): number;
  close(done: () => void): void;
}
