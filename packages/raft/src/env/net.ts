/** Called by a {@link Connection}, one call at a time, never inside a call of the connection's own methods. */
export interface ConnectionHandler {
  /** Only for connections made by `connect`: bytes can be sent. */
  onOpen(): void;
  /** `chunk` is valid during the call only: copy what is kept. */
  onData(chunk: Uint8Array): void;
  /** After `write` returned false: there is room again. */
  onDrain(): void;
  /** The connection is gone, also when it never opened; nothing is called after it. */
  onClose(reason: string): void;
}

/** A reliable, ordered byte stream between two nodes; what was in flight when it closes may be lost. */
export interface Connection {
  /** Sends `bytes`, which must not change until they are written out. False: stop until `onDrain`. */
  write(bytes: Uint8Array): boolean;
  /** Bytes accepted by `write` that the network has not taken yet. */
  readonly bufferedBytes: number;
  /** Stops `onData` until `resume`, so that the sender is held back. */
  pause(): void;
  resume(): void;
  /** Closes at once; `onClose` follows. */
  destroy(reason: string): void;
}

/** The network as one node sees it. Authentication and encryption, if any, are behind this interface. */
export interface Net {
  /** Accepts connections at `address`; `accept` gives the handler for each. */
  listen(
    address: string,
    accept: (connection: Connection) => ConnectionHandler,
    done: (error: Error | undefined, listener: NetListener | undefined) => void,
  ): void;
  /** Starts to connect; success or failure comes to the handler. */
  connect(address: string, handler: ConnectionHandler): Connection;
}

export interface NetListener {
  /** Where it listens, with the real port if port 0 was asked for. */
  readonly address: string;
  close(done: () => void): void;
}
