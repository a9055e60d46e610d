import type { Socket } from "node:net";
import {
  type ClientFrame,
  ControlFrameReader,
  decodeServerFrame,
  encodeFrame,
  unpackValue,
} from "./control-frame-codec.ts";
import { type DialOptions, dialed } from "./dial.ts";
import { ControlError } from "./errors.ts";
import type { Hello } from "./handshake.ts";
import { CALL_TIMEOUT_MS, CONTROL_FRAME_SIZE_MAX } from "./limits.ts";
import { type CallAnswer, FrameInbox, PendingCall } from "./pending-call.ts";

export interface CallOptions {
  /** Of the whole call; `Infinity`: as long as it takes. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Calls methods of a node over one connection. Calls run side by side; each answer comes when it is there. */
export class ControlClient {
  /** Of the node that answers, proved. */
  readonly nodeName: string;
  readonly #socket: Socket;
  readonly #reader = new ControlFrameReader(CONTROL_FRAME_SIZE_MAX, (body) => this.#receive(body));
  readonly #calls = new Map<number, PendingCall>();
  readonly #closedListeners: (() => void)[] = [];
  #lastId = 0;
  #problem: ControlError | undefined;

  /** Takes over a connection of the purpose `control`. */
  constructor(socket: Socket, hello: Hello) {
    this.#socket = socket;
    this.nodeName = hello.nodeName;
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("close", () => {
      this.#end(new ControlError("disconnected", `the connection to ${this.nodeName} was lost`));
    });
    socket.resume();
  }

  /** Rejects with a `DialError`. */
  static async connect(
    options: Omit<DialOptions, "purpose">,
    signal?: AbortSignal,
  ): Promise<ControlClient> {
    const { socket, hello } = await dialed({ ...options, purpose: "control" }, signal);
    return new ControlClient(socket, hello);
  }

  /** The connection is gone, from either side; calls are refused. */
  get isClosed(): boolean {
    return this.#problem !== undefined;
  }

  /** Calls `listener` when the connection is gone; at once if it is. */
  onClosed(listener: () => void): void {
    if (this.isClosed) listener();
    else this.#closedListeners.push(listener);
  }

  /** The answer of a method; of one that answers with rows, a list of all of them. Rejects with a `ControlError`. */
  call(method: string, params?: unknown, options: CallOptions = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const rows: unknown[] = [];
      const call = this.#start(method, params, options, {
        onFrame: (frame) => {
          if (frame.kind === "result") resolve(frame.value);
          else if (frame.kind === "end") resolve(rows);
          else if (frame.kind === "error") reject(new ControlError(frame.code, frame.text));
          else {
            for (const row of frame.rows) rows.push(unpackValue(row));
            call.more();
          }
        },
        onError: reject,
      });
    });
  }

  /**
   * The rows of a method as they come; of one that answers with a value, that value. The call is made when the first is asked
   * for, and cancelled when the loop over them is left. The node sends no more than a few chunks ahead.
   */
  async *stream(
    method: string,
    params?: unknown,
    options: CallOptions = {},
  ): AsyncGenerator<unknown, void, undefined> {
    const inbox = new FrameInbox();
    const call = this.#start(method, params, options, inbox);
    try {
      for (;;) {
        const frame = await inbox.next();
        if (frame.kind === "end") return;
        if (frame.kind === "error") throw new ControlError(frame.code, frame.text);
        if (frame.kind === "result") {
          yield frame.value;
          return;
        }
        for (const row of frame.rows) yield unpackValue(row);
        call.more();
      }
    } finally {
      call.cancel();
    }
  }

  /** Calls in progress are rejected. */
  close(): void {
    this.#end(new ControlError("disconnected", `the connection to ${this.nodeName} was closed`));
    this.#socket.destroySoon();
  }

  #start(
    method: string,
    params: unknown,
    { timeoutMs = CALL_TIMEOUT_MS, signal }: CallOptions,
    answer: CallAnswer,
  ): PendingCall {
    this.#lastId += 1;
    const id = this.#lastId;
    const call = new PendingCall(id, answer, {
      send: (frame) => this.#send(frame),
      onEnd: () => this.#calls.delete(id),
    });
    if (this.#problem !== undefined) {
      call.fail(this.#problem);
      return call;
    }
    this.#calls.set(id, call);
    const isLimited = Number.isFinite(timeoutMs);
    this.#send({ kind: "call", id, method, params, timeoutMs: isLimited ? timeoutMs : 0 });
    if (isLimited) call.expireAfter(timeoutMs, `${this.nodeName} did not answer ${method}`);
    if (signal !== undefined) call.follow(signal);
    return call;
  }

  #read(chunk: Buffer): void {
    try {
      this.#reader.push(chunk);
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      this.#end(new ControlError("disconnected", `${this.nodeName} sent ${error.message}`));
      this.#socket.destroy();
    }
  }

  /** Answers to calls that were given up are dropped. */
  #receive(body: Buffer): void {
    const frame = decodeServerFrame(body);
    this.#calls.get(frame.id)?.receive(frame);
  }

  #send(frame: ClientFrame): void {
    if (this.#problem === undefined) this.#socket.write(encodeFrame(frame));
  }

  #end(problem: ControlError): void {
    if (this.#problem !== undefined) return;
    this.#problem = problem;
    for (const call of [...this.#calls.values()]) call.fail(problem);
    for (const listener of this.#closedListeners) listener();
  }
}
