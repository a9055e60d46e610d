import type { IncomingMessage } from "node:http";
import { describe, expect, test } from "vitest";
import type { AuthConfig, BackendKind } from "../../src/config/config.ts";
import { defaultConfig } from "../../src/config/load-config.ts";
import { AuthRig, errorOf, WebService } from "./auth-rig.ts";

/** What the service answers. What it was asked in these tests was compared with what RabbitMQ 3.10.8 asks for the same actions. */
type Answers = (path: string, parameters: URLSearchParams) => string | undefined;

class Service {
  readonly asked: string[] = [];
  answers: Answers;

  constructor(answers: Answers) {
    this.answers = answers;
  }

  readonly answer = (
    request: IncomingMessage,
    body: string,
  ): { status?: number; text: string } | undefined => {
    const url = new URL(request.url ?? "", "http://localhost");
    const parameters = body === "" ? url.searchParams : new URLSearchParams(body);
    this.asked.push(`${request.method} ${url.pathname} ${parameters}`);
    const text = this.answers(url.pathname, parameters);
    return text === undefined ? undefined : { text };
  };
}

const ALLOW_ALL: Answers = (path) => (path === "/user" ? "allow management monitoring" : "allow");

async function start(
  service: Service,
  change: Partial<AuthConfig["http"]> = {},
  chain: readonly BackendKind[] = ["http"],
): Promise<{ rig: AuthRig; web: WebService; [Symbol.asyncDispose](): Promise<void> }> {
  const web = await WebService.start(service.answer);
  const rig = await AuthRig.start({
    backends: chain.map((kind) => ({ authn: kind, authz: kind })),
    http: {
      ...defaultConfig().auth.http,
      userPath: `${web.url}/user`,
      vhostPath: `${web.url}/vhost`,
      resourcePath: `${web.url}/resource`,
      topicPath: `${web.url}/topic`,
      ...change,
    },
  });
  return {
    rig,
    web,
    [Symbol.asyncDispose]: async () => {
      await rig[Symbol.asyncDispose]();
      await web[Symbol.asyncDispose]();
    },
  };
}

describe("users of an HTTP service", () => {
  test("log in, publish and consume; the service is asked as RabbitMQ asks", async () => {
    const service = new Service(ALLOW_ALL);
    await using started = await start(service);
    const connection = await started.rig.connect("ann", "p&ss wörd");
    const channel = await connection.createChannel();
    await channel.assertQueue("q/1", { exclusive: true });
    await channel.assertExchange("topics", "topic", { durable: false });
    await channel.bindQueue("q/1", "topics", "a.#");
    channel.publish("topics", "a.b", Buffer.from("hello"));
    channel.publish("topics", "a.b", Buffer.from("again"));
    await channel.assertQueue("q/1", { exclusive: true });
    const messages = [await channel.get("q/1"), await channel.get("q/1")];
    expect(messages.map((message) => message && message.content.toString())).toEqual([
      "hello",
      "again",
    ]);
    await connection.close();
    const user = "username=ann";
    const tags = "tags=management+monitoring";
    const resource = (kind: string, name: string, permission: string): string =>
      `GET /resource ${user}&vhost=%2F&resource=${kind}&name=${name}&permission=${permission}&${tags}`;
    const topic = (permission: string, key: string): string =>
      `GET /topic ${user}&vhost=%2F&resource=topic&name=topics&permission=${permission}&${tags}&routing_key=${key}&variable_map.username=ann&variable_map.vhost=%2F`;
    expect(service.asked).toEqual([
      `GET /user ${user}&password=p%26ss+w%C3%B6rd`,
      `GET /vhost ${user}&vhost=%2F&ip=127.0.0.1&${tags}`,
      resource("queue", "q%2F1", "configure"),
      resource("exchange", "topics", "configure"),
      resource("queue", "q%2F1", "write"),
      resource("exchange", "topics", "read"),
      topic("read", "a.%23"),
      resource("exchange", "topics", "write"),
      topic("write", "a.b"),
      resource("queue", "q%2F1", "read"),
    ]);
  });

  test("by POST nothing stands in the URL", async () => {
    const service = new Service(ALLOW_ALL);
    await using started = await start(service, { method: "post" });
    const connection = await started.rig.connect("ann", "secret");
    await connection.close();
    expect(service.asked).toEqual([
      "POST /user username=ann&password=secret",
      "POST /vhost username=ann&vhost=%2F&ip=127.0.0.1&tags=management+monitoring",
    ]);
  });

  test.each(["deny", "Deny", "deny because of the moon"])("%s is a refused login", async (text) => {
    await using started = await start(new Service(() => text));
    const error = await errorOf(started.rig.connect("ann", "secret"));
    expect(error).toMatch(/ACCESS.REFUSED/);
    expect(error).not.toContain("moon");
  });

  test.each([
    ["a status of failure", (): string => "allow", 500],
    ["an answer of another kind", (): string => "perhaps", 200],
    ["an answer without end", (): string => "a".repeat(70_000), 200],
  ])("%s lets nobody in", async (_name, text, status) => {
    await using web = await WebService.start(() => ({ status, text: text() }));
    const http = { ...defaultConfig().auth.http, userPath: web.url };
    const backends = [{ authn: "http", authz: "http" }] as const;
    await using rig = await AuthRig.start({ backends, http });
    expect(await errorOf(rig.connect("ann", "secret"))).toMatch(/ACCESS.REFUSED/);
    expect(rig.log).toContain("rabbit_auth_backend_http");
  });

  test("a service that does not answer is not waited for longer than its time", async () => {
    const service = new Service(() => undefined);
    await using started = await start(service, { requestTimeoutMs: 50 });
    expect(await errorOf(started.rig.connect("ann", "secret"))).toMatch(/ACCESS.REFUSED/);
    expect(started.rig.log).toContain("no answer within 50 ms");
  });

  test("a service that is not there leaves the broker's own users their way in", async () => {
    const service = new Service(() => undefined);
    await using started = await start(service, { userPath: "http://127.0.0.1:1/" }, [
      "http",
      "internal",
    ]);
    const connection = await started.rig.connect("guest", "guest");
    await connection.close();
  });

  test("a connection that the service has closed in the meantime is no fault", async () => {
    const service = new Service(ALLOW_ALL);
    await using started = await start(service);
    for (let i = 0; i < 3; i++) {
      const connection = await started.rig.connect("ann", "secret");
      await connection.close();
      started.web.dropConnections();
    }
    expect(started.rig.log).not.toContain("could not tell");
  });

  test("a vhost, a resource or a topic that is denied is refused in RabbitMQ's words", async () => {
    const allowed = new Set(["/user ann", "/vhost /", "/resource mine", "/topic a"]);
    const asked = { "/vhost": "vhost", "/resource": "name", "/topic": "routing_key" };
    const service = new Service((path, parameters) => {
      const parameter = Object.entries(asked).find(([key]) => key === path)?.[1] ?? "username";
      return allowed.has(`${path} ${parameters.get(parameter)}`) ? "allow" : "deny";
    });
    await using started = await start(service);
    const { rig } = started;
    await new Promise((done) =>
      rig.node.administration.apply({ type: "addVhost", name: "other" }, done),
    );
    expect(await errorOf(rig.connect("ann", "secret", "other"))).toContain("ConnectionClose");
    expect(rig.log).toContain("NOT_ALLOWED - access to vhost 'other' refused for user 'ann'");
    const connection = await rig.connect("ann", "secret");
    const refused = await connection.createChannel();
    refused.on("error", () => undefined);
    expect(await errorOf(refused.assertQueue("yours"))).toContain(
      "configure access to queue 'yours' in vhost '/' refused for user 'ann'",
    );
    const channel = await connection.createConfirmChannel();
    await channel.assertExchange("mine", "topic", { durable: false });
    const closed = new Promise<Error>((resolve) => channel.on("error", resolve));
    channel.publish("mine", "a", Buffer.from("x"));
    channel.publish("mine", "b", Buffer.from("x"));
    expect((await closed).message).toContain(
      "write access to topic 'b' in exchange 'mine' in vhost '/' refused for user 'ann'",
    );
    await connection.close();
  });

  test("publishes that wait for their permission keep their order and their bytes", async () => {
    const service = new Service(ALLOW_ALL);
    await using started = await start(service);
    const connection = await started.rig.connect("ann", "secret");
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue("q", { exclusive: true });
    await channel.assertExchange("topics", "topic", { durable: false });
    await channel.bindQueue("q", "topics", "#");
    const bodies = ["", "x", "y".repeat(5000), "z".repeat(300_000), "end"];
    const confirmed = bodies.map(
      (body, index) =>
        new Promise<void>((resolve, reject) => {
          const headers = { number: index, CC: [`copy-${index}`] };
          channel.publish("topics", `key-${index}`, Buffer.from(body), { headers }, (error) =>
            error === null ? resolve() : reject(error),
          );
        }),
    );
    await Promise.all(confirmed);
    for (const [index, body] of bodies.entries()) {
      const message = await channel.get("q");
      if (message === false) throw new Error(`message ${index} is missing`);
      expect(message.content.toString() === body).toBe(true);
      expect(message.properties.headers?.["number"]).toBe(index);
      expect(message.fields.routingKey).toBe(`key-${index}`);
    }
    expect(
      service.asked.filter((question) => question.includes("routing_key=copy-4")),
    ).toHaveLength(1);
    await connection.close();
  });

  test("a made-up queue name stays the same while its permission is asked for", async () => {
    const service = new Service(ALLOW_ALL);
    await using started = await start(service);
    const connection = await started.rig.connect("ann", "secret");
    const channel = await connection.createChannel();
    const { queue } = await channel.assertQueue("", { exclusive: true });
    expect(service.asked.filter((question) => question.includes("resource=queue"))).toEqual([
      expect.stringContaining(`name=${queue}`),
    ]);
    await connection.close();
  });

  test("a client that goes while its permission is asked for leaves nothing behind", async () => {
    const service = new Service((path) => (path === "/resource" ? undefined : "allow"));
    await using started = await start(service, { requestTimeoutMs: 200 });
    const connection = await started.rig.connect("ann", "secret");
    const channel = await connection.createChannel();
    channel.on("error", () => undefined);
    void channel.assertQueue("q").catch(() => undefined);
    await expect
      .poll(() => service.asked.some((question) => question.includes("/resource")))
      .toBe(true);
    for (const server of started.rig.node.broker.connections) server.destroy();
    await expect.poll(() => started.rig.node.broker.connectionCount).toBe(0);
  });

  test("when a backend cannot tell, the client hears so and may ask again", async () => {
    let isUp = false;
    const service = new Service((path) => {
      if (path === "/resource") return isUp ? "allow" : "what?";
      return "allow";
    });
    await using started = await start(service);
    const connection = await started.rig.connect("ann", "secret");
    const first = await connection.createChannel();
    first.on("error", () => undefined);
    expect(await errorOf(first.assertQueue("q"))).toContain(
      "refused for user 'ann', backend rabbit_auth_backend_http returned an error",
    );
    isUp = true;
    const second = await connection.createChannel();
    await second.assertQueue("q", { exclusive: true });
    await connection.close();
  });
});

describe("with a cache in front", () => {
  const cached = { authn: "http", authz: "http", ttlMs: 60_000, hasRefusals: false } as const;

  test("the service is asked once for several connections", async () => {
    const service = new Service(ALLOW_ALL);
    await using web = await WebService.start(service.answer);
    const http = {
      ...defaultConfig().auth.http,
      userPath: `${web.url}/user`,
      vhostPath: `${web.url}/vhost`,
      resourcePath: `${web.url}/resource`,
    };
    const backends = [{ authn: "cache", authz: "cache" }] as const;
    await using rig = await AuthRig.start({ backends, http, cache: cached });
    for (let i = 0; i < 3; i++) {
      const connection = await rig.connect("ann", "secret");
      const channel = await connection.createChannel();
      await channel.assertQueue("q", { autoDelete: true });
      await connection.close();
    }
    expect(service.asked).toHaveLength(3);
    expect(await errorOf(rig.connect("ann", "wrong"))).toBe("no error");
    expect(service.asked.filter((question) => question.includes("/user"))).toHaveLength(2);
  });
});
