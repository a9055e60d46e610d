import type { Socket } from "node:net";
import type { Connection, ConnectionHandler } from "@leveret/raft";

/** One read of a connection: a usual message with entries, so that it need not be put together from pieces. */
const INPUT_BUFFER_BYTES = 512 * 1024;

/** Where all connections between replicas in the process read to: what comes is handled before the next read. */
export const raftInputBuffer: Buffer = Buffer.allocUnsafeSlow(INPUT_BUFFER_BYTES);

/** Gets what a socket reads; the chunk is valid during the call only. */
export type OnInput = (chunk: Uint8Array) => void;

/** A connection of raft's over a socket. */
export class SocketConnection implements Connection {
  readonly #socket: Socket;
  #handler: ConnectionHandler | undefined;
  #reason: string | undefined;

  /** `open` makes the socket; it gives its input to what it is called with. */
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
