import { describe, expect, test } from "vitest";
import { AccessControl } from "../../src/auth/access-control.ts";
import { hashPassword } from "../../src/auth/password.ts";
import { hasTag, parseTags } from "../../src/auth/user-tags.ts";
import { MetadataMachine } from "../../src/metadata/metadata-machine.ts";

interface Patterns {
  readonly configure?: string;
  readonly write?: string;
  readonly read?: string;
}

function setUp(patterns: Patterns | undefined, user = "u") {
  const metadata = new MetadataMachine(() => undefined);
  metadata.apply({ type: "addVhost", name: "/" });
  const passwordHash = hashPassword("secret", Buffer.from("salt"));
  const hashingAlgorithm = "rabbit_password_hashing_sha256";
  metadata.apply({ type: "addUser", name: user, passwordHash, hashingAlgorithm, tags: [] });
  if (patterns !== undefined) allow(metadata, patterns, user);
  return { metadata, access: new AccessControl(metadata) };
}

function allow(metadata: MetadataMachine, patterns: Patterns, user = "u"): void {
  const closed = { configure: "", write: "", read: "" };
  metadata.apply({ type: "setPermissions", user, vhost: "/", ...closed, ...patterns });
}

describe("access to resources", () => {
  test.each([
    ["configure", "queue", "q", "configure access to queue 'q' in vhost '/' refused for user 'u'"],
    ["write", "exchange", "x", "write access to exchange 'x' in vhost '/' refused for user 'u'"],
    [
      "read",
      "exchange",
      "",
      "read access to exchange 'amq.default' in vhost '/' refused for user 'u'",
    ],
  ] as const)(
    "%s access to %s '%s' is refused in RabbitMQ's words",
    (kind, resource, name, text) => {
      const { access } = setUp({});
      expect(() => access.checkResource("u", "/", kind, resource, name)).toThrow(
        expect.objectContaining({ name: "ChannelError", message: `ACCESS_REFUSED - ${text}` }),
      );
    },
  );

  test("patterns match anywhere in a name, and each access has its own", () => {
    const { access } = setUp({ configure: "^my\\.", write: "order", read: ".*" });
    access.checkResource("u", "/", "configure", "queue", "my.queue");
    access.checkResource("u", "/", "write", "exchange", "all-orders-in");
    access.checkResource("u", "/", "read", "queue", "anything");
    expect(() => access.checkResource("u", "/", "configure", "queue", "not.my.queue")).toThrow();
  });

  test("the default exchange is asked for as amq.default", () => {
    const { access } = setUp({ write: "^amq\\.default$" });
    access.checkResource("u", "/", "write", "exchange", "");
    expect(() => access.checkResource("u", "/", "write", "queue", "")).toThrow();
  });

  test("a change of permissions counts for the next question, without waiting", () => {
    const { access, metadata } = setUp({ read: "^a$" });
    access.checkResource("u", "/", "read", "queue", "a");
    allow(metadata, { read: "^b$" });
    expect(() => access.checkResource("u", "/", "read", "queue", "a")).toThrow();
    access.checkResource("u", "/", "read", "queue", "b");
    metadata.apply({ type: "clearPermissions", user: "u", vhost: "/" });
    expect(() => access.checkResource("u", "/", "read", "queue", "b")).toThrow();
  });

  test("more names than are remembered are still decided rightly", () => {
    const { access } = setUp({ read: "^q\\d*[02468]$" });
    for (let i = 0; i < 70_000; i += 2) access.checkResource("u", "/", "read", "queue", `q${i}`);
    for (let i = 1; i < 70_001; i += 2000) {
      expect(() => access.checkResource("u", "/", "read", "queue", `q${i}`)).toThrow();
    }
  });

  test("a vhost is open to users with a permission record for it", () => {
    const { access, metadata } = setUp(undefined);
    expect(access.checkVhostAccess("u", "/")).toBe(false);
    allow(metadata, {});
    expect(access.checkVhostAccess("u", "/")).toBe(true);
    expect(access.checkVhostAccess("u", "other")).toBe(false);
  });
});

describe("access to topics", () => {
  function restrict(metadata: MetadataMachine, write: string, user = "u"): void {
    const exchange = "amq.topic";
    metadata.apply({ type: "setTopicPermissions", user, vhost: "/", exchange, write, read: "" });
  }
  const question = { user: "u", vhost: "/", exchange: "amq.topic", kind: "write" } as const;

  test("without a topic permission every key is allowed", () => {
    const { access } = setUp({});
    access.checkTopic({ ...question, routingKey: "any" });
    expect(access.hasTopicPermission("u", "/", "amq.topic")).toBe(false);
  });

  test("a key that does not match is refused in RabbitMQ's words", () => {
    const { access, metadata } = setUp({});
    restrict(metadata, "^order\\.");
    access.checkTopic({ ...question, routingKey: "order.new" });
    expect(() => access.checkTopic({ ...question, routingKey: "k" })).toThrow(
      "ACCESS_REFUSED - write access to topic 'k' in exchange 'amq.topic' in vhost '/' refused for user 'u'",
    );
    expect(() =>
      access.checkTopic({ ...question, kind: "read", routingKey: "order.new" }),
    ).toThrow();
  });

  test("variables stand for the user, the vhost and the client id, literally", () => {
    const { access, metadata } = setUp({}, "a.b");
    restrict(metadata, "^{username}-{vhost}-{client_id}$", "a.b");
    const ours = { ...question, user: "a.b", clientId: ".*" };
    access.checkTopic({ ...ours, routingKey: "a.b-/-.*" });
    expect(() => access.checkTopic({ ...ours, routingKey: "a.b-/-other" })).toThrow();
    expect(() => access.checkTopic({ ...ours, routingKey: "axb-/-.*" })).toThrow();
  });

  test("a client id is not filled in where there is none", () => {
    const { access, metadata } = setUp({});
    restrict(metadata, "^{client_id}$");
    expect(() => access.checkTopic({ ...question, routingKey: "x" })).toThrow("ACCESS_REFUSED");
  });
});

describe("user tags", () => {
  test("administrator includes all but impersonator", () => {
    const admin = { tags: ["administrator"] };
    expect(hasTag(admin, "management")).toBe(true);
    expect(hasTag(admin, "policymaker")).toBe(true);
    expect(hasTag(admin, "impersonator")).toBe(false);
    expect(hasTag({ tags: ["monitoring"] }, "policymaker")).toBe(false);
    expect(hasTag({ tags: ["zzz"] }, "management")).toBe(false);
  });

  test("a list of tags is split, trimmed and freed of repetitions", () => {
    expect(parseTags(" administrator, x,,x ")).toEqual(["administrator", "x"]);
    expect(parseTags("")).toEqual([]);
  });
});
