import { describe, expect, test } from "vitest";
import {
  allowsResource,
  allowsTopic,
  allowsVhost,
  type Claims,
  type ScopeSettings,
  scopesOf,
} from "../../../src/auth/oauth2/token-scopes.ts";
import { matchesWildcard } from "../../../src/auth/oauth2/wildcard.ts";

const SETTINGS: ScopeSettings = {
  prefix: "rabbitmq.",
  resourceServerId: "rabbitmq",
  additionalKeys: [],
  aliases: new Map(),
};

function permissions(scope: unknown, more: Claims = {}, settings: Partial<ScopeSettings> = {}) {
  const scopes = scopesOf({ scope, ...more }, { ...SETTINGS, ...settings });
  if (scopes === undefined) throw new Error("too many scopes");
  return scopes;
}

test.each([
  ["*", "", true],
  ["*", "anything/at all", true],
  ["", "", true],
  ["", "x", false],
  ["abc", "abc", true],
  ["abc", "abcd", false],
  ["a*c", "abc", true],
  ["a*c", "ac", true],
  ["a*c", "acd", false],
  ["a*b*c", "a-b-b-c", true],
  ["a*bb*b", "abb", false],
  ["*a", "a", true],
  ["a*a", "a", false],
  ["%2F", "/", true],
  ["%2Fx%2a", "/x*", true],
  ["100%", "100%", true],
])("wildcard '%s' and '%s': %s", (pattern, text, matches) => {
  expect(matchesWildcard(pattern, text)).toBe(matches);
});

describe("scopes", () => {
  test("say what may be done in which vhosts, with which names", () => {
    const { permissions: own } = permissions("rabbitmq.read:v1/q* rabbitmq.write:%2F/*");
    const resource = (vhost: string, access: "read" | "write", name: string): boolean =>
      allowsResource(own, { vhost, access, name });
    expect(allowsVhost(own, "v1")).toBe(true);
    expect(allowsVhost(own, "/")).toBe(true);
    expect(allowsVhost(own, "v2")).toBe(false);
    expect(resource("v1", "read", "q1")).toBe(true);
    expect(resource("v1", "read", "x")).toBe(false);
    expect(resource("v1", "write", "q1")).toBe(false);
    expect(resource("/", "write", "x/y")).toBe(true);
  });

  test("a topic needs a scope with a routing key", () => {
    const { permissions: own } = permissions(["rabbitmq.write:*/x", "rabbitmq.write:*/t/a.*"]);
    const topic = (exchange: string, routingKey: string): boolean =>
      allowsTopic(own, { vhost: "/", access: "write", exchange, routingKey });
    expect(topic("x", "a.b")).toBe(false);
    expect(topic("t", "a.b")).toBe(true);
    expect(topic("t", "b")).toBe(false);
  });

  test.each([
    ["of another prefix", "other.read:*/*"],
    ["without a prefix", "read:*/*"],
    ["of another access", "rabbitmq.delete:*/*"],
    ["without a name", "rabbitmq.read:*"],
    ["with too many parts", "rabbitmq.read:*/*/*/*"],
    ["of a number", 7],
    ["of numbers", [7]],
    ["that is null", null],
  ])("one %s means nothing", (_name, scope) => {
    expect(permissions(scope).permissions).toEqual([]);
  });

  test("tags are scopes, too", () => {
    expect(permissions("rabbitmq.tag:administrator rabbitmq.tag:management tag:x").tags).toEqual([
      "administrator",
      "management",
    ]);
  });

  test("are found in other claims, by a path, and by resource server", () => {
    const claims = {
      extra: { roles: ["rabbitmq.read:a/*"] },
      complex: { rabbitmq: "read:b/* tag:management", other: "read:c/*" },
      authorization: { permissions: [{ scopes: ["rabbitmq.read:d/*"] }, { rsname: "x" }] },
    };
    const found = permissions("", claims, {
      additionalKeys: ["extra.roles", "complex", "missing.x"],
    });
    expect(["a", "b", "c", "d"].map((vhost) => allowsVhost(found.permissions, vhost))).toEqual([
      true,
      true,
      false,
      true,
    ]);
    expect(found.tags).toEqual(["management"]);
  });

  test("aliases stand for others", () => {
    const aliases = new Map([["reader", ["rabbitmq.read:*/*", "rabbitmq.tag:management"]]]);
    const found = permissions("reader", {}, { aliases });
    expect(allowsVhost(found.permissions, "/")).toBe(true);
    expect(found.tags).toEqual(["management"]);
  });

  test("variables are literal: a name does not widen a scope", () => {
    const claims = { sub: "a/*" };
    const { permissions: own } = permissions("rabbitmq.read:{vhost}/{sub}", claims);
    expect(allowsVhost(own, "any*thing")).toBe(true);
    expect(allowsResource(own, { vhost: "v", access: "read", name: "a/*" })).toBe(true);
    expect(allowsResource(own, { vhost: "v", access: "read", name: "a/b" })).toBe(false);
  });

  test("too many are refused, and names of prototypes are no claims", () => {
    const many = Array.from({ length: 2049 }, (_, index) => `rabbitmq.read:v${index}/*`);
    expect(scopesOf({ scope: many }, SETTINGS)).toBeUndefined();
    const keys = ["constructor.name", "__proto__.x"];
    expect(permissions("", {}, { additionalKeys: keys }).permissions).toEqual([]);
  });
});
