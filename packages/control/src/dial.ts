import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { DialError } from "./errors.ts";
import { bindingOf, handOver } from "./handover.ts";
import { DiallerHandshake, type Hello, VERSIONS, type VersionRange } from "./handshake.ts";
import type { Purpose } from "./handshake-message.ts";
import { HANDSHAKE_TIMEOUT_MS } from "./limits.ts";
import { type PortTls, SOCKET_OPTIONS, tlsOptions } from "./socket-options.ts";

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  readonly purpose: Purpose;
  readonly cookie: string;
  /** Who dials: NAME@HOST of a node, or of a tool. */
  readonly nodeName: string;
  /** Who has to answer; undefined: whoever does. */
  readonly nodeMeant?: string | undefined;
  readonly tls?: PortTls | undefined;
  /** From the start to the end of the handshake. */
  readonly timeoutMs?: number;
  /** For tests of later versions. */
  readonly versions?: VersionRange;
}

/** One of them is called, once, never inside `dial`. */
export interface DialCallbacks {
  /** As a `PurposeHandler`: the socket is paused, attach listeners and `resume()`. */
  onConnected(socket: Socket, hello: Hello): void;
  onFailed(error: DialError): void;
}

/** A connection that is being made. */
export interface Dialling {
  /** Nothing is called any more, unless it has been already. */
  cancel(): void;
}

/** Connects to a cluster port and does the handshake. */
export function dial(options: DialOptions, callbacks: DialCallbacks): Dialling {
  const call = new Call(options, callbacks);
  return { cancel: () => call.cancel() };
}

/** `dial` as a promise, rejected with a `DialError`. */
export function dialed(
  options: DialOptions,
  signal?: AbortSignal,
): Promise<{ readonly socket: Socket; readonly hello: Hello }> {
  return new Promise((resolve, reject) => {
    const cancel = (): void => {
      dialling.cancel();
      reject(new DialError("cancelled", "the connection was given up"));
    };
    const dialling = dial(options, {
      onConnected: (socket, hello) => {
        signal?.removeEventListener("abort", cancel);
        resolve({ socket, hello });
      },
      onFailed: (error) => {
        signal?.removeEventListener("abort", cancel);
        reject(error);
      },
    });
    if (signal?.aborted === true) cancel();
    else signal?.addEventListener("abort", cancel, { once: true });
  });
}

class Call {
  readonly #options: DialOptions;
  readonly #callbacks: DialCallbacks;
  readonly #where: string;
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;
  readonly #onData = (chunk: Buffer): void => this.#read(chunk);
  #handshake: DiallerHandshake | undefined;
  #hasAnswer = false;
  #error: Error | undefined;
  #isOver = false;

  constructor(options: DialOptions, callbacks: DialCallbacks) {
    const { host, port, tls, timeoutMs = HANDSHAKE_TIMEOUT_MS } = options;
    this.#options = options;
    this.#callbacks = callbacks;
    this.#where = isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
    this.#socket =
      tls === undefined ? connect({ ...SOCKET_OPTIONS, host, port }) : openTls(options, tls);
    this.#timer = setTimeout(() => this.#expire(timeoutMs), timeoutMs);
    this.#socket.on("error", (error) => {
      this.#error ??= error;
    });
    this.#socket.on(tls === undefined ? "connect" : "secureConnect", () => this.#greet());
    this.#socket.on("close", () => this.#closed());
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#finish();
    this.#socket.destroy();
  }

  #greet(): void {
    const { nodeName, cookie, versions = VERSIONS, purpose, nodeMeant } = this.#options;
    this.#handshake = new DiallerHandshake(
      { nodeName, cookie, versions, binding: bindingOf(this.#socket) },
      { purpose, nodeMeant, where: this.#where },
    );
    this.#socket.on("data", this.#onData);
    this.#socket.write(this.#handshake.hello);
  }

  #read(chunk: Buffer): void {
    this.#hasAnswer = true;
    const step = this.#handshake?.push(chunk);
    if (step === undefined || this.#isOver) return;
    if (step.send !== undefined) this.#socket.write(step.send);
    if (step.end?.kind === "failed") this.#fail(step.end.error);
    if (step.end?.kind !== "done") return;
    const { hello, rest } = step.end;
    this.#socket.off("data", this.#onData);
    this.#release();
    handOver(this.#socket, rest, () => this.#give(hello));
  }

  #give(hello: Hello): void {
    if (this.#isOver) return;
    if (this.#socket.destroyed) this.#closed();
    else {
      this.#finish();
      this.#callbacks.onConnected(this.#socket, hello);
    }
  }

  #closed(): void {
    const { code, text } = this.#describe(this.#error);
    this.#fail(new DialError(code, text, { cause: this.#error }));
  }

  #describe(error: Error | undefined): { code: DialError["code"]; text: string } {
    const to = `${this.#options.nodeMeant ?? "a node"} at ${this.#where}`;
    if (this.#handshake !== undefined) {
      const hint = this.#options.tls === undefined ? " without an answer (does it want TLS?)" : "";
      const how = this.#hasAnswer ? " during the handshake" : hint;
      const why = error === undefined ? "" : `: ${error.message}`;
      return { code: "closed", text: `${to} closed the connection${how}${why}` };
    }
    if (error === undefined) return { code: "closed", text: `${to} closed the connection` };
    const isTls = this.#options.tls !== undefined && !isUnreachable(error);
    return {
      code: isTls ? "tls" : "unreachable",
      text: `no ${isTls ? "TLS " : ""}connection to ${to}: ${reasonOf(error)}`,
    };
  }

  #expire(timeoutMs: number): void {
    const text = `${this.#where} did not ${this.#handshake === undefined ? "answer" : "end the handshake"} within ${timeoutMs} ms`;
    this.#fail(new DialError("timeout", text));
    this.#socket.destroy();
  }

  #fail(error: DialError): void {
    if (this.#isOver) return;
    this.#finish();
    // The last word, if there is one, still goes out.
    this.#socket.destroySoon();
    this.#callbacks.onFailed(error);
  }

  #finish(): void {
    this.#isOver = true;
    this.#release();
  }

  #release(): void {
    clearTimeout(this.#timer);
  }
}

function openTls({ host, port }: DialOptions, tls: PortTls): Socket {
  const { keepAliveInitialDelay, highWaterMark } = SOCKET_OPTIONS;
  const checkServerIdentity = (): undefined => undefined; // See tlsOptions.
  const options = { ...tlsOptions(tls), host, port, highWaterMark, checkServerIdentity };
  // tls.connect does not pass the others on to its socket.
  return connectTls(options).setNoDelay(true).setKeepAlive(true, keepAliveInitialDelay);
}

/** Of the connection below TLS. */
function isUnreachable(error: Error): boolean {
  // Several addresses of one name, none of which answered.
  if (error instanceof AggregateError) return true;
  return "syscall" in error && (error.syscall === "connect" || error.syscall === "getaddrinfo");
}

function reasonOf(error: Error): string {
  if (error.message !== "") return error.message;
  return "code" in error ? String(error.code) : error.name;
}
