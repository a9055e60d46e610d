import type { Socket } from "node:net";
import {
  type ClientFrame,
  ControlFrameReader,
  decodeClientFrame,
  encodeFrame,
  type ServerFrame,
} from "./control-frame-codec.ts";
import type { ControlMethod } from "./control-server.ts";
import { ControlError } from "./errors.ts";
import { RowSender } from "./row-sender.ts";

export interface ControlConnectionOptions {
  readonly nodeName: string;
  readonly methods: ReadonlyMap<string, ControlMethod>;
  readonly callsMax: number;
  readonly frameSizeMax: number;
  onInternalError(method: string, error: unknown): void;
  onClosed(): void;
}

type CallFrame = Extract<ClientFrame, { kind: "call" }>;

/** A call in progress. */
interface Call {
  readonly abort: AbortController;
  readonly timer: NodeJS.Timeout | undefined;
  rows: RowSender | undefined;
}

/** The server's side of one connection. */
export class ControlConnection {
  readonly #socket: Socket;
  readonly #options: ControlConnectionOptions;
  readonly #calls = new Map<number, Call>();
  readonly #reader: ControlFrameReader;

  constructor(socket: Socket, options: ControlConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#reader = new ControlFrameReader(options.frameSizeMax, (body) => this.#receive(body));
  }

  start(): void {
    const socket = this.#socket;
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    // Whoever does not take answers cannot ask for more of them.
    socket.on("drain", () => socket.resume());
    socket.on("close", () => this.#closed());
    socket.resume();
  }

  /** Answers that were given still go out. */
  close(): void {
    this.#closed();
    this.#socket.destroySoon();
  }

  #read(chunk: Buffer): void {
    try {
      this.#reader.push(chunk);
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      this.#socket.destroy();
    }
  }

  #receive(body: Buffer): void {
    const frame = decodeClientFrame(body);
    switch (frame.kind) {
      case "call":
        this.#start(frame);
        break;
      case "cancel":
        this.#abort(frame.id, "cancelled", "cancelled by the caller");
        break;
      case "more":
        this.#calls.get(frame.id)?.rows?.grant(frame.chunks);
        break;
      default:
        frame satisfies never;
    }
  }

  #start(frame: CallFrame): void {
    const { id, method: name, timeoutMs } = frame;
    if (this.#calls.has(id)) throw new ControlError("bad_request", "two calls of one number");
    const method = this.#options.methods.get(name);
    if (method === undefined) {
      this.#refuse(id, "unknown_method", `there is no method ${name}`);
    } else if (this.#calls.size >= this.#options.callsMax) {
      this.#refuse(id, "too_many_calls", `more than ${this.#options.callsMax} calls at once`);
    } else {
      const timer =
        timeoutMs === 0
          ? undefined
          : setTimeout(() => {
              this.#abort(id, "timeout", `${name} took longer than ${timeoutMs} ms`);
            }, timeoutMs);
      const call: Call = { abort: new AbortController(), timer, rows: undefined };
      this.#calls.set(id, call);
      void this.#run(frame, method, call);
    }
  }

  /** Never rejects. */
  async #run(frame: CallFrame, method: ControlMethod, call: Call): Promise<void> {
    const { id, params, timeoutMs } = frame;
    const { signal } = call.abort;
    const context = {
      nodeName: this.#options.nodeName,
      signal,
      timeoutMs: timeoutMs === 0 ? undefined : timeoutMs,
    };
    try {
      const answer = method(params, context);
      if (isRows(answer)) {
        await this.#sendRows(id, call, answer);
        this.#finish(id, call, { kind: "end", id });
      } else {
        const value = await answer;
        this.#finish(id, call, { kind: "result", id, value });
      }
    } catch (error) {
      if (this.#calls.get(id) === call) this.#fail(frame, call, error);
    }
  }

  async #sendRows(id: number, call: Call, rows: AsyncIterable<unknown>): Promise<void> {
    const { signal } = call.abort;
    const sender = new RowSender(signal, (packed) =>
      this.#send({ kind: "rows", id, rows: packed }),
    );
    call.rows = sender;
    for await (const row of rows) {
      await sender.push(row);
      // Leaves the loop by the error, which ends the method's generator.
      signal.throwIfAborted();
    }
    await sender.flush();
  }

  #fail({ id, method }: CallFrame, call: Call, error: unknown): void {
    if (error instanceof Error && "code" in error && typeof error.code === "string") {
      this.#finish(id, call, { kind: "error", id, code: error.code, text: error.message });
      return;
    }
    this.#options.onInternalError(method, error);
    const text = error instanceof Error ? error.message : String(error);
    this.#finish(id, call, { kind: "error", id, code: "internal", text });
  }

  /** The last frame of a call. Nothing if it was aborted: that was told. */
  #finish(id: number, call: Call, frame: ServerFrame): void {
    if (this.#calls.get(id) !== call) return;
    // First: a value that cannot be encoded makes another end of the call.
    const bytes = this.#encode(frame);
    this.#forget(id, call);
    this.#write(bytes);
  }

  #abort(id: number, code: "cancelled" | "timeout", text: string): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    this.#forget(id, call);
    call.abort.abort(new ControlError(code, text));
    this.#refuse(id, code, text);
  }

  #forget(id: number, call: Call): void {
    clearTimeout(call.timer);
    this.#calls.delete(id);
  }

  #refuse(id: number, code: string, text: string): void {
    this.#send({ kind: "error", id, code, text });
  }

  #send(frame: ServerFrame): void {
    this.#write(this.#encode(frame));
  }

  #encode(frame: ServerFrame): Buffer {
    const bytes = encodeFrame(frame);
    if (bytes.length <= this.#options.frameSizeMax) return bytes;
    const text = `the answer has ${bytes.length} bytes, more than ${this.#options.frameSizeMax}`;
    return encodeFrame({ kind: "error", id: frame.id, code: "too_large", text });
  }

  #write(bytes: Buffer): void {
    if (!this.#socket.destroyed && !this.#socket.write(bytes)) this.#socket.pause();
  }

  #closed(): void {
    for (const [id, call] of [...this.#calls]) {
      this.#forget(id, call);
      call.abort.abort(new ControlError("disconnected", "the caller is gone"));
    }
    this.#options.onClosed();
  }
}

function isRows(
  answer: Promise<unknown> | AsyncIterable<unknown>,
): answer is AsyncIterable<unknown> {
  return Symbol.asyncIterator in answer;
}
