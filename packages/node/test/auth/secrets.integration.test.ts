import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BrokerNode } from "../../src/broker/broker-node.ts";
import { importDefinitions } from "../../src/broker/import-definitions.ts";
import { defaultConfig } from "../../src/config/load-config.ts";
import { openLogging } from "../../src/logger.ts";
import { CLI_ACTOR } from "../../src/metadata/actor.ts";
import type { MetadataCommand } from "../../src/metadata/commands.ts";
import { AuthRig, errorOf, WebService } from "./auth-rig.ts";

const SECRETS = {
  right: "Zr4711-right-pw",
  wrong: "Zw4712-wrong-pw",
  token: "eyJhbGciOiJSUzI1NiJ9.c2VjcmV0LTQ3MTM.c2lnbmF0dXJl",
  hash: "c2VjcmV0LWhhc2gtNDcxNA==",
  upstream: "Zu4715-upstream-pw",
  ldapBind: "Zl4716-bind-pw",
  service: "Zs4717-service-says",
} as const;

function apply(node: BrokerNode, command: MetadataCommand): Promise<unknown> {
  return new Promise((done) => node.administration.apply(command, done, "stored", CLI_ACTOR));
}

test("no log, audit file or error has a secret in it, whatever goes right or wrong", async () => {
  const directory = mkdtempSync(join(tmpdir(), "leveret-audit-"));
  const lines: string[] = [];
  const file = join(directory, "audit.log");
  const logging = openLogging({
    outputs: [
      { destination: { write: (line) => void lines.push(line) }, format: "json", level: "debug" },
    ],
    audit: { destination: { file }, format: "json", level: "debug" },
  });
  await using web = await WebService.start(() => ({ status: 500, text: SECRETS.service }));
  const base = defaultConfig();
  const bind = { dn: "cn=reader", password: SECRETS.ldapBind };
  const kinds = ["oauth2", "http", "ldap", "internal"] as const;
  const node = await BrokerNode.start(
    {
      ...base,
      node: { ...base.node, dataDir: undefined },
      listeners: { ...base.listeners, tcp: [{ address: "127.0.0.1", port: 0 }] },
      auth: {
        ...base.auth,
        backends: kinds.map((kind) => ({ authn: kind, authz: kind })),
        http: { ...base.auth.http, userPath: `${web.url}/user` },
        ldap: { ...base.auth.ldap, servers: ["127.0.0.1"], port: 1, otherBind: bind },
        oauth2: { ...base.auth.oauth2, resourceServerId: "rabbitmq", jwksUrl: `${web.url}/keys` },
        failedLoginsPerMinute: 3,
      },
    },
    { logging, silentCloseDelayMs: 10, shutdownTimeoutMs: 1000 },
  );
  const port = node.listeners[0]?.address.port ?? 0;
  const errors: string[] = [];
  try {
    const user = { name: "ann", password: SECRETS.right, tags: [] };
    await new Promise((done) => node.administration.putUser(user, done));
    const all = { configure: ".*", write: ".*", read: ".*" };
    await apply(node, { type: "setPermissions", user: "ann", vhost: "/", ...all });
    const hashingAlgorithm = "rabbit_password_hashing_sha256";
    await apply(node, {
      type: "addUser",
      name: "bob",
      passwordHash: SECRETS.hash,
      hashingAlgorithm,
      tags: [],
    });
    await apply(node, {
      type: "setParameter",
      vhost: "/",
      component: "federation-upstream",
      name: "up",
      value: { uri: `amqp://user:${SECRETS.upstream}@elsewhere` },
    });
    const documents = [
      JSON.stringify({ users: [{ name: "eve", password: SECRETS.right, tags: 7 }] }),
      `{"users":[{"name":"eve","password":${SECRETS.right}}]}`,
    ];
    for (const json of documents)
      errors.push(
        await errorOf(importDefinitions(node.administration, { json, source: "x" }, logging.root)),
      );
    for (const password of [
      SECRETS.wrong,
      SECRETS.token,
      SECRETS.wrong,
      SECRETS.wrong,
      SECRETS.right,
    ]) {
      errors.push(await errorOf(AuthRig.connectTo(port, "ann", password)));
    }
    const connection = await AuthRig.connectTo(port, "ann", SECRETS.right).catch(() => undefined);
    await connection?.updateSecret(Buffer.from(SECRETS.token), "renewed");
    await connection?.close();
  } finally {
    await node.stop();
    logging.close();
  }
  const audit = readFileSync(file, "utf8");
  rmSync(directory, { recursive: true });
  expect(lines.join("")).toContain("login refused");
  expect(audit.split("\n").map((line) => line && JSON.parse(line).action)).toEqual(
    expect.arrayContaining(["setPermissions", "addUser", "setParameter", "login"]),
  );
  const everything = [...lines, audit, ...errors].join("\n");
  for (const [name, secret] of Object.entries(SECRETS)) {
    // Not even its beginning.
    expect(everything.includes(secret.slice(0, 8)), `${name} stands somewhere`).toBe(false);
  }
});
