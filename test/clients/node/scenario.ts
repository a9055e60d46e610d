import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type Channel, type ChannelModel, type ConfirmChannel, connect } from "amqplib";

const POLL_MS = 10;
const WAIT_MAX_MS = 15_000;

/** One thing a client relies on; throws when it does not hold. */
export interface Scenario {
  readonly name: string;
  readonly run: (context: ScenarioContext) => Promise<void>;
}

/** The broker's address for one scenario, its connections, and names that no other run uses. */
export class ScenarioContext {
  readonly url: string;
  readonly #prefix: string;
  readonly #connections: ChannelModel[] = [];
  readonly #queues: string[] = [];
  readonly #exchanges: string[] = [];
  #main: ChannelModel | undefined;

  constructor(url: string, scenario: string) {
    this.url = url;
    this.#prefix = `node-${scenario}-${randomUUID().slice(0, 8)}`;
  }

  /** A queue name of this scenario; the queue is deleted at its end. */
  queueName(suffix = "q"): string {
    const name = `${this.#prefix}-${suffix}`;
    this.#queues.push(name);
    return name;
  }

  /** An exchange name of this scenario; the exchange is deleted at its end. */
  exchangeName(suffix = "x"): string {
    const name = `${this.#prefix}-${suffix}`;
    this.#exchanges.push(name);
    return name;
  }

  /** A further connection, closed at the end of the scenario. */
  async connect(): Promise<ChannelModel> {
    const connection = await connect(this.url);
    connection.on("error", ignoreError);
    this.#connections.push(connection);
    return connection;
  }

  /** A new channel, on the scenario's main connection unless told otherwise. */
  async channel(connection?: ChannelModel): Promise<Channel> {
    const channel = await (connection ?? (await this.#mainConnection())).createChannel();
    channel.on("error", ignoreError);
    return channel;
  }

  /** A new channel in confirm mode on the scenario's main connection. */
  async confirmChannel(): Promise<ConfirmChannel> {
    const channel = await (await this.#mainConnection()).createConfirmChannel();
    channel.on("error", ignoreError);
    return channel;
  }

  /** Deletes what the scenario declared and closes its connections. */
  async end(): Promise<void> {
    const connection = await connect(this.url);
    try {
      const channel = await connection.createChannel();
      for (const queue of this.#queues) await channel.deleteQueue(queue);
      for (const exchange of this.#exchanges) await channel.deleteExchange(exchange);
    } finally {
      await connection.close();
      await Promise.all(this.#connections.map(closeIfOpen));
    }
  }

  async #mainConnection(): Promise<ChannelModel> {
    this.#main ??= await this.connect();
    return this.#main;
  }
}

/** Polls until `isTrue` holds; fails after 15 s, naming `what` was awaited. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + WAIT_MAX_MS;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`timed out waiting for ${what}`);
    await delay(POLL_MS);
  }
}

/** Resolves with the broker's reply code and text that `operation` failed with. */
export async function replyOf(operation: Promise<unknown>): Promise<BrokerReply> {
  try {
    await operation;
  } catch (error) {
    return toReply(error);
  }
  throw new Error("the broker accepted what it should refuse");
}

/** Resolves with the error with which the broker closes `emitter` (a channel or a connection). */
export function closeReply(emitter: Channel | ChannelModel): Promise<BrokerReply> {
  return new Promise((resolve) => {
    emitter.on("error", (error: Error) => resolve(toReply(error)));
  });
}

/**
 * Waits until a passive declare tells `count` ready messages. RabbitMQ answers it ahead of publishes and acks that its
 * queue has not handled yet, so one look is not enough; where nothing more may come, use `drain`.
 */
export async function awaitReady(channel: Channel, queue: string, count: number): Promise<void> {
  const what = `${count} ready messages in ${queue}`;
  await until(what, async () => (await channel.checkQueue(queue)).messageCount === count);
}

/** Takes all messages from a queue, after everything published on the same channel, and returns their bodies. */
export async function drain(channel: Channel, queue: string): Promise<string[]> {
  const bodies: string[] = [];
  let message = await channel.get(queue, { noAck: true });
  while (message !== false) {
    bodies.push(message.content.toString());
    message = await channel.get(queue, { noAck: true });
  }
  return bodies;
}

/** Code and text of the close method with which the broker answered. */
export interface BrokerReply {
  readonly code: number | undefined;
  readonly text: string;
}

function toReply(error: unknown): BrokerReply {
  if (!(error instanceof Error)) throw new Error(`not an error: ${String(error)}`);
  const code = "code" in error && typeof error.code === "number" ? error.code : undefined;
  return { code, text: error.message };
}

/** The scenario looks at promises and close replies; an event without listener would end the process. */
function ignoreError(_error: Error): void {}

async function closeIfOpen(connection: ChannelModel): Promise<void> {
  try {
    await connection.close();
  } catch (error) {
    // Scenarios close some of their connections themselves, or have them closed by the broker.
    if (!(error instanceof Error) || error.name !== "IllegalOperationError") throw error;
  }
}
