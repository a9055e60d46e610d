import { type ChannelModel, connect } from "amqplib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type EmbeddedBroker, startBroker } from "../../src/index.ts";
import { connectSilently, refusalOf } from "../embed/silent-client.ts";

const NODE_CONNECTIONS_MAX = 6;
const NODE_CHANNELS_MAX = 4;

const ME = { user: "me", password: "pw" } as const;

let broker: EmbeddedBroker;
const open: ChannelModel[] = [];

beforeEach(async () => {
  open.length = 0;
  broker = await startBroker({
    configure: (config) => ({
      ...config,
      limits: {
        ...config.limits,
        connectionMax: NODE_CONNECTIONS_MAX,
        channelMaxPerNode: NODE_CHANNELS_MAX,
      },
    }),
  });
  broker.addUser("me", "pw");
});

afterEach(async () => {
  await broker.stop();
});

async function login(user = "guest", password = "guest", vhost = "/"): Promise<ChannelModel> {
  const connection = await connect(broker.urlFor({ user, password, vhost }));
  connection.on("error", () => undefined);
  open.push(connection);
  return connection;
}

function limitVhost(max: number): void {
  broker.apply({
    type: "setVhostLimits",
    vhost: "/",
    limits: new Map([["max-connections", max]]),
    merge: true,
  });
}

/** Why the broker closes a connection when one more channel is opened on it. */
async function refusedChannel(connection: ChannelModel): Promise<string> {
  const failed = new Promise<Error>((resolve) => connection.once("error", resolve));
  await expect(connection.createChannel()).rejects.toThrow();
  return (await failed).message;
}

describe("the limit on connections", () => {
  test("of a vhost is told with 530, and a closed connection makes room", async () => {
    limitVhost(1);
    const first = await login();
    expect(await refusalOf(broker)).toBe(
      "530 NOT_ALLOWED - access to vhost '/' refused for user 'guest': connection limit (1) is reached",
    );
    await first.close();
    await login();
  });

  test("of a vhost may be 0, and -1 lifts it", async () => {
    limitVhost(0);
    expect(await refusalOf(broker)).toContain("connection limit (0) is reached");
    limitVhost(-1);
    await login();
  });

  test("of a user holds for that user in all vhosts", async () => {
    broker.addVhost("other");
    broker.addUser("me", "pw");
    const limits = new Map([["max-connections", 2]]);
    broker.apply({ type: "setUserLimits", name: "me", limits });
    await login("me", "pw");
    await login("me", "pw", "other");
    expect(await refusalOf(broker, ME)).toBe(
      "530 NOT_ALLOWED - connection refused for user 'me': user connection limit (2) is reached",
    );
    await login();
  });

  test("of the node holds for everybody", async () => {
    for (let count = 0; count < NODE_CONNECTIONS_MAX; count++) await login();
    expect(await refusalOf(broker, ME)).toBe(
      `530 NOT_ALLOWED - connection refused: node connection limit (${NODE_CONNECTIONS_MAX}) is reached`,
    );
  });

  test("counts no connection twice, however it ends", async () => {
    limitVhost(1);
    await (await login()).close();
    for (const end of ["drop", "force"]) {
      const connection = await login();
      const closed = new Promise((resolve) => connection.once("close", resolve));
      if (end === "drop") broker.dropConnections();
      else broker.closeConnections("test");
      await closed;
      await expect.poll(() => broker.connections()).toEqual([]);
    }
    (await connectSilently(broker)).destroy();
    await expect.poll(() => broker.connections()).toEqual([]);
    await login();
    expect(await refusalOf(broker)).toContain("connection limit (1) is reached");
  });

  test("does not count who was refused", async () => {
    limitVhost(1);
    await expect(login("me", "wrong")).rejects.toThrow("ACCESS_REFUSED");
    expect(await refusalOf(broker, { vhost: "nowhere" })).toContain("vhost nowhere not found");
    broker.apply({ type: "clearPermissions", user: "me", vhost: "/" });
    expect(await refusalOf(broker, ME)).toContain("access to vhost '/' refused for user 'me'");
    await login();
  });
});

describe("the limit on channels", () => {
  test("of a user closes the connection that asks for one more", async () => {
    broker.apply({ type: "setUserLimits", name: "me", limits: new Map([["max-channels", 2]]) });
    const first = await login("me", "pw");
    const second = await login("me", "pw");
    const channel = await first.createChannel();
    await second.createChannel();
    expect(await refusedChannel(second)).toContain(
      "NOT_ALLOWED - number of channels opened for user 'me' has reached the maximum allowed user limit of (2)",
    );
    await channel.close();
    await first.createChannel();
    await first.createChannel();
  });

  test("of the node holds for everybody, and channels of a dropped connection count no more", async () => {
    const first = await login();
    const second = await login("me", "pw");
    for (let count = 0; count < NODE_CHANNELS_MAX; count++) await first.createChannel();
    expect(await refusedChannel(second)).toMatch(
      /number of channels opened on node '.*' has reached the maximum allowed limit of \(4\)/,
    );
    broker.dropConnections();
    await expect.poll(() => broker.connections()).toEqual([]);
    const third = await login();
    for (let count = 0; count < NODE_CHANNELS_MAX; count++) await third.createChannel();
  });
});
