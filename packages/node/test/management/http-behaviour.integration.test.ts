import { connect } from "node:net";
import { gunzipSync, inflateSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Config, ManagementHttpConfig } from "../../src/config/config.ts";
import { ManagedBroker } from "./managed-broker.ts";
import { sendRequest } from "./send-request.ts";

/** Before any broker was started. */
const GLOBALS = [globalThis.Request, globalThis.Response];

let broker: ManagedBroker;

beforeAll(async () => {
  broker = await ManagedBroker.start();
});

afterAll(async () => {
  expect(broker.internalErrors).toEqual([]);
  await broker[Symbol.asyncDispose]();
});

describe("paths", () => {
  test.each([
    ["/", "slash"],
    ["%", "percent"],
    ["#", "hash"],
    ["?", "question mark"],
    ["é", "accent"],
    ["with blanks", "blanks"],
    ["a+b", "plus"],
    ["..", "dots"],
    ["%2F", "the code of a slash"],
    ["\u{1f407}", "a rabbit"],
    ["{vhost}", "braces"],
    [":vhost", "a colon"],
    ["*", "an asterisk"],
    ["__proto__", "a property of objects"],
  ])("a vhost and a user named %j (%s) can be made, read and deleted", async (name) => {
    const encoded = encodeURIComponent(name).replaceAll(".", "%2E");
    const existed = name === "/";
    expect((await broker.ask("PUT", `/vhosts/${encoded}`)).status).toBe(existed ? 204 : 201);
    expect((await broker.get(`/vhosts/${encoded}`)).body.name).toBe(name);
    expect((await broker.get(`/permissions/${encoded}/guest`)).body.vhost).toBe(name);
    const user = { password: "p", tags: "" };
    expect((await broker.ask("PUT", `/users/${encoded}`, { body: user })).status).toBe(201);
    expect((await broker.get(`/users/${encoded}`)).body.name).toBe(name);
    expect((await broker.ask("DELETE", `/users/${encoded}`)).status).toBe(204);
    if (existed) return;
    expect((await broker.ask("DELETE", `/vhosts/${encoded}`)).status).toBe(204);
    expect((await broker.get(`/vhosts/${encoded}`)).status).toBe(404);
  });

  test("a slash at the end is ignored", async () => {
    expect((await broker.get("/users/")).status).toBe(200);
    expect((await broker.get("/permissions/")).status).toBe(200);
  });

  test("a path that is not percent-encoded UTF-8 is refused", async () => {
    for (const bad of ["%", "%2", "%zz", "%ff", "%c3", "%e9"]) {
      expect((await broker.get(`/vhosts/${bad}`)).status).toBe(400);
    }
  });

  test("a name that is too long is refused", async () => {
    expect((await broker.ask("PUT", `/vhosts/${"v".repeat(256)}`)).status).toBe(400);
    const accented = encodeURIComponent("é".repeat(128));
    expect((await broker.ask("PUT", `/vhosts/${accented}`)).status).toBe(400);
  });

  test("what there is not is not found, before anybody has to log in", async () => {
    const { status, body } = await broker.get("/nothing", { auth: undefined });
    expect(status).toBe(404);
    expect(body).toEqual({ error: "Object Not Found", reason: "Not Found" });
  });

  test("a method that a path does not have is answered with those that it has", async () => {
    const { status, headers } = await broker.ask("POST", "/whoami");
    expect(status).toBe(405);
    expect(headers.allow).toBe("HEAD, GET, OPTIONS");
  });

  test("HEAD and OPTIONS work", async () => {
    const head = await broker.ask("HEAD", "/overview");
    expect([head.status, head.bytes.length]).toEqual([200, 0]);
    const options = await broker.ask("OPTIONS", "/users/guest", { auth: undefined });
    expect([options.status, options.headers.allow]).toEqual([
      200,
      "HEAD, GET, PUT, DELETE, OPTIONS",
    ]);
  });
});

describe("logins", () => {
  test("no or a wrong login is challenged, but not the script of a page", async () => {
    for (const auth of [undefined, "guest:wrong", "nobody:guest", ":"]) {
      const { status, headers, body } = await broker.get("/whoami", { auth });
      expect(status).toBe(401);
      expect(body).toEqual({ error: "not_authorized", reason: "Login failed" });
      expect(headers["www-authenticate"]).toBe('Basic realm="RabbitMQ Management"');
    }
    for (const mark of [{ "x-requested-with": "XMLHttpRequest" }, { "sec-fetch-mode": "cors" }]) {
      const { status, headers } = await broker.get("/whoami", { auth: undefined, headers: mark });
      expect([status, headers["www-authenticate"]]).toEqual([401, undefined]);
    }
  });

  test("credentials that cannot be understood are no login", async () => {
    for (const authorization of [
      "Basic",
      "Basic !!!",
      "Bearer x",
      "Basic Z3Vlc3Q=",
      "x".repeat(9000),
    ]) {
      const { status } = await broker.get("/whoami", {
        auth: undefined,
        headers: { authorization },
      });
      expect(status).toBe(401);
    }
  });
});

test("POST /login tells who it is, by header, form or JSON, and refuses others", async () => {
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const right = { name: "guest", tags: ["administrator"] };
  const asked = [
    { auth: "guest:guest" },
    { auth: undefined, body: { username: "guest", password: "guest" } },
    { auth: undefined, body: "username=guest&password=guest", headers: form },
  ];
  for (const question of asked) {
    expect((await broker.ask("POST", "/login", question)).body).toEqual(right);
  }
  const wrong = { auth: undefined, body: "username=guest&password=x", headers: form };
  expect((await broker.ask("POST", "/login", wrong)).status).toBe(401);
  const large = { auth: undefined, body: { username: "x".repeat(20_000), password: "p" } };
  expect((await broker.ask("POST", "/login", large)).status).toBe(400);
});

describe("bodies", () => {
  test("are JSON, whatever their type says", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "nonsense"]) {
      const headers = { "content-type": type };
      const body = '{"description":"d","tracing":"false"}';
      expect((await broker.ask("PUT", "/vhosts/typed", { headers, body })).status).toBeLessThan(
        205,
      );
    }
    expect((await broker.get("/vhosts/typed")).body.description).toBe("d");
  });

  test.each([
    ["not JSON", "{", "not_json"],
    ["an array", "[]", undefined],
    ["a text", '"x"', undefined],
    ["a value of another kind", '{"description":5}', undefined],
    ["deeply nested", "[".repeat(100_000), "not_json"],
  ])("that are %s are refused", async (_what, body, reason) => {
    const answer = await broker.ask("PUT", "/vhosts/refused", { body });
    expect(answer.status).toBe(400);
    expect(answer.body.error).toBe("bad_request");
    if (reason !== undefined) expect(answer.body.reason).toBe(reason);
    expect((await broker.get("/vhosts/refused")).status).toBe(404);
  });

  test("that are too large are refused, announced or not", async () => {
    await using small = await ManagedBroker.start({ configure: withHttp({ bodySizeMax: 1000 }) });
    const body = JSON.stringify({ description: "x".repeat(2000) });
    expect((await small.ask("PUT", "/vhosts/big", { body })).status).toBe(400);
    expect(await untilClosed(small.port, chunkedPut(body))).toContain("400 Bad Request");
    expect((await small.get("/vhosts/big")).status).toBe(404);
  });

  test("from who is not logged in are not read", async () => {
    const { status } = await broker.ask("PUT", "/vhosts/x", { auth: undefined, body: "{" });
    expect(status).toBe(401);
  });
});

describe("the server", () => {
  test("drops a client that takes too long to send its request", async () => {
    await using slow = await ManagedBroker.start({ configure: withTimeout(200) });
    const head = "PUT /api/vhosts/x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n";
    expect(await untilClosed(slow.port, head)).toContain("408");
    expect(
      await untilClosed(slow.port, `${head}Authorization: Basic Z3Vlc3Q6Z3Vlc3Q=\r\n\r\n{`),
    ).toMatch(/408|^$/);
  });

  test("refuses headers that are too large, and what is no HTTP", async () => {
    const large = `GET /api/whoami HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(40_000)}\r\n\r\n`;
    expect(await untilClosed(broker.port, large)).toContain("431");
    expect(await untilClosed(broker.port, "AMQP\0\0\t\u0001")).toContain("400");
    expect((await broker.get("/whoami")).status).toBe(200);
  });

  test("answers health checks of HTTP/1.0, without a host", async () => {
    const authorization = "Authorization: Basic Z3Vlc3Q6Z3Vlc3Q=";
    const check = `GET /api/health/checks/alarms HTTP/1.0\r\n${authorization}\r\n\r\n`;
    expect(await untilClosed(broker.port, check)).toMatch(
      /^HTTP\/1.1 200 OK[\s\S]*{"status":"ok"}$/,
    );
  });

  test("leaves the globals of its program alone", () => {
    expect([globalThis.Request, globalThis.Response]).toEqual(GLOBALS);
  });

  test("compresses long answers for those who accept it", async () => {
    const gzip = await broker.get("/overview", { headers: { "accept-encoding": "gzip" } });
    expect(gzip.headers["content-encoding"]).toBe("gzip");
    expect(JSON.parse(gunzipSync(gzip.bytes).toString()).rabbitmq_version).toBe("3.13.7");
    const deflate = await broker.get("/overview", { headers: { "accept-encoding": "deflate" } });
    expect(deflate.headers["content-encoding"]).toBe("deflate");
    expect(JSON.parse(inflateSync(deflate.bytes).toString()).rabbitmq_version).toBe("3.13.7");
    const short = await broker.get("/whoami", { headers: { "accept-encoding": "gzip" } });
    expect(short.headers["content-encoding"]).toBeUndefined();
  });

  test("allows other origins only if they are configured", async () => {
    const headers = { origin: "https://ours.example" };
    const silent = await broker.get("/whoami", { headers });
    expect(silent.headers["access-control-allow-origin"]).toBeUndefined();
    const cors = { allowOrigins: ["https://ours.example"], maxAgeSeconds: 60 };
    await using open = await ManagedBroker.start({ configure: withHttp({ cors }) });
    const told = await open.get("/whoami", { headers });
    expect(told.headers["access-control-allow-origin"]).toBe("https://ours.example");
    const other = await open.get("/whoami", { headers: { origin: "https://theirs.example" } });
    expect(other.headers["access-control-allow-origin"]).toBeUndefined();
    const refused = await open.get("/whoami", { headers, auth: undefined });
    expect(refused.status).toBe(401);
    expect(refused.headers["access-control-allow-origin"]).toBe("https://ours.example");
    const missing = await open.get("/users/nosuch", { headers });
    expect(missing.headers["access-control-allow-origin"]).toBe("https://ours.example");
    const preflight = await open.ask("OPTIONS", "/whoami", {
      auth: undefined,
      headers: { ...headers, "access-control-request-method": "PUT" },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers["access-control-max-age"]).toBe("60");
  });

  test("serves below a prefix, with headers of the configuration", async () => {
    const headers = { "x-frame-options": "DENY" };
    const configure = withHttp({ pathPrefix: "/rabbit", headers });
    await using prefixed = await ManagedBroker.start({ configure });
    const asked = (path: string) =>
      sendRequest(prefixed.port, "GET", path, { auth: "guest:guest" });
    const found = await asked("/rabbit/api/whoami");
    expect([found.status, found.headers["x-frame-options"]]).toEqual([200, "DENY"]);
    for (const path of ["/api/whoami", "/rabbitapi/whoami", "/"]) {
      expect((await asked(path)).status).toBe(404);
    }
  });

  test("says so while the app of the node is stopped, and goes on after its start", async () => {
    await using stopped = await ManagedBroker.start();
    await stopped.shell.stopApp();
    const { status, body } = await stopped.get("/whoami");
    expect([status, body.error]).toEqual([503, "service_unavailable"]);
    await stopped.shell.startApp();
    expect((await stopped.get("/whoami")).status).toBe(200);
  });
});

function withHttp(http: Partial<ManagementHttpConfig>): (config: Config) => Config {
  return (config) => ({
    ...config,
    management: { ...config.management, http: { ...config.management.http, ...http } },
  });
}

function withTimeout(requestTimeoutMs: number): (config: Config) => Config {
  return (config) => {
    const listeners = config.management.listeners.map((listener) => ({
      ...listener,
      requestTimeoutMs,
    }));
    return { ...config, management: { ...config.management, listeners } };
  };
}

function chunkedPut(body: string): string {
  const chunks = [body, ""].map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`);
  return (
    "PUT /api/vhosts/big HTTP/1.1\r\nHost: x\r\nAuthorization: Basic Z3Vlc3Q6Z3Vlc3Q=\r\n" +
    `Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n${chunks.join("")}`
  );
}

/** All that the server sends until it ends the connection. */
function untilClosed(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let received = "";
    const socket = connect({ port, host: "127.0.0.1" }, () => socket.write(bytes));
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(received));
  });
}
