import type { Lane } from "../codec/frame.ts";
import {
  encodeHandshake,
  type Handshake,
  type HandshakeKind,
  PROTOCOL_VERSION_MAX,
  PROTOCOL_VERSION_MIN,
  Refusal,
} from "../codec/handshake.ts";
import type { NodeId } from "../core/ids.ts";
import { Random } from "../core/random.ts";
import type { Clock, Timers } from "../env/clock.ts";
import type { Net } from "../env/net.ts";
import type { RaftLimits } from "../limits.ts";
import type { TransportListener } from "./transport.ts";

/** What a frame may have beyond the largest entry: headers of frame, message and record, and some room. */
const FRAME_MARGIN_BYTES = 64 * 1024;

export interface LinkTransportOptions {
  readonly nodeId: NodeId;
  readonly clusterId: string;
  /** Of this life of the node, raised at each boot. */
  readonly incarnation: number;
  /** Where to listen for peers; undefined: do not listen. */
  readonly listenAddress: string | undefined;
  /** Where a peer listens; undefined: not known (yet). */
  peerAddress(nodeId: NodeId): string | undefined;
  readonly limits: RaftLimits;
  /** Of jitter; different at each boot. */
  readonly seed: number;
}

export interface LinkDependencies {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly net: Net;
}

/** Who this node is, as said in handshakes and frames. */
interface Identity {
  readonly nodeId: NodeId;
  readonly clusterId: string;
  readonly incarnation: number;
  /** Random at each boot. */
  readonly boot: number;
}

/** A life of a peer. */
export interface PeerLife {
  readonly incarnation: number;
  readonly boot: number;
}

/** What all links of a node share: its identity, what it knows of the lives of others, and its surroundings. */
export class LinkContext {
  readonly identity: Identity;
  readonly limits: RaftLimits;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly net: Net;
  readonly random: Random;
  readonly listener: TransportListener;
  /** Largest part (message or note) that is sent, and largest content of a frame that is accepted. */
  readonly partSizeMax: number;
  readonly frameSizeMax: number;
  isAppendPaused = false;
  /** The newest life seen of each node, kept for the life of this one: an older one never counts again. */
  readonly #lives = new Map<NodeId, PeerLife>();
  readonly #options: LinkTransportOptions;
  readonly #requestReports: () => void;
  #isClosed = false;

  constructor(
    options: LinkTransportOptions,
    dependencies: LinkDependencies,
    calls: { readonly listener: TransportListener; readonly requestReports: () => void },
  ) {
    this.#options = options;
    this.limits = options.limits;
    this.clock = dependencies.clock;
    this.timers = dependencies.timers;
    this.net = dependencies.net;
    this.listener = calls.listener;
    this.#requestReports = calls.requestReports;
    this.random = new Random(options.seed);
    this.identity = {
      nodeId: options.nodeId,
      clusterId: options.clusterId,
      incarnation: options.incarnation,
      boot: this.random.nextU32() * 0x10000 + (this.random.nextU32() >>> 16),
    };
    const { maxEntryBytes, maxEntriesBytesPerMessage, snapshotChunkBytes, frameMaxBytes } =
      options.limits;
    const largest = Math.max(maxEntryBytes, maxEntriesBytesPerMessage, snapshotChunkBytes);
    this.partSizeMax = Math.max(largest, frameMaxBytes) + FRAME_MARGIN_BYTES;
    this.frameSizeMax = this.partSizeMax + FRAME_MARGIN_BYTES;
  }

  peerAddress(peer: NodeId): string | undefined {
    return this.#options.peerAddress(peer);
  }

  /** The transport is closed: nobody is to be called any more. */
  close(): void {
    this.#isClosed = true;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  onTurnEnd(): void {
    if (!this.#isClosed) this.listener.onTurnEnd();
  }

  /** Has the links tell the listener what they could not in the middle of a call, at the end of this turn. */
  requestReports(): void {
    this.#requestReports();
  }

  encodeHandshake(handshake: {
    readonly kind: HandshakeKind;
    readonly refusal: Refusal;
    readonly lane: Lane;
    readonly nodeMeant: NodeId;
  }): Uint8Array {
    return encodeHandshake({
      ...handshake,
      versionMin: PROTOCOL_VERSION_MIN,
      versionMax: PROTOCOL_VERSION_MAX,
      node: this.identity.nodeId,
      incarnation: this.identity.incarnation,
      boot: this.identity.boot,
      wallMs: this.clock.wallMs(),
      features: 0,
      clusterId: this.identity.clusterId,
    });
  }

  /** Whether this node can talk to who sent the handshake; `expected` undefined: to any node of the cluster. */
  checkHandshake(handshake: Handshake, expected: NodeId | undefined): Refusal {
    if (handshake.clusterId !== this.identity.clusterId) return Refusal.Cluster;
    if (
      handshake.versionMin > PROTOCOL_VERSION_MAX ||
      handshake.versionMax < PROTOCOL_VERSION_MIN
    ) {
      return Refusal.Version;
    }
    if (handshake.nodeMeant !== this.identity.nodeId) return Refusal.WrongNode;
    if (expected !== undefined && handshake.node !== expected) return Refusal.WrongNode;
    if (handshake.node === this.identity.nodeId) return Refusal.Duplicate;
    const known = this.#lives.get(handshake.node);
    if (known === undefined || handshake.incarnation > known.incarnation) return Refusal.None;
    if (handshake.incarnation < known.incarnation) return Refusal.StaleLife;
    return handshake.boot === known.boot ? Refusal.None : Refusal.Duplicate;
  }

  /** Remembers the life of a peer, which {@link checkHandshake} has accepted. */
  learnLife(peer: NodeId, life: PeerLife): void {
    this.#lives.set(peer, { incarnation: life.incarnation, boot: life.boot });
  }
}
