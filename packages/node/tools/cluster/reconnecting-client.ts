import { setTimeout as delay } from "node:timers/promises";
import { type ChannelModel, connect } from "amqplib";

/** One address is tried for so long. */
const CONNECT_TIMEOUT_MS = 2000;
/** Before the next address is tried. */
const RETRY_MS = 50;

/** Socket options: certificates, for amqps. */
export type SocketOptions = Readonly<Record<string, unknown>>;

/** A connection that is made again, to the same or another address, whenever it is lost. */
export class ReconnectingClient {
  readonly #urls: readonly string[];
  readonly #socket: SocketOptions;
  readonly #onConnection: (connection: ChannelModel) => Promise<void>;
  #at: number;
  #connection: ChannelModel | undefined;
  #connectCount = 0;
  #isStopped = false;
  #run: Promise<void> = Promise.resolve();

  /** `first`: which address is tried first. `onConnection` is called with each new connection. */
  constructor(
    addresses: {
      readonly urls: readonly string[];
      readonly first: number;
      readonly socket?: SocketOptions;
    },
    onConnection: (connection: ChannelModel) => Promise<void>,
  ) {
    this.#urls = addresses.urls;
    this.#at = addresses.first % addresses.urls.length;
    this.#socket = addresses.socket ?? {};
    this.#onConnection = onConnection;
  }

  /** Where it is connected; undefined: nowhere. */
  get at(): number | undefined {
    return this.#connection === undefined ? undefined : this.#at;
  }

  /** How often it has connected. */
  get connectCount(): number {
    return this.#connectCount;
  }

  start(): void {
    this.#run = this.#connectAgainAndAgain();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#connection?.close().catch(() => undefined);
    await this.#run;
  }

  async #connectAgainAndAgain(): Promise<void> {
    while (!this.#isStopped) {
      const connection = await this.#tryConnect();
      if (connection === undefined) {
        this.#at = (this.#at + 1) % this.#urls.length;
        await delay(RETRY_MS);
        continue;
      }
      await this.#use(connection);
    }
  }

  /** Until it is closed, by whomever. */
  async #use(connection: ChannelModel): Promise<void> {
    const closed = new Promise<void>((resolve) => connection.once("close", () => resolve()));
    connection.on("error", () => undefined); // "close" follows.
    this.#connection = connection;
    this.#connectCount++;
    try {
      await this.#onConnection(connection);
      if (this.#isStopped) await connection.close();
    } catch {
      // It broke while it was set up, or what it wants is not there yet: the next one does better.
      await connection.close().catch(() => undefined);
      await delay(RETRY_MS);
    }
    await closed;
    this.#connection = undefined;
  }

  async #tryConnect(): Promise<ChannelModel | undefined> {
    try {
      const options = { ...this.#socket, timeout: CONNECT_TIMEOUT_MS, noDelay: true };
      return await connect(this.#urls[this.#at] ?? "", options);
    } catch {
      // Nobody is there, or nobody serves: the next address.
      return undefined;
    }
  }
}
