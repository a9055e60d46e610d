import {
  type BasicProperties,
  CONTENT_HEADER_PROPERTIES_OFFSET,
  contentBodySizeAt,
  decodeBasicProperties,
  decodeMethod,
  encodeBasicProperties,
  encodeBodyFrames,
  encodeContentHeaderFrame,
  encodeMethodFrame,
  FRAME_BODY,
  FRAME_HEADER,
  FRAME_METHOD,
  type FrameHandler,
  FrameReader,
  type Method,
  type MethodArgs,
  type MethodName,
  type MethodOf,
} from "@leveret/amqp";
import type { Identity } from "../auth/authenticator.ts";
import type { Broker } from "../broker/broker.ts";
import type { VirtualHost } from "../broker/virtual-host.ts";
import { DIRECT_CALL_TIMEOUT_MS } from "../limits.ts";
import { Connection } from "./connection.ts";
import { DIRECT_ADDRESS, DirectSocket } from "./direct-socket.ts";

const CHANNEL = 1;

/** The broker closed the channel or the connection: what a client would have been told. */
export class DirectCallRefused extends Error {
  override readonly name = "DirectCallRefused";
  readonly replyCode: number;

  constructor(replyCode: number, replyText: string) {
    super(replyText);
    this.replyCode = replyCode;
  }
}

/** Nobody knows what became of a call: there was no answer in time, or the broker has stopped. */
export class DirectCallLost extends Error {
  override readonly name = "DirectCallLost";
}

/** A method from the broker, with its content if it has one. */
export interface DirectAnswer {
  readonly method: Method;
  readonly properties: BasicProperties;
  readonly body: Buffer;
}

/** A content that comes in frames. */
interface Incoming {
  readonly method: Method;
  properties: BasicProperties;
  readonly parts: Buffer[];
  /** Bytes that are still to come; -1: the header is. */
  missing: number;
}

/**
 * A connection of this process to its own broker with one channel, as a user whose password was checked elsewhere: for what the management
 * API does in his name. It goes through the same code as clients do, so permissions, checks and texts are the same. Nobody lists it, and it
 * counts against no limit.
 */
export class DirectConnection implements FrameHandler {
  readonly #connection: Connection;
  readonly #reader: FrameReader = new FrameReader(this, 0);
  #incoming: Incoming | undefined;
  readonly #answers: DirectAnswer[] = [];
  #waiting: Waiting | undefined;
  #failure: Error | undefined;

  private constructor(broker: Broker) {
    const socket = new DirectSocket((chunk) => this.#reader.push(chunk));
    socket.once("close", () => this.#fail(new DirectCallLost("the broker has closed the channel")));
    const addresses = {
      remoteAddress: DIRECT_ADDRESS,
      remote: DIRECT_ADDRESS,
      local: "management",
    };
    this.#connection = new Connection(broker, socket, broker.nextConnectionId(), addresses);
  }

  /** Opens a channel, has `use` work with it, and closes it. Rejects with what `use` does; with DirectCallRefused, DirectCallLost. */
  static async with<T>(
    broker: Broker,
    { identity, vhost }: { readonly identity: Identity; readonly vhost: VirtualHost },
    use: (channel: DirectConnection) => Promise<T>,
  ): Promise<T> {
    const direct = new DirectConnection(broker);
    direct.#connection.openDirectly(identity, vhost);
    try {
      await direct.call("channel.open", {});
      const result = await use(direct);
      // What was sent without an answer has been handled when this one comes.
      await direct.call("channel.close", CLOSE_WITHOUT_REASON);
      return result;
    } finally {
      direct.#connection.destroy();
    }
  }

  /** Sends a method, and resolves with what the broker answers on the channel. */
  async call<N extends MethodName>(name: N, args: MethodArgs<N>): Promise<DirectAnswer> {
    this.send(name, args);
    return this.next();
  }

  /** Sends a method that has no answer. */
  send<N extends MethodName>(name: N, args: MethodArgs<N>): void {
    this.#push(encodeMethodFrame(CHANNEL, name, args));
  }

  /** Sends a message; what comes back has to be taken with `next`. */
  publish(args: MethodArgs<"basic.publish">, properties: BasicProperties, body: Buffer): void {
    const method = encodeMethodFrame(CHANNEL, "basic.publish", args);
    const header = encodeContentHeaderFrame(
      CHANNEL,
      body.length,
      encodeBasicProperties(properties),
    );
    this.#push(Buffer.concat([method, header, encodeBodyFrames(CHANNEL, body, 0)]));
  }

  /** The next method of the broker. */
  async next(): Promise<DirectAnswer> {
    const answer = this.#answers.shift();
    if (answer !== undefined) return answer;
    if (this.#failure !== undefined) throw this.#failure;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#fail(new DirectCallLost("the broker did not answer in time"));
      }, DIRECT_CALL_TIMEOUT_MS);
      this.#waiting = { resolve, reject, timer };
    });
  }

  /** FrameHandler: a frame from the broker. */
  onFrame(type: number, _channel: number, bytes: Buffer, start: number, end: number): void {
    if (type === FRAME_METHOD) this.#onMethod(decodeMethod(bytes, start, end));
    else if (type === FRAME_HEADER) this.#onHeader(bytes, start, end);
    else if (type === FRAME_BODY) this.#onBody(bytes, start, end);
  }

  #push(frames: Buffer): void {
    if (this.#failure === undefined) this.#connection.receive(frames);
  }

  #onMethod(method: Method): void {
    if (method.name === "channel.close" || method.name === "connection.close") {
      this.#fail(new DirectCallRefused(method.replyCode, method.replyText));
    } else if (hasContent(method)) {
      this.#incoming = { method, properties: {}, parts: [], missing: -1 };
    } else {
      this.#take({ method, properties: {}, body: NO_BODY });
    }
  }

  #onHeader(bytes: Buffer, start: number, end: number): void {
    const incoming = this.#incoming;
    if (incoming === undefined) return;
    const at = start + CONTENT_HEADER_PROPERTIES_OFFSET;
    incoming.properties = decodeBasicProperties(bytes, at, end);
    incoming.missing = contentBodySizeAt(bytes, start);
    this.#completeContent(incoming);
  }

  #onBody(bytes: Buffer, start: number, end: number): void {
    const incoming = this.#incoming;
    if (incoming === undefined) return;
    incoming.parts.push(Buffer.from(bytes.subarray(start, end)));
    incoming.missing -= end - start;
    this.#completeContent(incoming);
  }

  #completeContent({ method, properties, parts, missing }: Incoming): void {
    if (missing > 0) return;
    this.#incoming = undefined;
    this.#take({ method, properties, body: Buffer.concat(parts) });
  }

  #take(answer: DirectAnswer): void {
    const waiting = this.#waiting;
    if (waiting === undefined) {
      this.#answers.push(answer);
      return;
    }
    this.#waiting = undefined;
    clearTimeout(waiting.timer);
    waiting.resolve(answer);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    clearTimeout(waiting.timer);
    waiting.reject(error);
  }
}

interface Waiting {
  readonly resolve: (answer: DirectAnswer) => void;
  readonly reject: (error: Error) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** The methods that bring a message. */
type WithContent = MethodOf<"basic.get-ok" | "basic.return">;

function hasContent(method: Method): method is WithContent {
  return method.name === "basic.get-ok" || method.name === "basic.return";
}

const CLOSE_WITHOUT_REASON = {
  replyCode: 200,
  replyText: "",
  failedClassId: 0,
  failedMethodId: 0,
} as const;
const NO_BODY: Buffer = Buffer.alloc(0);
