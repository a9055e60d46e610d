import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ClusterPort } from "../src/cluster-port.ts";
import { dial, dialed } from "../src/dial.ts";
import { CookieMismatchError, type DialError } from "../src/errors.ts";
import type { Hello } from "../src/handshake.ts";
import { encodeHandshake } from "../src/handshake-message.ts";
import type { PortTls } from "../src/socket-options.ts";
import { Certificates } from "./certificates.ts";
import { PortBench, readText } from "./port-bench.ts";

describe("the cluster port", () => {
  test("gives each purpose its connections, which carry bytes both ways", async () => {
    await using bench = await PortBench.open();
    const accepted = new Map<string, Hello>();
    for (const purpose of ["raft", "link", "control"] as const) {
      bench.port.handle(purpose, (socket, hello) => {
        accepted.set(purpose, hello);
        socket.end(`this is ${purpose}`);
      });
    }
    for (const purpose of ["raft", "link", "control"] as const) {
      const { socket, hello } = await bench.dial({ purpose });
      expect(hello).toEqual({ nodeName: "rabbit@a", purpose, version: 1 });
      expect(await readText(socket, purpose.length + 8)).toBe(`this is ${purpose}`);
      expect(accepted.get(purpose)).toEqual({ nodeName: "rabbit@b", purpose, version: 1 });
    }
    expect(bench.refused).toEqual([]);
  });

  test("loses no byte behind the handshake, however late its new owner listens", async () => {
    await using bench = await PortBench.open();
    const first = Buffer.alloc(500_000, "a");
    const accepted: Socket[] = [];
    bench.port.handle("link", (socket) => {
      accepted.push(socket);
      // In the same write as the end of the handshake, as far as the system puts them together.
      socket.write(first);
    });
    const { socket } = await bench.dial();
    socket.write("early");
    await new Promise((resolve) => setImmediate(resolve));
    expect(await readText(socket, first.length)).toBe(first.toString());
    const [other] = accepted;
    if (other === undefined) throw new Error("not accepted");
    bench.sockets.push(other);
    expect(await readText(other, 5)).toBe("early");
  });

  test("refuses a purpose without handler until it has one, and again when it is gone", async () => {
    await using bench = await PortBench.open();
    const before = await bench.failToDial();
    expect(before).toMatchObject({ code: "unavailable", isTransient: true });
    expect(before.message).toContain("rabbit@a refused: link connections are not available now");
    const stop = bench.port.handle("link", (socket) => bench.sockets.push(socket));
    await bench.dial();
    expect((await bench.failToDial({ purpose: "raft" })).code).toBe("unavailable");
    const stopNext = bench.port.handle("link", (socket) => bench.sockets.push(socket));
    stop(); // Of the handler before: the next one stays.
    await bench.dial();
    stopNext();
    expect((await bench.failToDial()).code).toBe("unavailable");
  });

  test("tells both sides whose cookies differ", async () => {
    await using bench = await PortBench.open();
    bench.port.handle("link", () => expect.fail("let in"));
    const error = await bench.failToDial({ cookie: "WRONG" });
    expect(error).toBeInstanceOf(CookieMismatchError);
    const hashes = /has the hash ([0-9a-f]{8}), the other has ([0-9a-f]{8})/;
    const { nodeName, error: logged } = await bench.waitRefused();
    expect(nodeName).toBe("rabbit@b");
    const [, ours, theirs] = hashes.exec(logged.message) ?? [];
    expect(ours).not.toBe(theirs);
    expect(error.message).toContain(`its hash is ${theirs}, that of rabbit@a differs`);
  });

  test("tells both sides which versions they speak if none is common", async () => {
    await using bench = await PortBench.open({ versions: { min: 2, max: 3 } });
    const text =
      "no common version of the cluster protocol: rabbit@a speaks 2 to 3, rabbit@b speaks 1";
    expect((await bench.failToDial()).code).toBe("version");
    expect((await bench.waitRefused()).error).toMatchObject({ code: "version", message: text });
  });

  test("goes on with the highest common version", async () => {
    await using bench = await PortBench.open({ versions: { min: 1, max: 3 } });
    bench.port.handle("link", (socket) => bench.sockets.push(socket));
    const { hello } = await bench.dial({ versions: { min: 2, max: 7 } });
    expect(hello.version).toBe(3);
  });

  test("says who answers instead of the node that was meant", async () => {
    await using bench = await PortBench.open();
    const error = await bench.failToDial({ nodeMeant: "rabbit@c" });
    expect(error.code).toBe("wrong_node");
    expect(error.message).toMatch(/^rabbit@a answers at 127\.0\.0\.1:\d+, not rabbit@c$/);
  });

  test("closes at once what speaks another protocol, and takes others meanwhile", async () => {
    await using bench = await PortBench.open();
    bench.port.handle("link", (socket) => bench.sockets.push(socket));
    const stranger = await bench.connectRaw();
    stranger.write("GET / HTTP/1.1\r\n\r\n");
    stranger.resume();
    await once(stranger, "close");
    expect((await bench.waitRefused()).error).toMatchObject({ code: "not_leveret" });
    const big = await bench.connectRaw();
    big.write(
      Buffer.concat([Buffer.from("LVRT\u0001\u00ff\u00ff", "latin1"), Buffer.alloc(70_000)]),
    );
    big.resume();
    await once(big, "close");
    expect((await bench.waitRefused(2)).error.message).toContain("broke the handshake");
    await bench.dial();
  });

  test("does not wait for ever for who says nothing, or stops in the middle", async () => {
    await using bench = await PortBench.open({ handshakeTimeoutMs: 50 });
    const silent = await bench.connectRaw();
    silent.resume();
    await once(silent, "close");
    expect((await bench.waitRefused()).error).toMatchObject({ code: "timeout" });
    const slow = await bench.connectRaw();
    slow.write("LVRT");
    slow.resume();
    await once(slow, "close");
    expect((await bench.waitRefused(2)).error.message).toContain("within 50 ms");
  });

  test("says nothing of a connection that only looks whether the port is open", async () => {
    await using bench = await PortBench.open();
    bench.port.handle("link", (socket) => bench.sockets.push(socket));
    (await bench.connectRaw()).end();
    await bench.dial();
    expect(bench.refused).toEqual([]);
  });

  test("bounds the connections that have not shown the cookie", async () => {
    await using bench = await PortBench.open({ handshakesMax: 2 });
    bench.port.handle("link", (socket) => bench.sockets.push(socket));
    const [first] = [await bench.connectRaw(), await bench.connectRaw()];
    expect(await bench.failToDial()).toMatchObject({ code: "busy", isTransient: true });
    first.destroy();
    await once(first, "close");
    await bench.dialWhenFree();
    // Those that are through count no more.
    await bench.dial();
    await bench.dial();
  });

  test("frees its port at once, and leaves what was handed over alone", async () => {
    await using bench = await PortBench.open();
    bench.port.handle("link", (socket) => socket.pipe(socket).resume());
    const { socket } = await bench.dial();
    const pending = await bench.connectRaw();
    pending.resume();
    await bench.port.close();
    await once(pending, "close");
    socket.write("still");
    expect(await readText(socket, 5)).toBe("still");
    const next = await ClusterPort.listen({
      host: "127.0.0.1",
      port: bench.port.port,
      nodeName: "rabbit@a",
      cookie: "SECRET",
    });
    await next.close();
    expect((await bench.failToDial()).code).toBe("unreachable");
  });

  test("does not listen where another does", async () => {
    await using bench = await PortBench.open();
    const second = ClusterPort.listen({
      host: "127.0.0.1",
      port: bench.port.port,
      nodeName: "rabbit@c",
      cookie: "SECRET",
    });
    await expect(second).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});

describe("dialling", () => {
  async function serve(
    onSocket: (socket: Socket) => void,
  ): Promise<AsyncDisposable & { port: number }> {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.resume();
      onSocket(socket);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return {
      port: address.port,
      [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
    };
  }

  function failure(port: number, timeoutMs = 10_000): Promise<DialError> {
    const options = { host: "127.0.0.1", port, purpose: "raft", cookie: "X", nodeName: "a@b" };
    return dialed({ ...options, purpose: "raft", timeoutMs }).then(
      () => expect.fail("let in"),
      (error: DialError) => error,
    );
  }

  test("says at once that nobody listens, with the system's reason", async () => {
    const error = await failure(1);
    expect(error).toMatchObject({
      code: "unreachable",
      isTransient: true,
      cause: { code: "ECONNREFUSED" },
    });
  });

  test("says that a name has no address", async () => {
    const options = { host: "no.such.host.invalid", port: 1, cookie: "X", nodeName: "a@b" };
    await expect(dialed({ ...options, purpose: "raft" })).rejects.toMatchObject({
      code: "unreachable",
    });
  });

  test.each([
    ["speaks first in another protocol", "220 mail ready\r\n", "not_leveret"],
    ["closes", "", "closed"],
    ["speaks TLS", "\u0015\u0003\u0001\u0000\u0002\u0002\u0046", "tls"],
    [
      "refuses for a reason of a later version",
      "LVRT\u0003\u0000\u0007\u00c8\u0000\u0004full",
      "closed",
    ],
  ])("knows what answers that %s", async (_what, bytes, code) => {
    await using server = await serve((socket) => socket.end(Buffer.from(bytes, "latin1")));
    expect(await failure(server.port)).toMatchObject({ code });
  });

  test("gives up on who does not answer, or resets", async () => {
    await using silent = await serve(() => {});
    expect(await failure(silent.port, 50)).toMatchObject({ code: "timeout" });
    await using reset = await serve((socket) => socket.resetAndDestroy());
    expect(await failure(reset.port)).toMatchObject({ isTransient: true });
  });

  test("does not take its own proof for one of the other side", async () => {
    await using mirror = await serve((socket) => {
      const hello = {
        kind: "hello",
        versionMin: 1,
        versionMax: 1,
        nonce: Buffer.alloc(32),
        purpose: "raft",
        nodeName: "rabbit@mirror",
      } as const;
      socket.once("data", () => {
        socket.write(encodeHandshake(hello));
        socket.pipe(socket);
      });
    });
    const error = await failure(mirror.port);
    expect(error).toBeInstanceOf(CookieMismatchError);
    expect(error.message).toContain("rabbit@mirror");
  });

  test("calls nothing after it was cancelled", async () => {
    await using bench = await PortBench.open();
    const accepted: Socket[] = [];
    bench.port.handle("link", (socket) => accepted.push(socket));
    const dialling = dial(bench.dialOptions, {
      onConnected: () => expect.fail("connected"),
      onFailed: () => expect.fail("failed"),
    });
    dialling.cancel();
    await bench.dial();
    expect(accepted).toHaveLength(1);
    const aborted = dialed(bench.dialOptions, AbortSignal.abort());
    await expect(aborted).rejects.toMatchObject({ code: "cancelled" });
    bench.sockets.push(...accepted);
  });
});

describe("with TLS, the cluster port", () => {
  const certificates = new Certificates();
  let node: PortTls;
  let other: PortTls;
  let stranger: PortTls;

  beforeAll(() => {
    node = certificates.make("node", "authority");
    other = certificates.make("other", "authority");
    stranger = certificates.make("stranger", "elsewhere");
  });

  afterAll(() => certificates.remove());

  test("lets in who has a certificate and the cookie, and carries bytes", async () => {
    await using bench = await PortBench.open({ tls: node });
    bench.port.handle("link", (socket) => socket.pipe(socket).resume());
    const { socket, hello } = await bench.dial({ tls: other });
    expect(hello.nodeName).toBe("rabbit@a");
    const text = "x".repeat(200_000);
    socket.write(text);
    expect(await readText(socket, text.length)).toBe(text);
    expect(await bench.failToDial({ tls: other, cookie: "WRONG" })).toBeInstanceOf(
      CookieMismatchError,
    );
    expect((await bench.waitRefused()).nodeName).toBe("rabbit@b");
  });

  test("does not let in a certificate of another authority, nor is it taken for a node by such", async () => {
    await using bench = await PortBench.open({ tls: node });
    bench.port.handle("link", () => expect.fail("let in"));
    const ours = await bench.failToDial({ tls: { ...stranger, ca: node.ca } });
    expect(ours.code).toMatch(/tls|closed/);
    const theirs = await bench.failToDial({ tls: stranger });
    expect(theirs.code).toBe("tls");
  });

  test("tells who speaks without TLS, and with TLS to a port without", async () => {
    await using bench = await PortBench.open({ tls: node });
    const plain = await bench.failToDial();
    expect(plain.code).toBe("closed");
    expect(plain.message).toContain("without an answer (does it want TLS?)");
    expect((await bench.waitRefused()).error.code).toBe("tls");
    await using without = await PortBench.open();
    expect((await without.failToDial({ tls: other })).code).toBe("tls");
    expect((await without.waitRefused()).error.code).toBe("tls");
  });
});
