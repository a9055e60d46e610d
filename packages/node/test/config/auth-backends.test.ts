import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadBackends } from "../../src/auth/backend-chain.ts";
import type { AuthConfig } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load-config.ts";

let cwd: string;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "leveret-config-"));
});

afterEach(() => {
  rmSync(cwd, { recursive: true, force: true });
});

function authOf(text: string): AuthConfig {
  writeFileSync(join(cwd, "leveret.conf"), text);
  const { config, warnings } = loadConfig({ cwd, host: "hare" });
  expect(warnings).toEqual([]);
  return config.auth;
}

const both = (kind: string): object => ({ authn: kind, authz: kind });

describe("auth_backends", () => {
  test.each([
    ["", [both("internal")]],
    ["auth_backends.1 = ldap\nauth_backends.2 = internal", [both("ldap"), both("internal")]],
    ["auth_backends.10 = internal\nauth_backends.9 = http", [both("http"), both("internal")]],
    ["auth_backends.1 = rabbit_auth_backend_oauth2", [both("oauth2")]],
    [
      "auth_backends.1.authn = ldap\nauth_backends.1.authz = internal",
      [{ authn: "ldap", authz: "internal" }],
    ],
    ["auth_backends.1.authn = http", [both("http")]],
    ["auth_backends.1.authz = http", [both("http")]],
    ["auth_backends.1 = cache", [both("cache")]],
  ])("%s", (text, backends) => {
    expect(authOf(text).backends).toEqual(backends);
  });

  test("the cache is in front of one backend, or of two", () => {
    expect(authOf("auth_cache.cached_backend = ldap\nauth_cache.cache_ttl = 5000").cache).toEqual({
      ...both("ldap"),
      ttlMs: 5000,
      hasRefusals: false,
    });
    const two = "auth_cache.cached_backend.authn = ldap\nauth_cache.cached_backend.authz = http\n";
    expect(authOf(`${two}auth_cache.cache_refusals = true`).cache).toEqual({
      authn: "ldap",
      authz: "http",
      ttlMs: 15_000,
      hasRefusals: true,
    });
  });
});

test("auth_ldap.* is read as in RabbitMQ", () => {
  const { ldap } = authOf(
    `auth_ldap.servers.1 = a.example.com
auth_ldap.servers.2 = b.example.com
auth_ldap.user_dn_pattern = cn=\${username},dc=example
auth_ldap.dn_lookup_attribute = uid
auth_ldap.dn_lookup_base = ou=people,dc=example
auth_ldap.dn_lookup_bind = anon
auth_ldap.other_bind.user_dn = cn=reader
auth_ldap.other_bind.password = read#er
auth_ldap.queries.vhost_access = '''
{'and', [{constant, true},
         {in_group, "cn=x"}]}
'''
auth_ldap.queries.tags = [{administrator, {constant, true}}]
`.replace("read#er", "'read#er'"),
  );
  expect(ldap).toMatchObject({
    servers: ["a.example.com", "b.example.com"],
    port: 389,
    userDnPattern: "cn=${username},dc=example",
    dnLookup: { attribute: "uid", base: "ou=people,dc=example", bind: "anon" },
    otherBind: { dn: "cn=reader", password: "read#er" },
    groupLookupBase: "ou=people,dc=example",
    vhostQuery: "{'and', [{constant, true},\n         {in_group, \"cn=x\"}]}",
    tagQueries: "[{administrator, {constant, true}}]",
  });
});

test("auth_oauth2.* is read as in RabbitMQ", () => {
  const { oauth2 } = authOf(`auth_oauth2.resource_server_id = rabbitmq
auth_oauth2.preferred_username_claims.1 = user_name
auth_oauth2.preferred_username_claims.2 = email
auth_oauth2.additional_scopes_key = roles extra.scopes
auth_oauth2.scope_aliases.reader = rabbitmq.read:*/* rabbitmq.tag:management
auth_oauth2.scope_aliases.1.alias = api://admin
auth_oauth2.scope_aliases.1.scope = rabbitmq.tag:administrator
auth_oauth2.jwks_uri = https://auth.example.com/keys
auth_oauth2.signing_keys.k1 = keys/one.pem
auth_oauth2.algorithms.1 = ES256
auth_oauth2.https.peer_verification = verify_none
`);
  expect(oauth2).toMatchObject({
    resourceServerId: "rabbitmq",
    usernameClaims: ["user_name", "email", "sub", "client_id"],
    additionalScopesKeys: ["roles", "extra.scopes"],
    scopeAliases: [
      { alias: "reader", scopes: ["rabbitmq.read:*/*", "rabbitmq.tag:management"] },
      { alias: "api://admin", scopes: ["rabbitmq.tag:administrator"] },
    ],
    jwksUrl: "https://auth.example.com/keys",
    signingKeys: [{ id: "k1", file: join(cwd, "keys/one.pem") }],
    algorithms: ["ES256"],
    verifiesAudience: true,
    tls: { verify: "verify_none" },
  });
});

test("what cannot work is told at the start", async () => {
  const problemOf = async (text: string): Promise<unknown> =>
    loadBackends(authOf(text), () => 0).catch((error: Error) => error.message);
  expect(await problemOf("auth_backends.1 = oauth2")).toContain("auth_oauth2.resource_server_id");
  expect(await problemOf("auth_backends.1 = http\nauth_http.user_path = ftp://x/")).toContain(
    "auth_http.user_path must be an http or https URL",
  );
  expect(await problemOf("auth_backends.1 = ldap\nauth_ldap.queries.tags = {x}")).toContain(
    "auth_ldap.queries.tags: tags are a list",
  );
  expect(
    await problemOf("auth_backends.1 = ldap\nauth_ldap.ssl_options.cacertfile = missing.pem"),
  ).toContain("auth_ldap.ssl_options.cacertfile: cannot read");
});
