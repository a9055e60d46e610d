import { DecodeError } from "../codec/decode-error.ts";
import { type FrameHeader, Lane } from "../codec/frame.ts";
import type { FrameParts } from "../codec/frame-content.ts";
import { FrameReader } from "../codec/frame-reader.ts";
import { type Handshake, HandshakeKind, HandshakeReader, Refusal } from "../codec/handshake.ts";
import type { NodeId } from "../core/ids.ts";
import type { Timer } from "../env/clock.ts";
import type { Connection, ConnectionHandler } from "../env/net.ts";
import type { LinkContext } from "./link-context.ts";

/** Who a connection belongs to. Calls come from the network's or a timer's turn, never inside a call of the owner's. */
export interface PeerConnectionOwner {
  /** An accepted connection said who it is. None: welcome, and the owner may have changed by {@link PeerConnection.adopt}. */
  onHello(connection: PeerConnection, hello: Handshake): Refusal;
  /** Both sides agree. False: it is not wanted any more. */
  onEstablished(connection: PeerConnection, peer: Handshake): boolean;
  /** The peer, or `onEstablished`'s side, does not want it. `onClosed` follows. */
  onRefused(connection: PeerConnection, refusal: number): void;
  /** As {@link OnFrame} of the frame reader. */
  onFrame(connection: PeerConnection, header: FrameHeader, frame: FrameParts): boolean;
  onDrain(connection: PeerConnection): void;
  /** What came over it cannot be understood. `onClosed` follows. */
  onProtocolError(connection: PeerConnection, reason: string): void;
  /** Last call, not made after {@link PeerConnection.discard}. */
  onClosed(connection: PeerConnection, reason: string): void;
}

/**
 * opening: not connected yet. greeting: waits for the peer's handshake. confirming: accepted, waits for the connector's
 * first frame. refusing: the refusal is on its way.
 */
type State = "opening" | "greeting" | "confirming" | "open" | "refusing" | "closed";

/** How long a refusal may take to get out before the connection is closed. */
const REFUSAL_LINGER_MS = 1000;

/** One connection to a peer, from its handshake to its end. */
export class PeerConnection implements ConnectionHandler {
  /** The node meant (a dialled connection) or the node that said hello; undefined: it has not yet. */
  peer: NodeId | undefined;
  lane: Lane;
  readonly isDialled: boolean;
  /** Bytes after the handshakes. */
  receivedBytes = 0;
  sentBytes = 0;
  readonly #context: LinkContext;
  readonly #timer: Timer;
  #owner: PeerConnectionOwner;
  #connection: Connection | undefined;
  #state: State;
  #reader: HandshakeReader | undefined = new HandshakeReader();
  #frames: FrameReader | undefined;
  #handshake: Handshake | undefined;
  #linger: Timer | undefined;

  constructor(
    context: LinkContext,
    owner: PeerConnectionOwner,
    dialled: { readonly peer: NodeId; readonly lane: Lane } | undefined,
  ) {
    this.#context = context;
    this.#owner = owner;
    this.peer = dialled?.peer;
    this.lane = dialled?.lane ?? Lane.Control;
    this.isDialled = dialled !== undefined;
    this.#state = this.isDialled ? "opening" : "greeting";
    this.#timer = context.timers.setTimer(context.limits.handshakeMs, () => this.#expire());
  }

  /** Gives it the connection that calls it, before the first call. */
  attach(connection: Connection): void {
    this.#connection = connection;
  }

  adopt(owner: PeerConnectionOwner): void {
    this.#owner = owner;
  }

  /** The peer has not answered our hello: it may be about to take this connection. */
  get isGreeting(): boolean {
    return this.#state === "greeting";
  }

  get bufferedBytes(): number {
    return this.#connection?.bufferedBytes ?? 0;
  }

  /** Sends bytes of an established connection. False: wait for the drain. */
  write(bytes: Uint8Array): boolean {
    if (this.#state !== "open") return true;
    this.sentBytes += bytes.length;
    return this.#connection?.write(bytes) ?? true;
  }

  pause(): void {
    this.#connection?.pause();
  }

  resume(): void {
    this.#connection?.resume();
  }

  /** Closes without a call of the owner's. */
  discard(reason: string): void {
    if (this.#state === "closed") return;
    this.#end();
    this.#connection?.destroy(reason);
  }

  onOpen(): void {
    if (this.#state !== "opening") return;
    this.#state = "greeting";
    this.#send(HandshakeKind.Hello, Refusal.None);
  }

  onData(chunk: Uint8Array): void {
    try {
      this.#read(chunk);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#owner.onProtocolError(this, error.message);
      this.#fail(error.message);
    }
    this.#context.onTurnEnd();
  }

  onDrain(): void {
    if (this.#state !== "open") return;
    this.#owner.onDrain(this);
    this.#context.onTurnEnd();
  }

  onClose(reason: string): void {
    if (this.#state === "closed") return;
    this.#end();
    this.#owner.onClosed(this, reason);
    this.#context.onTurnEnd();
  }

  #read(chunk: Uint8Array): void {
    let offset = 0;
    if (this.#reader !== undefined) {
      if (this.#state !== "greeting") return;
      const { used, handshake } = this.#reader.push(chunk);
      if (handshake === undefined) return;
      this.#reader = undefined;
      offset = used;
      if (this.isDialled) this.#answered(handshake);
      else this.#greeted(handshake);
    }
    if (this.#frames === undefined || this.#isOver || offset === chunk.length) return;
    this.receivedBytes += chunk.length - offset;
    this.#frames.push(offset === 0 ? chunk : chunk.subarray(offset));
  }

  get #isOver(): boolean {
    return this.#state === "refusing" || this.#state === "closed";
  }

  /** The acceptor's answer to our hello. */
  #answered(handshake: Handshake): void {
    if (handshake.kind === HandshakeKind.Refusal) {
      this.#owner.onRefused(this, handshake.refusal);
      this.#fail("refused by the peer");
      return;
    }
    const problem = this.#context.checkHandshake(handshake, this.peer);
    if (handshake.kind !== HandshakeKind.Welcome || handshake.lane !== this.lane) {
      throw new DecodeError("an unexpected handshake");
    }
    if (problem !== Refusal.None) {
      this.#owner.onRefused(this, problem);
      this.#fail("not the peer that was meant");
      return;
    }
    this.#establish(handshake);
  }

  /** A connector's hello. */
  #greeted(handshake: Handshake): void {
    if (handshake.kind !== HandshakeKind.Hello) throw new DecodeError("an unexpected handshake");
    this.peer = handshake.node;
    this.lane = handshake.lane;
    this.#handshake = handshake;
    const refusal = this.#owner.onHello(this, handshake);
    if (this.#isOver) return;
    if (refusal !== Refusal.None) {
      this.#refuse(refusal);
      return;
    }
    this.#state = "confirming";
    this.#startFrames();
    this.#send(HandshakeKind.Welcome, Refusal.None);
  }

  #refuse(refusal: Refusal): void {
    this.#send(HandshakeKind.Refusal, refusal);
    this.#state = "refusing";
    this.#timer.cancel();
    this.#linger = this.#context.timers.setTimer(REFUSAL_LINGER_MS, () => {
      this.#fail("refused");
      this.#context.onTurnEnd();
    });
  }

  #establish(peer: Handshake): boolean {
    this.#timer.cancel();
    this.#state = "open";
    if (this.#frames === undefined) this.#startFrames();
    if (this.#owner.onEstablished(this, peer)) return true;
    this.#fail("not wanted any more");
    return false;
  }

  #startFrames(): void {
    this.#frames = new FrameReader(
      { lane: this.lane, sizeMax: this.#context.frameSizeMax },
      (header, bytes, start, end) => this.#onFrame(header, { bytes, start, end }),
    );
  }

  #onFrame(header: FrameHeader, frame: FrameParts): boolean {
    if (this.#state === "confirming" && !this.#confirm(header)) return false;
    return this.#state === "open" && this.#owner.onFrame(this, header, frame);
  }

  /** The connector's first frame: it has seen our welcome. */
  #confirm(header: FrameHeader): boolean {
    const handshake = this.#handshake;
    if (handshake === undefined) return false;
    if (
      header.source !== handshake.incarnation ||
      header.destination !== this.#context.identity.incarnation
    ) {
      throw new DecodeError("the first frame is not from the node that said hello");
    }
    return this.#establish(handshake);
  }

  #send(kind: HandshakeKind, refusal: Refusal): void {
    this.#connection?.write(
      this.#context.encodeHandshake({ kind, refusal, lane: this.lane, nodeMeant: this.peer ?? 0 }),
    );
  }

  #expire(): void {
    this.#fail("the handshake took too long");
    this.#context.onTurnEnd();
  }

  #fail(reason: string): void {
    if (this.#state === "closed") return;
    this.#end();
    this.#connection?.destroy(reason);
    this.#owner.onClosed(this, reason);
  }

  #end(): void {
    this.#state = "closed";
    this.#timer.cancel();
    this.#linger?.cancel();
  }
}
