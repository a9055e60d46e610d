import { once } from "node:events";
import { describe, expect, test } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { connectTcp, greeting, RawClient, waitFor } from "./raw-client.ts";
import { TestNode } from "./start-node.ts";

function withListeners(listeners: Partial<Config["listeners"]>): Promise<TestNode> {
  return TestNode.start({
    configure: (config) => ({ ...config, listeners: { ...config.listeners, ...listeners } }),
  });
}

/** A binary PROXY header (version 2): TCP over IPv4. */
function proxyHeader2(source: readonly number[], sourcePort: number): Buffer {
  const header = Buffer.alloc(28);
  header.write("\r\n\r\n\0\r\nQUIT\n", "latin1");
  header.set([0x21, 0x11, 0, 12], 12);
  header.set(source, 16);
  header.set([127, 0, 0, 1], 20);
  header.writeUInt16BE(sourcePort, 24);
  header.writeUInt16BE(5672, 26);
  return header;
}

async function loginAfter(node: TestNode, header: Buffer | string): Promise<RawClient> {
  const socket = await connectTcp(node);
  socket.write(header);
  return await RawClient.over(socket, { capabilities: ["authentication_failure_close"] });
}

describe("listeners", () => {
  test("IPv6: the connection's name shows both addresses", async () => {
    await using node = await withListeners({ tcp: [{ address: "::1", port: 0 }] });
    await using client = await RawClient.open(node);
    const { localPort } = client.socket;
    expect(node.broker.connections()[0]?.name).toBe(`::1:${localPort} -> ::1:${node.port}`);
  });

  test("all interfaces: IPv4 and IPv6 clients reach the same port, guest is local to both", async () => {
    await using node = await withListeners({ tcp: [{ address: undefined, port: 0 }] });
    for (const host of ["127.0.0.1", "::1"]) {
      await using client = await RawClient.open({ host, port: node.port });
      expect(node.broker.connections().at(-1)?.name).toMatch(
        `${host}:${client.socket.localPort} -> ${host}:${node.port}`,
      );
    }
  });

  test("several at once", async () => {
    const at = { address: "127.0.0.1", port: 0 };
    await using node = await withListeners({ tcp: [at, at, at] });
    for (const { address } of node.node.listeners) {
      await (await RawClient.open({ host: address.address, port: address.port })).close();
    }
  });

  test("a client that connects and leaves without a byte is no error", async () => {
    await using node = await TestNode.start();
    const socket = await connectTcp(node);
    socket.end().resume();
    await once(socket, "close");
    await waitFor(() => node.node.broker.connectionCount === 0, "the connection is gone");
    expect(node.lines.filter((line) => /^(warn|error)/.test(line))).toEqual([]);
  });
});

describe("PROXY protocol", () => {
  test.each([
    ["version 1", "PROXY TCP4 127.9.9.9 127.0.0.1 4711 5672\r\n"],
    ["version 2", proxyHeader2([127, 9, 9, 9], 4711)],
  ])("%s names the client behind the proxy", async (_version, header) => {
    await using node = await withListeners({ hasProxyProtocol: true });
    await using client = await loginAfter(node, header);
    expect(node.broker.connections()[0]?.name).toBe("127.9.9.9:4711 -> 127.0.0.1:5672");
    await client.close();
  });

  test("version 1 over IPv6, in the same segment as the client's first bytes", async () => {
    await using node = await withListeners({ hasProxyProtocol: true });
    const socket = await connectTcp(node);
    socket.resume();
    socket.write(Buffer.concat([Buffer.from("PROXY TCP6 ::1 ::1 4711 5672\r\n"), ...greeting()]));
    await node.broker.waitForConnections(1);
    expect(node.broker.connections()[0]?.name).toBe("::1:4711 -> ::1:5672");
    socket.destroy();
  });

  test.each([
    ["version 1", "PROXY TCP4 10.0.0.1 127.0.0.1 4711 5672\r\n"],
    ["version 2", proxyHeader2([10, 0, 0, 1], 4711)],
  ])("%s: guest may not come from another machine through a local proxy", async (_name, header) => {
    await using node = await withListeners({ hasProxyProtocol: true });
    await expect(loginAfter(node, header)).rejects.toThrow(
      "connection.close 403 ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. " +
        "For details see the broker logfile.",
    );
    expect(node.lines.some((line) => /can only connect via localhost/.test(line))).toBe(true);
  });

  test.each([
    ["no header at all", Buffer.concat(greeting())],
    ["a header that is none", "PROXY nonsense\r\n"],
    ["a header without end", `PROXY TCP4 ${"1".repeat(200)}`],
  ])("%s ends the connection, and others go on", async (_name, bytes) => {
    await using node = await withListeners({ hasProxyProtocol: true });
    const socket = await connectTcp(node);
    let received = 0;
    socket.on("data", (chunk: Buffer) => {
      received += chunk.length;
    });
    socket.write(bytes);
    await once(socket, "close");
    expect(received).toBe(0);
    const client = await loginAfter(node, "PROXY UNKNOWN\r\n");
    expect(node.broker.connections()[0]?.name).toBe(
      `127.0.0.1:${client.socket.localPort} -> 127.0.0.1:${node.port}`,
    );
    await client.close();
  });

  test("a header that does not come is waited for as long as a handshake", async () => {
    await using node = await withListeners({ hasProxyProtocol: true, handshakeTimeoutMs: 50 });
    const socket = await connectTcp(node);
    socket.resume();
    await once(socket, "close");
  });

  test("stopping does not wait for it", async () => {
    const node = await withListeners({ hasProxyProtocol: true });
    const socket = await connectTcp(node);
    socket.resume();
    const closed = new Promise((resolve) => socket.once("close", resolve));
    await (await loginAfter(node, "PROXY UNKNOWN\r\n")).close();
    await node.node.stop();
    await closed;
  });
});

describe("the handshake", () => {
  test.each([0, 1, 2, 3])("that stops after %i steps is ended by the timeout", async (steps) => {
    await using node = await withListeners({ handshakeTimeoutMs: 100 });
    const socket = await connectTcp(node);
    socket.resume();
    socket.write(Buffer.concat(greeting().slice(0, steps)));
    await once(socket, "close");
    expect(node.lines).toContainEqual(
      expect.stringMatching(/^error closing AMQP connection .*: handshake_timeout$/),
    );
  });

  test("in time ends the timeout", async () => {
    await using node = await withListeners({ handshakeTimeoutMs: 100 });
    await using early = await RawClient.open(node);
    const late = await connectTcp(node);
    late.resume();
    await once(late, "close"); // So the time of the one before is over, too.
    await early.openChannel();
  });
});

describe.concurrent("heartbeats", () => {
  test("the broker sends them when it has nothing else to say", async () => {
    await using node = await TestNode.start();
    await using client = await RawClient.open(node, { heartbeat: 1 });
    await waitFor(() => client.heartbeats >= 2, "two heartbeats came");
  });

  test("a client that is silent is dropped, one that sends heartbeats is not", async () => {
    await using node = await TestNode.start();
    await using silent = await RawClient.open(node, { heartbeat: 1 });
    await using lively = await RawClient.open(node, { heartbeat: 1 });
    const beat = setInterval(() => lively.write(Buffer.from([8, 0, 0, 0, 0, 0, 0, 0xce])), 300);
    await silent.closed;
    clearInterval(beat);
    expect(node.lines).toContainEqual(
      expect.stringMatching(/missed heartbeats from client, timeout: 1s$/),
    );
    await lively.openChannel();
  });

  test("0 turns them off on both sides", async () => {
    await using node = await TestNode.start();
    await using quiet = await RawClient.open(node, { heartbeat: 0 });
    await using silent = await RawClient.open(node, { heartbeat: 1 });
    await silent.closed; // Two intervals are over for the quiet one, too.
    expect(quiet.heartbeats).toBe(0);
    await quiet.openChannel();
  });
});

describe("the end of a connection", () => {
  test("everything that was published before connection.close is kept", async () => {
    await using node = await TestNode.start();
    const client = await RawClient.open(node);
    await client.openChannel();
    await client.call(1, "queue.declare", { queue: "q" });
    for (let count = 0; count < 1000; count++) client.publish(1, { routingKey: "q" }, `${count}`);
    await client.close();
    expect(node.broker.queue("q").messagesReady).toBe(1000);
    await waitFor(() => node.node.broker.connectionCount === 0, "the connection is gone");
  });

  test("a stopping node tells each client why, also one that is in the middle of a message", async () => {
    const node = await TestNode.start();
    const clients = await Promise.all([1, 2, 3].map(async () => await RawClient.open(node)));
    const [first] = clients;
    await first?.openChannel();
    first?.write(Buffer.from([3, 0, 1, 0, 0, 0, 100, 1, 2]));
    const stopped = node.node.stop();
    for (const client of clients) {
      const { method } = await client.next("connection.close");
      expect(method).toMatchObject({
        replyCode: 320,
        replyText: "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'",
        failedClassId: 0,
        failedMethodId: 0,
      });
      client.send(0, "connection.close-ok");
      client.socket.end();
    }
    await stopped;
    await expect(connectTcp(node)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test("closeConnections tells the reason, and the client's close-ok ends TCP", async () => {
    await using node = await TestNode.start();
    await using client = await RawClient.open(node);
    node.broker.closeConnections("because I can");
    const { method } = await client.next("connection.close");
    expect(method.replyText).toBe("CONNECTION_FORCED - because I can");
    client.send(0, "connection.close-ok");
    await client.closed;
  });
});

describe("after a framing error", () => {
  test("nothing more is read, and the reason can still be read", async () => {
    await using node = await TestNode.start();
    await using client = await RawClient.open(node);
    client.write(Buffer.from([1, 0, 0, 0, 0, 0, 4, 0, 10, 0, 50, 0]));
    client.send(0, "connection.close", { replyCode: 200 });
    const { method } = await client.next("connection.close");
    expect(method.replyCode).toBe(501);
    expect(client.count("connection.close-ok")).toBe(0);
  });
});
