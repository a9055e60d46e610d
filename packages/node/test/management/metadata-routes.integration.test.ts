import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ManagedBroker } from "./managed-broker.ts";

let broker: ManagedBroker;

beforeAll(async () => {
  broker = await ManagedBroker.start();
  await broker.ask("PUT", "/vhosts/v");
  await broker.ask("PUT", "/users/clerk", { body: { password: "p", tags: "management" } });
});

afterAll(async () => {
  expect(broker.internalErrors).toEqual([]);
  await broker[Symbol.asyncDispose]();
});

const CLERK = { auth: "clerk:p" };
const VHOST_NOT_FOUND = { error: "not_found", reason: "vhost_not_found" };

async function told(
  method: string,
  path: string,
  body?: unknown,
): Promise<readonly [number, unknown]> {
  const answer = await broker.ask(method, path, body === undefined ? {} : { body });
  return [answer.status, answer.body];
}

function badRequest(reason: string): readonly [number, unknown] {
  return [400, { error: "bad_request", reason }];
}

describe("virtual hosts", () => {
  test("keep what a later PUT does not name, and give their maker all rights", async () => {
    const body = { description: "d", tags: "a,b", tracing: "true", default_queue_type: "quorum" };
    expect(await told("PUT", "/vhosts/kept", body)).toEqual([201, ""]);
    expect(await told("PUT", "/vhosts/kept", { description: "e" })).toEqual([204, ""]);
    expect((await broker.get("/vhosts/kept")).body).toMatchObject({
      description: "e",
      tags: ["a", "b"],
      tracing: true,
      default_queue_type: "quorum",
      metadata: { description: "e", tags: ["a", "b"], default_queue_type: "quorum" },
      cluster_state: { "rabbit@localhost": "running" },
    });
    expect((await broker.get("/permissions/kept/guest")).body.configure).toBe(".*");
    expect(await told("DELETE", "/vhosts/kept")).toEqual([204, ""]);
  });

  test("that are protected are deleted only when that has been taken back", async () => {
    await told("PUT", "/vhosts/safe", { protected_from_deletion: true });
    const path = "/vhosts/safe/deletion/protection";
    expect((await broker.get("/vhosts/safe")).body).toMatchObject({
      protected_from_deletion: true,
      metadata: { protected_from_deletion: true },
    });
    expect(await told("DELETE", "/vhosts/safe")).toEqual([
      412,
      {
        error: "precondition_failed",
        reason: "virtual host 'safe' is protected from deletion",
      },
    ]);
    const { vhosts } = (await broker.get("/definitions")).body;
    expect(vhosts).toContainEqual({ name: "safe", protected_from_deletion: true });
    expect(await told("DELETE", path)).toEqual([204, ""]);
    expect((await broker.get(path)).body).toEqual({ protected_from_deletion: false });
    expect(await told("POST", path)).toEqual([204, ""]);
    expect((await broker.get(path)).body).toEqual({ protected_from_deletion: true });
    await told("DELETE", path);
    expect(await told("DELETE", "/vhosts/safe")).toEqual([204, ""]);
  });

  test("are visible to those who may enter them", async () => {
    expect((await broker.get("/vhosts", CLERK)).body).toEqual([]);
    const all = { configure: "", write: "", read: "" };
    await broker.ask("PUT", "/permissions/v/clerk", { body: all });
    const { body } = await broker.get("/vhosts?columns=name", CLERK);
    expect(body).toEqual([{ name: "v" }]);
    await broker.ask("DELETE", "/permissions/v/clerk");
  });

  test("are started on nodes that run", async () => {
    expect(await told("POST", "/vhosts/v/start/rabbit@localhost", {})).toEqual([204, ""]);
    expect(await told("POST", "/vhosts/v/start/nosuch", {})).toEqual(
      badRequest("Request to node nosuch failed with nodedown"),
    );
  });
});

describe("users", () => {
  test("log in with the password, or by its hash, and not at all without", async () => {
    const login = async (): Promise<number> =>
      (await broker.get("/whoami", { auth: "u:secret" })).status;
    await broker.ask("PUT", "/users/u", { body: { password: "secret", tags: ["management"] } });
    expect(await login()).toBe(200);
    const { password_hash: hash } = (await broker.get("/users/u")).body;
    await broker.ask("PUT", "/users/u", { body: { tags: "management" } });
    expect((await broker.get("/users/u")).body.password_hash).toBe("");
    expect(await login()).toBe(401);
    await broker.ask("PUT", "/users/u", { body: { password_hash: hash, tags: "management" } });
    expect(await login()).toBe(200);
    expect(await told("DELETE", "/users/u")).toEqual([204, ""]);
    expect(await login()).toBe(401);
  });

  test.each([
    [{ password: "x" }, "tags_not_present"],
    [
      { password: "x", password_hash: "", tags: "" },
      "both_password_and_password_hash_are_provided",
    ],
    [{ tags: 5 }, "tags: must be a list of strings"],
    [{ tags: "", password: 5 }, "password: must be a string"],
    [
      { tags: "", password_hash: "", hashing_algorithm: "rot13" },
      "unknown hashing algorithm rot13",
    ],
  ])("are not made of %j", async (body, reason) => {
    expect(await told("PUT", "/users/refused", body)).toEqual(badRequest(reason));
    expect((await broker.get("/users/refused")).status).toBe(404);
  });

  test("are deleted many at once", async () => {
    for (const name of ["a", "b"]) await told("PUT", `/users/${name}`, { password: "x", tags: "" });
    expect(await told("POST", "/users/bulk-delete", { users: ["a", "b", "c"] })).toEqual([204, ""]);
    expect((await broker.get("/users/a")).status).toBe(404);
  });

  test("see their own limits, and administrators those of all", async () => {
    await told("PUT", "/user-limits/clerk/max-channels", { value: 5 });
    const expected = [{ user: "clerk", value: { "max-channels": 5 } }];
    expect((await broker.get("/user-limits", CLERK)).body).toEqual(expected);
    expect((await broker.get("/user-limits/clerk", CLERK)).body).toEqual(expected);
    expect((await broker.get("/user-limits/guest", CLERK)).status).toBe(401);
    expect((await broker.get("/user-limits/nosuch", CLERK)).status).toBe(404);
    expect((await broker.get("/user-limits")).body).toEqual(expected);
    await told("DELETE", "/user-limits/clerk/max-channels");
    expect((await broker.get("/user-limits")).body).toEqual([]);
  });
});

describe("parameters and policies", () => {
  test("limits of a virtual host are a parameter, too", async () => {
    const path = "/parameters/vhost-limits/v/limits";
    expect(await told("PUT", path, { value: { "max-queues": 7 } })).toEqual([201, ""]);
    expect((await broker.get("/vhost-limits/v")).body).toEqual([
      { vhost: "v", value: { "max-queues": 7 } },
    ]);
    expect((await broker.get(path)).body.value).toEqual({ "max-queues": 7 });
    expect(await told("DELETE", path)).toEqual([204, ""]);
    expect((await broker.get("/vhost-limits/v")).body).toEqual([]);
  });

  test("an operator policy can be read and deleted as a parameter", async () => {
    const body = { pattern: "^q", definition: { "max-length": 5 }, "apply-to": "queues" };
    expect(await told("PUT", "/operator-policies/v/cap", body)).toEqual([201, ""]);
    const path = "/parameters/operator_policy/v/cap";
    expect((await broker.get(path)).body.value).toEqual({ ...body, priority: 0 });
    expect(await told("DELETE", path)).toEqual([204, ""]);
    expect((await broker.get("/operator-policies/v/cap")).status).toBe(404);
  });

  test.each([
    ["/policies/nosuch/p", { pattern: "", definition: { "max-length": 5 } }],
    ["/parameters/federation-upstream/nosuch/u", { value: {} }],
    ["/vhost-limits/nosuch/max-queues", { value: 5 }],
    ["/definitions/nosuch", undefined],
  ])("nothing is put into a virtual host that is not there: %s", async (path, body) => {
    const method = body === undefined ? "POST" : "PUT";
    expect(await told(method, path, body)).toEqual([404, VHOST_NOT_FOUND]);
  });

  test("keys that are missing are named, of an empty body, of null and of an object", async () => {
    for (const body of ["", "null", "{}"]) {
      expect(await told("PUT", "/policies/v/p", body)).toEqual(
        badRequest("[{key_missing,pattern},{key_missing,definition}]"),
      );
    }
  });
});

describe("definitions", () => {
  test("what is exported can be imported, with all users and rights", async () => {
    await told("PUT", "/policies/v/p", { pattern: "^q", definition: { "max-length": 5 } });
    const { body } = await broker.get("/definitions");
    await using copy = await ManagedBroker.start();
    expect((await copy.ask("POST", "/definitions", { body })).status).toBe(204);
    expect((await copy.get("/definitions")).body).toEqual(body);
    expect((await copy.get("/whoami", CLERK)).status).toBe(200);
  });

  test("of a virtual host go into another one as a whole, without users", async () => {
    await told("PUT", "/vhosts/target");
    const document = {
      users: [{ name: "stranger", password: "x", tags: "administrator" }],
      vhosts: [{ name: "surprise" }],
      policies: [{ vhost: "v", name: "moved", pattern: "x", definition: { "max-length": 1 } }],
      queues: [{ name: "q", vhost: "v", durable: true, arguments: {} }],
    };
    expect(await told("POST", "/definitions/target", document)).toEqual([204, ""]);
    expect((await broker.get("/policies/target/moved")).status).toBe(200);
    expect((await broker.get("/policies/v/moved")).status).toBe(404);
    expect((await broker.get("/users/stranger")).status).toBe(404);
    expect((await broker.get("/vhosts/surprise")).status).toBe(404);
    const { queues } = (await broker.get("/definitions/target")).body;
    expect(queues.map(({ name }: { name: string }) => name)).toEqual(["q"]);
  });

  test("are taken from a form, and given as a file", async () => {
    const boundary = "----leveret";
    const headers = { "content-type": `multipart/form-data; boundary=${boundary}` };
    const document = JSON.stringify({ vhosts: [{ name: "of-a-form" }] });
    const form = (field: string) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${field}"; filename="d.json"\r\n` +
      `Content-Type: application/json\r\n\r\n${document}\r\n--${boundary}--\r\n`;
    const post = (body: string) => broker.ask("POST", "/definitions", { headers, body });
    expect((await post(form("file"))).status).toBe(204);
    expect((await broker.get("/vhosts/of-a-form")).status).toBe(200);
    expect((await post(form("other"))).body.reason).toBe("the form has no field file");
    expect((await post("nonsense")).body.reason).toBe("the form cannot be read");
    const download = await broker.get('/definitions?download=a"b%0d%0ac.json');
    expect(download.headers["content-disposition"]).toBe('attachment; filename="a_b__c.json"');
  });

  test.each([
    ["{", /not JSON/],
    ["[]", /must be an object/],
    [{ queues: [{ name: "q", vhost: "nosuch" }] }, /queues\[0\]/],
  ])("that are wrong are refused with the place: %j", async (body, reason) => {
    const answer = await broker.ask("POST", "/definitions", { body });
    expect(answer.status).toBe(400);
    expect(answer.body.reason).toMatch(reason);
  });
});

describe("health checks", () => {
  test.each([
    ["certificate-expiration/x/days", 400, "Invalid expiration value."],
    [
      "certificate-expiration/1/fortnights",
      400,
      "Time unit not recognised. Supported units: days, weeks, months, years.",
    ],
    ["port-listener/x", 400, undefined],
    ["protocol-listener/AMQP", 200, undefined],
    ["protocol-listener/mqtt,amqp", 200, undefined],
    ["is-in-service", 200, undefined],
    ["ready-to-serve-clients", 200, undefined],
    ["below-node-connection-limit", 200, undefined],
    ["reached-target-cluster-size", 200, undefined],
    ["metadata-store/initialized", 200, undefined],
    ["metadata-store/initialized/with-data", 200, undefined],
    ["quorum-queues-without-elected-leaders/all-vhosts", 200, undefined],
    ["quorum-queues-without-elected-leaders/vhost/%2F/pattern/.*", 200, undefined],
    ["quorum-queues-without-elected-leaders/vhost/nosuch", 404, undefined],
  ])("%s", async (path, status, reason) => {
    const answer = await broker.get(`/health/checks/${path}`);
    expect(answer.status).toBe(status);
    if (reason !== undefined) expect(answer.body.reason).toBe(reason);
  });

  test("of alarms fail while there are any, and say which", async () => {
    const alarms = broker.shell.broker?.broker.alarms;
    alarms?.raise("memory", "rabbit@localhost", "test");
    alarms?.raise("disk", "rabbit@other", "test");
    expect((await broker.get("/health/checks/alarms")).body).toMatchObject({
      status: "failed",
      reason: "There are alarms in effect in the cluster",
      alarms: [
        { node: "rabbit@localhost", resource: "memory" },
        { node: "rabbit@other", resource: "disk" },
      ],
    });
    const local = await broker.get("/health/checks/local-alarms");
    expect(local.status).toBe(503);
    expect(local.body.alarms).toEqual([{ node: "rabbit@localhost", resource: "memory" }]);
    expect((await broker.get("/healthchecks/node")).body.reason).toBe(
      "resource alarm(s) in effect: memory",
    );
    alarms?.clear("memory", "rabbit@localhost", "test");
    alarms?.clear("disk", "rabbit@other", "test");
    expect((await broker.get("/health/checks/alarms")).body).toEqual({ status: "ok" });
  });

  test("aliveness is that of the user's rights", async () => {
    expect(await told("GET", "/aliveness-test/%2F")).toEqual([200, { status: "ok" }]);
    expect(await told("GET", "/aliveness-test/nosuch")).toEqual([
      404,
      { error: "Object Not Found", reason: "Not Found" },
    ]);
    await broker.ask("PUT", "/permissions/v/clerk", {
      body: { configure: "", write: "", read: "" },
    });
    const refused = await broker.get("/aliveness-test/v", CLERK);
    expect([refused.status, refused.body.reason]).toEqual([401, "Access refused."]);
  });
});

test("the configuration in force is shown without secrets", async () => {
  const { body } = await broker.get("/config/effective");
  expect(body.node.name).toBe("rabbit@localhost");
  expect(body.defaults).toMatchObject({ user: "guest", password: "[redacted]" });
  expect((await broker.get("/config/effective?columns=node.name")).body).toEqual({
    node: { name: "rabbit@localhost" },
  });
});

test("a feature flag that is there is enabled already", async () => {
  expect(await told("PUT", "/feature-flags/quorum_queue/enable", {})).toEqual([204, ""]);
  expect(await told("PUT", "/feature-flags/nosuch/enable", {})).toEqual(badRequest("unsupported"));
});
