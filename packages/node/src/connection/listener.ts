import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from "node:tls";
import type { Broker } from "../broker/broker.ts";
import type { ListenAddress } from "../config/config.ts";
import { withInputBuffer } from "../runtime/input-buffer.ts";
import { Connection, type ConnectionAddresses } from "./connection.ts";
import { ListenError } from "./listen-error.ts";
import { ProxyHeaderReader } from "./proxy-protocol.ts";

export interface ListenerOptions extends ListenAddress {
  readonly backlog: number;
  readonly hasProxyProtocol: boolean;
  readonly isKeepAlive: boolean;
  /** Small writes go out at once (TCP_NODELAY). */
  readonly isNoDelay: boolean;
  /** Until the PROXY header is there. */
  readonly handshakeTimeoutMs: number;
  /** undefined: plain TCP. */
  readonly tls:
    | {
        readonly options: TlsOptions;
        readonly handshakeTimeoutMs: number;
        readonly isPeerAccepted: (socket: TLSSocket) => boolean;
      }
    | undefined;
}

/** Where a listener is reached. */
interface BoundAddress {
  readonly address: string;
  readonly port: number;
}

/** One listening port. Makes a Connection of each client that comes. */
export class Listener {
  readonly #broker: Broker;
  readonly #options: ListenerOptions;
  readonly #server: Server;
  /** Sockets that are not connections yet, by both their ends. */
  readonly #arriving = new Map<string, Socket>();
  /** TLS only: all open TCP sockets, as those in their TLS handshake are nobody else's. */
  readonly #underTls = new Set<Socket>();
  #address: BoundAddress = { address: "", port: 0 };

  private constructor(broker: Broker, options: ListenerOptions) {
    this.#broker = broker;
    this.#options = options;
    // With PROXY protocol the header comes before TLS, so the TLS server is fed by hand.
    this.#server =
      options.tls === undefined || options.hasProxyProtocol
        ? createServer()
        : createTlsServer({
            ...options.tls.options,
            handshakeTimeout: options.tls.handshakeTimeoutMs,
          });
  }

  /** Starts to listen. @throws ListenError */
  static async open(broker: Broker, options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(broker, options);
    listener.#accept();
    await listener.#listen(options);
    return listener;
  }

  get isTls(): boolean {
    return this.#options.tls !== undefined;
  }

  /** The address that was bound; the port is known even if any was asked for. */
  get address(): BoundAddress {
    return this.#address;
  }

  /** Clients can come. */
  get isOpen(): boolean {
    return this.#server.listening;
  }

  /** Accepts nobody any more. Connections go on; resolves when all are gone. */
  async close(): Promise<void> {
    for (const socket of this.#arriving.values()) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  /** Accepts nobody until {@link resume}. Connections go on. */
  suspend(): void {
    if (!this.isOpen) return;
    for (const socket of this.#arriving.values()) socket.destroy();
    this.#server.close();
  }

  /** Listens again, at the same address. @throws ListenError */
  async resume(): Promise<void> {
    if (!this.isOpen) await this.#listen(this.#address);
  }

  /** Drops clients that never got as far as to be a connection; to be called once the connections are gone. */
  dropUnfinished(): void {
    for (const socket of this.#underTls) socket.destroy();
  }

  #accept(): void {
    const { tls, hasProxyProtocol } = this.#options;
    const server = this.#server;
    if (tls !== undefined) server.on("connection", this.#onSocketUnderTls);
    if (tls === undefined || hasProxyProtocol) server.on("connection", this.#onSocket);
    else this.#acceptTls(server);
    server.on("error", (error) => {
      if (this.isOpen) this.#broker.log.error({ err: error }, "listener error");
    });
  }

  /** @throws ListenError */
  async #listen({ address, port }: ListenAddress): Promise<void> {
    const { backlog } = this.#options;
    const server = this.#server;
    await new Promise<void>((resolve, reject) => {
      const refuse = (error: Error): void => reject(new ListenError({ address, port }, error));
      server.once("error", refuse);
      server.listen({ ...(address === undefined ? {} : { host: address }), port, backlog }, () => {
        server.off("error", refuse);
        this.#address = server.address() as AddressInfo; // A TCP server that listens has one.
        resolve();
      });
    });
  }

  /** The socket is known until it becomes a connection or closes, so that `close` does not wait for it. */
  #noteArrival(socket: Socket): void {
    const key = endsOf(socket);
    this.#arriving.set(key, socket);
    socket.once("close", () => {
      if (this.#arriving.get(key) === socket) this.#arriving.delete(key);
    });
  }

  #acceptTls(server: Server): void {
    server.on("connection", (socket: Socket) => this.#noteArrival(socket));
    server.on("secureConnection", (socket: TLSSocket) => this.#onSecure(socket));
    server.on("tlsClientError", (error: Error, socket: TLSSocket) => {
      this.#broker.connectionLog.error({ err: error }, `TLS handshake failed: ${error.message}`);
      socket.destroy();
    });
  }

  #onSecure(socket: TLSSocket): void {
    if (this.#options.tls?.isPeerAccepted(socket) === false) {
      this.#broker.connectionLog.error({}, "TLS client certificate does not verify");
      socket.destroy();
      return;
    }
    socket.on("data", this.#connect(socket, addressesOf(socket)).receive);
  }

  readonly #onSocketUnderTls = (socket: Socket): void => {
    this.#underTls.add(socket);
    socket.once("close", () => this.#underTls.delete(socket));
  };

  readonly #onSocket = (socket: Socket): void => {
    if (this.#options.hasProxyProtocol) this.#readProxyHeader(socket);
    else this.#connectPlain(socket);
  };

  /** Without TLS or a proxy in front, input goes through one buffer for all connections. */
  #connectPlain(accepted: Socket): void {
    const addresses = addressesOf(accepted);
    let connection: Connection | undefined;
    const socket = withInputBuffer(accepted, (chunk) => connection?.receive(chunk));
    connection = this.#connect(socket ?? accepted, addresses);
    if (socket === undefined) accepted.on("data", connection.receive);
    else socket.resume();
  }

  #connect(socket: Socket, addresses: ConnectionAddresses): Connection {
    this.#arriving.delete(endsOf(socket)); // A TLS socket has the ends of the socket below it.
    if (this.#options.isKeepAlive) socket.setKeepAlive(true);
    socket.setNoDelay(this.#options.isNoDelay);
    const broker = this.#broker;
    const connection = new Connection(broker, socket, broker.nextConnectionId(), addresses);
    broker.connectionOpened(connection);
    return connection;
  }

  /** The PROXY protocol's header names the client behind the proxy; then the client's bytes follow. */
  #readProxyHeader(socket: Socket): void {
    const reader = new ProxyHeaderReader();
    this.#noteArrival(socket);
    const timer = setTimeout(() => socket.destroy(), this.#options.handshakeTimeoutMs);
    const stopTimer = (): void => clearTimeout(timer);
    const onError = (error: Error): void => {
      this.#broker.connectionLog.error({ err: error }, `PROXY header: ${error.message}`);
      socket.destroy();
    };
    const onData = (chunk: Buffer): void => {
      try {
        const result = reader.push(chunk);
        if (!result.done) return;
        stopTimer();
        socket.off("data", onData).off("error", onError).off("close", stopTimer);
        socket.pause();
        if (result.rest.length > 0) socket.unshift(result.rest);
        this.#onProxied(socket, proxiedAddresses(socket, result.source, result.destination));
      } catch (error) {
        onError(error instanceof Error ? error : new Error(String(error)));
      }
    };
    socket.on("data", onData).on("error", onError).on("close", stopTimer);
  }

  #onProxied(socket: Socket, addresses: ConnectionAddresses): void {
    if (this.#options.tls === undefined) {
      socket.on("data", this.#connect(socket, addresses).receive);
      socket.resume();
      return;
    }
    this.#upgrade(socket, addresses, this.#options.tls);
  }

  #upgrade(
    socket: Socket,
    addresses: ConnectionAddresses,
    tls: NonNullable<ListenerOptions["tls"]>,
  ): void {
    const server = createTlsServer({ ...tls.options, handshakeTimeout: tls.handshakeTimeoutMs });
    server.on("tlsClientError", (error: Error, failed: TLSSocket) => {
      this.#broker.connectionLog.error({ err: error }, `TLS handshake failed: ${error.message}`);
      failed.destroy();
    });
    server.on("secureConnection", (secure: TLSSocket) => {
      if (tls.isPeerAccepted(secure)) secure.on("data", this.#connect(secure, addresses).receive);
      else secure.destroy();
    });
    socket.on("error", () => socket.destroy()); // A reset within the handshake.
    // TLS reads what is buffered and then the socket itself: resumed, the socket would throw the buffer away.
    server.emit("connection", socket);
  }
}

function endsOf(socket: Socket): string {
  return [socket.remoteAddress, socket.remotePort, socket.localAddress, socket.localPort].join(" ");
}

function addressesOf(socket: Socket): ConnectionAddresses {
  const remoteAddress = plainAddress(socket.remoteAddress);
  return {
    remoteAddress,
    remote: `${remoteAddress}:${socket.remotePort ?? 0}`,
    local: `${plainAddress(socket.localAddress)}:${socket.localPort ?? 0}`,
  };
}

interface Endpoint {
  readonly address: string;
  readonly port: number;
}

function proxiedAddresses(
  socket: Socket,
  source: Endpoint | undefined,
  destination: Endpoint | undefined,
): ConnectionAddresses {
  const own = addressesOf(socket);
  if (source === undefined) return own;
  return {
    remoteAddress: source.address,
    remote: `${source.address}:${source.port}`,
    local: destination === undefined ? own.local : `${destination.address}:${destination.port}`,
  };
}

/** Dual-stack sockets show IPv4 clients as ::ffff:1.2.3.4. */
function plainAddress(address: string | undefined): string {
  if (address === undefined) return "";
  return address.startsWith("::ffff:") ? address.slice("::ffff:".length) : address;
}
