import { describe, expect, test } from "vitest";
import { AccessControl } from "../../src/auth/access-control.ts";
import { AuthAttempts } from "../../src/auth/auth-attempts.ts";
import {
  type AuthBackend,
  type BackendAnswer,
  BackendError,
  type Grant,
} from "../../src/auth/auth-backend.ts";
import {
  Authenticator,
  type BackendLink,
  type LoginAttempt,
  type LoginResult,
} from "../../src/auth/authenticator.ts";
import { FailedLogins } from "../../src/auth/failed-logins.ts";
import { InternalBackend } from "../../src/auth/internal-backend.ts";
import { hashPassword } from "../../src/auth/password.ts";
import { PasswordVerifier } from "../../src/auth/password-verifier.ts";
import { SILENT_LOGGING } from "../../src/logger.ts";
import { MetadataMachine } from "../../src/metadata/metadata-machine.ts";

const SHA256 = "rabbit_password_hashing_sha256";

function machine(): MetadataMachine {
  const metadata = new MetadataMachine(() => undefined);
  metadata.apply({ type: "addVhost", name: "/" });
  const passwordHash = hashPassword("secret", Buffer.from("salt"));
  const user = { passwordHash, hashingAlgorithm: SHA256, tags: ["management"] } as const;
  metadata.apply({ type: "addUser", name: "ann", ...user });
  metadata.apply({
    type: "setPermissions",
    user: "ann",
    vhost: "/",
    configure: "",
    write: "",
    read: "^a",
  });
  return metadata;
}

interface RigOptions {
  readonly loopbackUsers?: readonly string[];
  readonly perMinute?: number;
  readonly links?: (internal: AuthBackend) => readonly BackendLink[];
}

class Rig {
  now = 1_000_000;
  readonly metadata = machine();
  readonly attempts = new AuthAttempts(true);
  readonly authenticator: Authenticator;

  constructor({ loopbackUsers = [], perMinute, links }: RigOptions = {}) {
    const { metadata, attempts } = this;
    const access = new AccessControl(metadata);
    const now = (): number => this.now;
    const internal = new InternalBackend(metadata, access, new PasswordVerifier(SHA256, now));
    this.authenticator = new Authenticator({
      chain: links?.(internal) ?? [{ authn: internal, authz: [internal] }],
      loopbackUsers: new Set(loopbackUsers),
      metadata,
      access,
      attempts,
      failures: new FailedLogins(perMinute),
      log: SILENT_LOGGING.root,
      now,
    });
  }

  async login(change: Partial<LoginAttempt> = {}): Promise<LoginResult> {
    const { authenticator } = this;
    return authenticator.authenticate({
      username: "ann",
      password: "secret",
      protocol: "amqp091",
      remoteAddress: "127.0.0.1",
      ...change,
    });
  }
}

/** Says the same to everybody. */
function backend(name: string, answer: () => BackendAnswer | Promise<BackendAnswer>): AuthBackend {
  return { name, authenticate: answer, authorize: answer };
}

function accepts(name: string, grant: Partial<Grant> = {}, tags: string[] = []): AuthBackend {
  const whole: Grant = {
    backend: name,
    expiresAtMs: undefined,
    allowsVhost: () => true,
    allowsResource: () => true,
    allowsTopic: () => true,
    ...grant,
  };
  return backend(name, () => ({ ok: true, username: "ann", tags, grant: whole }));
}

const refuses = (name: string): AuthBackend =>
  backend(name, () => ({ ok: false, why: `${name} no` }));

describe("the broker's own users", () => {
  test("log in with the right password, within the call", () => {
    const { authenticator } = new Rig();
    const attempt = { username: "ann", password: "secret", protocol: "amqp091" } as const;
    const result = authenticator.authenticate({ ...attempt, remoteAddress: "10.0.0.1" });
    expect(result).toMatchObject({ ok: true, identity: { name: "ann", tags: ["management"] } });
  });

  test.each([
    ["a wrong password", { password: "Secret" }],
    ["an empty password", { password: "" }],
    ["an unknown user", { username: "nobody" }],
  ])("%s does not log in", async (_name, change) => {
    expect(await new Rig().login(change)).toMatchObject({
      ok: false,
      reason: "refused",
      why: expect.stringMatching(/^user '(ann|nobody)' - invalid credentials$/),
    });
  });

  test.each([
    ["10.0.0.1", false],
    ["127.0.0.1", true],
    ["127.8.8.8", true],
    ["::1", true],
    ["::ffff:127.0.0.1", true],
    ["::ffff:10.0.0.1", false],
  ])("a loopback user from %s: %s", async (remoteAddress, ok) => {
    const rig = new Rig({ loopbackUsers: ["ann"] });
    const result = await rig.login({ remoteAddress });
    expect(result.ok).toBe(ok);
    if (!ok) expect(result).toMatchObject({ reason: "loopback" });
  });

  test("an emptied hash disables the login at once", async () => {
    const rig = new Rig();
    const emptied = { passwordHash: "", hashingAlgorithm: SHA256 } as const;
    rig.metadata.apply({ type: "setUserPassword", name: "ann", ...emptied });
    expect(await rig.login({ password: "" })).toMatchObject({ ok: false });
  });

  test("tags are those that the user has now", async () => {
    const rig = new Rig();
    const result = await rig.login();
    rig.metadata.apply({ type: "setUserTags", name: "ann", tags: ["administrator"] });
    expect(result).toMatchObject({ identity: { tags: ["administrator"] } });
  });

  test("permissions are known at once", async () => {
    const result = await new Rig().login();
    if (!result.ok) throw new Error("not logged in");
    const { permissions } = result.identity;
    expect(permissions.isImmediate).toBe(true);
    expect(permissions.allowsVhost("/")).toBe(true);
    expect(permissions.allowsVhost("/other")).toBe(false);
    expect(permissions.allowsResource("/", "read", "queue", "a")).toBe(true);
    expect(permissions.allowsResource("/", "read", "queue", "b")).toBe(false);
    expect(permissions.allowsResource("/", "write", "queue", "a")).toBe(false);
  });
});

describe("a chain of backends", () => {
  test("the first that accepts decides", async () => {
    const rig = new Rig({
      links: (internal) =>
        [refuses("one"), internal, accepts("three")].map((authn) => ({ authn, authz: [authn] })),
    });
    expect(await rig.login()).toMatchObject({ ok: true, identity: { tags: ["management"] } });
    expect(await rig.login({ password: "wrong" })).toMatchObject({
      ok: true,
      identity: { tags: [] },
    });
  });

  test("the last one says why not", async () => {
    const links = ["one", "two"].map(refuses).map((authn) => ({ authn, authz: [authn] }));
    expect(await new Rig({ links: () => links }).login()).toMatchObject({
      ok: false,
      why: "two no",
    });
  });

  test.each([
    [
      "throws",
      () =>
        backend("one", () => {
          throw new BackendError("one", "down");
        }),
    ],
    ["rejects", () => backend("one", () => Promise.reject(new BackendError("one", "down")))],
  ])("one that %s is as good as one that refuses", async (_name, make) => {
    const rig = new Rig({
      links: (internal) => [make(), internal].map((authn) => ({ authn, authz: [authn] })),
    });
    expect(await rig.login()).toMatchObject({ ok: true });
    expect(await rig.login({ password: "wrong" })).toMatchObject({ ok: false });
  });

  test("whoever one has authenticated is authorized by the other, and has the tags of both", async () => {
    const rig = new Rig({
      links: (internal) => [{ authn: accepts("one", {}, ["monitoring"]), authz: [internal] }],
    });
    const result = await rig.login({ password: "of the other backend" });
    if (!result.ok) throw new Error("not logged in");
    expect(result.identity.tags).toEqual(["monitoring", "management"]);
    expect(result.identity.permissions.isImmediate).toBe(true);
    expect(result.identity.permissions.allowsResource("/", "read", "queue", "b")).toBe(false);
  });

  test("one that does not know the user authorizes nobody", async () => {
    const stranger = backend("one", () => {
      const grant = { backend: "one", expiresAtMs: undefined } as Grant;
      return { ok: true, username: "bob", tags: [], grant };
    });
    const rig = new Rig({ links: (internal) => [{ authn: stranger, authz: [internal] }] });
    expect(await rig.login()).toMatchObject({ ok: false });
  });

  test("a login ends with the first of its grants", async () => {
    const rig = new Rig({
      links: () => [
        {
          authn: accepts("one"),
          authz: [accepts("two", { expiresAtMs: 9 }), accepts("three", { expiresAtMs: 7 })],
        },
      ],
    });
    expect(await rig.login()).toMatchObject({ ok: true, identity: { expiresAtMs: 7 } });
  });

  test("a new secret is given to the backends that want one", async () => {
    const renewed = accepts("two", { expiresAtMs: 20 }, ["monitoring"]);
    const renewable = accepts("two", {
      expiresAtMs: 9,
      renew: (secret) =>
        secret === "new"
          ? renewed.authorize({ username: "ann", password: secret, remoteAddress: "" })
          : { ok: false, why: "old" },
    });
    const rig = new Rig({ links: () => [{ authn: renewable, authz: [renewable] }] });
    const result = await rig.login();
    if (!result.ok) throw new Error("not logged in");
    expect(await result.identity.renew("old")).toMatchObject({ ok: false, why: "old" });
    expect(await result.identity.renew("new")).toMatchObject({
      ok: true,
      identity: { expiresAtMs: 20, tags: ["monitoring"] },
    });
  });
});

describe("failed logins", () => {
  test("after too many the right password is not even looked at, until time has passed", async () => {
    const rig = new Rig({ perMinute: 3 });
    for (let i = 0; i < 3; i++) await rig.login({ password: "wrong" });
    expect(await rig.login()).toMatchObject({ ok: false, reason: "throttled" });
    rig.now += 20_000;
    expect(await rig.login()).toMatchObject({ ok: true });
  });

  test("who comes from elsewhere, or has another name, is not concerned", async () => {
    const rig = new Rig({ perMinute: 3 });
    for (let i = 0; i < 20; i++) await rig.login({ password: "wrong", remoteAddress: "10.0.0.1" });
    expect(await rig.login({ remoteAddress: "10.0.0.1" })).toMatchObject({ reason: "throttled" });
    expect(await rig.login({ remoteAddress: "10.0.0.2" })).toMatchObject({ ok: true });
    expect(await rig.login({ username: "bob", remoteAddress: "10.0.0.1" })).toMatchObject({
      reason: "refused",
    });
  });

  test("whoever had the right password lately gets in beside failures", async () => {
    const rig = new Rig({ perMinute: 3 });
    await rig.login();
    for (let i = 0; i < 5; i++) await rig.login({ password: "wrong" });
    expect(await rig.login()).toMatchObject({ ok: true });
  });

  test("that no backend could look at do not count: who comes when they are back gets in", async () => {
    let isDown = true;
    const links = (internal: AuthBackend): readonly BackendLink[] => {
      const moody = backend("moody", () => {
        if (isDown) throw new BackendError("moody", "down");
        return internal.authorize({ username: "ann", password: undefined, remoteAddress: "" });
      });
      return [{ authn: moody, authz: [moody] }];
    };
    const rig = new Rig({ perMinute: 2, links });
    for (let i = 0; i < 5; i++) expect(await rig.login()).toMatchObject({ reason: "unavailable" });
    isDown = false;
    expect(await rig.login()).toMatchObject({ ok: true });
  });

  test("count when one backend has refused, though another could not tell", async () => {
    const down = backend("down", () => {
      throw new BackendError("down", "away");
    });
    for (const order of [
      [down, refuses("other")],
      [refuses("other"), down],
    ]) {
      const rig = new Rig({
        perMinute: 2,
        links: () => order.map((authn) => ({ authn, authz: [authn] })),
      });
      await rig.login();
      await rig.login();
      expect(await rig.login()).toMatchObject({ reason: "throttled" });
    }
  });

  test("all attempts are counted, by protocol and by who came from where", async () => {
    const rig = new Rig({ perMinute: 1 });
    await rig.login();
    await rig.login({ password: "wrong", protocol: "http", remoteAddress: "10.0.0.1" });
    await rig.login({ password: "wrong", protocol: "http", remoteAddress: "10.0.0.1" });
    expect(rig.attempts.byProtocol()).toEqual([
      { protocol: "amqp091", succeeded: 1, failed: 0 },
      { protocol: "http", succeeded: 0, failed: 2 },
    ]);
    expect(rig.attempts.bySource()).toContainEqual({
      protocol: "http",
      remoteAddress: "10.0.0.1",
      username: "ann",
      succeeded: 0,
      failed: 2,
    });
  });
});
