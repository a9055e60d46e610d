import {
  ConnectionError,
  decodeMethod,
  FRAME_HEARTBEAT,
  FRAME_METHOD,
  NO_METHOD,
  unexpectedFrame,
} from "@leveret/amqp";
import type { VirtualHost } from "../broker/virtual-host.ts";
import { Channel } from "./channel.ts";
import type { Connection } from "./connection.ts";

/** The open channels of one connection, and what has to be done for them when an input chunk ends. */
export class ChannelTable {
  readonly #connection: Connection;
  readonly #channels = new Map<number, Channel>();
  /** Most frames are for the channel of the frame before. */
  #last: Channel | undefined = undefined;
  /** Content began and its body is due: the channel may hold views of the chunk. */
  #inContent: Channel | undefined = undefined;
  readonly #confirming: Channel[] = [];

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get all(): ReadonlyMap<number, Channel> {
    return this.#channels;
  }

  find(number: number): Channel | undefined {
    const last = this.#last;
    if (last !== undefined && last.number === number) return last;
    const channel = this.#channels.get(number);
    if (channel !== undefined) this.#last = channel;
    return channel;
  }

  /** A frame for a channel that is not open: channel.open, or a fault. @throws ConnectionError 504, 505, 530 */
  onUnopened(
    frame: { readonly type: number; readonly channel: number },
    vhost: VirtualHost,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    if (frame.type === FRAME_HEARTBEAT) throw unexpectedFrame(frame.type, bytes, start, end);
    if (frame.type !== FRAME_METHOD) throw notOpen();
    const method = decodeMethod(bytes, start, end);
    if (method.name === "channel.close-ok") return; // A late answer.
    if (method.name !== "channel.open") throw notOpen(method);
    this.#open(frame.channel, vhost);
  }

  /** The channel is closed; its number may be used again. */
  remove(channel: Channel): void {
    this.#channels.delete(channel.number);
    this.#connection.broker.events.channelClosed(channel);
    if (this.#last === channel) this.#last = undefined;
    this.#connection.broker.channelClosed(this.#connection);
  }

  /** A header frame came without its body: the chunk may end before the content does. */
  contentOpened(channel: Channel): void {
    if (this.#inContent !== undefined && this.#inContent !== channel) {
      this.#inContent.detachContent();
    }
    this.#inContent = channel;
  }

  /** Confirms of this channel are due at the end of the chunk. */
  noteConfirms(channel: Channel): void {
    const { length } = this.#confirming;
    if (length === 0 || this.#confirming[length - 1] !== channel) this.#confirming.push(channel);
  }

  /** The chunk is done: nobody may point into it any more, and publishers get their confirms. */
  onChunkEnd(): void {
    if (this.#inContent !== undefined) {
      this.#inContent.detachContent();
      this.#inContent = undefined;
    }
    if (this.#confirming.length === 0) return;
    for (const channel of this.#confirming) {
      if (!channel.isClosing) channel.flushConfirms();
    }
    this.#confirming.length = 0;
  }

  /** The connection ends: every channel gives back what it holds. */
  releaseAll(): void {
    // What one channel gives back must not go to the next one, which would give it back once more.
    for (const channel of this.#channels.values()) channel.stopConsumers();
    const { events } = this.#connection.broker;
    for (const channel of this.#channels.values()) {
      channel.release();
      events.channelClosed(channel);
    }
    this.#channels.clear();
    this.#last = undefined;
    this.#inContent = undefined;
    this.#confirming.length = 0;
  }

  #open(number: number, vhost: VirtualHost): void {
    const connection = this.#connection;
    const { channelMax, broker } = connection;
    const { size } = this.#channels;
    if (channelMax > 0 && size >= channelMax) {
      throw new ConnectionError(
        "NOT_ALLOWED",
        `number of channels opened (${size}) has reached the negotiated channel_max (${channelMax})`,
        { failed: NO_METHOD },
      );
    }
    broker.channelOpened(connection);
    const channel = new Channel(connection, vhost, number, broker.nextSessionId());
    this.#channels.set(number, channel);
    channel.send("channel.open-ok", {});
    broker.events.channelOpened(channel);
  }
}

function notOpen(method?: {
  readonly classId: number;
  readonly methodId: number;
}): ConnectionError {
  const failed =
    method === undefined ? {} : { failed: { classId: method.classId, methodId: method.methodId } };
  return new ConnectionError("CHANNEL_ERROR", "expected 'channel.open'", failed);
}
