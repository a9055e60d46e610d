import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Config, TlsConfig } from "../../src/config/config.ts";
import { publishNumbered } from "./numbered-messages.ts";
import { connectTcp, RawClient, waitFor } from "./raw-client.ts";
import { TestNode } from "./start-node.ts";

let folder = "";

function file(name: string): string {
  return join(folder, name);
}

function openssl(...args: string[]): void {
  execFileSync("openssl", args, { stdio: "pipe", cwd: folder });
}

function makeAuthority(name: string): void {
  openssl(
    ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2".split(" "),
    "-subj",
    `/CN=${name}`,
    "-keyout",
    `${name}.key`,
    "-out",
    `${name}.pem`,
  );
}

function makeCertificate(name: string, authority: string): void {
  writeFileSync(file("names.cnf"), "subjectAltName=DNS:localhost,IP:127.0.0.1");
  openssl(
    ..."req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes".split(" "),
    "-subj",
    `/CN=${name}`,
    "-keyout",
    `${name}.key`,
    "-out",
    `${name}.csr`,
  );
  openssl(
    "x509",
    "-req",
    "-days",
    "2",
    "-in",
    `${name}.csr`,
    "-CA",
    `${authority}.pem`,
    "-CAkey",
    `${authority}.key`,
    "-CAcreateserial",
    "-extfile",
    "names.cnf",
    "-out",
    `${name}.pem`,
  );
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "leveret-tls-"));
  makeAuthority("authority");
  makeAuthority("stranger");
  makeCertificate("server", "authority");
  makeCertificate("client", "authority");
  makeCertificate("strange-client", "stranger");
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function tlsNode(
  settings: Partial<TlsConfig>,
  listeners: Partial<Config["listeners"]> = {},
): Promise<TestNode> {
  return TestNode.start({
    configure: (config) => ({
      ...config,
      listeners: {
        ...config.listeners,
        tcp: [],
        tls: [{ address: "127.0.0.1", port: 0 }],
        ...listeners,
      },
      tls: {
        caCertFile: file("authority.pem"),
        certFile: file("server.pem"),
        keyFile: file("server.key"),
        password: undefined,
        verify: "verify_none",
        isPeerCertRequired: false,
        versions: [],
        ciphers: [],
        isCipherOrderHonored: true,
        ...settings,
      },
    }),
  });
}

function certificate(name: string): ConnectionOptions {
  return { cert: readFileSync(file(`${name}.pem`)), key: readFileSync(file(`${name}.key`)) };
}

function secure(to: { host: string; port: number }, options: ConnectionOptions = {}): TLSSocket {
  const socket = connect({
    host: to.host,
    port: to.port,
    ca: readFileSync(file("authority.pem")),
    ...options,
  });
  socket.on("error", () => undefined); // A refusal shows in "close".
  return socket;
}

async function login(node: TestNode, options: ConnectionOptions = {}): Promise<RawClient> {
  const socket = secure(node, options);
  await once(socket, "secureConnect");
  return await RawClient.over(socket);
}

/** Publishes and gets a message of more than one TLS record. */
async function expectService(client: RawClient): Promise<void> {
  await client.openChannel();
  await client.call(1, "queue.declare", { queue: "q" });
  client.publish(1, { routingKey: "q" }, Buffer.alloc(100_000, "x"));
  expect((await client.get(1, "q"))?.body.equals(Buffer.alloc(100_000, "x"))).toBe(true);
  await client.close();
}

/** Expects that the broker ends a connection before it says anything of AMQP. */
async function expectRefusal(node: TestNode, options: ConnectionOptions): Promise<void> {
  const socket = secure(node, options);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  let received = 0;
  socket.on("data", (chunk: Buffer) => {
    received += chunk.length;
  });
  socket.write("AMQP\0\0\u0009\u0001");
  await closed;
  expect(received).toBe(0);
  expect(node.node.broker.connectionCount).toBe(0);
}

describe("a TLS listener", () => {
  test("serves a client that checks the broker's certificate", async () => {
    await using node = await tlsNode({});
    expect(node.node.listeners.map(({ isTls }) => isTls)).toEqual([true]);
    await expectService(await login(node));
  });

  test("is not trusted by a client of another authority", async () => {
    await using node = await tlsNode({});
    await expectRefusal(node, { ca: readFileSync(file("stranger.pem")) });
    await expectService(await login(node));
  });

  test("verify_none takes any client certificate", async () => {
    await using node = await tlsNode({ verify: "verify_none" });
    await expectService(await login(node, certificate("strange-client")));
  });

  test("verify_peer takes a client with a good certificate or none, and refuses a bad one", async () => {
    await using node = await tlsNode({ verify: "verify_peer" });
    await expectService(await login(node, certificate("client")));
    await expectService(await login(node));
    await expectRefusal(node, certificate("strange-client"));
  });

  test("fail_if_no_peer_cert refuses a client without certificate, too", async () => {
    await using node = await tlsNode({ verify: "verify_peer", isPeerCertRequired: true });
    await expectRefusal(node, {});
    await expectRefusal(node, certificate("strange-client"));
    await expectService(await login(node, certificate("client")));
  });

  test("gives a client that reads slowly everything in order, with little in memory", async () => {
    await using node = await tlsNode({});
    const publisher = await login(node);
    const consumer = await login(node);
    await consumer.openChannel();
    await consumer.call(1, "queue.declare", { queue: "q" });
    let next = 0;
    let wrong = 0;
    consumer.onDelivery = ({ body }) => {
      if (body.readUInt32BE() !== next) wrong++;
      next++;
    };
    await consumer.call(1, "basic.consume", { queue: "q", noAck: true });
    consumer.socket.pause();
    await publisher.openChannel();
    await publishNumbered(publisher, { queue: "q", count: 20_000, bodySize: 2000 });
    await node.broker.waitForMessages("q", 1000);
    await publisher.close();
    expect(node.unwritten).toBeLessThan(4_000_000);
    consumer.socket.resume();
    await waitFor(() => next === 20_000, "everything came");
    expect(wrong).toBe(0);
    await consumer.close();
  });

  test("refuses a protocol version that is not offered", async () => {
    await using node = await tlsNode({ versions: ["tlsv1.3"] });
    await expectRefusal(node, { maxVersion: "TLSv1.2" });
    await expectService(await login(node, { minVersion: "TLSv1.3" }));
  });

  test("drops whoever speaks plain AMQP or nonsense, and goes on", async () => {
    await using node = await tlsNode({});
    for (const words of [
      "AMQP\0\0\u0009\u0001",
      "GET / HTTP/1.1\r\n\r\n",
      "\u0016\u0003\u0001\u0002",
    ]) {
      const socket = await connectTcp(node);
      socket.resume();
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.end(words);
      await closed;
    }
    await expectService(await login(node));
    expect(node.internalErrors).toEqual([]);
  });

  test("drops a client that does not finish the TLS handshake", async () => {
    await using node = await tlsNode({}, { tlsHandshakeTimeoutMs: 50 });
    const socket = await connectTcp(node);
    socket.resume();
    await once(socket, "close");
  });

  test("stops at once while a client is in the middle of the TLS handshake", async () => {
    const node = await tlsNode({}, { tlsHandshakeTimeoutMs: 60_000 });
    const socket = await connectTcp(node);
    socket.resume();
    const closed = new Promise((resolve) => socket.once("close", resolve));
    await expectService(await login(node)); // So the socket before it has been accepted.
    await node.node.stop();
    await closed;
  });
});

describe("a TLS listener behind a proxy", () => {
  const proxied: Partial<Config["listeners"]> = { hasProxyProtocol: true };
  const header = "PROXY TCP4 127.1.2.3 127.0.0.1 40000 5671\r\n";

  async function throughProxy(node: TestNode, options: ConnectionOptions = {}): Promise<TLSSocket> {
    const socket = await connectTcp(node);
    socket.write(header);
    return secure(node, { socket, servername: "localhost", ...options });
  }

  async function finishThroughProxy(node: TestNode): Promise<void> {
    const socket = await throughProxy(node);
    await once(socket, "secureConnect");
    await expectService(await RawClient.over(socket));
  }

  test("reads the PROXY header before TLS and names the client by it", async () => {
    await using node = await tlsNode({}, proxied);
    const socket = await throughProxy(node);
    await once(socket, "secureConnect");
    const client = await RawClient.over(socket);
    expect(node.broker.connections()[0]?.name).toBe("127.1.2.3:40000 -> 127.0.0.1:5671");
    await expectService(client);
  });

  test("verifies certificates there, too", async () => {
    await using node = await tlsNode({ verify: "verify_peer", isPeerCertRequired: true }, proxied);
    const refused = await throughProxy(node, certificate("strange-client"));
    refused.resume();
    await once(refused, "close");
    const socket = await throughProxy(node, certificate("client"));
    await once(socket, "secureConnect");
    await expectService(await RawClient.over(socket));
  });

  test("survives a reset after the PROXY header, within the TLS handshake", async () => {
    await using node = await tlsNode({}, proxied);
    for (let round = 0; round < 20; round++) {
      const socket = await connectTcp(node);
      socket.write(round % 2 === 0 ? header : `${header}\u0016\u0003\u0001\u0002`);
      await new Promise((resolve) => setImmediate(resolve));
      socket.resetAndDestroy();
    }
    await finishThroughProxy(node);
    expect(node.internalErrors).toEqual([]);
  });

  test("drops a client that does not finish the TLS handshake after its PROXY header", async () => {
    await using node = await tlsNode({}, { ...proxied, tlsHandshakeTimeoutMs: 50 });
    const socket = await connectTcp(node);
    socket.write(header);
    socket.resume();
    await once(socket, "close");
  });

  test("stops at once while a client is in the middle of the TLS handshake", async () => {
    const node = await tlsNode({}, { ...proxied, tlsHandshakeTimeoutMs: 60_000 });
    const socket = await connectTcp(node);
    socket.write(header);
    socket.resume();
    const closed = new Promise((resolve) => socket.once("close", resolve));
    await finishThroughProxy(node); // So the socket before it has been read.
    await node.node.stop();
    await closed;
  });
});
