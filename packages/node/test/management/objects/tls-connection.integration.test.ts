import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "amqplib";
import { expect, test } from "vitest";
import { ManagedBroker } from "../managed-broker.ts";

const FIXTURES = join(import.meta.dirname, "../../connection/tls-fixtures");

test("a connection with TLS is shown with its protocol and cipher", async () => {
  await using broker = await ManagedBroker.start({
    configure: (config) => ({
      ...config,
      listeners: { ...config.listeners, tls: [{ address: "127.0.0.1", port: 0 }] },
      tls: {
        caCertFile: undefined,
        certFile: join(FIXTURES, "server.pem"),
        keyFile: join(FIXTURES, "server-key.pem"),
        password: undefined,
        verify: "verify_none",
        isPeerCertRequired: false,
        versions: [],
        ciphers: [],
        isCipherOrderHonored: true,
      },
    }),
  });
  const listener = broker.shell.broker?.listeners.find(({ isTls }) => isTls);
  const url = `amqps://guest:guest@localhost:${listener?.address.port}`;
  const client = await connect(url, { ca: readFileSync(join(FIXTURES, "ca.pem")) });
  const [shown] = (await broker.get("/connections")).body;
  expect(shown).toMatchObject({
    ssl: true,
    ssl_protocol: expect.stringMatching(/^TLSv1\.[23]$/),
    ssl_cipher: expect.stringMatching(/^TLS_/),
    ssl_hash: expect.stringMatching(/^SHA/),
    peer_cert_subject: null,
  });
  expect(shown.recv_oct).toBeGreaterThan(0);
  await client.close();
});
