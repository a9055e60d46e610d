import { setImmediate } from "node:timers/promises";
import { type ChannelModel, type ConfirmChannel, connect } from "amqplib";
import { closeQuietly } from "./clients.ts";

const BODY_PADDING = "x".repeat(200);

/** Publishers, one for each queue, that go from node to node as these go: each message waits for the confirm of the one before. */
export class Load {
  readonly #urls: readonly string[];
  /** By queue, what was confirmed, in order. */
  readonly #confirmed: ReadonlyMap<string, number[]>;
  readonly #publishers: Promise<void>[];
  #isOver = false;

  constructor(urls: readonly string[], queues: readonly string[]) {
    this.#urls = urls;
    this.#confirmed = new Map(queues.map((queue) => [queue, []]));
    this.#publishers = queues.map((queue, at) => this.#publish(queue, at));
  }

  get queues(): readonly string[] {
    return [...this.#confirmed.keys()];
  }

  /** How many were confirmed, by queue. */
  counts(): ReadonlyMap<string, number> {
    return new Map([...this.#confirmed].map(([queue, numbers]) => [queue, numbers.length]));
  }

  /** What was confirmed by the time that had these counts; all, if there are none. */
  confirmed(queue: string, counts?: ReadonlyMap<string, number>): readonly number[] {
    const numbers = this.#confirmed.get(queue) ?? [];
    return counts === undefined ? numbers : numbers.slice(0, counts.get(queue));
  }

  /** Whether every queue has had confirms since. */
  hasGoneOn(since: ReadonlyMap<string, number>, by = 5): boolean {
    return [...since].every(([queue, count]) => this.confirmed(queue).length >= count + by);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#publishers);
  }

  async #publish(queue: string, offset: number): Promise<void> {
    const confirmed = this.#confirmed.get(queue) ?? [];
    let number = 0;
    for (let attempt = offset; !this.#isOver; attempt++) {
      const url = this.#urls[attempt % this.#urls.length] ?? "";
      number = await this.#publishAt(url, queue, number, confirmed);
      // Nobody may be there for a while: others have to have their turns.
      await setImmediate();
    }
  }

  /** Publishes until something fails; the next number. Numbers without a confirm are not used again. */
  async #publishAt(
    url: string,
    queue: string,
    first: number,
    confirmed: number[],
  ): Promise<number> {
    let number = first;
    let connection: ChannelModel | undefined;
    try {
      connection = await connect(url);
      const lost = new Promise<never>((_resolve, reject) => {
        connection?.on("error", reject);
        connection?.on("close", () => reject(new Error("closed")));
      });
      lost.catch(() => undefined);
      const channel = await connection.createConfirmChannel();
      channel.on("error", () => undefined);
      while (!this.#isOver) {
        number += 1;
        await Promise.race([confirmedPublish(channel, queue, number), lost]);
        confirmed.push(number);
      }
    } catch {
      // The node stops, or the queue has nobody who leads it: another node is next.
    }
    if (connection !== undefined) await closeQuietly(connection);
    return number;
  }
}

function confirmedPublish(channel: ConfirmChannel, queue: string, number: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const body = Buffer.from(`${number} ${BODY_PADDING}`);
    const fail = (): void => reject(new Error("returned"));
    channel.once("return", fail);
    channel.publish("", queue, body, { persistent: true, mandatory: true }, (error: unknown) => {
      channel.removeListener("return", fail);
      if (error === null || error === undefined) resolve();
      else reject(error instanceof Error ? error : new Error("nacked"));
    });
  });
}

/** The number in a body that a load has published. */
export function numberIn(body: string): number {
  return Number.parseInt(body, 10);
}
