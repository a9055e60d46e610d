import { type IncomingMessage, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ObservedBroker } from "./observed-broker.ts";

/** Of several looks at the figures. */
const IDLE_MS = 3500;

let observed: ObservedBroker;

beforeAll(async () => {
  observed = await ObservedBroker.start();
});

afterAll(() => observed[Symbol.asyncDispose]());

interface LiveEvent {
  readonly time: number;
  readonly figures: Readonly<Record<string, number>>;
}

/** A client of the stream. */
class Follower implements AsyncDisposable {
  readonly answer: IncomingMessage;
  readonly #events: AsyncIterator<LiveEvent>;

  private constructor(answer: IncomingMessage) {
    this.answer = answer;
    this.#events = eventsOf(answer);
  }

  static open(auth: string): Promise<Follower> {
    return new Promise((resolve, reject) => {
      const { port } = observed.managed;
      const path = "/api/leveret/events";
      request({ host: "127.0.0.1", port, path, auth, agent: false }, (answer) =>
        resolve(new Follower(answer)),
      )
        .on("error", reject)
        .end();
    });
  }

  async next(): Promise<LiveEvent> {
    const { value, done } = await this.#events.next();
    if (done === true) throw new Error("the stream has ended");
    return value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.answer.destroy();
    await this.#events.return?.();
  }
}

async function* eventsOf(answer: IncomingMessage): AsyncGenerator<LiveEvent> {
  let text = "";
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    text += chunk.toString("utf8");
    const events = text.split("\n\n");
    text = events.pop() ?? "";
    for (const event of events) {
      const [kind, data = ""] = event.split("\n");
      expect(kind).toBe("event: figures");
      yield JSON.parse(data.slice("data: ".length)) as LiveEvent;
    }
  }
}

describe("live events", { timeout: 20_000 }, () => {
  test("cost nothing while nothing happens", async () => {
    await using follower = await Follower.open("guest:guest");
    const first = await follower.next();
    expect(JSON.stringify(first).length).toBeLessThan(4000);
    const next = follower.next();
    next.catch(() => undefined);
    expect(await Promise.race([next, delay(IDLE_MS)])).toBeUndefined();
  });

  test("tell all figures first, then those that change", async () => {
    await using follower = await Follower.open("guest:guest");
    expect(follower.answer.headers["content-type"]).toBe("text/event-stream");
    const first = await follower.next();
    expect(first.figures).toMatchObject({
      "message_stats.publish": 0,
      "message_stats.publish_rate": 0,
      "queue_totals.messages": 0,
      "object_totals.exchanges": 7,
      "churn_rates.connection_created": 0,
    });
    const client = await observed.connect();
    const channel = await client.createConfirmChannel();
    await channel.assertQueue("live", { durable: false });
    for (let count = 0; count < 10; count++) channel.sendToQueue("live", Buffer.from("x"));
    await channel.waitForConfirms();
    const seen: Record<string, number> = {};
    let last = first;
    while (seen["message_stats.publish"] !== 10) {
      last = await follower.next();
      Object.assign(seen, last.figures);
      expect(last.figures).not.toHaveProperty(["object_totals.exchanges"]);
    }
    expect(seen).toMatchObject({ "object_totals.queues": 1, "queue_totals.messages_ready": 10 });
    expect(seen["message_stats.publish_rate"]).toBeGreaterThan(0);
    expect(last.time).toBeGreaterThan(first.time);
    await client.close();
  });

  test("tell a user without the tag monitoring of his own vhosts only", async () => {
    await observed.managed.ask("PUT", "/users/mary", {
      body: { password: "x", tags: "management" },
    });
    await using follower = await Follower.open("mary:x");
    const { figures } = await follower.next();
    expect(figures["object_totals.exchanges"]).toBe(0);
    expect(Object.keys(figures).filter((path) => path.startsWith("churn"))).toEqual([]);
  });

  test("need a login", async () => {
    await using follower = await Follower.open("guest:wrong");
    expect(follower.answer.statusCode).toBe(401);
  });

  test("end when the app stops, without a word in the log", async () => {
    await using other = await ObservedBroker.start();
    const gone = other.managed.get("/leveret/events");
    expect((await gone).status).toBe(200);
    await other.managed.shell.stopApp();
    const refused = await other.managed.get("/leveret/events");
    expect(refused.status).toBe(503);
    expect(other.managed.internalErrors).toEqual([]);
  });
});
