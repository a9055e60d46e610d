import type { NodeId } from "../core/ids.ts";

/** Counters of one lane to one peer, since the link was made. */
export interface LaneStatistics {
  bytesSent: number;
  framesSent: number;
  /** Messages, notes and beats. */
  partsSent: number;
  bytesReceived: number;
  framesReceived: number;
  partsReceived: number;
  /** Parts not taken because the lane was full. */
  refused: number;
  /** Parts not taken because they exceed what a peer accepts. */
  oversized: number;
  /** Connections established. */
  connections: number;
}

/** Counters and measurements of the link to one peer, as plain numbers for metrics. */
export interface LinkStatistics {
  readonly peer: NodeId;
  readonly control: LaneStatistics;
  readonly append: LaneStatistics;
  readonly bulk: LaneStatistics;
  /** Frames from or for another life of a node, dropped. */
  staleFrames: number;
  /** Messages and notes dropped because the peer was held down after flapping. */
  heldParts: number;
  /** Messages dropped because they made no sense or an entry's checksum was wrong. */
  badMessages: number;
  /** Connections closed because of what came over them. */
  protocolErrors: number;
  /** Connections closed because bytes sent over them did not arrive. */
  stalledConnections: number;
  /** Times the peer went down. */
  downs: number;
  /** Last round trip without the time the beat lay at the peer; -1: none yet. */
  roundTripMs: number;
  /** The peer's wall clock minus ours at the last handshake, with an error of a network delay. */
  clockOffsetMs: number;
}

/** All zero. */
export function newLaneStatistics(): LaneStatistics {
  return {
    bytesSent: 0,
    framesSent: 0,
    partsSent: 0,
    bytesReceived: 0,
    framesReceived: 0,
    partsReceived: 0,
    refused: 0,
    oversized: 0,
    connections: 0,
  };
}

/** All zero. */
export function newLinkStatistics(peer: NodeId): LinkStatistics {
  return {
    peer,
    control: newLaneStatistics(),
    append: newLaneStatistics(),
    bulk: newLaneStatistics(),
    staleFrames: 0,
    heldParts: 0,
    badMessages: 0,
    protocolErrors: 0,
    stalledConnections: 0,
    downs: 0,
    roundTripMs: -1,
    clockOffsetMs: 0,
  };
}
