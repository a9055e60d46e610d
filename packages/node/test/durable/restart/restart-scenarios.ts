import {
  type Channel,
  type ChannelModel,
  type ConfirmChannel,
  connect,
  type GetMessage,
} from "amqplib";

/** A broker that can be ended and started again on what it stored. */
export interface RestartableBroker {
  readonly url: string;
  restart(): Promise<void>;
}

/** What clients saw, in words; the same of RabbitMQ and of us. */
export type Observation = readonly string[];

/** One behaviour of a broker over a restart, as a client sees it. */
export interface RestartScenario {
  readonly name: string;
  /** It ends with acks, rejects or deliveries, which count after a kill only if the log had the time to hear of them. */
  readonly endsWithAcks?: true;
  run(stage: Stage): Promise<void>;
}

/** A client before and after restarts, and the lines it writes down. */
class Stage {
  readonly lines: string[] = [];
  readonly #broker: RestartableBroker;
  #connection: ChannelModel | undefined;

  constructor(broker: RestartableBroker) {
    this.#broker = broker;
  }

  async confirmChannel(): Promise<ConfirmChannel> {
    const channel = await (await this.#connected()).createConfirmChannel();
    return quiet(channel);
  }

  async channel(): Promise<Channel> {
    return quiet(await (await this.#connected()).createChannel());
  }

  /** Restarts the broker while the client is connected. */
  async restart(): Promise<void> {
    this.#connection = undefined;
    await this.#broker.restart();
  }

  async close(): Promise<void> {
    await this.#connection?.close().catch(() => undefined);
  }

  /** Takes everything from a queue and writes it down. */
  async drain(queue: string): Promise<void> {
    const channel = await this.channel();
    const { messageCount } = await channel.checkQueue(queue);
    this.lines.push(`${queue}: ${messageCount} ready`);
    for (;;) {
      const message = await channel.get(queue, { noAck: true });
      if (message === false) break;
      this.lines.push(`${queue}: ${describe(message)}`);
    }
    await channel.close();
  }

  /** Writes down whether something is there, or the error that says it is not. */
  async probe(name: string, action: (channel: Channel) => Promise<unknown>): Promise<void> {
    const channel = await this.channel();
    try {
      await action(channel);
      this.lines.push(`${name}: ok`);
      await channel.close();
    } catch (error) {
      const { message } = error as Error;
      this.lines.push(`${name}: ${/\d\d\d \([A-Z-]+\)/.exec(message)?.[0] ?? message}`);
    }
  }

  async #connected(): Promise<ChannelModel> {
    if (this.#connection === undefined) {
      this.#connection = await connect(this.#broker.url);
      this.#connection.on("error", () => undefined);
    }
    return this.#connection;
  }
}

function quiet<C extends Channel>(channel: C): C {
  channel.on("error", () => undefined);
  return channel;
}

/** Without x-last-death-*, which RabbitMQ has from 3.13 on. */
function describe(message: GetMessage): string {
  const { headers, ...properties } = message.properties;
  const shown = Object.entries(properties).filter(([, value]) => value !== undefined);
  const body =
    message.content.length > 100
      ? `${message.content.length} octets`
      : JSON.stringify(message.content.toString());
  const parts = [body, message.fields.redelivered ? "redelivered" : "fresh"];
  const extras = JSON.stringify(Object.fromEntries(shown));
  if (extras !== '{"deliveryMode":2}') parts.push(extras);
  const kept = Object.entries(headers ?? {}).filter(([key]) => !key.startsWith("x-last-death-"));
  if (kept.length > 0) {
    const hideTime = (key: string, value: unknown): unknown => (key === "time" ? "TIME" : value);
    parts.push(JSON.stringify(Object.fromEntries(kept), hideTime));
  }
  return parts.join(" ");
}

const PERSISTENT = { persistent: true } as const;

async function publish(
  channel: ConfirmChannel,
  queue: string,
  bodies: readonly string[],
  options: object = PERSISTENT,
): Promise<void> {
  for (const body of bodies) channel.publish("", queue, Buffer.from(body), options);
  await channel.waitForConfirms();
}

/** Consumes without acknowledging until so many deliveries came. */
async function hold(channel: Channel, queue: string, count: number): Promise<GetMessage[]> {
  const held: GetMessage[] = [];
  await new Promise<void>((resolve) => {
    void channel.consume(queue, (message) => {
      if (message !== null) held.push(message as unknown as GetMessage);
      if (held.length === count) resolve();
    });
  });
  return held;
}

const messages: RestartScenario[] = [
  {
    name: "persistent messages return in order, transient ones do not",
    async run(stage) {
      const channel = await stage.confirmChannel();
      await channel.assertQueue("q", { durable: true });
      await publish(channel, "q", ["a", "b"]);
      await publish(channel, "q", ["t"], { persistent: false });
      await publish(channel, "q", ["c"]);
      await stage.restart();
      await stage.drain("q");
    },
  },
  {
    name: "what was delivered is marked, what was acknowledged is gone",
    endsWithAcks: true,
    async run(stage) {
      const channel = await stage.confirmChannel();
      await channel.assertQueue("q", { durable: true });
      await publish(channel, "q", ["a", "b", "c", "d", "e"]);
      await channel.prefetch(3);
      const held = await hold(channel, "q", 3);
      const [, second] = held;
      if (second !== undefined) channel.ack(second);
      // The ack is handled before the answer to this.
      await channel.checkQueue("q");
      await stage.restart();
      await stage.drain("q");
    },
  },
  {
    name: "what basic.get took, and what was requeued, is marked",
    endsWithAcks: true,
    async run(stage) {
      const channel = await stage.confirmChannel();
      await channel.assertQueue("q", { durable: true });
      await publish(channel, "q", ["a", "b", "c"]);
      await channel.get("q");
      const second = await channel.get("q");
      if (second !== false) channel.nack(second, false, true);
      await channel.checkQueue("q");
      await stage.restart();
      await stage.drain("q");
    },
  },
  {
    name: "properties, headers and bodies are the same",
    async run(stage) {
      const channel = await stage.confirmChannel();
      await channel.assertQueue("q", { durable: true });
      const rich = {
        ...PERSISTENT,
        contentType: "text/plain",
        contentEncoding: "utf-8",
        correlationId: "corr",
        messageId: "id",
        timestamp: 1_700_000_000,
        type: "kind",
        appId: "app",
        headers: { number: 1, nested: { list: [1, "two", true] }, bytes: Buffer.from("xy") },
      };
      await publish(channel, "q", ["rich"], rich);
      await publish(channel, "q", [""]);
      await publish(channel, "q", ["x".repeat(300_000)]);
      await stage.restart();
      await stage.drain("q");
    },
  },
  {
    name: "priorities hold",
    async run(stage) {
      const channel = await stage.confirmChannel();
      await channel.assertQueue("q", { durable: true, maxPriority: 5 });
      for (const priority of [1, 5, 3, 9, 0]) {
        await publish(channel, "q", [`p${priority}`], { ...PERSISTENT, priority });
      }
      await stage.restart();
      await stage.drain("q");
    },
  },
  {
    name: "a maximum length holds",
    async run(stage) {
      const channel = await stage.confirmChannel();
      await channel.assertQueue("q", { durable: true, maxLength: 2 });
      await publish(channel, "q", ["a", "b", "c"]);
      await stage.restart();
      await publish(await stage.confirmChannel(), "q", ["d"]);
      await stage.drain("q");
    },
  },
  {
    name: "dead letters are where they went",
    endsWithAcks: true,
    async run(stage) {
      const channel = await stage.confirmChannel();
      await channel.assertQueue("dead", { durable: true });
      await channel.assertQueue("q", {
        durable: true,
        deadLetterExchange: "",
        deadLetterRoutingKey: "dead",
      });
      await publish(channel, "q", ["a", "b"]);
      const first = await channel.get("q");
      if (first !== false) channel.nack(first, false, false);
      await until(async () => (await channel.checkQueue("dead")).messageCount === 1);
      await stage.restart();
      await stage.drain("q");
      await stage.drain("dead");
    },
  },
  {
    name: "a message's time to live goes on",
    async run(stage) {
      const channel = await stage.confirmChannel();
      await channel.assertQueue("q", { durable: true });
      await publish(channel, "q", ["short"], { ...PERSISTENT, expiration: "300" });
      await publish(channel, "q", ["long"], { ...PERSISTENT, expiration: "600000" });
      await stage.restart();
      const after = await stage.channel();
      await until(async () => (await after.checkQueue("q")).messageCount === 1);
      await stage.drain("q");
    },
  },
  {
    name: "a quorum queue counts the deliveries that the restart ended",
    endsWithAcks: true,
    async run(stage) {
      const channel = await stage.confirmChannel();
      await channel.assertQueue("q", { durable: true, arguments: { "x-queue-type": "quorum" } });
      await publish(channel, "q", ["a", "b"]);
      await channel.prefetch(1);
      await hold(channel, "q", 1);
      await stage.restart();
      await stage.drain("q");
    },
  },
];

const topology: RestartScenario[] = [
  {
    name: "durable queues and exchanges return, others are gone",
    async run(stage) {
      const channel = await stage.confirmChannel();
      await channel.assertQueue("durable", { durable: true });
      await channel.assertQueue("transient", { durable: false });
      await channel.assertQueue("exclusive", { durable: true, exclusive: true });
      await channel.assertQueue("auto", { durable: true, autoDelete: true });
      const { queue: named } = await channel.assertQueue("", { durable: true });
      await channel.assertExchange("x-durable", "direct", { durable: true });
      await channel.assertExchange("x-transient", "direct", { durable: false });
      await channel.assertExchange("x-auto", "direct", { durable: true, autoDelete: true });
      await stage.restart();
      for (const name of ["durable", "transient", "exclusive", "auto"]) {
        await stage.probe(name, (each) => each.checkQueue(name));
      }
      await stage.probe("server-named", (each) => each.checkQueue(named));
      for (const name of ["x-durable", "x-transient", "x-auto", "amq.direct"]) {
        await stage.probe(name, (each) => each.checkExchange(name));
      }
    },
  },
  {
    name: "bindings between durable things return",
    async run(stage) {
      const channel = await stage.confirmChannel();
      await channel.assertQueue("q", { durable: true });
      await channel.assertExchange("x1", "topic", { durable: true });
      await channel.assertExchange("x2", "fanout", { durable: true });
      await channel.assertExchange("xt", "fanout", { durable: false });
      await channel.bindQueue("q", "x1", "a.*");
      await channel.bindQueue("q", "xt", "");
      await channel.bindExchange("x1", "x2", "");
      await channel.bindQueue("q", "amq.fanout", "");
      await stage.restart();
      const after = await stage.confirmChannel();
      after.publish("x1", "a.b", Buffer.from("by topic"), PERSISTENT);
      after.publish("x1", "b.a", Buffer.from("nowhere"), PERSISTENT);
      after.publish("x2", "a.c", Buffer.from("by way of x2"), PERSISTENT);
      after.publish("amq.fanout", "", Buffer.from("by amq.fanout"), PERSISTENT);
      await after.waitForConfirms();
      await stage.probe("xt", (each) => each.checkExchange("xt"));
      await stage.drain("q");
    },
  },
  {
    name: "arguments are still compared",
    async run(stage) {
      const channel = await stage.confirmChannel();
      await channel.assertQueue("q", { durable: true, maxLength: 10 });
      await channel.assertExchange("x", "direct", {
        durable: true,
        alternateExchange: "amq.fanout",
      });
      await stage.restart();
      await stage.probe("same queue", (each) =>
        each.assertQueue("q", { durable: true, maxLength: 10 }),
      );
      await stage.probe("other length", (each) =>
        each.assertQueue("q", { durable: true, maxLength: 11 }),
      );
      await stage.probe("not durable", (each) =>
        each.assertQueue("q", { durable: false, maxLength: 10 }),
      );
      await stage.probe("other type", (each) =>
        each.assertExchange("x", "fanout", { durable: true }),
      );
    },
  },
  {
    name: "an alternate exchange still works",
    async run(stage) {
      const channel = await stage.confirmChannel();
      await channel.assertExchange("x", "direct", {
        durable: true,
        alternateExchange: "amq.fanout",
      });
      await channel.assertQueue("lost", { durable: true });
      await channel.bindQueue("lost", "amq.fanout", "");
      await stage.restart();
      const after = await stage.confirmChannel();
      after.publish("x", "nowhere", Buffer.from("a"), PERSISTENT);
      await after.waitForConfirms();
      await stage.drain("lost");
    },
  },
  {
    name: "what was deleted and purged stays so",
    async run(stage) {
      const channel = await stage.confirmChannel();
      for (const name of ["gone", "purged", "unbound"])
        await channel.assertQueue(name, { durable: true });
      await channel.bindQueue("unbound", "amq.direct", "k");
      await publish(channel, "gone", ["a"]);
      await publish(channel, "purged", ["b", "c"]);
      await channel.deleteQueue("gone");
      await channel.purgeQueue("purged");
      await channel.unbindQueue("unbound", "amq.direct", "k");
      await stage.restart();
      await stage.probe("gone", (each) => each.checkQueue("gone"));
      const after = await stage.confirmChannel();
      after.publish("amq.direct", "k", Buffer.from("x"), PERSISTENT);
      await after.waitForConfirms();
      await stage.drain("purged");
      await stage.drain("unbound");
      // A queue of the same name is a new one.
      await after.assertQueue("gone", { durable: true });
      await stage.drain("gone");
    },
  },
  {
    name: "two restarts in a row change nothing more",
    async run(stage) {
      const channel = await stage.confirmChannel();
      await channel.assertQueue("q", { durable: true });
      await publish(channel, "q", ["a", "b"]);
      await stage.restart();
      await publish(await stage.confirmChannel(), "q", ["c"]);
      await stage.restart();
      await stage.drain("q");
    },
  },
];

export const RESTART_SCENARIOS: readonly RestartScenario[] = [...messages, ...topology];

/** Waits until it is so; the test's own time limit is the maximum. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Runs a scenario on a fresh broker. */
export async function observe(
  scenario: RestartScenario,
  broker: RestartableBroker,
): Promise<Observation> {
  const stage = new Stage(broker);
  try {
    await scenario.run(stage);
  } finally {
    await stage.close();
  }
  return stage.lines;
}
