import type { Channel, GetMessage } from "amqplib";
import { describe, expect, test } from "vitest";
import { CLI_ACTOR } from "../../src/metadata/actor.ts";
import type { MetadataCommand } from "../../src/metadata/commands.ts";
import { AuthRig, errorOf } from "../auth/auth-rig.ts";

interface Seen {
  readonly key: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** A broker whose events are collected in a queue. */
class EventRig implements AsyncDisposable {
  readonly rig: AuthRig;
  readonly #observer: Channel;

  private constructor(rig: AuthRig, observer: Channel) {
    this.rig = rig;
    this.#observer = observer;
  }

  static async start(): Promise<EventRig> {
    const rig = await AuthRig.start({}, (config) => ({
      ...config,
      eventExchange: { isEnabled: true, vhost: undefined },
    }));
    const connection = await rig.connect("guest", "guest");
    const observer = await connection.createChannel();
    await observer.assertQueue("events");
    await observer.bindQueue("events", "amq.rabbitmq.event", "#");
    const events = new EventRig(rig, observer);
    await events.until("binding.created");
    return events;
  }

  /** Events up to the one with that key. */
  async until(key: string): Promise<readonly Seen[]> {
    const seen: Seen[] = [];
    await expect
      .poll(
        async () => {
          for (;;) {
            const message = await this.#observer.get("events", { noAck: true });
            if (message !== false) seen.push(seenOf(message));
            if (message === false || seen.at(-1)?.key === key) return seen.at(-1)?.key;
          }
        },
        { timeout: 4000 },
      )
      .toBe(key);
    return seen;
  }

  change(command: MetadataCommand): Promise<unknown> {
    return new Promise((done) =>
      this.rig.node.administration.apply(command, done, "stored", CLI_ACTOR),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rig[Symbol.asyncDispose]();
  }
}

function seenOf({ fields, properties }: GetMessage): Seen {
  expect(properties.deliveryMode).toBe(2);
  const { timestamp_in_ms: ms, ...headers } = properties.headers ?? {};
  expect(Math.floor(Number(ms) / 1000)).toBe(properties.timestamp);
  return { key: fields.routingKey, headers };
}

const HERE = "{127,0,0,1}";

describe("the event exchange, as recorded from RabbitMQ 3.10.8", () => {
  test("tells of alarms of this node", async () => {
    await using events = await EventRig.start();
    const { alarms } = events.rig.node.broker;
    const node = events.rig.node.config.node.name;
    const about = { node, source: "memory" };
    alarms.raise("memory", node);
    expect(await events.until("alarm.set")).toEqual([{ key: "alarm.set", headers: about }]);
    // The other node tells that itself.
    alarms.raise("memory", "rabbit@elsewhere");
    alarms.clear("memory", node);
    expect(await events.until("alarm.cleared")).toEqual([{ key: "alarm.cleared", headers: about }]);
  });

  test("tells of a client: login, connection, channel, what it declares, binds and consumes", async () => {
    await using events = await EventRig.start();
    const connection = await events.rig.connect("guest", "guest");
    const channel = await connection.createChannel();
    const by = { user_who_performed_action: "guest" };
    const [login, opened, channelOpened] = await events.until("channel.created");
    expect(login).toMatchObject({
      key: "user.authentication.success",
      headers: {
        ssl: false,
        auth_mechanism: "PLAIN",
        protocol: "{0,9,1}",
        peer_host: HERE,
        host: HERE,
        name: "guest",
        connection_type: "network",
        connection_name: expect.stringMatching(/^127\.0\.0\.1:\d+ -> 127\.0\.0\.1:\d+$/),
        peer_port: expect.any(Number),
      },
    });
    expect(opened).toMatchObject({
      key: "connection.created",
      headers: {
        ...by,
        user: "guest",
        vhost: "/",
        protocol: "{0,9,1}",
        auth_mechanism: "PLAIN",
        type: "network",
        name: login?.headers["connection_name"],
        port: events.rig.port,
        client_properties: expect.arrayContaining(['{<<"product">>,longstr,<<"amqplib">>}']),
      },
    });
    expect(channelOpened?.headers).toMatchObject({
      ...by,
      number: 1,
      user: "guest",
      vhost: "/",
      name: `${login?.headers["connection_name"]} (1)`,
      connection: opened?.headers["pid"],
    });

    await channel.assertQueue("q1", { arguments: { "x-max-length": 5 } });
    await channel.assertExchange("x1", "topic", {
      arguments: { "alternate-exchange": "amq.fanout" },
    });
    await channel.bindQueue("q1", "x1", "a.#", { arg: 1 });
    await channel.bindExchange("x1", "amq.topic", "b");
    await channel.consume("q1", () => undefined, {
      consumerTag: "c1",
      arguments: { "x-priority": 3 },
    });
    await channel.cancel("c1");
    const declared = await events.until("consumer.deleted");
    const consumer = {
      ...by,
      queue: "q1",
      vhost: "/",
      consumer_tag: "c1",
      channel: channelOpened?.headers["pid"],
    };
    const binding = { ...by, vhost: "/", source_kind: "exchange" };
    expect(declared).toEqual([
      {
        key: "queue.created",
        headers: {
          ...by,
          name: "q1",
          vhost: "/",
          durable: true,
          auto_delete: false,
          exclusive: false,
          owner_pid: "",
          arguments: ['{<<"x-max-length">>,byte,5}'],
        },
      },
      {
        key: "exchange.created",
        headers: {
          ...by,
          name: "x1",
          vhost: "/",
          type: "topic",
          durable: true,
          auto_delete: false,
          internal: false,
          policy: "",
          arguments: ['{<<"alternate-exchange">>,longstr,<<"amq.fanout">>}'],
        },
      },
      {
        key: "binding.created",
        headers: {
          ...binding,
          source_name: "x1",
          destination_name: "q1",
          destination_kind: "queue",
          routing_key: "a.#",
          arguments: ['{<<"arg">>,byte,1}'],
        },
      },
      {
        key: "binding.created",
        headers: {
          ...binding,
          source_name: "amq.topic",
          destination_name: "x1",
          destination_kind: "exchange",
          routing_key: "b",
          arguments: [],
        },
      },
      {
        key: "consumer.created",
        headers: {
          ...consumer,
          arguments: ['{<<"x-priority">>,byte,3}'],
          prefetch_count: 0,
          ack_required: true,
          exclusive: false,
        },
      },
      { key: "consumer.deleted", headers: consumer },
    ]);

    await channel.deleteQueue("q1");
    await channel.deleteExchange("x1");
    await channel.assertQueue("own", { exclusive: true });
    await channel.close();
    await connection.close();
    const ended = await events.until("connection.closed");
    expect(ended.map(({ key, headers }) => [key, headers["user_who_performed_action"]])).toEqual([
      ["binding.deleted", "rmq-internal"],
      ["queue.deleted", "guest"],
      ["binding.deleted", "guest"],
      ["exchange.deleted", "guest"],
      ["queue.created", "guest"],
      ["channel.closed", "guest"],
      ["queue.deleted", "rmq-internal"],
      ["connection.closed", undefined],
    ]);
  });

  test("tells of auto-delete exchanges that go with their last binding", async () => {
    await using events = await EventRig.start();
    const connection = await events.rig.connect("guest", "guest");
    const channel = await connection.createChannel();
    const build = async (queue: string, exclusive: boolean) => {
      await channel.assertExchange("ax", "direct", { autoDelete: true });
      await channel.assertExchange("bx", "direct", { autoDelete: true });
      await channel.assertQueue(queue, { exclusive });
      await channel.bindQueue(queue, "ax", "k");
      await channel.bindQueue(queue, "ax", "k2");
      await channel.bindExchange("ax", "bx", "e");
    };
    const gone = async (last: string) =>
      (await events.until(last))
        .filter(({ key }) => key.endsWith(".deleted"))
        .map(({ key, headers: { name, source_name, user_who_performed_action: by } }) =>
          [key, name ?? source_name, by].join(" "),
        );
    const all = (by: string) => [
      `exchange.deleted ax ${by}`,
      `binding.deleted ax ${by}`,
      `binding.deleted ax ${by}`,
      `exchange.deleted bx ${by}`,
      `binding.deleted bx ${by}`,
    ];

    await build("q", false);
    await channel.unbindQueue("q", "ax", "k");
    await channel.unbindQueue("q", "ax", "k2");
    await channel.deleteQueue("q");
    expect(await gone("queue.deleted")).toEqual([
      "binding.deleted ax guest",
      ...all("guest").toSpliced(1, 1),
      "queue.deleted q guest",
    ]);
    await build("q", false);
    await channel.deleteQueue("q");
    expect(await gone("queue.deleted")).toEqual([...all("rmq-internal"), "queue.deleted q guest"]);
    await build("q", false);
    await channel.deleteExchange("ax");
    await channel.deleteQueue("q");
    expect(await gone("queue.deleted")).toEqual([...all("guest"), "queue.deleted q guest"]);
    await build("own", true);
    await connection.close();
    expect(await gone("queue.deleted")).toEqual([
      ...all("rmq-internal"),
      "queue.deleted own rmq-internal",
    ]);
  });

  test("tells of a failed login", async () => {
    await using events = await EventRig.start();
    expect(await errorOf(events.rig.connect("guest", "wrong"))).toMatch(/ACCESS.REFUSED/);
    const [failure] = await events.until("user.authentication.failure");
    expect(failure?.headers).toMatchObject({
      name: "guest",
      error: "user 'guest' - invalid credentials",
      peer_host: HERE,
      auth_mechanism: "PLAIN",
    });
  });

  test("tells of users and what they may do, by whom, and no password", async () => {
    await using events = await EventRig.start();
    const hashingAlgorithm = "rabbit_password_hashing_sha256";
    const passwordHash = "SECRET-HASH";
    const commands: MetadataCommand[] = [
      { type: "addUser", name: "u1", passwordHash, hashingAlgorithm, tags: ["management"] },
      { type: "setPermissions", user: "u1", vhost: "/", configure: "a", write: "b", read: "c" },
      {
        type: "setTopicPermissions",
        user: "u1",
        vhost: "/",
        exchange: "amq.topic",
        write: "a",
        read: "b",
      },
      {
        type: "setUserPassword",
        name: "u1",
        passwordHash,
        hashingAlgorithm: "rabbit_password_hashing_md5",
      },
      { type: "setUserPassword", name: "u1", passwordHash: "", hashingAlgorithm },
      { type: "setUserLimits", name: "u1", limits: new Map([["max-channels", 5]]) },
      { type: "clearUserLimits", name: "u1" },
      { type: "clearTopicPermissions", user: "u1", vhost: "/" },
      { type: "clearPermissions", user: "u1", vhost: "/" },
      { type: "deleteUser", name: "u1" },
    ];
    for (const command of commands) await events.change(command);
    const seen = await events.until("user.deleted");
    expect(JSON.stringify(seen)).not.toContain(passwordHash);
    const by = { user_who_performed_action: "rmq-cli" };
    const who = { ...by, user: "u1", vhost: "/" };
    expect(seen).toEqual([
      { key: "user.created", headers: { ...by, name: "u1" } },
      { key: "user.tags.set", headers: { ...by, name: "u1", tags: ["management"] } },
      { key: "permission.created", headers: { ...who, configure: "a", write: "b", read: "c" } },
      {
        key: "topic.permission.created",
        headers: { ...who, exchange: "amq.topic", write: "a", read: "b" },
      },
      { key: "user.password.changed", headers: { ...by, name: "u1" } },
      { key: "user.password.cleared", headers: { ...by, name: "u1" } },
      {
        key: "user.limits.set",
        headers: { ...by, name: "limits", username: "u1", "max-channels": 5 },
      },
      { key: "user.limits.cleared", headers: { ...by, name: "limits", username: "u1" } },
      { key: "topic.permission.deleted", headers: who },
      { key: "permission.deleted", headers: who },
      { key: "user.deleted", headers: { ...by, name: "u1" } },
    ]);
  });

  test("tells of virtual hosts, policies and parameters", async () => {
    await using events = await EventRig.start();
    const definition = new Map([["max-length", 3]]);
    const policy = {
      vhost: "v1",
      name: "p1",
      pattern: "^a",
      applyTo: "queues",
      priority: 0,
      definition,
    };
    const commands: MetadataCommand[] = [
      { type: "addVhost", name: "v1", description: "d" },
      { type: "setVhostLimits", vhost: "v1", limits: new Map([["max-queues", 9]]), merge: false },
      { type: "clearVhostLimits", vhost: "v1" },
      { type: "setPolicy", ...policy },
      { type: "clearPolicy", vhost: "v1", name: "p1" },
      { type: "setOperatorPolicy", ...policy },
      { type: "clearOperatorPolicy", vhost: "v1", name: "p1" },
      { type: "setGlobalParameter", name: "gp", value: { a: 1 } },
      { type: "deleteVhost", name: "v1" },
    ];
    for (const command of commands) await events.change(command);
    const seen = await events.until("vhost.deleted");
    const [vhost] = seen.filter(({ key }) => key === "vhost.created");
    expect(vhost?.headers).toMatchObject({ name: "v1", description: "d", tracing: false });
    const rest = seen.filter(({ key }) => !key.startsWith("exchange.") && key !== "vhost.created");
    const by = { user_who_performed_action: "rmq-cli" };
    const set = {
      pattern: "^a",
      definition: { "max-length": 3 },
      priority: 0,
      "apply-to": "queues",
    };
    const ofVhost = { ...by, vhost: "v1" };
    expect(rest).toEqual([
      {
        key: "parameter.set",
        headers: {
          ...ofVhost,
          component: "vhost-limits",
          name: "limits",
          value: { "max-queues": 9 },
        },
      },
      { key: "vhost.limits.set", headers: { ...by, name: "limits", "max-queues": 9 } },
      {
        key: "parameter.cleared",
        headers: { ...ofVhost, component: "vhost-limits", name: "limits" },
      },
      { key: "vhost.limits.cleared", headers: { ...by, name: "limits" } },
      { key: "policy.set", headers: { ...ofVhost, name: "p1", ...set } },
      { key: "policy.cleared", headers: { ...ofVhost, name: "p1" } },
      {
        key: "parameter.set",
        headers: { ...ofVhost, component: "operator_policy", name: "p1", value: set },
      },
      { key: "policy.set", headers: { ...ofVhost, name: "p1", ...set } },
      {
        key: "parameter.cleared",
        headers: { ...ofVhost, component: "operator_policy", name: "p1" },
      },
      { key: "operator.policy.cleared", headers: { ...ofVhost, name: "p1" } },
      {
        key: "parameter.set",
        headers: { ...by, component: "global", name: "gp", value: { a: 1 } },
      },
      { key: "vhost.deleted", headers: { ...by, name: "v1" } },
    ]);
    const exchanges = seen.filter(({ key }) => key.startsWith("exchange."));
    expect(exchanges.map(({ key }) => key)).toEqual([
      ...new Array<string>(7).fill("exchange.created"),
      ...new Array<string>(7).fill("exchange.deleted"),
    ]);
  });
});
