import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type DecodedHeader, decodeHeader } from "./content.ts";
import { FRAME, type Frame, FrameSplitter } from "./frame.ts";
import { type DecodedArgument, decodeMethod } from "./methods.ts";

/** No answer of a broker takes longer than this; a wait that does is a failed case. */
const WAIT_MAX_MS = 10_000;

/** One thing the server said: a method with its content, a heartbeat or a protocol header. */
export interface Item {
  readonly channel: number;
  readonly method: string;
  readonly args: Record<string, DecodedArgument>;
  readonly content?: { readonly properties: DecodedHeader["properties"]; readonly body: Buffer };
}

interface Assembly {
  readonly item: Item;
  readonly header?: DecodedHeader;
  readonly body: Buffer;
}

const CONTENT_METHODS: ReadonlySet<string> = new Set([
  "basic.return",
  "basic.deliver",
  "basic.get-ok",
]);

/** A TCP connection that sends given bytes and sorts what comes back into one inbox per channel. */
export class WireSocket {
  readonly #socket: Socket;
  readonly #splitter = new FrameSplitter();
  readonly #inboxes = new Map<number, Item[]>();
  readonly #assemblies = new Map<number, Assembly>();
  #wake: (() => void)[] = [];
  #failure: unknown;
  isClosed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.#receive(chunk));
    // A reset is the same news as an end: the close event follows either.
    socket.on("error", () => this.#changed());
    socket.on("close", () => {
      this.isClosed = true;
      this.#changed();
    });
    socket.on("end", () => socket.end());
  }

  static async open(host: string, port: number): Promise<WireSocket> {
    const socket = connect({ host, port });
    await once(socket, "connect");
    return new WireSocket(socket);
  }

  write(bytes: Buffer): void {
    if (!this.isClosed && this.#socket.writable) this.#socket.write(bytes);
  }

  /** Half-closes: what was written still goes out, nothing more is sent. */
  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  inbox(channel: number): Item[] {
    const inbox = this.#inboxes.get(channel) ?? [];
    this.#inboxes.set(channel, inbox);
    return inbox;
  }

  /** Resolves when `condition` holds; it is looked at after each arrival. */
  async waitFor(condition: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + WAIT_MAX_MS;
    while (!condition()) {
      if (this.#failure !== undefined) {
        throw new Error(`the server sent something malformed before ${what}`, {
          cause: this.#failure,
        });
      }
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`waited ${WAIT_MAX_MS} ms for ${what}`);
      await this.#nextChange(left);
    }
  }

  #nextChange(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #changed(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }

  #receive(chunk: Buffer): void {
    try {
      for (const frame of this.#splitter.push(chunk)) this.#accept(frame);
    } catch (error) {
      // Kept for the script that waits here: a malformed answer fails its case, not the run.
      this.#failure = error;
    }
    this.#changed();
  }

  #accept(frame: Frame): void {
    const { channel, payload } = frame;
    if (frame.type === FRAME.method) this.#acceptMethod(channel, payload);
    else if (frame.type === FRAME.header) this.#acceptHeader(channel, decodeHeader(payload));
    else if (frame.type === FRAME.body) this.#acceptBody(channel, payload);
    else if (frame.type === FRAME.heartbeat) {
      this.inbox(-1).push({ channel, method: "heartbeat", args: {} });
    } else {
      const text = payload.toString("latin1", 0, 4);
      this.#deliver({
        channel,
        method: "protocol-header",
        args: { bytes: `${text} ${payload.subarray(4).join(" ")}` },
      });
    }
  }

  #acceptMethod(channel: number, payload: Buffer): void {
    const { name, args } = decodeMethod(payload);
    const item: Item = { channel, method: name, args };
    if (CONTENT_METHODS.has(name)) this.#assemblies.set(channel, { item, body: Buffer.alloc(0) });
    else this.#deliver(item);
  }

  #acceptHeader(channel: number, header: DecodedHeader): void {
    const assembly = this.#assemblies.get(channel);
    if (assembly === undefined) throw new Error("the server sent a header without a method");
    this.#assemble(channel, { ...assembly, header });
  }

  #acceptBody(channel: number, payload: Buffer): void {
    const assembly = this.#assemblies.get(channel);
    if (assembly === undefined) throw new Error("the server sent a body without a header");
    this.#assemble(channel, { ...assembly, body: Buffer.concat([assembly.body, payload]) });
  }

  #assemble(channel: number, assembly: Assembly): void {
    const { item, header, body } = assembly;
    if (header === undefined || body.length < header.bodySize) {
      this.#assemblies.set(channel, assembly);
      return;
    }
    this.#assemblies.delete(channel);
    this.#deliver({ ...item, content: { properties: header.properties, body } });
  }

  #deliver(item: Item): void {
    this.inbox(item.channel).push(item);
  }
}
