import type { ConfirmChannel, GetMessage } from "amqplib";
import { describe, expect, test } from "vitest";
import { AuthRig } from "../auth/auth-rig.ts";

/** A broker with a queue for traces, a client, and a queue `tq` bound to amq.topic with `k.#`. */
class TraceRig implements AsyncDisposable {
  readonly rig: AuthRig;
  readonly channel: ConfirmChannel;
  readonly connectionName: string;

  private constructor(rig: AuthRig, channel: ConfirmChannel, connectionName: string) {
    this.rig = rig;
    this.channel = channel;
    this.connectionName = connectionName;
  }

  static async start(): Promise<TraceRig> {
    const rig = await AuthRig.start({});
    const connection = await rig.connect("guest", "guest");
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue("traces");
    await channel.bindQueue("traces", "amq.rabbitmq.trace", "#");
    await channel.assertQueue("tq", { durable: false });
    await channel.bindQueue("tq", "amq.topic", "k.#");
    const [open] = rig.node.broker.connections;
    return new TraceRig(rig, channel, open?.name ?? "");
  }

  setTracing(tracing: boolean): Promise<unknown> {
    return new Promise((done) =>
      this.rig.node.administration.apply({ type: "addVhost", name: "/", tracing }, done),
    );
  }

  /** Traces come at the end of the turn: the queue is asked until there are so many. */
  async traces(count: number): Promise<readonly GetMessage[]> {
    const found: GetMessage[] = [];
    await expect
      .poll(async () => {
        const message = await this.channel.get("traces", { noAck: true });
        if (message !== false) found.push(message);
        return found.length;
      })
      .toBe(count);
    expect(await this.channel.get("traces", { noAck: true })).toBe(false);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rig[Symbol.asyncDispose]();
  }
}

const PROPERTIES = {
  contentType: "text/plain",
  contentEncoding: "utf8",
  headers: { h: 1, CC: ["k.2"] },
  deliveryMode: 2,
  priority: 4,
  correlationId: "c",
  replyTo: "r",
  expiration: "60000",
  messageId: "m",
  timestamp: 1_700_000_000,
  type: "t",
  userId: "guest",
  appId: "app",
} as const;

/** As RabbitMQ 3.10.8 shows it, recorded with the same message. */
const SHOWN_PROPERTIES = {
  app_id: "app",
  user_id: "guest",
  type: "t",
  timestamp: 1_700_000_000,
  message_id: "m",
  expiration: "60000",
  reply_to: "r",
  correlation_id: "c",
  priority: 4,
  delivery_mode: 2,
  headers: { h: 1, CC: ["k.2"] },
  content_encoding: "utf8",
  content_type: "text/plain",
};

describe("the firehose", () => {
  test("copies what is published, with RabbitMQ's keys and headers", async () => {
    await using trace = await TraceRig.start();
    const { channel, connectionName: connection } = trace;
    await trace.setTracing(true);
    channel.publish("amq.topic", "k.1", Buffer.from("hello"), PROPERTIES);
    channel.publish("", "tq", Buffer.from("default"));
    channel.publish("amq.fanout", "nowhere", Buffer.from(""));
    await channel.waitForConfirms();
    const found = await trace.traces(3);
    expect(found.map(({ fields, content }) => [fields.routingKey, content.toString()])).toEqual([
      ["publish.amq.topic", "hello"],
      ["publish.", "default"],
      ["publish.amq.fanout", ""],
    ]);
    const whose = {
      node: trace.rig.node.config.node.name,
      vhost: "/",
      connection,
      channel: 1,
      user: "guest",
    };
    expect(found.map(({ properties }) => properties.headers)).toEqual([
      {
        exchange_name: "amq.topic",
        routing_keys: ["k.1", "k.2"],
        properties: SHOWN_PROPERTIES,
        ...whose,
        routed_queues: ["tq"],
      },
      {
        exchange_name: "",
        routing_keys: ["tq"],
        properties: { headers: {} },
        ...whose,
        routed_queues: ["tq"],
      },
      {
        exchange_name: "amq.fanout",
        routing_keys: ["nowhere"],
        properties: { headers: {} },
        ...whose,
        routed_queues: [],
      },
    ]);
  });

  test("copies what is handed out, by get and to consumers", async () => {
    await using trace = await TraceRig.start();
    const { channel } = trace;
    channel.publish("amq.topic", "k.1", Buffer.from("hello"), PROPERTIES);
    channel.publish("", "tq", Buffer.from("again"));
    await channel.waitForConfirms();
    await trace.setTracing(true);
    await channel.get("tq", { noAck: true });
    await new Promise<void>((resolve) => {
      void channel.consume("tq", (message) => {
        if (message === null) return;
        if (message.fields.redelivered) {
          channel.ack(message);
          resolve();
        } else channel.nack(message);
      });
    });
    const found = await trace.traces(3);
    expect(
      found.map(({ fields, content, properties }) => [
        fields.routingKey,
        content.toString(),
        properties.headers?.["redelivered"],
      ]),
    ).toEqual([
      ["deliver.tq", "hello", 0],
      ["deliver.tq", "again", 0],
      ["deliver.tq", "again", 1],
    ]);
    expect(found[0]?.properties.headers).toMatchObject({
      exchange_name: "amq.topic",
      routing_keys: ["k.1", "k.2"],
      properties: SHOWN_PROPERTIES,
    });
  });

  test("does not copy its own copies, and large bodies come whole", async () => {
    await using trace = await TraceRig.start();
    const { channel } = trace;
    await trace.setTracing(true);
    const body = Buffer.alloc(300_000, "x");
    channel.publish("amq.topic", "k.1", body);
    await channel.waitForConfirms();
    const [copy] = await trace.traces(1);
    expect(copy?.content.equals(body)).toBe(true);
  });

  test("is off unless it is on", async () => {
    await using trace = await TraceRig.start();
    const { channel } = trace;
    await trace.setTracing(true);
    await trace.setTracing(false);
    channel.publish("amq.topic", "k.1", Buffer.from("hello"));
    await channel.waitForConfirms();
    expect(await channel.get("tq", { noAck: true })).not.toBe(false);
    await trace.traces(0);
  });
});
