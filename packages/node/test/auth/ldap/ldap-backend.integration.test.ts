import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AuthConfig, LdapConfig } from "../../../src/config/config.ts";
import { defaultConfig } from "../../../src/config/load-config.ts";
import { AuthRig, errorOf } from "../auth-rig.ts";
import { BASE_DN, ROOT, Slapd } from "./slapd.ts";

function person(cn: string, password: string, more = ""): string {
  return `dn: cn=${cn},ou=people,${BASE_DN}
objectClass: inetOrgPerson
cn: ${cn}
sn: ${cn}
uid: ${cn}-login
userPassword: ${password}
${more}`;
}

function group(cn: string, members: readonly string[]): string {
  return `dn: cn=${cn},ou=groups,${BASE_DN}
objectClass: groupOfNames
cn: ${cn}
${members.map((member) => `member: ${member},${BASE_DN}`).join("\n")}
`;
}

const LDIF = [
  `dn: ${BASE_DN}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n`,
  `dn: ou=people,${BASE_DN}\nobjectClass: organizationalUnit\nou: people\n`,
  `dn: ou=groups,${BASE_DN}\nobjectClass: organizationalUnit\nou: groups\n`,
  person("ann", "ann-secret", "departmentNumber: red\n"),
  person("bob", "bob-secret"),
  person("Smith\\, Joe", "joe-secret"),
  group("admins", ["cn=ann,ou=people"]),
  group("staff", ["cn=admins,ou=groups", "cn=bob,ou=people"]),
  group("red-vhost", ["cn=ann,ou=people"]),
].join("\n");

const CA = join(import.meta.dirname, "../certificates/ca.pem");

let slapd: Slapd;

beforeAll(async () => {
  slapd = await Slapd.start(LDIF);
});

afterAll(async () => {
  await slapd[Symbol.asyncDispose]();
});

function config(change: Partial<LdapConfig> = {}): LdapConfig {
  return {
    ...defaultConfig().auth.ldap,
    servers: ["127.0.0.1"],
    port: slapd.port,
    userDnPattern: `cn=\${username},ou=people,${BASE_DN}`,
    ...change,
  };
}

function start(change: Partial<LdapConfig> = {}, auth: Partial<AuthConfig> = {}): Promise<AuthRig> {
  const backends = [{ authn: "ldap", authz: "ldap" }] as const;
  return AuthRig.start({ backends, ldap: config(change), ...auth });
}

async function tagsOf(
  rig: AuthRig,
  username: string,
  password: string,
): Promise<readonly string[]> {
  const attempt = { username, password, protocol: "http", remoteAddress: "10.0.0.1" } as const;
  const result = await rig.node.broker.authenticator.authenticate(attempt);
  if (!result.ok) throw new Error(result.why);
  return result.identity.tags;
}

describe("users of a directory", () => {
  test("log in with their passwords, declare, publish and consume", async () => {
    await using rig = await start();
    const connection = await rig.connect("ann", "ann-secret");
    const channel = await connection.createChannel();
    await channel.assertQueue("q", { exclusive: true });
    channel.sendToQueue("q", Buffer.from("hello"));
    await channel.checkQueue("q");
    expect(await channel.get("q")).toMatchObject({ content: Buffer.from("hello") });
    await connection.close();
  });

  test.each([
    ["a wrong password", "ann", "bob-secret"],
    ["no password", "ann", ""],
    ["an unknown name", "carol", "ann-secret"],
    ["a name that would be another's", "x,cn=ann", "ann-secret"],
    ["a name with a wildcard", "*", "ann-secret"],
  ])("with %s do not", async (_name, user, password) => {
    await using rig = await start();
    expect(await errorOf(rig.connect(user, password))).toMatch(/ACCESS.REFUSED/);
  });

  test("may have names with special characters", async () => {
    await using rig = await start();
    const connection = await rig.connect("Smith, Joe", "joe-secret");
    await connection.close();
  });

  test.each([
    ["as nobody else but themselves", "as_user" as const],
    ["as somebody who may look", ROOT],
  ])("are found by an attribute, %s", async (_name, bind) => {
    const dnLookup = { attribute: "uid", base: `ou=people,${BASE_DN}`, bind };
    const own = { userDnPattern: "${username}-login", dnLookup };
    const userBindPattern = bind === "as_user" ? `cn=\${username},ou=people,${BASE_DN}` : undefined;
    const tagQueries = `[{administrator, {in_group, "cn=admins,ou=groups,${BASE_DN}"}}]`;
    await using rig = await start({ ...own, userBindPattern, tagQueries });
    expect(await tagsOf(rig, "ann", "ann-secret")).toEqual(["administrator"]);
    expect(await tagsOf(rig, "bob", "bob-secret")).toEqual([]);
  });

  test("have the tags that queries give them, groups within groups among them", async () => {
    await using rig = await start({
      groupLookupBase: `ou=groups,${BASE_DN}`,
      tagQueries: `[{administrator, {in_group, "cn=admins,ou=groups,${BASE_DN}"}},
        {monitoring, {in_group_nested, "cn=staff,ou=groups,${BASE_DN}"}},
        {red, {equals, {attribute, "\${user_dn}", "departmentNumber"}, "red"}},
        {management, {constant, true}}]`,
    });
    expect(await tagsOf(rig, "ann", "ann-secret")).toEqual([
      "administrator",
      "monitoring",
      "red",
      "management",
    ]);
    expect(await tagsOf(rig, "bob", "bob-secret")).toEqual(["monitoring", "management"]);
  });

  test.each([
    ["LDAPS", { usesTls: true, usesStartTls: false }],
    ["StartTLS", { usesTls: false, usesStartTls: true }],
  ])("log in by %s, if the server's certificate verifies", async (_name, change) => {
    const tls = {
      caCertFile: CA,
      certFile: undefined,
      keyFile: undefined,
      verify: "verify_peer",
    } as const;
    const port = change.usesTls ? slapd.tlsPort : slapd.port;
    {
      await using rig = await start({ ...change, port, tls });
      const connection = await rig.connect("ann", "ann-secret");
      await connection.close();
    }
    await using rig = await start({ ...change, port, tls: { ...tls, caCertFile: undefined } });
    expect(await errorOf(rig.connect("ann", "ann-secret"))).toMatch(/ACCESS.REFUSED/);
  });
});

describe("permissions by queries", () => {
  const inRed = `{in_group, "cn=\${vhost}-vhost,ou=groups,${BASE_DN}"}`;

  async function withRed(change: Partial<LdapConfig>): Promise<AuthRig> {
    const rig = await start(change);
    await new Promise((done) =>
      rig.node.administration.apply({ type: "addVhost", name: "red" }, done),
    );
    return rig;
  }

  test("open virtual hosts", async () => {
    await using rig = await withRed({ vhostQuery: inRed });
    const connection = await rig.connect("ann", "ann-secret", "red");
    await connection.close();
    expect(await errorOf(rig.connect("bob", "bob-secret", "red"))).toContain("ConnectionClose");
    expect(rig.log).toContain("access to vhost 'red' refused for user 'bob'");
    expect(await errorOf(rig.connect("ann", "ann-secret", "/"))).toContain("ConnectionClose");
    expect(rig.log).toContain("access to vhost '/' refused for user 'ann'");
  });

  test("allow resources and topics", async () => {
    await using rig = await start({
      resourceQuery: `{for, [{permission, configure, {match, "\${name}", "^\${username}-"}},
        {permission, write, {constant, true}}, {permission, read, {constant, true}}]}`,
      topicQuery: '{match, "${routing_key}", "^a\\\\."}',
    });
    const connection = await rig.connect("ann", "ann-secret");
    const channel = await connection.createChannel();
    await channel.assertExchange("ann-topics", "topic", { durable: false });
    const closed = new Promise<Error>((resolve) => channel.on("error", resolve));
    channel.publish("ann-topics", "a.b", Buffer.from("x"));
    channel.publish("ann-topics", "b.a", Buffer.from("x"));
    expect((await closed).message).toContain("write access to topic 'b.a'");
    const other = await connection.createChannel();
    other.on("error", () => undefined);
    expect(await errorOf(other.assertQueue("bob-queue"))).toContain(
      "configure access to queue 'bob-queue' in vhost '/' refused for user 'ann'",
    );
    await connection.close();
  });

  test("may be asked as somebody else, also for users who came with a certificate or by another backend", async () => {
    const backends = [{ authn: "internal", authz: "ldap" }] as const;
    await using rig = await start({ otherBind: ROOT, vhostQuery: inRed }, { backends });
    const { administration } = rig.node;
    await new Promise((done) => administration.apply({ type: "addVhost", name: "red" }, done));
    for (const name of ["ann", "bob", "carol"]) {
      const user = { name, password: "of the broker", tags: [] };
      await new Promise((done) => administration.putUser(user, done));
    }
    const connection = await rig.connect("ann", "of the broker", "red");
    await connection.close();
    expect(await errorOf(rig.connect("bob", "of the broker", "red"))).toContain("ConnectionClose");
    expect(rig.log).toContain("access to vhost 'red' refused for user 'bob'");
    expect(await errorOf(rig.connect("carol", "of the broker", "red"))).toMatch(/ACCESS.REFUSED/);
  });
});

describe("a directory that fails", () => {
  test("is told of without a secret, and the next server is asked", async () => {
    await using rig = await start({ servers: ["127.0.0.2", "127.0.0.1"] });
    const connection = await rig.connect("ann", "ann-secret");
    await connection.close();
  });

  test("lets nobody in", async () => {
    await using rig = await start({ port: 1 });
    expect(await errorOf(rig.connect("ann", "ann-secret"))).toMatch(/ACCESS.REFUSED/);
    expect(rig.log).toContain("rabbit_auth_backend_ldap");
    expect(rig.log).not.toContain("ann-secret");
  });

  test("that comes back is asked again, over one connection at a time if so configured", async () => {
    await using own = await Slapd.start(LDIF);
    const port = own.port;
    await using rig = await start({ port, poolSize: 1 });
    const logins = Array.from({ length: 5 }, () => rig.connect("ann", "ann-secret"));
    for (const connection of await Promise.all(logins)) await connection.close();
  });
});
