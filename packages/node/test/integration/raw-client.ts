import { once } from "node:events";
import { connect, type Socket } from "node:net";
import {
  type BasicProperties,
  contentBodySizeAt,
  decodeMethod,
  EMPTY_TABLE,
  encodeBasicProperties,
  encodeBodyFrames,
  encodeContentHeaderFrame,
  encodeMethodFrame,
  type FieldTable,
  FRAME_BODY,
  FRAME_HEADER,
  FRAME_HEARTBEAT,
  type FrameHandler,
  FrameReader,
  METHOD_TABLE,
  type Method,
  type MethodArgs,
  type MethodName,
  type MethodOf,
  protocolHeader,
} from "@leveret/amqp";

const WAIT_MS = 20_000;
const NO_BYTES = Buffer.alloc(0);

/** A method that came, with its content if it has one. */
export interface Received<N extends MethodName = MethodName> {
  readonly channel: number;
  readonly method: MethodOf<N>;
  /** Flags and list, as in the header frame. */
  readonly properties: Buffer;
  readonly body: Buffer;
}

export interface ClientOptions {
  readonly user?: string;
  readonly password?: string;
  readonly vhost?: string;
  /** 0, the default: what the server offers. */
  readonly frameMax?: number;
  readonly channelMax?: number;
  readonly heartbeat?: number;
  readonly capabilities?: readonly string[];
}

interface Waiting {
  readonly names: readonly MethodName[];
  readonly channel: number | undefined;
  resolve(received: Received): void;
  reject(error: Error): void;
}

const ZERO = {
  bit: false,
  octet: 0,
  short: 0,
  long: 0,
  longlong: 0,
  shortstr: "",
  longstr: NO_BYTES,
  table: EMPTY_TABLE,
} as const;

/** A method frame; arguments that are not given are zero or empty. */
export function frame<N extends MethodName>(
  channel: number,
  name: N,
  args: Partial<MethodArgs<N>> = {},
): Buffer {
  const all: Record<string, unknown> = {};
  for (const [arg, type] of Object.entries<keyof typeof ZERO>(METHOD_TABLE[name].args)) {
    if (!arg.startsWith("reserved")) all[arg] = ZERO[type];
  }
  return encodeMethodFrame(channel, name, { ...all, ...args } as unknown as MethodArgs<N>);
}

/** The frames of one basic.publish. */
export function publishFrames(
  channel: number,
  args: Partial<MethodArgs<"basic.publish">>,
  body: Buffer | string = "",
  { frameMax = 4096, ...properties }: BasicProperties & { frameMax?: number } = {},
): Buffer {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  return Buffer.concat([
    frame(channel, "basic.publish", args),
    encodeContentHeaderFrame(channel, bytes.length, encodeBasicProperties(properties)),
    encodeBodyFrames(channel, bytes, frameMax),
  ]);
}

/** What a client says from the protocol header to connection.open. */
export function greeting(options: ClientOptions = {}): Buffer[] {
  const { user = "guest", password = "guest", vhost = "/", capabilities = [] } = options;
  const { frameMax = 131_072, channelMax = 2047, heartbeat = 0 } = options;
  const offered: FieldTable = new Map(
    capabilities.map((name) => [name, { type: "bool", value: true }]),
  );
  return [
    protocolHeader(0, 9, 1),
    frame(0, "connection.start-ok", {
      clientProperties: new Map([["capabilities", { type: "table", value: offered }]]),
      mechanism: "PLAIN",
      response: Buffer.from(`\0${user}\0${password}`),
      locale: "en_US",
    }),
    frame(0, "connection.tune-ok", { channelMax, frameMax, heartbeat }),
    frame(0, "connection.open", { virtualHost: vhost }),
  ];
}

/** A TCP connection on which nothing has been said. */
export async function connectTcp(to: { host: string; port: number }): Promise<Socket> {
  const socket = connect(to.port, to.host);
  socket.setNoDelay(true);
  await once(socket, "connect");
  socket.on("error", () => undefined); // The broker may reset it.
  return socket;
}

/** The inbound half of a client: cuts frames, puts contents together. */
class Inbox implements FrameHandler {
  readonly reader: FrameReader;
  heartbeats = 0;
  readonly #take: (received: Received) => void;
  #open: { channel: number; method: Method } | undefined;
  #properties = NO_BYTES;
  #pieces: Buffer[] = [];
  #missing = 0;

  constructor(take: (received: Received) => void) {
    this.#take = take;
    this.reader = new FrameReader(this, 0);
  }

  onFrame(type: number, channel: number, bytes: Buffer, start: number, end: number): void {
    if (type === FRAME_HEARTBEAT) this.heartbeats++;
    else if (type === FRAME_HEADER) this.#onHeader(bytes, start, end);
    else if (type === FRAME_BODY) this.#onBody(bytes, start, end);
    else this.#onMethod(channel, decodeMethod(bytes, start, end));
  }

  #onMethod(channel: number, method: Method): void {
    if (["basic.deliver", "basic.return", "basic.get-ok"].includes(method.name)) {
      this.#open = { channel, method };
    } else {
      this.#take({ channel, method, properties: NO_BYTES, body: NO_BYTES });
    }
  }

  #onHeader(bytes: Buffer, start: number, end: number): void {
    this.#missing = contentBodySizeAt(bytes, start);
    this.#properties = Buffer.from(bytes.subarray(start + 12, end));
    if (this.#missing === 0) this.#complete();
  }

  #onBody(bytes: Buffer, start: number, end: number): void {
    this.#pieces.push(Buffer.from(bytes.subarray(start, end)));
    this.#missing -= end - start;
    if (this.#missing === 0) this.#complete();
  }

  #complete(): void {
    if (this.#open === undefined) throw new Error("content without a method");
    const body = this.#pieces.length === 1 ? this.#pieces[0] : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#take({ ...this.#open, properties: this.#properties, body: body ?? NO_BYTES });
    this.#open = undefined;
  }
}

/** A client that says exactly what a test tells it to, and keeps what comes until it is asked for. */
export class RawClient implements AsyncDisposable {
  readonly socket: Socket;
  /** Gets each delivery instead of keeping it. */
  onDelivery: ((received: Received<"basic.deliver">) => void) | undefined = undefined;
  readonly closed: Promise<unknown>;
  readonly #inbox: Inbox = new Inbox((received) => this.#onReceived(received));
  readonly #kept: Received[] = [];
  readonly #waiting: Waiting[] = [];
  #isClosed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("data", (chunk: Buffer) => this.#inbox.reader.push(chunk));
    socket.on("close", () => this.#onClosed());
  }

  /** Connects and logs in. */
  static async open(
    to: { host: string; port: number },
    options: ClientOptions = {},
  ): Promise<RawClient> {
    return await RawClient.over(await connectTcp(to), options);
  }

  /** Logs in over a socket that is connected. @throws Error with the server's connection.close */
  static async over(socket: Socket, options: ClientOptions = {}): Promise<RawClient> {
    const client = new RawClient(socket);
    const [header, startOk, , open] = greeting(options) as [Buffer, Buffer, Buffer, Buffer];
    client.write(header);
    await client.next("connection.start");
    client.write(startOk);
    const { method: tune } = await client.next("connection.tune");
    client.sendTuneOk(tune, options);
    client.write(open);
    await client.next("connection.open-ok");
    return client;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get heartbeats(): number {
    return this.#inbox.heartbeats;
  }

  /** How many of these came and were not asked for. */
  count(name: MethodName): number {
    return this.#kept.filter(({ method }) => method.name === name).length;
  }

  sendTuneOk(tune: MethodOf<"connection.tune">, options: ClientOptions): void {
    this.send(0, "connection.tune-ok", {
      channelMax: options.channelMax ?? tune.channelMax,
      frameMax: options.frameMax ?? tune.frameMax,
      heartbeat: options.heartbeat ?? 0,
    });
  }

  write(bytes: Buffer): boolean {
    return this.socket.write(bytes);
  }

  send<N extends MethodName>(channel: number, name: N, args: Partial<MethodArgs<N>> = {}): void {
    this.write(frame(channel, name, args));
  }

  /** Sends a method and waits for its `-ok`. @throws Error with the close that came instead */
  async call<N extends MethodName, R extends MethodName & `${N}-ok`>(
    channel: number,
    name: N,
    args: Partial<MethodArgs<N>> = {},
  ): Promise<MethodOf<R>> {
    this.send(channel, name, args);
    return (await this.next(`${name}-ok` as R, channel)).method;
  }

  publish(
    channel: number,
    args: Partial<MethodArgs<"basic.publish">>,
    body: Buffer | string = "",
    properties: BasicProperties & { frameMax?: number } = {},
  ): void {
    this.write(publishFrames(channel, args, body, properties));
  }

  /** basic.get; undefined: the queue is empty. */
  async get(channel: number, queue: string, noAck = true): Promise<Received | undefined> {
    this.send(channel, "basic.get", { queue, noAck });
    const received = await this.#await(["basic.get-ok", "basic.get-empty"], channel);
    return received.method.name === "basic.get-empty" ? undefined : received;
  }

  /** Opens a channel. */
  async openChannel(number = 1): Promise<void> {
    await this.call(number, "channel.open");
  }

  /** The oldest of this name that was not asked for yet; waits for it. @throws Error if the connection ends first */
  async next<N extends MethodName>(name: N, channel?: number): Promise<Received<N>> {
    return (await this.#await([name], channel)) as unknown as Received<N>;
  }

  /** Waits until a condition that input can change holds. */
  async until(isDone: () => boolean, what: string): Promise<void> {
    await waitFor(isDone, what);
  }

  /** Ends in good order. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.send(0, "connection.close", { replyCode: 200 });
    await this.next("connection.close-ok");
    this.socket.destroy();
    await this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }

  async #await(names: readonly MethodName[], channel: number | undefined): Promise<Received> {
    const found = this.#kept.findIndex((received) => matches(received, names, channel));
    const [kept] = found === -1 ? [] : this.#kept.splice(found, 1);
    if (kept !== undefined) return kept;
    if (this.#isClosed) throw new Error(`connection is closed, no ${names.join(" or ")}`);
    return await new Promise<Received>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no ${names.join(" or ")} came`)), WAIT_MS);
      this.#waiting.push({
        names,
        channel,
        resolve: (received) => {
          clearTimeout(timer);
          resolve(received);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
    });
  }

  #onReceived(received: Received): void {
    const { method } = received;
    if (this.onDelivery !== undefined && method.name === "basic.deliver") {
      this.onDelivery(received as Received<"basic.deliver">);
      return;
    }
    const at = this.#waiting.findIndex(({ names, channel }) => matches(received, names, channel));
    const [waiting] = at === -1 ? [] : this.#waiting.splice(at, 1);
    if (waiting !== undefined) {
      waiting.resolve(received);
      return;
    }
    this.#kept.push(received);
    if (method.name === "channel.close" || method.name === "connection.close") {
      this.#failWaiting(`${method.name} ${method.replyCode} ${method.replyText}`);
    }
  }

  #onClosed(): void {
    this.#isClosed = true;
    this.#failWaiting("the connection was closed");
  }

  #failWaiting(why: string): void {
    for (const { names, reject } of this.#waiting.splice(0)) {
      reject(new Error(`${why}, instead of ${names.join(" or ")}`));
    }
  }
}

function matches(
  { channel, method }: Received,
  names: readonly MethodName[],
  wanted: number | undefined,
): boolean {
  return names.includes(method.name) && (wanted === undefined || wanted === channel);
}

/** Waits for a condition, with a bound that only a fault can reach. */
export async function waitFor(isDone: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + WAIT_MS;
  while (!isDone()) {
    if (performance.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
