import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import {
  type ClusterPort,
  type DialError,
  type Dialling,
  dial,
  type PortTls,
} from "@leveret/control";
import type { Connection, ConnectionHandler, Net, NetListener } from "@leveret/raft";
import { withInputBuffer } from "../../runtime/input-buffer.ts";
import { parseNetAddress } from "../../runtime/net-address.ts";
import {
  type OnInput,
  raftInputBuffer,
  SocketConnection,
} from "../../runtime/socket-connection.ts";

export interface ClusterNetOptions {
  readonly port: ClusterPort;
  /** Default `raft`. */
  readonly purpose?: "raft" | "link";
  readonly nodeName: string;
  readonly cookie: string;
  /** As that of the port. */
  readonly tls?: PortTls | undefined;
  /** For the log; raft gets the text as the reason of the close. */
  readonly onDialFailed?: (address: string, error: DialError) => void;
}

/**
 * Raft's network, or that of links between brokers, over the cluster port. Connections are open when both sides have proved that
 * they have the cookie.
 */
export class ClusterNet implements Net {
  readonly #options: ClusterNetOptions;
  /** Where names led last: to find out that a node is gone must not wait for a look-up, which waits for the disk in the thread pool. */
  readonly #ips = new Map<string, string>();
  #isListening = false;

  constructor(options: ClusterNetOptions) {
    this.#options = options;
  }

  /** Takes the port's connections of its purpose. The port listens already: `address` does not matter. */
  listen(
    _address: string,
    accept: (connection: Connection) => ConnectionHandler,
    done: (error: Error | undefined, listener: NetListener | undefined) => void,
  ): void {
    if (this.#isListening) {
      const error = new Error("the port's connections of this purpose are taken already");
      setImmediate(() => done(error, undefined));
      return;
    }
    this.#isListening = true;
    const { port, purpose = "raft" } = this.#options;
    const stop = port.handle(purpose, (socket) => {
      const { connection, head } = takeOver(socket);
      const handler = accept(connection);
      connection.handle(handler);
      if (head !== null) handler.onData(head);
    });
    const listener: NetListener = {
      address: port.address,
      close: (closed) => {
        this.#isListening = false;
        stop();
        setImmediate(closed);
      },
    };
    setImmediate(() => done(undefined, listener));
  }

  /** `address` is "host:port" of the other node's cluster port. */
  connect(address: string, handler: ConnectionHandler): Connection {
    const { nodeName, cookie, tls, onDialFailed, purpose = "raft" } = this.#options;
    const connection = new DialledConnection(handler);
    const target = parseNetAddress(address);
    if (target === undefined) {
      connection.fail(`"${address}" is no address to connect to`);
      return connection;
    }
    const name = target.host === "" ? "localhost" : target.host;
    const ip = this.#ips.get(address);
    // Once: if it is refused there, the name may lead elsewhere by now.
    this.#ips.delete(address);
    const dialling = dial(
      {
        host: ip ?? name,
        port: target.port,
        purpose,
        cookie,
        nodeName,
        tls,
      },
      {
        onConnected: (socket) => {
          const { remoteAddress } = socket;
          if (remoteAddress !== undefined) this.#ips.set(address, remoteAddress);
          connection.open(socket);
        },
        onFailed: (error) => {
          onDialFailed?.(address, error);
          connection.closed(error.message);
        },
      },
    );
    connection.follow(dialling);
    return connection;
  }
}

/** A connection that this side makes: it exists before its socket does. */
class DialledConnection implements Connection {
  readonly #handler: ConnectionHandler;
  #dialling: Dialling | undefined;
  #connection: SocketConnection | undefined;
  #isClosed = false;

  constructor(handler: ConnectionHandler) {
    this.#handler = handler;
  }

  get bufferedBytes(): number {
    return this.#connection?.bufferedBytes ?? 0;
  }

  follow(dialling: Dialling): void {
    this.#dialling = dialling;
  }

  open(socket: Socket): void {
    const { connection, head } = takeOver(socket);
    this.#connection = connection;
    connection.handle(this.#handler);
    this.#handler.onOpen();
    if (head !== null) this.#handler.onData(head);
  }

  closed(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#handler.onClose(reason);
  }

  /** Closed a moment later, as if it had been refused. */
  fail(reason: string): void {
    setImmediate(() => this.closed(reason));
  }

  write(bytes: Uint8Array): boolean {
    return this.#connection?.write(bytes) ?? true;
  }

  pause(): void {
    this.#connection?.pause();
  }

  resume(): void {
    this.#connection?.resume();
  }

  destroy(reason: string): void {
    if (this.#connection !== undefined) {
      this.#connection.destroy(reason);
      return;
    }
    this.#dialling?.cancel();
    this.fail(reason);
  }
}

/**
 * Makes a connection of a socket behind its handshake. `head`: what came behind the handshake already, to be handled first;
 * null: nothing.
 */
function takeOver(socket: Socket): {
  readonly connection: SocketConnection;
  readonly head: Buffer | null;
} {
  // Before the socket's handle is moved. The type of `read` is any; without an encoding these are bytes.
  const head = socket.read() as Buffer | null;
  const connection = new SocketConnection((onInput) => withSharedBuffer(socket, onInput));
  return { connection, head };
}

/** Without TLS it reads to the buffer that all connections between replicas share. */
function withSharedBuffer(socket: Socket, onInput: OnInput): Socket {
  const options = { buffer: raftInputBuffer, highWaterMark: socket.writableHighWaterMark };
  const moved = socket instanceof TLSSocket ? undefined : withInputBuffer(socket, onInput, options);
  return moved ?? socket.on("data", onInput).resume();
}
