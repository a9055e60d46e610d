import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClusterPort, ControlServer } from "@leveret/control";
import { afterAll, beforeAll, expect, test } from "vitest";
import { UnreachableError } from "../src/caller.ts";
import { connectNode } from "../src/connect-node.ts";
import type { Options } from "../src/options.ts";

let port: ClusterPort;
let server: ControlServer;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "leveret-cli-"));
  port = await ClusterPort.listen({
    host: "127.0.0.1",
    port: 0,
    nodeName: "rabbit@localhost",
    cookie: "RIGHT",
  });
  server = new ControlServer({ methods: new Map([["hello", async () => "there"]]) });
  port.handle("control", server.accept);
  writeFileSync(join(folder, "cookie"), "RIGHT\n", { mode: 0o400 });
  writeFileSync(join(folder, "wrong"), "WRONG\n", { mode: 0o400 });
});

afterAll(async () => {
  server.close();
  await port.close();
  rmSync(folder, { recursive: true, force: true });
});

function connect(options: Options, env: Record<string, string> = {}, name = "rabbit") {
  const address = {
    name: `${name}@127.0.0.1`,
    host: "127.0.0.1",
    port: port.port,
    isNamed: true,
    hasPort: true,
  };
  return connectNode(address, options, { HOME: folder, ...env });
}

test.each<[string, Options, Record<string, string>]>([
  ["an option", { cookie: "RIGHT" }, {}],
  ["RabbitMQ's option", { "erlang-cookie": "RIGHT" }, {}],
  ["the environment", {}, { LEVERET_COOKIE: "RIGHT" }],
  ["RabbitMQ's environment", {}, { RABBITMQ_ERLANG_COOKIE: "RIGHT" }],
])("the cookie may come from %s", async (_where, options, env) => {
  const client = await connect(options, env);
  expect(await client.call("hello")).toBe("there");
  client.close();
});

test("the cookie may be in a named file, or in the data directory", async () => {
  for (const [options, env] of [
    [{ "cookie-file": join(folder, "cookie") }, {}],
    [{ "data-dir": folder }, {}],
    [{}, { LEVERET_DATA_DIR: folder }],
  ] as const) {
    (await connect(options, env)).close();
  }
});

test("a wrong cookie, a wrong node, no cookie and no node are told apart", async () => {
  const problem = async (attempt: Promise<unknown>): Promise<string> => {
    const error = await attempt.catch((reason: unknown) => reason);
    return error instanceof UnreachableError ? error.message : "connected";
  };
  expect(await problem(connect({ "cookie-file": join(folder, "wrong") }))).toMatch(/cookie/);
  expect(await problem(connect({ cookie: "RIGHT" }, {}, "other"))).toContain(
    "the node that answers is rabbit@localhost",
  );
  expect(await problem(connect({ "cookie-file": join(folder, "absent") }))).toContain(
    `no cookie was found; looked for: ${join(folder, "absent")}`,
  );
  expect(await problem(connect({ cookie: "RIGHT", "tls-certfile": "absent" }))).toMatch(
    /^--tls-certfile: Error: ENOENT/,
  );
  const nowhere = {
    name: "rabbit@127.0.0.1",
    host: "127.0.0.1",
    port: 1,
    isNamed: true,
    hasPort: true,
  };
  expect(await problem(connectNode(nowhere, { cookie: "RIGHT" }, {}))).toContain("ECONNREFUSED");
});
