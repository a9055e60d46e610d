import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "amqplib";
import { describe, expect, test } from "vitest";
import { type EmbeddedBroker, startBroker } from "../../src/index.ts";
import { connectOnly } from "./silent-client.ts";

const FIXTURES = join(import.meta.dirname, "../connection/tls-fixtures");
/** Far above what a test may take: nothing here may wait for it. */
const TEN_MINUTES_MS = 600_000;

function startWithTls(hasProxyProtocol = false): Promise<EmbeddedBroker> {
  return startBroker({
    configure: (config) => ({
      ...config,
      listeners: {
        ...config.listeners,
        hasProxyProtocol,
        tls: [{ address: "127.0.0.1", port: 0 }],
        tlsHandshakeTimeoutMs: TEN_MINUTES_MS,
        handshakeTimeoutMs: TEN_MINUTES_MS,
      },
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
}

/** The TLS listener's address. */
function tlsOf({ host, tlsPort = 0 }: EmbeddedBroker): { host: string; port: number } {
  return { host, port: tlsPort };
}

describe("an embedded broker with TLS", () => {
  test("serves clients at tlsPort", async () => {
    await using broker = await startWithTls();
    const url = `amqps://guest:guest@localhost:${broker.tlsPort}`;
    const connection = await connect(url, { ca: readFileSync(join(FIXTURES, "ca.pem")) });
    expect(broker.connections()).toHaveLength(1);
    await connection.close();
  });

  test("stops at once when a client is in the middle of its TLS handshake", async () => {
    const broker = await startWithTls();
    const silent = await connectOnly(tlsOf(broker));
    await broker.stop();
    silent.destroy();
  });

  test("stops at once when clients are in the middle of a PROXY header or behind it", async () => {
    const broker = await startWithTls(true);
    const beforeHeader = await connectOnly(tlsOf(broker));
    const inHeader = await connectOnly(broker);
    inHeader.write("PROXY TCP4 1.2");
    const behindHeader = await connectOnly(tlsOf(broker));
    behindHeader.write("PROXY TCP4 1.2.3.4 5.6.7.8 1000 2000\r\n");
    await broker.stop();
    for (const socket of [beforeHeader, inHeader, behindHeader]) socket.destroy();
  });
});
