import type { Connection, ConnectionHandler } from "@leveret/raft";
import { LinkFrameReader } from "./link-frames.ts";
import {
  BEAT_PAYLOAD,
  decodeControl,
  encodeGreeting,
  LINK_CONTROL_KIND,
  type LinkGreeting,
} from "./link-greeting.ts";
import {
  LINK_OUTPUT_HIGH,
  LINK_OUTPUT_LOW,
  LINK_OUTPUT_MAX,
  LINK_SILENT_BEATS_MAX,
} from "./link-limits.ts";
import { LinkOutput } from "./link-output.ts";
import type { LinkPeer } from "./link-peer.ts";

/** What a link needs of what it belongs to. None of it may throw, but `onFrame`. */
export interface LinkOwner {
  /** What this node says of itself to node `to`. */
  greeting(to: number): LinkGreeting;
  /** Why the other end is not who it should be; undefined: it is. */
  refusal(link: Link, greeting: LinkGreeting): string | undefined;
  /** Both ends have greeted. */
  onOpen(link: Link): void;
  /** What the other end has sent cannot be understood, or it is not who it should be: `why`, a sentence. The link closes. */
  onProblem(link: Link, why: string): void;
  /** A throw closes the link. */
  onFrame(link: Link, kind: number, payload: Buffer): void;
  /** `flush` is to be called at the end of this turn. */
  onOutput(link: Link): void;
  /** Once, after the link's own listeners have been told. `wasOpen`: `onOpen` had been called. */
  onClosed(link: Link, reason: string, wasOpen: boolean): void;
}

/** One connection between two brokers: greeting, frames, beats. */
export class Link implements LinkPeer {
  readonly isDialled: boolean;
  readonly #owner: LinkOwner;
  readonly #reader = new LinkFrameReader((kind, payload) => this.#onFrame(kind, payload));
  readonly #output = new LinkOutput();
  readonly #drainListeners = new Set<() => void>();
  readonly #closeListeners = new Set<(reason: string) => void>();
  #nodeId: number;
  #incarnation = 0;
  #connection: Connection | undefined;
  #state: "greeting" | "open" | "closed" = "greeting";
  #isFlushAsked = false;
  #isCongested = false;
  #isPaused = false;
  #hasSent = false;
  #silentBeats = 0;

  /** `nodeId`: whom this node dials; undefined: the other end dialled, and will say who it is. */
  constructor(nodeId: number | undefined, owner: LinkOwner) {
    this.isDialled = nodeId !== undefined;
    this.#nodeId = nodeId ?? 0;
    this.#owner = owner;
  }

  get nodeId(): number {
    return this.#nodeId;
  }

  get incarnation(): number {
    return this.#incarnation;
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  get bufferedBytes(): number {
    return this.#output.size + (this.#connection?.bufferedBytes ?? 0);
  }

  get isCongested(): boolean {
    return this.#isCongested;
  }

  /** For the connection that carries this link. */
  readonly handler: ConnectionHandler = {
    onOpen: () => this.#greet("hello"),
    onData: (chunk) => this.#onData(chunk),
    onDrain: () => this.#drained(),
    onClose: (reason) => this.#closed(reason),
  };

  /** The connection that has this link's handler. Once. */
  attach(connection: Connection): void {
    this.#connection = connection;
  }

  send(kind: number, payload: Uint8Array): boolean {
    if (!this.isOpen) return false;
    this.reserve(kind, payload.length).set(payload);
    return !this.#isCongested;
  }

  reserve(kind: number, size: number): Buffer {
    if (!this.isOpen) return Buffer.allocUnsafe(size);
    const room = this.#reserve(kind, size);
    if (this.bufferedBytes >= LINK_OUTPUT_HIGH) this.#isCongested = true;
    return room;
  }

  pause(): void {
    this.#isPaused = true;
    this.#connection?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#silentBeats = 0;
    this.#connection?.resume();
  }

  onDrain(listener: () => void): () => void {
    this.#drainListeners.add(listener);
    return () => void this.#drainListeners.delete(listener);
  }

  onClose(listener: (reason: string) => void): () => void {
    this.#closeListeners.add(listener);
    return () => void this.#closeListeners.delete(listener);
  }

  destroy(reason: string): void {
    if (this.#state === "closed") return;
    this.#connection?.destroy(reason);
    this.#closed(reason);
  }

  /** Writes what this turn has sent. */
  flush(): void {
    this.#isFlushAsked = false;
    const connection = this.#connection;
    if (connection === undefined || this.#state === "closed") return;
    if (connection.bufferedBytes > LINK_OUTPUT_MAX) {
      this.destroy("the other node does not take what is sent to it");
      return;
    }
    this.#output.flush(connection);
    this.#drained();
  }

  /** Once per LINK_BEAT_MS: keeps the link alive, and gives it up if the other end does not. */
  beat(): void {
    if (!this.#isPaused && ++this.#silentBeats > LINK_SILENT_BEATS_MAX) {
      this.destroy("the other node is silent");
      return;
    }
    const isIdle = this.isOpen && !this.#hasSent && this.bufferedBytes === 0;
    if (isIdle) this.#reserve(LINK_CONTROL_KIND, BEAT_PAYLOAD.length).set(BEAT_PAYLOAD);
    this.#hasSent = false;
  }

  #onData(chunk: Uint8Array): void {
    this.#silentBeats = 0;
    try {
      this.#reader.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    } catch (error) {
      this.#giveUp(error instanceof Error ? error.message : String(error));
    }
  }

  #giveUp(why: string): void {
    if (this.#state !== "closed") this.#owner.onProblem(this, why);
    this.destroy(why);
  }

  #onFrame(kind: number, payload: Buffer): void {
    if (kind === LINK_CONTROL_KIND) this.#onControl(payload);
    else if (this.isOpen) this.#owner.onFrame(this, kind, payload);
    else this.destroy("a frame came before the greeting");
  }

  #onControl(payload: Buffer): void {
    const control = decodeControl(payload);
    if (control.kind === "beat") return;
    const expected = this.isDialled ? "welcome" : "hello";
    if (control.kind !== expected || this.#state !== "greeting") {
      this.destroy("a greeting that was not expected");
      return;
    }
    const refusal = this.#owner.refusal(this, control.greeting);
    if (refusal !== undefined) {
      this.#giveUp(refusal);
      return;
    }
    this.#nodeId = control.greeting.nodeId;
    this.#incarnation = control.greeting.incarnation;
    if (!this.isDialled) this.#greet("welcome");
    this.#state = "open";
    this.#owner.onOpen(this);
  }

  #greet(kind: "hello" | "welcome"): void {
    const bytes = encodeGreeting(kind, this.#owner.greeting(this.#nodeId));
    this.#reserve(LINK_CONTROL_KIND, bytes.length).set(bytes);
  }

  #reserve(kind: number, size: number): Buffer {
    this.#hasSent = true;
    if (!this.#isFlushAsked) {
      this.#isFlushAsked = true;
      this.#owner.onOutput(this);
    }
    return this.#output.reserve(kind, size);
  }

  #drained(): void {
    if (!this.#isCongested || this.bufferedBytes > LINK_OUTPUT_LOW) return;
    this.#isCongested = false;
    for (const listener of [...this.#drainListeners]) listener();
  }

  #closed(reason: string): void {
    if (this.#state === "closed") return;
    const wasOpen = this.isOpen;
    this.#state = "closed";
    this.#reader.close();
    this.#drainListeners.clear();
    const listeners = [...this.#closeListeners];
    this.#closeListeners.clear();
    for (const listener of listeners) listener(reason);
    this.#owner.onClosed(this, reason, wasOpen);
  }
}
