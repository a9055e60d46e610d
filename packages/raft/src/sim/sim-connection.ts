import type { Connection, ConnectionHandler } from "../env/net.ts";
import type { Random } from "./random.ts";
import type { SimProcess } from "./sim-process.ts";
import type { SimScheduler } from "./sim-scheduler.ts";

/** How the network behaves; the simulation changes these while it runs. */
export interface NetFaults {
  delayMeanMs: number;
  delayMinMs: number;
  /** Chance for a chunk to be lost and sent again by the stream: it, and what follows, comes later. */
  lossChance: number;
  /** Chance for a chunk to break its connection instead. */
  resetChance: number;
  /** Chance for a direction of a connection to stand still for up to `clogMaxMs`. */
  clogChance: number;
  clogMaxMs: number;
  /** Bytes that the network takes before `write` says to stop. */
  sendBufferBytes: number;
}

/** What a connection needs of the network that it is part of. */
export interface Wire {
  readonly faults: NetFaults;
  readonly scheduler: SimScheduler;
  readonly random: Random;
  isBlocked(from: number, to: number): boolean;
  /** One-way delay of the next chunk, ms. */
  delay(): number;
  onEvent(event: string): void;
  trace(host: number, what: () => string): void;
  opened(end: SimConnection): void;
  closed(end: SimConnection): void;
}

/** A stream sends a lost packet again after about this time. */
const RESEND_MS = 200;
/** Bytes sent without any answer break the connection after about this time (TCP_USER_TIMEOUT). */
const SEND_TIMEOUT_MS = 15_000;
/** Chunks are overwritten with this after they were given: whoever kept a view shall notice. */
const POISON = 0xde;

/** One end of a connection. */
export class SimConnection implements Connection {
  readonly process: SimProcess;
  readonly host: number;
  readonly #net: Wire;
  #handler: ConnectionHandler | undefined;
  #peer: SimConnection | undefined;
  #isOpen = false;
  #isClosed = false;
  #closeReason: string | undefined;
  #isPaused = false;

  /** Accepted by `write`, not yet taken by the network: still the caller's bytes. */
  #buffered: Uint8Array[] = [];
  #bufferedBytes = 0;
  #needsDrain = false;
  #isTaking = false;

  /** On the way to the other end, oldest first; each with the moment at which it arrives. */
  #flight: { bytes: Uint8Array; arrivesMs: number }[] = [];
  #flightBytes = 0;
  #isDelivering = false;
  #lastArrivalMs = 0;
  #stuckSinceMs: number | undefined;
  /** Since when the other end's answers do not get through. */
  #unheardMs: number | undefined;

  /** Arrived at this end, waiting for the process. */
  #inbox: Uint8Array[] = [];
  #isNotified = false;

  constructor(
    net: Wire,
    process: SimProcess,
    end: { readonly host: number; readonly handler: ConnectionHandler | undefined },
  ) {
    this.#net = net;
    this.process = process;
    this.host = end.host;
    this.#handler = end.handler;
    net.opened(this);
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get peerHost(): number {
    return this.#peer?.host ?? -1;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isClosed || this.#closeReason !== undefined) return false;
    this.#buffered.push(bytes);
    this.#bufferedBytes += bytes.length;
    this.#scheduleTake();
    const limit = this.#net.faults.sendBufferBytes;
    if (this.#bufferedBytes + this.#flightBytes <= limit) return true;
    this.#needsDrain = true;
    return false;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#notify();
  }

  destroy(reason: string): void {
    if (this.#isClosed || this.#closeReason !== undefined) return;
    this.closePeer(reason);
    this.lose(reason);
  }

  // What follows serves the network and the other end.

  /** @internal */
  join(peer: SimConnection): void {
    this.#peer = peer;
    peer.#peer = this;
  }

  /** @internal */
  open(): void {
    if (this.#isClosed) return;
    this.process.run(() => {
      if (this.#isClosed || this.#isOpen) return;
      this.#isOpen = true;
      this.#handler?.onOpen();
      this.#scheduleTake();
      this.#notify();
    });
  }

  /** @internal */
  accept(handler: ConnectionHandler): void {
    this.#handler = handler;
    this.#isOpen = true;
    this.#scheduleTake();
    this.#notify();
  }

  /** @internal This end is gone: tells the process. What has arrived and was not read is lost. */
  lose(reason: string): void {
    if (this.#isClosed || this.#closeReason !== undefined) return;
    this.#closeReason = reason;
    this.#net.trace(this.host, () => `connection to ${this.peerHost} closed: ${reason}`);
    this.#net.closed(this);
    this.#flight = [];
    this.#buffered = [];
    this.#bufferedBytes = 0;
    this.#net.scheduler.after(0.001, () =>
      this.process.run(() => {
        if (this.#isClosed) return;
        this.#isClosed = true;
        this.#handler?.onClose(reason);
      }),
    );
  }

  /** @internal The process is dead. */
  vanish(): void {
    this.#isClosed = true;
    this.#net.closed(this);
    this.#buffered = [];
    this.#inbox = [];
    this.#flight = [];
  }

  /** @internal The other end hears of the close, if the network lets it, after what is under way or instead of it. */
  closePeer(reason: string): void {
    const peer = this.#peer;
    if (peer === undefined) return;
    const arrival = this.#net.scheduler.nowMs + this.#net.delay();
    this.#announceClose(peer, reason, Math.max(arrival, this.#lastArrivalMs));
  }

  /** @internal */
  breakBoth(reason: string): void {
    this.#peer?.lose(reason);
    this.lose(reason);
  }

  #announceClose(peer: SimConnection, reason: string, atMs: number): void {
    this.#net.scheduler.at(atMs, () => {
      if (peer.#isClosed || peer.#closeReason !== undefined) return;
      if (this.#net.isBlocked(this.host, peer.host)) {
        // Sent again until it gets through.
        this.#announceClose(peer, reason, this.#net.scheduler.nowMs + 1000);
        return;
      }
      peer.lose(reason);
    });
  }

  /** The network takes bytes from the process when there is room. */
  #scheduleTake(): void {
    if (this.#isTaking || this.#buffered.length === 0 || this.#peer === undefined) return;
    if (!this.#isOpen) return;
    if (this.#flightBytes >= this.#net.faults.sendBufferBytes) return;
    this.#isTaking = true;
    this.#net.scheduler.after(this.#net.random.chance(0.1) ? 0.5 : 0.005, () => this.#take());
  }

  #take(): void {
    this.#isTaking = false;
    if (this.#isClosed || this.#closeReason !== undefined) return;
    // A copy: what the network has taken, the process may overwrite.
    const bytes = concat(this.#buffered);
    this.#buffered = [];
    this.#bufferedBytes = 0;
    if (bytes.length > 0) this.#send(bytes);
    this.#reportRoom();
  }

  #reportRoom(): void {
    if (!this.#needsDrain || this.#bufferedBytes > 0) return;
    if (this.#flightBytes > this.#net.faults.sendBufferBytes / 2) return;
    this.#needsDrain = false;
    this.process.run(() => {
      if (!this.#isClosed) this.#handler?.onDrain();
    });
  }

  #send(bytes: Uint8Array): void {
    const { faults, random, scheduler } = this.#net;
    if (random.chance(faults.resetChance)) {
      this.#net.onEvent("reset");
      this.breakBoth("connection reset");
      return;
    }
    let delay = this.#net.delay();
    if (random.chance(faults.lossChance)) {
      this.#net.onEvent("packet-lost");
      delay += RESEND_MS * (0.5 + random.float());
    }
    if (random.chance(faults.clogChance)) {
      this.#net.onEvent("clog");
      delay += random.float() * faults.clogMaxMs;
    }
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, scheduler.nowMs + delay);
    this.#flight.push({ bytes, arrivesMs: this.#lastArrivalMs });
    this.#flightBytes += bytes.length;
    this.#scheduleDelivery();
  }

  #scheduleDelivery(): void {
    const first = this.#flight[0];
    if (this.#isDelivering || first === undefined) return;
    this.#isDelivering = true;
    this.#net.scheduler.at(first.arrivesMs, () => this.#deliver());
  }

  #deliver(): void {
    this.#isDelivering = false;
    const peer = this.#peer;
    if (peer === undefined || this.#flight.length === 0) return;
    if (this.#net.isBlocked(this.host, peer.host)) {
      this.#waitForLink();
      return;
    }
    if (peer.#isClosed || peer.#closeReason !== undefined) {
      // The machine at the other end knows nothing of this connection (it restarted, or the end was closed).
      this.lose("connection reset by peer");
      return;
    }
    this.#stuckSinceMs = undefined;
    const now = this.#net.scheduler.nowMs;
    while (this.#flight.length > 0 && (this.#flight[0]?.arrivesMs ?? 0) <= now) {
      const next = this.#flight.shift();
      if (next !== undefined) peer.#receive(next.bytes);
    }
    this.#scheduleDelivery();
  }

  /** Nothing gets through: the stream sends again, and gives up in the end. */
  #waitForLink(): void {
    const now = this.#net.scheduler.nowMs;
    this.#stuckSinceMs ??= now;
    if (now - this.#stuckSinceMs > SEND_TIMEOUT_MS) {
      this.#net.onEvent("send-timeout");
      this.lose("connection timed out");
      return;
    }
    this.#isDelivering = true;
    const backoff = Math.min(2000, RESEND_MS + (now - this.#stuckSinceMs) / 2);
    this.#net.scheduler.after(backoff * (0.5 + this.#net.random.float()), () => this.#deliver());
  }

  #receive(bytes: Uint8Array): void {
    this.#inbox.push(bytes);
    this.#notify();
  }

  /** Gives the process what has arrived, in pieces cut anywhere. */
  #notify(): void {
    if (this.#isNotified || this.#inbox.length === 0 || this.#isPaused || !this.#isOpen) return;
    this.#isNotified = true;
    this.#net.scheduler.after(0, () =>
      this.process.run(() => {
        this.#isNotified = false;
        if (this.#isClosed || this.#closeReason !== undefined || this.#isPaused) return;
        this.#giveOne();
        this.#notify();
      }),
    );
  }

  #giveOne(): void {
    const random = this.#net.random;
    let chunk = this.#inbox.shift();
    if (chunk === undefined) return;
    if (this.#inbox.length > 0 && random.chance(0.5)) {
      chunk = concat([chunk, ...this.#inbox.splice(0, 1 + random.below(this.#inbox.length))]);
    }
    if (chunk.length > 1 && random.chance(0.1)) {
      const cut = 1 + random.below(chunk.length - 1);
      this.#inbox.unshift(chunk.slice(cut));
      chunk = chunk.slice(0, cut);
    }
    if (this.#peer !== undefined) this.#peer.#acknowledge(chunk.length);
    this.#handler?.onData(chunk);
    chunk.fill(POISON);
  }

  /** The other end read bytes: there is room again, once this end hears of it. */
  #acknowledge(count: number): void {
    if (this.#net.isBlocked(this.peerHost, this.host)) {
      this.#unheardMs ??= this.#net.scheduler.nowMs;
      if (this.#net.scheduler.nowMs - this.#unheardMs > SEND_TIMEOUT_MS) {
        this.#net.onEvent("send-timeout");
        this.lose("connection timed out");
        return;
      }
      this.#net.scheduler.after(1000, () => this.#acknowledge(count));
      return;
    }
    this.#unheardMs = undefined;
    this.#flightBytes -= count;
    this.#scheduleTake();
    this.#reportRoom();
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const part of parts) size += part.length;
  const whole = new Uint8Array(size);
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}
