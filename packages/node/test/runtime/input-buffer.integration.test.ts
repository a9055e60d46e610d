import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { withInputBuffer } from "../../src/runtime/input-buffer.ts";

/** A server whose connections read into the shared buffer, and what each of them got. */
class Receiver {
  readonly server: Server;
  readonly sockets: Socket[] = [];
  readonly received: Buffer[][] = [];

  constructor() {
    this.server = createServer((accepted) => {
      const chunks: Buffer[] = [];
      this.received.push(chunks);
      const socket = withInputBuffer(accepted, (chunk) => chunks.push(Buffer.from(chunk)));
      if (socket === undefined) throw new Error("the handle was not found");
      this.sockets.push(socket);
      socket.resume();
    });
  }

  async listen(): Promise<number> {
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    return (this.server.address() as AddressInfo).port; // It listens on TCP.
  }

  sizeOf(index: number): number {
    return (this.received[index] ?? []).reduce((size, chunk) => size + chunk.length, 0);
  }
}

async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await new Promise((resolve) => setImmediate(resolve));
}

describe("withInputBuffer", () => {
  const open: { destroy(): void }[] = [];
  afterEach(() => {
    for (const socket of open.splice(0)) socket.destroy();
  });

  test("keeps the bytes of connections apart that write at the same time", async () => {
    const receiver = new Receiver();
    const port = await receiver.listen();
    const clients = [1, 2, 3].map((value) => {
      const client = connect(port, "127.0.0.1");
      open.push(client);
      for (let piece = 0; piece < 50; piece++) client.write(Buffer.alloc(20_001, value));
      return client;
    });
    await until(() => [0, 1, 2].every((index) => receiver.sizeOf(index) === 50 * 20_001));
    const values = receiver.received.map((chunks) => [...new Set(Buffer.concat(chunks))]);
    expect(values.sort()).toEqual([[1], [2], [3]]);
    for (const client of clients) client.end();
    receiver.server.close();
    await once(receiver.server, "close"); // The server counts the moved sockets, too.
  });

  test("reads nothing while the socket is paused, and everything afterwards", async () => {
    const receiver = new Receiver();
    const client = connect(await receiver.listen(), "127.0.0.1");
    open.push(client);
    client.write("one");
    await until(() => receiver.sizeOf(0) === 3);
    receiver.sockets[0]?.pause();
    const size = 8 * 1024 * 1024;
    client.write(Buffer.alloc(size, 7));
    await until(() => client.writableLength > 0);
    expect(receiver.sizeOf(0)).toBe(3);
    receiver.sockets[0]?.resume();
    await until(() => receiver.sizeOf(0) === 3 + size);
    client.destroy();
    await once(receiver.sockets[0] ?? client, "close");
    receiver.server.close();
  });

  test("sends through the moved socket, and tells of the end", async () => {
    const receiver = new Receiver();
    const client = connect(await receiver.listen(), "127.0.0.1");
    open.push(client);
    await until(() => receiver.sockets.length === 1);
    const socket = receiver.sockets[0] ?? client;
    socket.write("hello");
    const [data] = await once(client, "data");
    expect(String(data)).toBe("hello");
    const ended = once(socket, "end");
    client.end();
    await ended;
    receiver.server.close();
  });

  test("leaves a socket alone that has no handle to move", () => {
    expect(withInputBuffer(new Socket(), () => undefined)).toBeUndefined();
  });
});
