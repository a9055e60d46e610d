import { readFileSync } from "node:fs";
import { get } from "node:https";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Config, ManagementListenerConfig, TlsConfig } from "../../src/config/config.ts";
import { ManagedBroker } from "./managed-broker.ts";

const FIXTURES = join(import.meta.dirname, "../connection/tls-fixtures");

const TLS: TlsConfig = {
  caCertFile: undefined,
  certFile: join(FIXTURES, "server.pem"),
  keyFile: join(FIXTURES, "server-key.pem"),
  password: undefined,
  verify: "verify_none",
  isPeerCertRequired: false,
  versions: [],
  ciphers: [],
  isCipherOrderHonored: true,
};

function withListeners(
  ...changes: readonly Partial<ManagementListenerConfig>[]
): (config: Config) => Config {
  return (config) => {
    const { management } = config;
    const listeners = management.listeners.flatMap((listener) =>
      changes.map((change) => ({ ...listener, ...change })),
    );
    return { ...config, management: { ...management, listeners } };
  };
}

test("the API is served with TLS beside plain HTTP, and both are listed", async () => {
  await using broker = await ManagedBroker.start({ configure: withListeners({}, { tls: TLS }) });
  const secure = broker.shell.managementListeners.find(({ protocol }) => protocol === "https");
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const options = {
      host: "127.0.0.1",
      port: secure?.port,
      path: "/api/whoami",
      auth: "guest:guest",
      ca: readFileSync(join(FIXTURES, "ca.pem")),
      servername: "localhost",
      agent: false,
    } as const;
    get(options, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    }).on("error", reject);
  });
  expect(status).toBe(200);
  const { body } = await broker.get("/overview");
  expect(body.listeners.map(({ protocol }: { protocol: string }) => protocol)).toEqual([
    "amqp",
    "http",
    "https",
  ]);
  const check = (path: string) => broker.get(`/health/checks/${path}`);
  expect((await check("protocol-listener/https")).status).toBe(200);
  expect((await check(`port-listener/${secure?.port}`)).status).toBe(200);
  // The certificate of the fixtures is valid for many years yet, but not for a thousand.
  expect((await check("certificate-expiration/1/days")).status).toBe(200);
  const failed = await check("certificate-expiration/1000/years");
  expect(failed.status).toBe(503);
  expect(failed.body).toMatchObject({
    reason: "Certificates expiring",
    expired: [{ node: "rabbit@localhost", protocol: "https", certfile: TLS.certFile }],
  });
});

test("a certificate that cannot be used ends the start, in the words of the management's keys", async () => {
  const tls = { ...TLS, keyFile: join(FIXTURES, "none.pem") };
  await expect(ManagedBroker.start({ configure: withListeners({ tls }) })).rejects.toThrow(
    /^management\.ssl\.keyfile: cannot read/,
  );
});

test("a port that is taken ends the start if it was asked for, and is done without if not", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => other.once("listening", resolve));
  const { port } = other.address() as { port: number }; // It listens.
  try {
    const asked = ManagedBroker.start({ configure: withListeners({ port }) });
    await expect(asked).rejects.toMatchObject({ name: "ListenError", code: "EADDRINUSE" });
    const configure = withListeners({ port, isOptional: true });
    await using broker = await ManagedBroker.start({ configure });
    expect(broker.shell.managementListeners).toEqual([]);
    expect(broker.lines).toContainEqual(
      expect.stringMatching(/^warn no management API: cannot listen on port \d+/),
    );
  } finally {
    other.close();
  }
});

test("a stop ends connections that stay open", async () => {
  const broker = await ManagedBroker.start();
  const { Agent, request } = await import("node:http");
  const agent = new Agent({ keepAlive: true });
  await new Promise<void>((resolve, reject) => {
    const path = "/api/whoami";
    const asked = request({ host: "127.0.0.1", port: broker.port, path, agent }, (answer) => {
      answer.resume().on("end", resolve);
    });
    asked.on("error", reject).end();
  });
  await broker.shell.close();
  expect(broker.internalErrors).toEqual([]);
  agent.destroy();
});
