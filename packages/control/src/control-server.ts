import type { Socket } from "node:net";
import { ControlConnection } from "./control-connection.ts";
import type { Hello } from "./handshake.ts";
import { CONTROL_CALLS_MAX, CONTROL_FRAME_SIZE_MAX } from "./limits.ts";

/** What a method knows of its call. */
export interface ControlContext {
  /** Who calls. */
  readonly nodeName: string;
  /** Aborted when nobody waits for the answer any more: caller gone, cancelled, or out of time. */
  readonly signal: AbortSignal;
  /** Given by the caller; undefined: as long as it takes. */
  readonly timeoutMs: number | undefined;
}

/**
 * Answers a call with a value, or with rows one after the other. Values are those of JSON, and Uint8Array. An error with a `code`
 * (text) goes to the caller with it; any other as `internal`.
 */
export type ControlMethod = (
  params: unknown,
  context: ControlContext,
) => Promise<unknown> | AsyncIterable<unknown>;

export interface ControlServerOptions {
  readonly methods: ReadonlyMap<string, ControlMethod>;
  /** Errors without a code are bugs: for the log. */
  readonly onInternalError?: (method: string, error: unknown) => void;
  readonly callsMax?: number;
  readonly frameSizeMax?: number;
}

/** Serves calls on connections of the purpose `control`. */
export class ControlServer {
  readonly #options: ControlServerOptions;
  readonly #connections = new Set<ControlConnection>();

  constructor(options: ControlServerOptions) {
    this.#options = options;
  }

  /** A handler for `ClusterPort.handle`. */
  readonly accept = (socket: Socket, hello: Hello): void => {
    const { methods, onInternalError, callsMax, frameSizeMax } = this.#options;
    const connection: ControlConnection = new ControlConnection(socket, {
      nodeName: hello.nodeName,
      methods,
      callsMax: callsMax ?? CONTROL_CALLS_MAX,
      frameSizeMax: frameSizeMax ?? CONTROL_FRAME_SIZE_MAX,
      onInternalError: onInternalError ?? (() => {}),
      onClosed: () => this.#connections.delete(connection),
    });
    this.#connections.add(connection);
    connection.start();
  };

  /** Ends all connections; calls in progress are aborted. */
  close(): void {
    for (const connection of [...this.#connections]) connection.close();
  }
}
