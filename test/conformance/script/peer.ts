import type { FieldTable } from "../wire/field-value.ts";
import { encodeFrame, FRAME } from "../wire/frame.ts";
import { type Arguments, encodeMethod } from "../wire/methods.ts";
import type { Item, WireSocket } from "../wire/socket.ts";
import { Channel } from "./channel.ts";
import type { Transcript } from "./transcript.ts";

/** The header that opens an AMQP 0-9-1 connection. */
export const PROTOCOL_HEADER: Buffer = Buffer.from("AMQP\0\0\x09\x01", "latin1");

/** How a script wants to log in; everything has the default of an ordinary client. */
export interface Login {
  readonly user?: string;
  readonly password?: string;
  readonly vhost?: string;
  readonly capabilities?: FieldTable;
  readonly channelMax?: number;
  readonly frameMax?: number;
  readonly heartbeat?: number;
  /** False: the script answers the server's channel.close itself. */
  readonly answersClose?: boolean;
}

/** Capabilities that ordinary clients announce. */
export const CLIENT_CAPABILITIES: FieldTable = {
  publisher_confirms: true,
  exchange_exchange_bindings: true,
  "basic.nack": true,
  consumer_cancel_notify: true,
  "connection.blocked": true,
  authentication_failure_close: true,
};

/** Response of SASL PLAIN. */
export function plain(user: string, password: string): string {
  return `\0${user}\0${password}`;
}

/** One connection of a script. `label` (A, B, ...) names it in the transcript. */
export class Peer {
  readonly label: string;
  readonly transcript: Transcript;
  readonly socket: WireSocket;
  readonly channels: Channel[] = [];
  readonly #onQueue: (name: string) => void;
  answersClose = true;
  /** True between a finished handshake and the first close from either side. */
  isOpen = false;

  constructor(parts: {
    label: string;
    transcript: Transcript;
    socket: WireSocket;
    onQueue: (name: string) => void;
  }) {
    this.label = parts.label;
    this.transcript = parts.transcript;
    this.socket = parts.socket;
    this.#onQueue = parts.onQueue;
  }

  /** Logs in without recording. Throws when the server refuses. */
  async login(login: Login): Promise<void> {
    this.answersClose = login.answersClose ?? true;
    const { user = "guest", password = user } = login;
    this.socket.write(PROTOCOL_HEADER);
    await this.skip("connection.start");
    this.writeMethod(0, "connection.start-ok", {
      "client-properties": { capabilities: login.capabilities ?? CLIENT_CAPABILITIES },
      mechanism: "PLAIN",
      response: plain(user, password),
      locale: "en_US",
    });
    await this.skip("connection.tune");
    this.writeMethod(0, "connection.tune-ok", {
      "channel-max": login.channelMax ?? 2047,
      "frame-max": login.frameMax ?? 131072,
      heartbeat: login.heartbeat ?? 0,
    });
    this.writeMethod(0, "connection.open", { "virtual-host": login.vhost ?? "/" });
    await this.skip("connection.open-ok");
    this.isOpen = true;
  }

  /** Takes the next item of channel 0 without recording it; throws unless it is `method`. */
  async skip(method: string): Promise<void> {
    const item = await this.next(0, method);
    if (item.method !== method) {
      throw new Error(`${method} expected, got ${item.method} ${JSON.stringify(item.args)}`);
    }
  }

  /** Opens a channel without recording. */
  async channel(number: number = this.channels.length + 1): Promise<Channel> {
    this.writeMethod(number, "channel.open", {});
    const item = await this.next(number, "channel.open-ok");
    if (item.method !== "channel.open-ok") throw new Error(`no channel: ${JSON.stringify(item)}`);
    return this.unopened(number);
  }

  /** A channel that the script opens itself, or not. */
  unopened(number: number): Channel {
    const channel = new Channel(this, number);
    this.channels.push(channel);
    return channel;
  }

  /** Sends a method on channel 0. */
  send(method: string, args: Arguments = {}): void {
    if (method === "connection.close") this.#markClosed();
    this.transcript.sent(this.label, method, args);
    this.writeMethod(0, method, args);
  }

  /** Sends bytes as they are; the transcript shows `what`. */
  bytes(bytes: Buffer, what: string): void {
    this.transcript.note(`${this.label} > ${what}`);
    this.socket.write(bytes);
  }

  /** Sends a frame of any type; the transcript shows `what`. */
  frame(type: number, channel: number, payload: Buffer, what: string): void {
    this.bytes(encodeFrame(type, channel, payload), what);
  }

  /** Takes and records the next item of channel 0: a method, a protocol header or the end. */
  async receive(): Promise<Item> {
    const item = await this.next(0, "something on channel 0");
    this.transcript.received(this.label, item);
    return item;
  }

  /** Sends a method on channel 0 and takes the next item of channel 0. */
  async call(method: string, args: Arguments = {}): Promise<Item> {
    this.send(method, args);
    return await this.receive();
  }

  /** Waits for the end of the TCP connection and records it, with what came before it on channel 0. */
  async closed(): Promise<void> {
    for (;;) {
      const item = await this.receive();
      if (item.method === "closed") return;
    }
  }

  /** Cuts the TCP connection as a crashed client would. */
  cut(): void {
    this.transcript.note(`${this.label} > cut`);
    this.#markClosed();
    this.socket.destroy();
  }

  /** Waits for a heartbeat frame, of which any number may come. */
  async heartbeat(): Promise<void> {
    await this.socket.waitFor(() => this.socket.inbox(-1).length > 0, "a heartbeat");
    this.transcript.note(`${this.label} < heartbeat`);
  }

  writeMethod(channel: number, method: string, args: Arguments): void {
    this.writeFrame(FRAME.method, channel, encodeMethod(method, args));
  }

  writeFrame(type: number, channel: number, payload: Buffer): void {
    this.socket.write(encodeFrame(type, channel, payload));
  }

  remember(queue: string): void {
    this.#onQueue(queue);
  }

  /** The next item on a channel; the end of the connection counts as one, and so does its close. */
  async next(channel: number, what: string): Promise<Item> {
    const own = this.socket.inbox(channel);
    const connection = this.socket.inbox(0);
    const isNews = (): boolean => own.length > 0 || connection.length > 0 || this.socket.isClosed;
    await this.socket.waitFor(isNews, `${what} on ${this.label}/${channel}`);
    const item = own.shift() ?? connection.shift();
    if (item === undefined) {
      this.isOpen = false;
      return { channel: 0, method: "closed", args: {} };
    }
    if (item.method === "connection.close") this.#closedByServer();
    return item;
  }

  #closedByServer(): void {
    this.#markClosed();
    if (this.answersClose) this.writeMethod(0, "connection.close-ok", {});
  }

  #markClosed(): void {
    this.isOpen = false;
    for (const channel of this.channels) channel.isOpen = false;
  }

  /** Closes without recording the handshake; leftovers of open channels are recorded first. */
  async finish(): Promise<void> {
    for (const channel of this.channels) await channel.barrier();
    if (this.isOpen && !this.socket.isClosed) {
      this.writeMethod(0, "connection.close", { "reply-code": 200, "reply-text": "ok" });
      const item = await this.next(0, "connection.close-ok");
      if (item.method !== "connection.close-ok") this.transcript.received(this.label, item);
    }
    this.socket.destroy();
  }
}
