import { expect } from "vitest";
import { RawClient } from "./raw-client.ts";

/** A client that minds its own business: publishes with confirms and consumes, one message after another. */
export class SteadyClient {
  readonly #client: RawClient;
  #isStopping = false;
  readonly #done: Promise<number>;

  private constructor(client: RawClient) {
    this.#client = client;
    this.#done = this.#work();
    this.#done.catch(() => undefined); // stop() tells.
  }

  static async start(to: { host: string; port: number }): Promise<SteadyClient> {
    const client = await RawClient.open(to);
    await client.openChannel();
    await client.call(1, "queue.declare", { queue: "steady work of others" });
    await client.call(1, "confirm.select");
    await client.call(1, "basic.consume", { queue: "steady work of others" });
    return new SteadyClient(client);
  }

  /** Ends the work. Each message was confirmed and came once, in order; returns how many. */
  async stop(): Promise<number> {
    this.#isStopping = true;
    const count = await this.#done;
    await this.#client.close();
    return count;
  }

  async #work(): Promise<number> {
    const client = this.#client;
    let count = 0;
    while (!this.#isStopping) {
      count++;
      client.publish(1, { routingKey: "steady work of others" }, `message ${count}`);
      const [confirm, delivery] = await Promise.all([
        client.next("basic.ack"),
        client.next("basic.deliver"),
      ]);
      expect(confirm.method.deliveryTag).toBe(count);
      expect(delivery.method).toMatchObject({ deliveryTag: count, redelivered: false });
      expect(delivery.body.toString()).toBe(`message ${count}`);
      client.send(1, "basic.ack", { deliveryTag: count });
    }
    return count;
  }
}
