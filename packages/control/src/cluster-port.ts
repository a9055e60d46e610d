import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type Server as TlsServer } from "node:tls";
import { DialError } from "./errors.ts";
import { Guest, remoteOf } from "./guest.ts";
import {
  AcceptorHandshake,
  type Hello,
  refusal,
  VERSIONS,
  type VersionRange,
} from "./handshake.ts";
import type { Purpose } from "./handshake-message.ts";
import { HANDSHAKE_TIMEOUT_MS, HANDSHAKES_MAX } from "./limits.ts";
import { type PortTls, SOCKET_OPTIONS, tlsOptions } from "./socket-options.ts";

export interface ClusterPortOptions {
  /** undefined: all interfaces, IPv6 and IPv4. */
  readonly host?: string | undefined;
  /** 0: any free one. */
  readonly port: number;
  /** Of this node. */
  readonly nodeName: string;
  readonly cookie: string;
  /** undefined: plain TCP. */
  readonly tls?: PortTls | undefined;
  /** Connections that were not let in, for the log. */
  readonly onRefused?: (refused: RefusedConnection) => void;
  readonly handshakeTimeoutMs?: number;
  readonly handshakesMax?: number;
  /** For tests of later versions. */
  readonly versions?: VersionRange;
}

/** A connection that was not let in. */
export interface RefusedConnection {
  /** `address:port` of the other side. */
  readonly from: string;
  /** Who it said it is, not proved; undefined: it did not get that far. */
  readonly nodeName: string | undefined;
  readonly error: DialError;
}

/**
 * Takes over a connection whose other side has proved that it has the cookie. The socket is paused: attach listeners, then
 * `resume()`. Nothing that came is lost. Errors of a socket without listeners do no harm.
 */
export type PurposeHandler = (socket: Socket, hello: Hello) => void;

/**
 * The one port by which nodes and tools reach a node. It lives from the start of the process to its end, while what handles
 * the purposes comes and goes with the application.
 */
export class ClusterPort {
  readonly #options: ClusterPortOptions;
  readonly #server: Server;
  /** Does the TLS part of accepted sockets; it does not listen itself. */
  readonly #tlsServer: TlsServer | undefined;
  readonly #handlers = new Map<Purpose, PurposeHandler>();
  /** Connections in their handshake, by the address of their other end. */
  readonly #guests = new Map<string, Guest>();
  #port = 0;
  #address = "";

  private constructor(options: ClusterPortOptions) {
    this.#options = options;
    this.#server = createServer(SOCKET_OPTIONS, (socket) => this.#accept(socket));
    this.#tlsServer = options.tls === undefined ? undefined : this.#createTlsServer(options.tls);
  }

  /** Rejects with the system's error, for example EADDRINUSE. */
  static listen(options: ClusterPortOptions): Promise<ClusterPort> {
    const port = new ClusterPort(options);
    return new Promise((resolve, reject) => {
      const server = port.#server;
      server.once("error", reject);
      server.listen({ host: options.host, port: options.port }, () => {
        server.off("error", reject);
        // Running out of file descriptors: the connection is lost, its dialler tries again.
        server.on("error", () => {});
        port.#noteAddress();
        resolve(port);
      });
    });
  }

  /** The real one if 0 was asked for. */
  get port(): number {
    return this.#port;
  }

  /** Where it listens: `host:port`, with brackets around an IPv6 host. */
  get address(): string {
    return this.#address;
  }

  /**
   * From now on `handler` gets the connections of a purpose, instead of the one before. Gives what ends that: afterwards
   * the purpose is refused as not available now.
   */
  handle(purpose: Purpose, handler: PurposeHandler): () => void {
    this.#handlers.set(purpose, handler);
    return () => {
      if (this.#handlers.get(purpose) === handler) this.#handlers.delete(purpose);
    };
  }

  /** Listens no more. Connections that were handed over are their handlers' to close. */
  close(): Promise<void> {
    this.#handlers.clear();
    // Its callback would wait for all connections, also those handed over; the port is free at once.
    this.#server.close();
    for (const guest of [...this.#guests.values()]) guest.destroy();
    return Promise.resolve();
  }

  #noteAddress(): void {
    const address = this.#server.address();
    if (address === null || typeof address === "string") return;
    const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
    this.#port = address.port;
    this.#address = `${host}:${address.port}`;
  }

  #accept(socket: Socket): void {
    const options = this.#options;
    if (socket.remoteAddress === undefined) {
      socket.destroy(); // Gone already.
      return;
    }
    if (this.#guests.size >= (options.handshakesMax ?? HANDSHAKES_MAX)) {
      turnAway(socket);
      return;
    }
    const guest: Guest = new Guest(socket, {
      timeoutMs: options.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS,
      startHandshake: (binding, from) => this.#startHandshake(binding, from),
      onDone: (ready, hello) => this.#give(ready, hello),
      onFailed: (from, nodeName, error) => options.onRefused?.({ from, nodeName, error }),
      onEnd: () => this.#guests.delete(guest.from),
    });
    this.#guests.set(guest.from, guest);
    if (this.#tlsServer === undefined) guest.greet(socket);
    else this.#tlsServer.emit("connection", socket);
  }

  #createTlsServer(tls: PortTls): TlsServer {
    const highWaterMark = SOCKET_OPTIONS.highWaterMark;
    const server = createTlsServer({ ...tlsOptions(tls), highWaterMark }, (socket) => {
      const guest = this.#guests.get(remoteOf(socket));
      if (guest === undefined) socket.destroy();
      else guest.greet(socket);
    });
    server.on("tlsClientError", (cause, socket) => {
      const from = remoteOf(socket);
      const text = `TLS with ${from} failed: ${cause.message}`;
      this.#guests.get(from)?.fail(new DialError("tls", text, { cause }));
    });
    return server;
  }

  /** The application may have stopped since the handshake said that it was there. */
  #give(socket: Socket, hello: Hello): void {
    const handler = this.#handlers.get(hello.purpose);
    if (handler === undefined) socket.destroy();
    else handler(socket, hello);
  }

  #startHandshake(binding: Buffer, from: string): AcceptorHandshake {
    const { nodeName, cookie, versions = VERSIONS } = this.#options;
    const isServed = (purpose: Purpose): boolean => this.#handlers.has(purpose);
    return new AcceptorHandshake({ nodeName, cookie, versions, binding }, isServed, from);
  }
}

/** With TLS the dialler does not understand it, and sees that it was closed. */
function turnAway(socket: Socket): void {
  socket.on("error", () => {});
  socket.end(refusal("busy", "too many handshakes at once"));
  socket.destroySoon();
}
