import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EmbeddedBroker } from "../../src/embed/embedded-broker.ts";
import { startBroker } from "../../src/embed/start-broker.ts";

let broker: EmbeddedBroker;

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what the API answers
  readonly body: any;
}

async function api(
  method: string,
  path: string,
  body?: unknown,
  user = "guest:guest",
): Promise<Answer> {
  const answer = await fetch(`http://127.0.0.1:${broker.managementPort}/api/${path}`, {
    method,
    headers: { authorization: `Basic ${Buffer.from(user).toString("base64")}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? undefined : JSON.parse(text) };
}

function publish(queue: string, payload: string, headers: object = {}): Promise<Answer> {
  const properties = { delivery_mode: 2, headers };
  return api("POST", "exchanges/%2F/amq.default/publish", {
    routing_key: queue,
    payload,
    payload_encoding: "string",
    properties,
  });
}

async function bodiesIn(queue: string): Promise<string[]> {
  const { body } = await api("GET", `leveret/queues/%2F/${queue}/peek?count=100`);
  return body.map(({ payload }: { payload: string }) => payload);
}

function declare(queue: string, args: object = {}): Promise<Answer> {
  return api("PUT", `queues/%2F/${queue}`, { durable: true, arguments: args });
}

beforeAll(async () => {
  broker = await startBroker({ managementPort: 0 });
  await api("PUT", "users/reader", { password: "secret", tags: "management" });
  await api("PUT", "permissions/%2F/reader", { configure: "", write: "", read: "^open" });
});

afterAll(() => broker.stop());

describe("a look at messages", () => {
  it("leaves them as they are, in their order", async () => {
    await declare("open");
    for (const text of ["a", "b", "c"]) await publish("open", text);
    const { body } = await api("GET", "leveret/queues/%2F/open/peek?count=2&offset=1");
    expect(body).toMatchObject([
      {
        position: 1,
        payload: "b",
        redelivered: false,
        message_count: 3,
        properties: { delivery_mode: 2 },
      },
      { position: 2, payload: "c" },
    ]);
    expect(await bodiesIn("open")).toEqual(["a", "b", "c"]);
  });

  it("needs the permission to read, a queue, and sensible figures", async () => {
    await declare("closed");
    expect(
      (await api("GET", "leveret/queues/%2F/open/peek", undefined, "reader:secret")).status,
    ).toBe(200);
    expect(
      (await api("GET", "leveret/queues/%2F/closed/peek", undefined, "reader:secret")).status,
    ).toBe(401);
    expect((await api("GET", "leveret/queues/%2F/none/peek")).status).toBe(404);
    expect((await api("GET", "leveret/queues/%2F/open/peek?count=0")).status).toBe(400);
    expect((await api("GET", "leveret/queues/%2F/open/peek?count=x")).status).toBe(400);
  });
});

describe("messages are moved", () => {
  it("to another queue, those at the head first, with all that they are made of", async () => {
    await Promise.all([declare("from"), declare("to")]);
    for (const text of ["1", "2", "3"]) await publish("from", text, { kind: "k" });
    const moved = await api("POST", "leveret/queues/%2F/from/move", { count: 2, to_queue: "to" });
    expect(moved.body).toEqual({ moved: 2, left: 0, refused: false });
    expect([await bodiesIn("from"), await bodiesIn("to")]).toEqual([["3"], ["1", "2"]]);
    const { body } = await api("GET", "leveret/queues/%2F/to/peek");
    expect(body[0].properties).toMatchObject({ delivery_mode: 2, headers: { kind: "k" } });
  });

  it("back to where they became dead letters; others stay", async () => {
    await declare("dead");
    await declare("origin", { "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead" });
    await publish("dead", "no dead letter");
    await publish("origin", "dead letter");
    await api("POST", "queues/%2F/origin/get", {
      count: 1,
      ackmode: "reject_requeue_false",
      encoding: "auto",
    });
    await expect.poll(() => bodiesIn("dead")).toEqual(["no dead letter", "dead letter"]);
    const moved = await api("POST", "leveret/queues/%2F/dead/move", { count: 10, to_origin: true });
    expect(moved.body).toEqual({ moved: 1, left: 1, refused: false });
    await expect.poll(() => bodiesIn("dead")).toEqual(["no dead letter"]);
    expect(await bodiesIn("origin")).toEqual(["dead letter"]);
  });

  it("no further than the other queue takes them, and none is lost", async () => {
    await declare("many");
    await declare("small", { "x-max-length": 1, "x-overflow": "reject-publish" });
    for (const text of ["1", "2", "3"]) await publish("many", text);
    const full = await api("POST", "leveret/queues/%2F/many/move", { count: 3, to_queue: "small" });
    expect(full.body).toEqual({ moved: 1, left: 1, refused: true });
    await expect.poll(() => bodiesIn("many")).toEqual(["2", "3"]);
    const missing = await api("POST", "leveret/queues/%2F/many/move", {
      count: 3,
      to_queue: "nowhere",
    });
    expect(missing.body).toEqual({ moved: 0, left: 1, refused: true });
    await expect.poll(() => bodiesIn("many")).toEqual(["2", "3"]);
  });

  it("only by who may, and with an answer to where", async () => {
    await declare("open.from");
    await publish("open.from", "1");
    const refused = await api(
      "POST",
      "leveret/queues/%2F/open.from/move",
      { count: 1, to_queue: "to" },
      "reader:secret",
    );
    expect(refused.status).toBe(401);
    expect((await api("POST", "leveret/queues/%2F/open.from/move", { count: 1 })).status).toBe(400);
    expect(
      (await api("POST", "leveret/queues/%2F/open.from/move", { count: 0, to_queue: "to" })).status,
    ).toBe(400);
    expect(
      (await api("POST", "leveret/queues/%2F/gone/move", { count: 1, to_queue: "to" })).status,
    ).toBe(404);
    expect(await bodiesIn("open.from")).toEqual(["1"]);
  });
});

describe("access is tried", () => {
  const ask = (query: string) => api("GET", `leveret/users/reader/access?vhost=%2F&${query}`);

  it("by the permissions that clients meet", async () => {
    expect((await ask("permission=read&name=open.q")).body).toMatchObject({ allowed: true });
    const { body } = await ask("permission=write&name=open.q");
    expect(body).toMatchObject({ allowed: false });
    expect(body.reason).toMatch(
      /write access to queue 'open.q' in vhost '\/' refused for user 'reader'/,
    );
  });

  it("with the topic permission, if there is a routing key", async () => {
    await api("PUT", "permissions/%2F/reader", { configure: "", write: "^topics$", read: "^open" });
    await api("PUT", "topic-permissions/%2F/reader", {
      exchange: "topics",
      write: "^a\\.",
      read: "",
    });
    expect((await ask("permission=write&name=topics&routing_key=a.b")).body.allowed).toBe(true);
    expect((await ask("permission=write&name=topics&routing_key=b.b")).body.allowed).toBe(false);
  });

  it("for administrators, of users and virtual hosts that exist", async () => {
    expect(
      (await api("GET", "leveret/users/reader/access?permission=read", undefined, "reader:secret"))
        .status,
    ).toBe(401);
    expect((await api("GET", "leveret/users/nobody/access?permission=read")).status).toBe(404);
    expect(
      (await api("GET", "leveret/users/reader/access?permission=read&vhost=none")).status,
    ).toBe(404);
    expect((await ask("permission=fly")).status).toBe(400);
  });
});
