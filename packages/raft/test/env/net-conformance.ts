import { expect, it } from "vitest";
import type { Connection, ConnectionHandler, Net, NetListener } from "../../src/env/net.ts";

/** A network to be tested. */
export interface NetBench {
  readonly net: Net;
  /** An address to listen on; the listener's own address is used to connect. */
  readonly listenAddress: string;
  /** An address where nobody listens. */
  readonly deadAddress: string;
  /** Lets the world go on until `isDone`. */
  run(isDone: () => boolean): Promise<void>;
  /** Lets the world go on for a while, in which nothing more may happen, or until `isDone`. */
  rest(isDone?: () => boolean): Promise<void>;
  close(): Promise<void>;
}

/** Notes down what happens at one end. */
class End implements ConnectionHandler {
  connection: Connection | undefined;
  readonly chunks: Buffer[] = [];
  readonly calls: string[] = [];
  received = 0;
  closed: string | undefined;
  isInsideCall = false;
  onChunk: (() => void) | undefined;

  onOpen(): void {
    this.#called("open");
  }

  onData(chunk: Uint8Array): void {
    this.#called("data");
    this.chunks.push(Buffer.from(chunk));
    this.received += chunk.length;
    this.onChunk?.();
  }

  onDrain(): void {
    this.#called("drain");
  }

  onClose(reason: string): void {
    this.#called("close");
    this.closed = reason;
  }

  /** Calls a method of the connection, during which no call may come. */
  use<T>(call: (connection: Connection) => T): T {
    if (this.connection === undefined) throw new Error("no connection");
    this.isInsideCall = true;
    const result = call(this.connection);
    this.isInsideCall = false;
    return result;
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }

  #called(call: string): void {
    expect(this.isInsideCall, `${call} inside a call`).toBe(false);
    expect(this.closed, `${call} after the close`).toBeUndefined();
    this.calls.push(call);
  }
}

interface Pair {
  readonly client: End;
  readonly server: End;
  readonly listener: NetListener;
}

/** What all implementations of {@link Net} have to do alike. */
export function describeNet(open: () => Promise<NetBench>): void {
  function test(name: string, body: (bench: NetBench) => Promise<void>): void {
    it(name, async () => {
      const bench = await open();
      try {
        await body(bench);
      } finally {
        await bench.close();
      }
    });
  }

  test("carries bytes both ways, in order", async (bench) => {
    const { client, server } = await connected(bench);
    client.use((connection) => connection.write(Buffer.from("hello ")));
    client.use((connection) => connection.write(Buffer.from("server")));
    await bench.run(() => server.received === 12);
    expect(server.text).toBe("hello server");
    server.use((connection) => connection.write(Buffer.from("hello client")));
    await bench.run(() => client.received === 12);
    expect(client.text).toBe("hello client");
    expect(client.calls[0]).toBe("open");
    expect(server.calls).not.toContain("open");
    await closed(bench, client, server);
  });

  test("holds the sender back while the receiver does not read, and loses nothing", async (bench) => {
    const { client, server } = await connected(bench);
    server.use((connection) => connection.pause());
    const piece = 64 * 1024;
    let sent = 0;
    const isTaken = (): boolean =>
      client.use((connection) => connection.write(Buffer.alloc(piece, sent++ % 251)));
    while (sent < 1000 && isTaken());
    expect(sent).toBeLessThan(1000);
    // The system's own buffers may swallow some; in the end it is held back for good.
    for (let round = 0; round < 200; round++) {
      const drains = client.calls.length;
      await bench.rest(() => client.calls.length > drains);
      if (client.calls.length === drains) break;
      while (isTaken());
    }
    expect(server.received).toBe(0);
    server.use((connection) => connection.resume());
    await bench.run(() => server.received === sent * piece);
    const all = Buffer.concat(server.chunks);
    expect(all).toHaveLength(sent * piece);
    for (let index = 0; index < sent; index++) {
      expect(all[index * piece]).toBe(index % 251);
      expect(all[(index + 1) * piece - 1]).toBe(index % 251);
    }
    expect(client.calls).toContain("drain");
    expect(client.use((connection) => connection.bufferedBytes)).toBe(0);
    await closed(bench, client, server);
  });

  test("gives no data after a pause inside the handling of data", async (bench) => {
    const { client, server } = await connected(bench);
    server.onChunk = (): void => server.connection?.pause();
    for (let count = 0; count < 20; count++) {
      client.use((connection) => connection.write(Buffer.alloc(100_000)));
    }
    await bench.rest();
    expect(server.chunks).toHaveLength(1);
    server.onChunk = undefined;
    server.use((connection) => connection.resume());
    await bench.run(() => server.received === 2_000_000);
    expect(server.received).toBe(2_000_000);
    await closed(bench, client, server);
  });

  test("tells both ends of a close, once", async (bench) => {
    const { client, server } = await connected(bench);
    client.use((connection) => connection.destroy("enough"));
    client.use((connection) => connection.destroy("again"));
    await bench.run(() => client.closed !== undefined && server.closed !== undefined);
    expect(client.closed).toBe("enough");
    expect(server.closed).toBeDefined();
    client.use((connection) => connection.write(Buffer.from("late")));
    client.use((connection) => connection.pause());
    client.use((connection) => connection.resume());
    await bench.rest();
    expect(client.calls.filter((call) => call === "close")).toHaveLength(1);
    expect(server.received).toBe(0);
  });

  test("closes at once a connection that is refused, cannot be named or is not wanted any more", async (bench) => {
    for (const address of [bench.deadAddress, "no address", ""]) {
      const end = new End();
      end.connection = bench.net.connect(address, end);
      expect(end.calls).toEqual([]);
      await bench.run(() => end.closed !== undefined);
      expect(end.calls).toEqual(["close"]);
      expect(end.closed).not.toBe("");
    }
    const listener = await listening(bench, () => new End());
    const end = new End();
    end.connection = bench.net.connect(listener.address, end);
    end.use((connection) => connection.destroy("changed my mind"));
    await bench.run(() => end.closed !== undefined);
    expect(end.calls).toEqual(["close"]);
    await closeListener(bench, listener);
  });

  test("does not listen twice on one address, and again after a close", async (bench) => {
    const first = await listening(bench, () => new End());
    const error = await listen(bench, first.address, () => new End()).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(Error);
    await closeListener(bench, first);
    const second = await listen(bench, first.address, () => new End());
    expect(second.address).toBe(first.address);
    await closeListener(bench, second);
  });
}

async function connected(bench: NetBench): Promise<Pair> {
  const server = new End();
  const client = new End();
  const listener = await listening(bench, (connection) => {
    server.connection = connection;
    return server;
  });
  client.connection = bench.net.connect(listener.address, client);
  await bench.run(() => server.connection !== undefined && client.calls.includes("open"));
  return { client, server, listener };
}

async function closed(bench: NetBench, client: End, server: End): Promise<void> {
  client.use((connection) => connection.destroy("done"));
  await bench.run(() => client.closed !== undefined && server.closed !== undefined);
}

function listening(
  bench: NetBench,
  accept: (connection: Connection) => ConnectionHandler,
): Promise<NetListener> {
  return listen(bench, bench.listenAddress, accept);
}

async function listen(
  bench: NetBench,
  address: string,
  accept: (connection: Connection) => ConnectionHandler,
): Promise<NetListener> {
  const answers: { error: Error | undefined; listener: NetListener | undefined }[] = [];
  bench.net.listen(address, accept, (error, listener) => {
    answers.push({ error, listener });
  });
  expect(answers, "answered inside the call").toHaveLength(0);
  await bench.run(() => answers.length > 0);
  const [answer] = answers;
  if (answer?.listener === undefined) throw answer?.error ?? new Error("no answer");
  return answer.listener;
}

async function closeListener(bench: NetBench, listener: NetListener): Promise<void> {
  let isClosed = false;
  listener.close(() => {
    isClosed = true;
  });
  expect(isClosed, "answered inside the call").toBe(false);
  await bench.run(() => isClosed);
  expect(isClosed).toBe(true);
}
