import { FRAME_HEADER_SIZE, type FrameHeader, Lane } from "../codec/frame.ts";
import type { FrameParts } from "../codec/frame-content.ts";
import {
  BEAT_SIZE,
  type Beat,
  NOTE_HEADER_SIZE,
  writeBeat,
  writeNote,
} from "../codec/frame-parts.ts";
import { type Handshake, Refusal } from "../codec/handshake.ts";
import { messageSize, writeMessage } from "../codec/message-codec.ts";
import type { NodeId } from "../core/ids.ts";
import { MessageType, type RaftMessage } from "../core/message.ts";
import { BeatBook } from "./beat-book.ts";
import { LaneLink } from "./lane-link.ts";
import type { LaneOutput } from "./lane-output.ts";
import type { LinkContext } from "./link-context.ts";
import { LinkInput, type LinkInputOwner } from "./link-input.ts";
import { type LinkStatistics, newLinkStatistics } from "./link-statistics.ts";
import { Liveness, type LivenessChange } from "./liveness.ts";
import { PeerConnection, type PeerConnectionOwner } from "./peer-connection.ts";
import { isPassing, refusalText } from "./refusal-text.ts";

/** The time during which both nodes keep one control connection. */
interface Session {
  readonly incarnation: number;
  /** This side connected, and so connects the other lanes. */
  readonly isDialler: boolean;
}

/**
 * The link to one peer. The control connection makes the session; append and bulk connections come and go within it.
 * The node with the lower id connects at once, the other a moment later (it may be the only one who knows the other), and a
 * pair that connects at the same time keeps the lower one's connection.
 */
export class Link implements PeerConnectionOwner, LinkInputOwner {
  readonly peer: NodeId;
  readonly statistics: LinkStatistics;
  /** The host asked for this link; otherwise it exists because the peer connected. */
  isWanted = false;
  readonly #context: LinkContext;
  readonly #liveness: Liveness;
  readonly #beats = new BeatBook();
  readonly #input: LinkInput;
  readonly #control: LaneLink;
  readonly #append: LaneLink;
  readonly #bulk: LaneLink;
  readonly #lanes: readonly LaneLink[];
  #session: Session | undefined;
  /** The life announced by onPeerUp last; 0: none. */
  #announced = 0;
  #peerBeat: Beat | undefined;
  #hasDropped = false;
  #lastRefusal = 0;

  constructor(context: LinkContext, peer: NodeId) {
    this.#context = context;
    this.peer = peer;
    this.statistics = newLinkStatistics(peer);
    this.#liveness = new Liveness(context.limits);
    this.#input = new LinkInput(context, this.statistics, this);
    const { control, append, bulk } = this.statistics;
    this.#control = this.#newLane(Lane.Control, control);
    this.#append = this.#newLane(Lane.Append, append);
    this.#bulk = this.#newLane(Lane.Bulk, bulk);
    this.#lanes = [this.#control, this.#append, this.#bulk];
  }

  get isAlive(): boolean {
    return this.#liveness.state === "up";
  }

  get lastRoundTripMs(): number | undefined {
    return this.#liveness.lastRoundTripMs;
  }

  get queuedBytes(): number {
    let bytes = 0;
    for (const lane of this.#lanes) bytes += lane.output.queuedBytes;
    return bytes;
  }

  /** Nobody needs it: the host does not want it and the peer is gone. */
  get isObsolete(): boolean {
    return (
      !this.isWanted &&
      this.#session === undefined &&
      this.#control.accepted === undefined &&
      this.#liveness.state === "down"
    );
  }

  /** The host wants the link from now on. */
  want(): void {
    this.isWanted = true;
    if (this.#session === undefined) this.#control.redial.soon(this.#headStartMs());
  }

  /** Closes all without another call to the listener. */
  close(reason: string): void {
    this.isWanted = false;
    this.#session = undefined;
    for (const lane of this.#lanes) lane.close(reason);
  }

  send(message: RaftMessage): boolean {
    if (this.#session === undefined || !this.#liveness.isCounted) return false;
    const lane = message.type === MessageType.AppendEntries ? this.#append : this.#control;
    const size = messageSize(message);
    const offset = lane.output.take(size);
    if (offset < 0) {
      this.#hasDropped = true;
      this.#context.requestReports();
      return false;
    }
    try {
      writeMessage(lane.output.bytes, offset, size, message);
    } catch (error) {
      lane.output.cancel(size);
      throw error;
    }
    return true;
  }

  sendNote(lane: Lane, kind: number, body: Uint8Array): boolean {
    if (this.#session === undefined || !this.#liveness.isCounted) return false;
    const { output } = lane === Lane.Control ? this.#control : this.#bulk;
    const size = NOTE_HEADER_SIZE + body.length;
    const offset = output.take(size);
    if (offset < 0) return false;
    try {
      writeNote(output.bytes, offset, kind, body);
    } catch (error) {
      output.cancel(size);
      throw error;
    }
    return true;
  }

  /** Sends what was queued; with it, when it is time, a sign of life. */
  flush(nowMs: number): void {
    if (this.#session === undefined) return;
    // A frame that goes out anyway takes a beat along early, which spares a frame for it alone later.
    if (this.#control.output.hasParts) {
      this.#beatIfDue(nowMs, this.#context.limits.linkHeartbeatMs / 2);
    }
    for (const lane of this.#lanes) {
      lane.output.flush();
      this.#noteDrain(lane.output);
    }
  }

  applyPause(): void {
    this.#append.applyPause();
  }

  /** Called every linkHeartbeatMs: a sign of life if nothing else was sent, and conclusions from the peer's silence. */
  tick(nowMs: number): void {
    this.#tell(this.#liveness.check(nowMs));
    if (this.#liveness.state === "down" && this.#session !== undefined) {
      this.#endSession("no round trip for too long");
    }
    if (this.#session === undefined) {
      this.#keepDialling();
      return;
    }
    // Just under the interval, so that a timer that comes a little early does not skip a beat.
    this.#beatIfDue(nowMs, 0.9 * this.#context.limits.linkHeartbeatMs);
    this.#control.output.flush();
    this.#checkStalls(nowMs);
  }

  /** This process did not run for a while. */
  excuse(gapMs: number, nowMs: number): void {
    this.#liveness.excuse(gapMs, nowMs);
  }

  /** Tells the listener what was noticed inside calls of its own. */
  report(): void {
    const { listener } = this.#context;
    if (this.#hasDropped) {
      this.#hasDropped = false;
      listener.onDropped(this.peer);
    }
    this.#control.output.takeDrained();
    if (this.#append.output.takeDrained()) listener.onDrain(this.peer, "append");
    if (this.#bulk.output.takeDrained()) listener.onDrain(this.peer, "bulk");
  }

  onHello(connection: PeerConnection, hello: Handshake): Refusal {
    const lane = this.#laneOf(hello.lane);
    const refusal = hello.lane === Lane.Control ? this.#judgeControl() : this.#judgeLane(hello);
    if (refusal !== Refusal.None) return refusal;
    lane.accept(connection);
    connection.adopt(this);
    return Refusal.None;
  }

  onEstablished(connection: PeerConnection, peer: Handshake): boolean {
    const lane = this.#laneOf(connection.lane);
    if (connection !== lane.dialled && connection !== lane.accepted) return false;
    if (lane !== this.#control) {
      if (this.#session?.incarnation !== peer.incarnation) return false;
      // What waits for the lane's first connection stays; what an older one had taken may be lost.
      if (lane.open !== undefined) this.#forgetSent(lane);
      lane.attach(connection);
      this.#noteDrain(lane.output);
      return true;
    }
    this.#startSession(connection, peer);
    return true;
  }

  onRefused(connection: PeerConnection, refusal: number): void {
    if (isPassing(refusal)) {
      this.#laneOf(connection.lane).redial.postponed();
      return;
    }
    if (refusal === this.#lastRefusal) return;
    this.#lastRefusal = refusal;
    this.#context.listener.onRefused?.(
      this.peer,
      `node ${this.peer} and this one do not connect: ${refusalText(refusal)}`,
    );
  }

  onFrame(connection: PeerConnection, header: FrameHeader, frame: FrameParts): boolean {
    const lane = this.#laneOf(connection.lane);
    lane.statistics.framesReceived++;
    lane.statistics.partsReceived += header.parts;
    lane.statistics.bytesReceived += FRAME_HEADER_SIZE + frame.end - frame.start;
    const isOurs =
      header.source === this.#session?.incarnation &&
      header.destination === this.#context.identity.incarnation;
    if (!isOurs) {
      this.statistics.staleFrames++;
      return lane.open === connection;
    }
    const goesOn = this.#input.read(header, frame, {
      lane: lane === this.#control ? "control" : "bulk",
      isCurrent: () => lane.open === connection,
    });
    if (lane === this.#control) this.#keepLanes();
    return goesOn;
  }

  get isCounted(): boolean {
    return this.#liveness.isCounted;
  }

  onBeat(beat: Beat): void {
    const nowMs = this.#context.clock.monotonicMs();
    const sentMs = this.#beats.received(beat, nowMs);
    this.#peerBeat = beat;
    if (sentMs === undefined) return;
    this.statistics.roundTripMs = Math.max(0, nowMs - sentMs - beat.echoDelayMs);
    this.#tell(this.#liveness.roundTrip(sentMs, nowMs));
  }

  onDrain(connection: PeerConnection): void {
    const lane = this.#laneOf(connection.lane);
    if (lane.open !== connection) return;
    lane.output.onDrain();
    this.#noteDrain(lane.output);
  }

  onProtocolError(_connection: PeerConnection, reason: string): void {
    this.statistics.protocolErrors++;
    this.#context.listener.onRefused?.(
      this.peer,
      `a connection with node ${this.peer} is closed: ${reason}`,
    );
  }

  onClosed(connection: PeerConnection, reason: string): void {
    const lane = this.#laneOf(connection.lane);
    switch (lane.forget(connection)) {
      case "open":
        this.#lost(lane, reason);
        return;
      case "dialled":
        this.#dialFailed(lane);
        return;
      case "accepted":
      case "none":
        return;
    }
  }

  #newLane(lane: Lane, statistics: LinkStatistics["control"]): LaneLink {
    return new LaneLink(this.#context, { lane, statistics }, () => this.#dial(lane));
  }

  #laneOf(lane: Lane): LaneLink {
    switch (lane) {
      case Lane.Control:
        return this.#control;
      case Lane.Append:
        return this.#append;
      case Lane.Bulk:
        return this.#bulk;
      default:
        return lane satisfies never;
    }
  }

  /**
   * How long this side waits before it connects, so that the other one usually has. Not at all after a loss: groups that the peer leads
   * wait for word whether it is still there.
   */
  #headStartMs(): number {
    const isLower = this.#context.identity.nodeId < this.peer;
    return isLower || this.#liveness.isCounted ? 0 : this.#context.limits.reconnectMinMs;
  }

  /** Whatever became of the last attempt, there is to be another. */
  #keepDialling(): void {
    const { dialled, accepted, redial } = this.#control;
    if (!this.isWanted || dialled !== undefined || accepted !== undefined) return;
    redial.soon(this.#headStartMs());
  }

  #dial(which: Lane): void {
    const lane = this.#laneOf(which);
    const isNeeded =
      lane === this.#control
        ? this.isWanted && this.#session === undefined
        : this.#session?.isDialler === true && lane.open === undefined;
    if (!isNeeded || lane.dialled !== undefined) return;
    if (lane.accepted !== undefined) {
      lane.redial.postponed();
      return;
    }
    const address = this.#context.peerAddress(this.peer);
    if (address === undefined) {
      lane.redial.failed();
      return;
    }
    const connection = new PeerConnection(this.#context, this, { peer: this.peer, lane: which });
    lane.dialled = connection;
    connection.attach(this.#context.net.connect(address, connection));
  }

  /** The peer wants to open the control connection. */
  #judgeControl(): Refusal {
    const dialled = this.#control.dialled;
    if (dialled === undefined) return Refusal.None;
    // Only a connection that reached the peer's machine is worth waiting for: the peer's own path is proved by its hello.
    if (dialled.isGreeting && this.#context.identity.nodeId < this.peer) return Refusal.Crossed;
    this.#control.dialled = undefined;
    dialled.discard("the peer's connection is kept");
    return Refusal.None;
  }

  /** The peer wants to open one of the other lanes. */
  #judgeLane(hello: Handshake): Refusal {
    const session = this.#session;
    if (session === undefined || session.isDialler) return Refusal.NoControl;
    return session.incarnation === hello.incarnation ? Refusal.None : Refusal.NoControl;
  }

  #startSession(connection: PeerConnection, peer: Handshake): void {
    const nowMs = this.#context.clock.monotonicMs();
    if (this.#session !== undefined) {
      this.#dropLanes("a new session has begun");
      this.#reportDropped();
    }
    this.#context.learnLife(this.peer, peer);
    this.#session = { incarnation: peer.incarnation, isDialler: connection.isDialled };
    this.#lastRefusal = 0;
    this.#peerBeat = undefined;
    this.#beats.restart();
    this.statistics.clockOffsetMs = peer.wallMs - this.#context.clock.wallMs();
    for (const lane of this.#lanes) lane.output.start(peer.incarnation);
    this.#control.attach(connection);
    this.#tell(this.#liveness.connected(nowMs, peer.incarnation !== this.#announced));
    if (this.#control.open !== connection) return;
    // At once, whatever was sent lately: the connector waits for it before it opens the other lanes.
    this.#beat(nowMs);
    this.#control.output.flush();
  }

  /** The connector opens the other lanes once the peer has answered on control: then it surely knows the session. */
  #keepLanes(): void {
    if (this.#session?.isDialler !== true) return;
    for (const lane of [this.#append, this.#bulk]) {
      if (lane.open === undefined && lane.dialled === undefined) lane.redial.soon(0);
    }
  }

  /** An established connection is gone. */
  #lost(lane: LaneLink, reason: string): void {
    if (lane === this.#control) {
      this.#endSession(reason);
      return;
    }
    this.#forgetSent(lane);
    if (this.#session?.isDialler === true) lane.redialAfterLoss(0);
  }

  #forgetSent(lane: LaneLink): void {
    lane.output.detach();
    this.#reportDropped();
  }

  #dialFailed(lane: LaneLink): void {
    if (lane.redial.isPlanned) return;
    lane.redial.failed();
    if (lane !== this.#control || this.#session !== undefined || lane.accepted !== undefined)
      return;
    // Nobody listens there, or it is not the peer: it is not only silent but gone.
    this.#tell(this.#liveness.fail(this.#context.clock.monotonicMs()));
  }

  #endSession(reason: string): void {
    if (this.#session === undefined) return;
    this.#session = undefined;
    this.#dropLanes(reason);
    this.#reportDropped();
    if (this.isWanted) this.#control.redialAfterLoss(this.#headStartMs());
  }

  #dropLanes(reason: string): void {
    this.#control.drop(reason);
    this.#append.close(reason);
    this.#bulk.close(reason);
  }

  #beatIfDue(nowMs: number, intervalMs: number): void {
    if (nowMs - this.#beats.lastSentMs >= intervalMs) this.#beat(nowMs);
  }

  #beat(nowMs: number): void {
    const { output } = this.#control;
    const offset = output.take(BEAT_SIZE);
    // A control lane that is full is not moving: the peer will notice, as it should.
    if (offset < 0) return;
    writeBeat(output.bytes, offset, {
      ...this.#beats.next(nowMs),
      appendBytes: this.#append.open?.receivedBytes ?? 0,
      bulkBytes: this.#bulk.open?.receivedBytes ?? 0,
      isAppendPaused: this.#context.isAppendPaused,
    });
  }

  #checkStalls(nowMs: number): void {
    const beat = this.#peerBeat;
    if (beat === undefined) return;
    const append = this.#append.open;
    // While the peer does not read, its silence counts as progress.
    const appendBytes = beat.isAppendPaused ? Number.POSITIVE_INFINITY : beat.appendBytes;
    if (append !== undefined) this.#checkStall(this.#append, append, appendBytes, nowMs);
    const bulk = this.#bulk.open;
    if (bulk !== undefined) this.#checkStall(this.#bulk, bulk, beat.bulkBytes, nowMs);
  }

  #checkStall(lane: LaneLink, connection: PeerConnection, received: number, nowMs: number): void {
    if (!lane.stall.check({ sent: connection.sentBytes, received }, nowMs)) return;
    this.statistics.stalledConnections++;
    connection.discard("bytes sent do not arrive");
    lane.forget(connection);
    this.#lost(lane, "stalled");
  }

  #tell(change: LivenessChange): void {
    const { listener } = this.#context;
    switch (change) {
      case "none":
        return;
      case "up":
        this.#announced = this.#session?.incarnation ?? this.#announced;
        listener.onPeerUp(this.peer, this.#announced);
        return;
      case "suspect":
        listener.onPeerSuspect(this.peer);
        return;
      case "down":
        this.statistics.downs++;
        listener.onPeerDown(this.peer);
        return;
      default:
        change satisfies never;
    }
  }

  #reportDropped(): void {
    this.#hasDropped = true;
    this.#context.requestReports();
  }

  #noteDrain(output: LaneOutput): void {
    if (output.isDrained) this.#context.requestReports();
  }
}
