import { connect, createServer, Socket } from "node:net";
import type { Connection, ConnectionHandler, Net, NetListener } from "@leveret/raft";
import { withInputBuffer } from "./input-buffer.ts";
import { formatNetAddress, parseNetAddress } from "./net-address.ts";
import { type OnInput, raftInputBuffer, SocketConnection } from "./socket-connection.ts";

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
    const server = createServer(SOCKET_OPTIONS, (accepted) => {
      const connection = new SocketConnection(
        (onInput) =>
          withInputBuffer(accepted, onInput, {
            buffer: raftInputBuffer,
            highWaterMark: SEND_BUFFER_BYTES,
          }) ?? accepted.on("data", onInput),
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
    const connection = new SocketConnection((onInput) => openSocket(address, onInput));
    connection.handle(handler);
    return connection;
  }
}

function openSocket(address: string, onInput: OnInput): Socket {
  const target = parseNetAddress(address);
  if (target !== undefined) {
    const { host, port } = target;
    const onread = {
      buffer: raftInputBuffer,
      callback: (size: number): boolean => {
        onInput(raftInputBuffer.subarray(0, size));
        return true;
      },
    };
    return connect({ ...SOCKET_OPTIONS, onread, host: host === "" ? "localhost" : host, port });
  }
  // Fails like a connection that is refused: a moment later, by its events.
  return new Socket().destroy(new Error(`"${address}" is no address to connect to`));
}
