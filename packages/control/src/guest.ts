import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { DialError } from "./errors.ts";
import { bindingOf, handOver } from "./handover.ts";
import type { AcceptorHandshake, HandshakeEnd, Hello } from "./handshake.ts";
import { REFUSAL_LINGER_MS } from "./limits.ts";

/** What a guest needs of its port. */
export interface GuestHost {
  readonly timeoutMs: number;
  startHandshake(binding: Buffer, from: string): AcceptorHandshake;
  onDone(socket: Socket, hello: Hello): void;
  /** It is not let in, and whoever looks after the node may want to know. `nodeName`: what it said, if it did. */
  onFailed(from: string, nodeName: string | undefined, error: DialError): void;
  /** It needs no place any more. Once, and last. */
  onEnd(): void;
}

/**
 * greeting: TLS, then the handshake. refusing: a refusal is on its way out. over: its place is free; the socket is closed or has
 * another owner.
 */
type State = "greeting" | "refusing" | "over";

/** A connection from its accept to the end of its handshake. */
export class Guest {
  readonly from: string;
  readonly #host: GuestHost;
  readonly #timer: NodeJS.Timeout;
  readonly #onData = (chunk: Buffer): void => this.#read(chunk);
  readonly #onClose = (): void => this.#closed();
  /** The accepted one, or the TLS session over it. */
  #socket: Socket;
  #handshake: AcceptorHandshake | undefined;
  #state: State = "greeting";
  #failure: DialError | undefined;

  constructor(accepted: Socket, host: GuestHost) {
    this.from = remoteOf(accepted);
    this.#socket = accepted;
    this.#host = host;
    this.#timer = setTimeout(() => this.#expire(), host.timeoutMs);
    accepted.on("error", ignore);
    accepted.on("close", this.#onClose);
  }

  /** Without TLS at once, with TLS when the session stands: `socket` is what the handshake goes over. */
  greet(socket: Socket): void {
    if (this.#state !== "greeting") {
      socket.destroy();
      return;
    }
    this.#socket = socket;
    socket.on("error", ignore);
    socket.on("data", this.#onData);
    this.#handshake = this.#host.startHandshake(bindingOf(socket), this.from);
  }

  /** Its TLS session did not come about; the close follows. */
  fail(error: DialError): void {
    this.#failure ??= error;
  }

  destroy(): void {
    this.#finish();
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    if (this.#state !== "greeting") return;
    const step = this.#handshake?.push(chunk);
    if (step?.send !== undefined) this.#socket.write(step.send);
    if (step?.end !== undefined) this.#decide(step.end);
  }

  #decide(end: HandshakeEnd): void {
    if (end.kind === "failed") {
      this.#report(end.error);
      this.#refuse();
      return;
    }
    const socket = this.#socket;
    this.#finish();
    socket.off("data", this.#onData);
    socket.off("close", this.#onClose);
    handOver(socket, end.rest, () => {
      if (!socket.destroyed) this.#host.onDone(socket, end.hello);
    });
  }

  /** Closes when what was written has reached the other side, or after a while. */
  #refuse(): void {
    this.#state = "refusing";
    clearTimeout(this.#timer);
    this.#socket.end();
    const linger = setTimeout(() => this.#socket.destroy(), REFUSAL_LINGER_MS);
    this.#socket.once("close", () => clearTimeout(linger));
  }

  #expire(): void {
    const error = this.#handshake?.closed() ?? timedOut(this.from, this.#host.timeoutMs);
    this.#report(error);
    this.destroy();
  }

  /** Whoever goes before he said anything is a port scan or a health check: no word about it. */
  #closed(): void {
    if (this.#state === "greeting") {
      const error = this.#failure ?? this.#handshake?.closed();
      if (error !== undefined) this.#report(error);
    }
    this.#finish();
  }

  #report(error: DialError): void {
    this.#host.onFailed(this.from, this.#handshake?.nodeName, error);
  }

  #finish(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    clearTimeout(this.#timer);
    this.#host.onEnd();
  }
}

/** The address of the other end: one for each connection that is open. */
export function remoteOf(socket: Socket | TLSSocket): string {
  // IPv4 at a listener for both is written as IPv6.
  const address = (socket.remoteAddress ?? "unknown").replace(/^::ffff:/, "");
  const host = address.includes(":") ? `[${address}]` : address;
  return `${host}:${socket.remotePort ?? 0}`;
}

function timedOut(from: string, timeoutMs: number): DialError {
  return new DialError("timeout", `${from} did not end the handshake within ${timeoutMs} ms`);
}

function ignore(): void {}
