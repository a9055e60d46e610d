import { connect, createServer, Socket } from "node:net";
import type { Connection, ConnectionHandler, Net, NetListener } from "@leveret/raft";
import { withInputBuffer } from "./input-buffer.ts";
import { formatNetAddress, parseNetAddress } from "./net-address.ts";

/** Bytes that a socket takes before `write` says to stop: one or two large messages. */
const SEND_BUFFER_BYTES = 256 * 1024;
/** One read of a connection: a usual message with entries, so that it need not be put together from pieces. */
const INPUT_BUFFER_BYTES = 512 * 1024;
/** A machine that vanished is noticed by the system too, if late. */
const KEEP_ALIVE_MS = 10_000;

const SOCKET_OPTIONS = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: KEEP_ALIVE_MS,
  highWaterMark: SEND_BUFFER_BYTES,
} as const;

/** Where all connections of the process read to: what comes is handled before the next read. */
const inputBuffer: Buffer = Buffer.allocUnsafeSlow(INPUT_BUFFER_BYTES);

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
    const server = createServer(SOCKET_OPTIONS, (accepted) => {
      const connection = new RealConnection(
        (onInput) =>
          withInputBuffer(accepted, onInput, inputBuffer) ?? accepted.on("data", onInput),
      );
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
    const connection = new RealConnection((onInput) => openSocket(address, onInput));
    connection.handle(handler);
    return connection;
  }
}

type OnInput = (chunk: Uint8Array) => void;

function openSocket(address: string, onInput: OnInput): Socket {
  const target = parseNetAddress(address);
  if (target !== undefined) {
    const { host, port } = target;
    const onread = {
      buffer: inputBuffer,
      callback: (size: number): boolean => {
        onInput(inputBuffer.subarray(0, size));
        return true;
      },
    };
    return connect({ ...SOCKET_OPTIONS, onread, host: host === "" ? "localhost" : host, port });
  }
  // Fails like a connection that is refused: a moment later, by its events.
  return new Socket().destroy(new Error(`"${address}" is no address to connect to`));
}

/** One TCP connection. */
class RealConnection implements Connection {
  readonly #socket: Socket;
  #handler: ConnectionHandler | undefined;
  #reason: string | undefined;

  constructor(open: (onInput: OnInput) => Socket) {
    this.#socket = open((chunk) => this.#handler?.onData(chunk));
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  handle(handler: ConnectionHandler): void {
    const socket = this.#socket;
    this.#handler = handler;
    socket.on("connect", () => handler.onOpen());
    socket.on("drain", () => handler.onDrain());
    socket.on("end", () => {
      this.#reason ??= "closed by the peer";
    });
    socket.on("error", (error) => {
      this.#reason ??= error.message;
    });
    socket.on("close", () => handler.onClose(this.#reason ?? "closed"));
    if (!socket.isPaused()) socket.resume();
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
