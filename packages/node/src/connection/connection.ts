import type { X509Certificate } from "node:crypto";
import { TLSSocket } from "node:tls";
import {
  AmqpError,
  type ChannelError,
  ConnectionError,
  decodeMethod,
  encodeMethodFrame,
  FRAME_BODY,
  FRAME_HEADER,
  FRAME_HEARTBEAT,
  FRAME_METHOD,
  type FrameHandler,
  FrameReader,
  METHOD_IDS,
  type Method,
  type MethodAddress,
  type MethodArgs,
  type MethodName,
  methodIdAt,
  NO_METHOD,
  unexpectedFrame,
} from "@leveret/amqp";
import { type Identity, NOBODY } from "../auth/authenticator.ts";
import type { Permissions } from "../auth/permissions.ts";
import type { Backlog } from "../broker/backlog.ts";
import type { Broker } from "../broker/broker.ts";
import type { VirtualHost } from "../broker/virtual-host.ts";
import {
  CLOSE_TIMEOUT_MS,
  CLOSED_LINGER_MS,
  FRAMING_ERROR_LINGER_MS,
  OUTPUT_STOP_READING,
  SILENT_CLOSE_DELAY_MS,
} from "../limits.ts";
import type { Logger } from "../logger.ts";
import type { Actor } from "../metadata/actor.ts";
import type { BrokerQueue } from "../queue/broker-queue.ts";
import { viewOf } from "../queue/byte-copy.ts";
import type { PublisherHold } from "../queue/log/log-traffic.ts";
import type { SocketFigures } from "../statistics/node-traffic.ts";
import type { Channel } from "./channel.ts";
import type { ChannelConsumer } from "./channel-consumer.ts";
import { ChannelTable } from "./channel-table.ts";
import { ClientProperties } from "./client-properties.ts";
import { type CloseReply, toCloseReply } from "./close-reply.ts";
import { CredentialExpiry } from "./credential-expiry.ts";
import { type ConnectionSocket, DIRECT_ADDRESS } from "./direct-socket.ts";
import { Handshake, type Negotiated } from "./handshake.ts";
import type { HeartbeatTarget } from "./heartbeat.ts";
import { InputSuspensions } from "./input-suspensions.ts";
import { OutputBuffer, type OutputListener } from "./output-buffer.ts";
import { ProtocolHeaderReader } from "./protocol-header.ts";
import { PublisherPace } from "./publisher-pace.ts";
import { SilentClose } from "./silent-close.ts";
import { oncePermitted } from "./suspended-call.ts";
import { type TlsFacts, tlsFactsOf } from "./tls-facts.ts";
import { updateSecret } from "./update-secret.ts";

/** running: methods on channels; closing: connection.close was sent, its close-ok is awaited. */
type ConnectionState = "header" | "handshake" | "running" | "closing" | "closed";

/** One client's TCP or TLS connection: framing, handshake, channels, back-pressure, its end. */
export class Connection implements FrameHandler, HeartbeatTarget, OutputListener {
  readonly broker: Broker;
  readonly id: number;
  readonly output: OutputBuffer;
  readonly log: Logger;
  readonly remoteAddress: string;
  /** `127.0.0.1:51234 -> 127.0.0.1:5672`, as RabbitMQ names connections. */
  readonly name: string;
  /** When it was accepted, ms since the epoch. */
  readonly connectedAtMs: number = Date.now();
  client: ClientProperties = new ClientProperties();
  #identity: Identity = NOBODY;
  /** The SASL mechanism of its login. */
  authMechanism = "";
  frameMax: number;
  channelMax = 0;
  heartbeatSeconds = 0;
  /** The broker's time when the current input began: read once per chunk. */
  now: number;
  hasReceived = false;
  /** Chunks that came. */
  receivedPackets = 0;

  #state: ConnectionState = "header";
  readonly #socket: ConnectionSocket;
  readonly #header: ProtocolHeaderReader;
  readonly #handshake: Handshake;
  readonly #reader: FrameReader;
  #vhost: VirtualHost | undefined = undefined;
  readonly #channels: ChannelTable;
  readonly #pace: PublisherPace;
  readonly #suspensions = new InputSuspensions();
  #paused: ChannelConsumer[] = [];
  readonly #ownQueues = new Set<BrokerQueue>();
  readonly #expiry = new CredentialExpiry(() => this.#onCredentialExpired());
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;
  #isBlocked = false;
  #isOutputFull = false;
  /** Exclusive queues that are not gone yet. */
  #deletions = 0;
  /** The client is answered when they are. */
  #isCloseOkDue = false;
  #hold: PublisherHold | undefined;
  #viewed: Buffer = NO_BYTES;
  #view: DataView = viewOf(NO_BYTES);

  constructor(
    broker: Broker,
    socket: ConnectionSocket,
    id: number,
    addresses: ConnectionAddresses,
  ) {
    this.broker = broker;
    this.id = id;
    this.#socket = socket;
    this.remoteAddress = addresses.remoteAddress;
    this.name = `${addresses.remote} -> ${addresses.local}`;
    this.log = broker.connectionLog;
    this.now = broker.clock.now();
    this.frameMax = broker.options.initialFrameMax;
    this.output = new OutputBuffer(socket, broker.flushQueue, this);
    this.#channels = new ChannelTable(this);
    this.#pace = new PublisherPace(broker.yielding, () => this.#updateReading());
    this.#header = new ProtocolHeaderReader();
    this.#handshake = new Handshake(this);
    this.#reader = new FrameReader(this, this.frameMax);
    const { handshakeTimeoutMs } = broker.options;
    if (handshakeTimeoutMs !== undefined) {
      this.#timer = setTimeout(() => this.#onHandshakeTimeout(), handshakeTimeoutMs);
    }
    socket.on("error", (error) => this.#onSocketError(error));
    socket.on("end", () => this.#onSocketEnd());
    socket.on("close", () => this.#onSocketClosed());
  }

  /** Who has logged in. */
  get identity(): Identity {
    return this.#identity;
  }
  set identity(identity: Identity) {
    this.#identity = identity;
    this.#expiry.watch(identity.expiresAtMs);
    for (const channel of this.channels.values()) channel.forgetPermissions();
  }
  get user(): string {
    return this.#identity.name;
  }
  get permissions(): Permissions {
    return this.#identity.permissions;
  }
  get isTls(): boolean {
    return this.#socket instanceof TLSSocket;
  }
  /** Of the client; undefined: it has shown none. */
  get peerCertificate(): X509Certificate | undefined {
    return this.#socket instanceof TLSSocket ? this.#socket.getPeerX509Certificate() : undefined;
  }
  /** Who changes metadata on it. */
  get actor(): Actor {
    const via = this.remoteAddress === DIRECT_ADDRESS ? "http" : "amqp";
    return { user: this.user, via, from: this.name };
  }
  get vhost(): VirtualHost | undefined {
    return this.#vhost;
  }
  get channels(): ReadonlyMap<number, Channel> {
    return this.#channels.all;
  }
  /** So far, TLS apart. */
  get sockets(): SocketFigures {
    const { bytesRead: receivedBytes, bytesWritten, writableLength } = this.#socket;
    const { receivedPackets, output } = this;
    // Not what waits: it may never be sent, and the figure must not fall then.
    const sentBytes = bytesWritten - writableLength;
    return { receivedBytes, sentBytes, receivedPackets, sentPackets: output.flushCount };
  }
  get isBlocked(): boolean {
    return this.#isBlocked;
  }
  get isReadingPaused(): boolean {
    const isHeld = this.#hold !== undefined || this.#suspensions.isActive;
    return this.#isBlocked || this.#isOutputFull || isHeld;
  }
  get isRunning(): boolean {
    return this.#state === "running";
  }
  get isClosed(): boolean {
    return this.#state === "closed";
  }
  /** undefined: it does not use TLS. */
  get tls(): TlsFacts | undefined {
    return tlsFactsOf(this.#socket);
  }

  /** FrameHandler: one frame of the input. */
  onFrame(type: number, channelNumber: number, bytes: Buffer, start: number, end: number): void {
    if (this.#state === "running" && channelNumber !== 0) {
      this.#onChannelFrame(type, channelNumber, bytes, start, end);
      return;
    }
    this.#onControlFrame(type, channelNumber, bytes, start, end);
  }

  sendOnZero<N extends MethodName>(name: N, args: MethodArgs<N>): void {
    this.output.append(encodeMethodFrame(0, name, args));
  }

  onTuned(negotiated: Negotiated): void {
    this.frameMax = negotiated.frameMax;
    this.channelMax = negotiated.channelMax;
    this.heartbeatSeconds = negotiated.heartbeatSeconds;
    this.#reader.frameMax = negotiated.frameMax;
    this.broker.heartbeats.add(this);
  }

  onOpened(vhost: VirtualHost): void {
    this.#vhost = vhost;
    this.#state = "running";
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { user } = this;
    this.log.info(
      { connection: this.name, user, vhost: vhost.name, client: this.client.connectionName },
      `connection ${this.name}: user '${user}' authenticated and granted access to vhost '${vhost.name}'`,
    );
    this.broker.events.connectionOpened(this);
  }

  /** A connection of this process: its user is known, and there is nothing to negotiate. */
  openDirectly(identity: Identity, vhost: VirtualHost): void {
    this.#identity = identity;
    this.frameMax = 0;
    this.#reader.frameMax = 0;
    this.#vhost = vhost;
    this.#state = "running";
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The client said connection.close: everything it held goes before the answer (RabbitMQ). */
  onClientClose(): void {
    this.#isCloseOkDue = true;
    this.#release();
    // The client ends TCP: some take an early end for a lost connection (amqp091-go).
    this.#state = "closing";
    this.#reader.stop();
    this.#resumeForClose();
    this.#setTimer(CLOSED_LINGER_MS);
  }

  /** A queue declared exclusive by this connection: it goes when the connection does; at once, if that is gone already. */
  ownQueue(queue: BrokerQueue): void {
    if (this.isRunning) this.#ownQueues.add(queue);
    else this.broker.deleteQueue(queue);
  }

  disownQueue(queue: BrokerQueue): void {
    this.#ownQueues.delete(queue);
  }

  /** A view of input bytes: made once for each chunk. */
  viewOf(bytes: Buffer): DataView {
    if (this.#viewed !== bytes) {
      this.#viewed = bytes;
      this.#view = viewOf(bytes);
    }
    return this.#view;
  }

  /** The channel's number may be used again. */
  channelClosed(channel: Channel): void {
    this.#channels.remove(channel);
  }

  /** A channel's header frame came without its body: the chunk may end before the content does. */
  contentOpened(channel: Channel): void {
    this.#channels.contentOpened(channel);
  }

  noteConfirms(channel: Channel): void {
    this.#channels.noteConfirms(channel);
  }

  notePaused(consumer: ChannelConsumer): void {
    this.#paused.push(consumer);
    const publisher = this.broker.publishingConnection;
    if (publisher !== this) publisher?.noteBacklog(this);
  }

  /** It publishes to queues whose log, or leader, has enough to do: nothing more is read until that has caught up. */
  holdFor(hold: PublisherHold): void {
    if (this.#hold !== undefined) return;
    this.#hold = hold;
    hold.hold(this);
    this.#updateReading();
  }

  /** HeldPublisher: it has caught up. */
  endHold(): void {
    this.#hold = undefined;
    this.#updateReading();
  }

  /** This connection publishes faster than `backlog` is worked off. */
  noteBacklog(backlog: Backlog): void {
    this.#pace.noteBacklog(backlog);
  }

  /** Backlog: the client does not read its deliveries fast enough. */
  get isBacklogged(): boolean {
    return this.output.congested && this.#state === "running";
  }

  /** Much was sent for one small frame: if it is too much, even the frames that are here wait until it is read. */
  checkOutput(): void {
    if (this.output.unwritten <= OUTPUT_STOP_READING) return;
    this.#stopReading();
    if (this.#isOutputFull) this.#reader.pause();
  }

  /**
   * No further frame of the input is handled until the function returned is called; what is sent to the client goes on. Several may
   * be under way; each ends once, and the end of the connection ends all.
   */
  suspend(): () => void {
    const resume = this.#suspensions.add(() => this.#onResumed());
    this.#reader.pause();
    this.#updateReading();
    return resume;
  }

  /** Ends what a frame of a channel began, in a later turn; nothing happens if the channel was closed meanwhile. */
  finishLate(channel: Channel, action: () => void): void {
    if (!this.isRunning || this.channels.get(channel.number) !== channel) return;
    if (channel.isClosing) return;
    this.now = this.broker.clock.now();
    this.#guard(channel, () => oncePermitted(channel, action));
  }

  /**
   * Nothing more of the input is handled before `outcome` is there and `then` has been called with it, unless the connection ends before.
   * What it throws closes the connection and blames `method`. `outcome` must not reject.
   */
  waitFor<T>(outcome: Promise<T>, method: MethodAddress, then: (outcome: T) => void): void {
    const resume = this.suspend();
    void outcome.then((value) => {
      if (this.#state === "handshake" || this.#state === "running") {
        this.now = this.broker.clock.now();
        this.#guardMethod(method, () => then(value));
      }
      resume();
    });
  }

  #onResumed(): void {
    this.#updateReading();
    // Not in the middle of a frame, be it of this connection or of another one.
    if (this.broker.publishingConnection === undefined) this.#takeRest();
    else setImmediate(() => this.#takeRest());
  }

  /** Frames that were held back, if nothing holds them any more. */
  #takeRest(): void {
    if (!this.#reader.paused || this.#suspensions.isActive || this.#isOutputFull) return;
    this.#takeInput(undefined);
  }

  /** OutputListener: the client has read what was sent. */
  onDrained(): void {
    this.now = this.broker.clock.now();
    if (this.#isOutputFull) {
      this.#isOutputFull = false;
      this.#updateReading();
      this.#takeRest();
    }
    const paused = this.#paused;
    this.#paused = [];
    for (const consumer of paused) consumer.unpause(this.now);
    this.broker.yielding.release(this);
  }

  /** An alarm is active and this connection publishes: nothing more is read from it (RabbitMQ). */
  block(): void {
    if (this.#isBlocked) return;
    this.#isBlocked = true;
    if (this.client.connectionBlocked) {
      this.sendOnZero("connection.blocked", { reason: this.broker.alarms.reason ?? "" });
    }
    this.log.warn({ connection: this.name }, `connection ${this.name} is blocked: alarm`);
    this.#updateReading();
  }

  unblock(): void {
    if (!this.#isBlocked) return;
    this.#isBlocked = false;
    if (this.client.connectionBlocked) this.sendOnZero("connection.unblocked", {});
    this.#updateReading();
  }

  /** Its vhost was deleted (RabbitMQ: 320). */
  vhostDeleted(): void {
    const name = this.#vhost?.name ?? "";
    this.closeByServer(
      new ConnectionError("CONNECTION_FORCED", `vhost '${name}' is deleted`, NO_FAULT),
    );
  }

  /** Its user was deleted (RabbitMQ: 320). */
  userDeleted(): void {
    this.closeByServer(
      new ConnectionError("CONNECTION_FORCED", `user '${this.user}' is deleted`, NO_FAULT),
    );
  }

  /** HeartbeatTarget: the peer is silent. */
  onHeartbeatMissed(): void {
    this.log.error(
      { connection: this.name },
      `closing AMQP connection ${this.name}: missed heartbeats from client, timeout: ${this.heartbeatSeconds}s`,
    );
    this.#socket.destroy();
  }

  /** A channel's fault that no frame of the client brought up. */
  failChannel(channel: Channel, error: ChannelError): void {
    this.#fail(error, channel);
  }

  /** Closes by the operator's or the node's wish: 320 with a reason. */
  closeByServer(error: ConnectionError): void {
    if (this.#state === "running") this.#fail(error);
    else this.#socket.destroy();
  }

  /** Drops TCP without a word: a fault injected by a test, or the end of patience at shutdown. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Takes input of the socket; the chunk is valid during the call only. */
  readonly receive = (chunk: Buffer): void => {
    this.hasReceived = true;
    this.receivedPackets++;
    this.#pace.noteRead(chunk.length);
    this.#takeInput(chunk);
  };

  /** undefined: the rest of a chunk, after the reader was paused in it. */
  #takeInput(chunk: Buffer | undefined): void {
    this.now = this.broker.clock.now();
    this.broker.publishingConnection = this;
    try {
      if (chunk === undefined) this.#reader.resume();
      else if (this.#state === "header") this.#onHeader(chunk);
      else this.#reader.push(chunk);
    } catch (error) {
      this.#fail(error);
    }
    this.broker.publishingConnection = undefined;
    this.#viewed = NO_BYTES; // An idle connection must not pin its last chunk.
    this.#onChunkEnd();
  }

  #onHeader(chunk: Buffer): void {
    const result = this.#header.push(chunk);
    if (result === undefined) return;
    if (result.version === undefined) {
      this.#refuseProtocol(result.answer);
      return;
    }
    this.#state = "handshake";
    this.#handshake.sendStart(result.version.major, result.version.minor);
    if (result.rest.length > 0) this.#reader.push(result.rest);
  }

  /** Tells what is spoken here and goes (spec 4.2.2). */
  #refuseProtocol(answer: Buffer): void {
    this.log.error({ connection: this.name }, `closing AMQP connection ${this.name}: bad header`);
    this.output.append(answer);
    this.#finish();
  }

  #onChunkEnd(): void {
    this.#channels.onChunkEnd();
    if (this.output.unwritten > OUTPUT_STOP_READING && !this.#isOutputFull) this.#stopReading();
    this.#pace.consider();
  }

  /** The client asks, and does not read the answers: nothing more is read from it until it has. */
  #stopReading(): void {
    this.output.flush();
    this.#isOutputFull = this.output.unwritten > OUTPUT_STOP_READING;
    this.output.congested ||= this.#isOutputFull;
    this.#updateReading();
  }

  #updateReading(): void {
    const socket = this.#socket;
    if (socket.destroyed) return;
    if (this.isReadingPaused || this.#pace.isHeld) {
      socket.pause();
    } else if (socket.isPaused()) {
      socket.resume();
    }
  }

  #onChannelFrame(type: number, number: number, bytes: Buffer, start: number, end: number): void {
    const channel = this.#channels.find(number);
    try {
      if (channel === undefined) this.#onUnopened(type, number, bytes, start, end);
      else if (type === FRAME_HEARTBEAT) throw unexpectedFrame(type, bytes, start, end);
      else channel.onFrame(type, bytes, start, end);
    } catch (error) {
      this.#fail(error, channel);
    }
  }

  #onUnopened(type: number, channel: number, bytes: Buffer, start: number, end: number): void {
    if (this.#vhost === undefined) return; // Unreachable: the connection is running.
    this.#channels.onUnopened({ type, channel }, this.#vhost, bytes, start, end);
  }

  #guard(channel: Channel | undefined, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#fail(error, channel);
    }
  }

  #onControlFrame(type: number, number: number, bytes: Buffer, start: number, end: number): void {
    if (this.#state === "closed") return;
    if (type === FRAME_HEARTBEAT) {
      if (number !== 0 && this.#state !== "closing") {
        this.#fail(unexpectedFrame(type, bytes, start, end));
      }
      return;
    }
    if (this.#state === "closing") {
      this.#onFrameWhileClosing(type, number, bytes, start, end);
      return;
    }
    this.#guard(undefined, () => this.#onControlMethod(type, number, bytes, start, end));
  }

  #onControlMethod(type: number, number: number, bytes: Buffer, start: number, end: number): void {
    if (type === FRAME_HEADER || type === FRAME_BODY || number !== 0) {
      if (this.#state === "handshake") {
        throw new SilentClose("unexpected frame during the handshake");
      }
      throw unexpectedFrame(type, bytes, start, end);
    }
    const method = decodeMethod(bytes, start, end);
    if (this.#state === "handshake") this.#onHandshakeMethod(method);
    else this.#onConnectionMethod(method);
  }

  #onHandshakeMethod(method: Method): void {
    this.#guardMethod(method, () => this.#handshake.onMethod(method));
  }

  /** For methods on channel 0. */
  #guardMethod(method: MethodAddress, action: () => void): void {
    try {
      action();
    } catch (error) {
      if (error instanceof AmqpError && error.failed === undefined) {
        this.#fail(error, undefined, method);
      } else {
        this.#fail(error);
      }
    }
  }

  /** Methods on channel 0 of a running connection. */
  #onConnectionMethod(method: Method): void {
    if (method.name === "connection.close") this.onClientClose();
    else if (method.name === "connection.close-ok") this.#finish();
    else if (method.name === "connection.update-secret") {
      updateSecret(this, method);
    } else {
      const { classId, methodId } = method;
      throw new ConnectionError("CHANNEL_ERROR", "unexpected method in connection state running", {
        failed: { classId, methodId },
      });
    }
  }

  /** After connection.close only the answer, or the client's own close, counts. */
  #onFrameWhileClosing(
    type: number,
    number: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    if (type !== FRAME_METHOD || number !== 0 || end - start < 4) return;
    const id = methodIdAt(bytes, start);
    if (id === CONNECTION_CLOSE_OK) this.#finish();
    else if (id === CONNECTION_CLOSE) this.sendOnZero("connection.close-ok", {});
  }

  #fail(error: unknown, channel?: Channel, method?: MethodAddress): void {
    if (this.#state === "closing" || this.#state === "closed") return;
    const reply = toCloseReply(error, {
      hasChannel: channel !== undefined,
      method: method ?? channel?.currentMethod,
      isTrusted: this.#state === "running" || this.#handshake.isAuthenticated,
    });
    if (reply.kind === "silent") {
      this.#closeSilently(reply.why);
    } else if (reply.kind === "channel") {
      this.log.error(
        { connection: this.name, channel: channel?.number },
        `channel exception on connection ${this.name}, channel ${channel?.number}: ${reply.error.message}`,
      );
      this.#guard(undefined, () => channel?.fail(reply.error));
    } else {
      this.#failConnection(reply);
    }
  }

  #failConnection({ args, isFraming, bug }: CloseReply & { kind: "connection" }): void {
    const details = bug === undefined ? {} : { err: bug };
    this.log.error(
      { connection: this.name, ...details },
      `connection exception on ${this.name}: ${args.replyText}`,
    );
    this.#release();
    this.sendOnZero("connection.close", args);
    this.#state = "closing";
    this.#resumeForClose();
    if (isFraming) this.#reader.stop();
    const heartbeatMs = this.heartbeatSeconds * 1000;
    const patience = heartbeatMs > 0 ? Math.min(heartbeatMs, CLOSE_TIMEOUT_MS) : CLOSE_TIMEOUT_MS;
    this.#setTimer(isFraming ? FRAMING_ERROR_LINGER_MS : patience);
  }

  /** The answer to connection.close has to be read, whatever stopped the reading before. */
  #resumeForClose(): void {
    this.#isBlocked = false;
    this.#isOutputFull = false;
    this.#hold?.forgetHeld(this);
    this.#hold = undefined;
    this.#suspensions.clear();
    this.#pace.endYield();
    this.#updateReading();
    // Held frames may hold the answer. Later, as this may be in the middle of a frame.
    if (this.#reader.paused) setImmediate(() => this.#takeInput(undefined));
  }

  #closeSilently(why: string): void {
    this.log.error({ connection: this.name }, `closing AMQP connection ${this.name}: ${why}`);
    this.#state = "closing";
    this.#reader.stop();
    this.#release();
    this.#setTimer(this.broker.options.silentCloseDelayMs ?? SILENT_CLOSE_DELAY_MS);
  }

  #setTimer(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#socket.destroy(), delayMs);
  }

  /** Everything is said: flush, then end TCP. */
  #finish(): void {
    if (this.#state === "closed") return;
    this.#state = "closing";
    this.#release();
    this.#reader.stop();
    this.output.flush();
    this.#socket.end();
    this.#setTimer(FRAMING_ERROR_LINGER_MS);
  }

  /** As if an operator had closed it: the client may come back with new credentials. */
  #onCredentialExpired(): void {
    this.closeByServer(new ConnectionError("CONNECTION_FORCED", "credential expired", NO_FAULT));
  }

  #onHandshakeTimeout(): void {
    this.log.error(
      { connection: this.name },
      `closing AMQP connection ${this.name}: handshake_timeout`,
    );
    this.#socket.destroy();
  }

  #onSocketError(error: Error): void {
    if (this.#state === "closed") return;
    this.log.debug({ connection: this.name, err: error }, `connection ${this.name}: socket error`);
  }

  #onSocketEnd(): void {
    if (this.#state === "running") {
      this.log.warn(
        { connection: this.name },
        `closing AMQP connection ${this.name}: client unexpectedly closed TCP connection`,
      );
    }
    this.#socket.destroy();
  }

  #onSocketClosed(): void {
    this.#state = "closed";
    clearTimeout(this.#timer);
    if (this.client.table.size > 0) this.broker.events.connectionClosed(this);
    this.#expiry.stop();
    this.#pace.endYield();
    this.#suspensions.clear();
    this.#reader.stop();
    this.#release();
    this.broker.yielding.release(this);
    this.#hold?.forgetHeld(this);
    this.#hold = undefined;
    this.broker.connectionClosed(this);
  }

  /** Gives back all that the connection holds: channels with their messages, exclusive queues. Repeatable. */
  #release(): void {
    this.broker.heartbeats.remove(this);
    this.now = this.broker.clock.now();
    this.#channels.releaseAll();
    this.#paused = [];
    const queues = [...this.#ownQueues];
    this.#ownQueues.clear();
    this.#deletions += queues.length;
    for (const queue of queues) this.broker.removeQueue(queue, () => this.#onQueueGone());
    this.broker.connectionReleased(this);
    this.#answerClose();
  }

  #onQueueGone(): void {
    this.#deletions--;
    this.#answerClose();
  }

  #answerClose(): void {
    if (!this.#isCloseOkDue || this.#deletions > 0) return;
    this.#isCloseOkDue = false;
    if (this.#state !== "closed") this.sendOnZero("connection.close-ok", {});
  }
}

/** Endpoints of a connection; behind a PROXY protocol header those of the client, not of the proxy. */
export interface ConnectionAddresses {
  /** Without port. */
  readonly remoteAddress: string;
  /** `address:port`. */
  readonly remote: string;
  readonly local: string;
}

const CONNECTION_CLOSE = METHOD_IDS["connection.close"];
const CONNECTION_CLOSE_OK = METHOD_IDS["connection.close-ok"];
const NO_BYTES: Buffer = Buffer.alloc(0);
const NO_FAULT = { failed: NO_METHOD } as const;
