import { connect, createServer, Socket } from "node:net";
import type { Connection, ConnectionHandler, Net, NetListener } from "@leveret/raft";
import { formatNetAddress, parseNetAddress } from "./net-address.ts";

/** Bytes that a socket takes before `write` says to stop: one or two large messages. */
const SEND_BUFFER_BYTES = 256 * 1024;
/** A machine that vanished is noticed by the system too, if late. */
const KEEP_ALIVE_MS = 10_000;

const SOCKET_OPTIONS = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: KEEP_ALIVE_MS,
  highWaterMark: SEND_BUFFER_BYTES,
} as const;

/** The machine's network. Addresses are "host:port", with brackets around an IPv6 host; no host: all of this machine. */
export class RealNet implements Net {
  listen(
    address: string,
    accept: (connection: Connection) => ConnectionHandler,
    done: (error: Error | undefined, listener: NetListener | undefined) => void,
  ): void {
    const target = parseNetAddress(address);
    if (target === undefined) {
      setImmediate(() => done(new Error(`"${address}" is no address to listen on`), undefined));
      return;
    }
    const server = createServer(SOCKET_OPTIONS, (socket) => {
      const connection = new RealConnection(socket);
      connection.handle(accept(connection));
    });
    server.once("error", (error) => done(error, undefined));
    server.listen(
      { port: target.port, ...(target.host === "" ? {} : { host: target.host }) },
      () => {
        server.removeAllListeners("error");
        // Running out of file descriptors: the connection is lost, its peer will try again.
        server.on("error", () => {});
        done(undefined, {
          address: formatNetAddress(server.address()),
          close: (closed) => {
            server.close(() => closed());
          },
        });
      },
    );
  }

  connect(address: string, handler: ConnectionHandler): Connection {
    const connection = new RealConnection(openSocket(address));
    connection.handle(handler);
    return connection;
  }
}

function openSocket(address: string): Socket {
  const target = parseNetAddress(address);
  if (target !== undefined) {
    const { host, port } = target;
    return connect({ ...SOCKET_OPTIONS, host: host === "" ? "localhost" : host, port });
  }
  // Fails like a connection that is refused: a moment later, by its events.
  return new Socket().destroy(new Error(`"${address}" is no address to connect to`));
}

/** One TCP connection. */
class RealConnection implements Connection {
  readonly #socket: Socket;
  #reason: string | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  handle(handler: ConnectionHandler): void {
    const socket = this.#socket;
    socket.on("connect", () => handler.onOpen());
    socket.on("data", (chunk) => handler.onData(chunk));
    socket.on("drain", () => handler.onDrain());
    socket.on("end", () => {
      this.#reason ??= "closed by the peer";
    });
    socket.on("error", (error) => {
      this.#reason ??= error.message;
    });
    socket.on("close", () => handler.onClose(this.#reason ?? "closed"));
  }

  write(bytes: Uint8Array): boolean {
    return this.#socket.write(bytes);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(reason: string): void {
    this.#reason ??= reason;
    this.#socket.destroy();
  }
}
