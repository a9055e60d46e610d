import { once } from "node:events";
import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { ControlClient } from "../src/control-client.ts";
import { encodeFrame } from "../src/control-frame-codec.ts";
import {
  type ControlMethod,
  ControlServer,
  type ControlServerOptions,
} from "../src/control-server.ts";
import { ControlError } from "../src/errors.ts";
import { STREAM_CHUNK_SIZE, STREAM_WINDOW } from "../src/limits.ts";
import { PortBench } from "./port-bench.ts";

/** A server with methods, behind a port. */
class ControlBench {
  readonly ports: PortBench;
  readonly server: ControlServer;
  readonly internalErrors: string[];
  readonly #clients: ControlClient[] = [];

  private constructor(ports: PortBench, server: ControlServer, internalErrors: string[]) {
    this.ports = ports;
    this.server = server;
    this.internalErrors = internalErrors;
  }

  static async open(
    methods: Readonly<Record<string, ControlMethod>>,
    options: Partial<ControlServerOptions> = {},
  ): Promise<ControlBench> {
    const ports = await PortBench.open();
    const internalErrors: string[] = [];
    const server = new ControlServer({
      methods: new Map(Object.entries(methods)),
      onInternalError: (method, error) => internalErrors.push(`${method}: ${String(error)}`),
      ...options,
    });
    ports.port.handle("control", server.accept);
    return new ControlBench(ports, server, internalErrors);
  }

  async connect(): Promise<ControlClient> {
    const client = await ControlClient.connect(this.ports.dialOptions);
    this.#clients.push(client);
    return client;
  }

  async connectRaw(): Promise<Socket> {
    return (await this.ports.dial({ purpose: "control" })).socket.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    this.server.close();
    await this.ports[Symbol.asyncDispose]();
  }
}

/** Something that another has to do. */
class Gate {
  readonly passed: Promise<void>;
  open: () => void = () => {};

  constructor() {
    this.passed = new Promise((resolve) => {
      this.open = resolve;
    });
  }
}

function failureOf(call: Promise<unknown>): Promise<ControlError> {
  return call.then(
    () => expect.fail("it was answered"),
    (error: unknown) => {
      if (error instanceof ControlError) return error;
      throw error;
    },
  );
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
}

describe("calls", () => {
  const echo: ControlMethod = (params) => Promise.resolve(params);

  test("carry values both ways", async () => {
    await using bench = await ControlBench.open({ echo });
    const client = await bench.connect();
    expect(client.nodeName).toBe("rabbit@a");
    const values = [
      undefined,
      null,
      true,
      -1.5,
      Number.MAX_SAFE_INTEGER,
      "häschen",
      [1, ["two"]],
      { name: "q", arguments: { "x-max-length": 1 } },
    ];
    for (const value of values) expect(await client.call("echo", value)).toEqual(value);
    expect(await client.call("echo", Buffer.from("bytes"))).toEqual(Buffer.from("bytes"));
    const large = "x".repeat(3_000_000);
    expect(await client.call("echo", large)).toBe(large);
  });

  test("tell the method who calls and how long", async () => {
    await using bench = await ControlBench.open({
      context: (_params, { nodeName, timeoutMs }) => Promise.resolve([nodeName, timeoutMs]),
    });
    const client = await bench.connect();
    expect(await client.call("context", undefined, { timeoutMs: 5000 })).toEqual([
      "rabbit@b",
      5000,
    ]);
    expect(
      await client.call("context", undefined, { timeoutMs: Number.POSITIVE_INFINITY }),
    ).toEqual(["rabbit@b", undefined]);
  });

  test("run side by side, each with its own answer", async () => {
    const gate = new Gate();
    await using bench = await ControlBench.open({
      echo,
      slow: async () => {
        await gate.passed;
        return "slow";
      },
    });
    const client = await bench.connect();
    const slow = client.call("slow");
    expect(await Promise.all([1, 2, 3].map((value) => client.call("echo", value)))).toEqual([
      1, 2, 3,
    ]);
    gate.open();
    expect(await slow).toBe("slow");
  });

  test("fail with the code of the error, and without its stack", async () => {
    await using bench = await ControlBench.open({
      coded: () => Promise.reject(new ControlError("no_such_queue", "there is no queue q")),
      system: () => Promise.reject(Object.assign(new Error("no file"), { code: "ENOENT" })),
      numbered: () => Promise.reject(Object.assign(new Error("odd"), { code: 7 })),
      broken: () => {
        throw new TypeError("a bug");
      },
      text: () => Promise.reject("only text"),
      unencodable: () => Promise.resolve(2n ** 80n),
    });
    const client = await bench.connect();
    const failures = await Promise.all(
      ["coded", "system", "numbered", "broken", "text", "missing", "toString"].map(
        async (method) => {
          const { code, message } = await failureOf(client.call(method));
          return `${code}: ${message}`;
        },
      ),
    );
    expect(failures).toEqual([
      "no_such_queue: there is no queue q",
      "ENOENT: no file",
      "internal: odd",
      "internal: a bug",
      "internal: only text",
      "unknown_method: there is no method missing",
      "unknown_method: there is no method toString",
    ]);
    expect(bench.internalErrors.sort()).toEqual([
      "broken: TypeError: a bug",
      "numbered: Error: odd",
      "text: only text",
    ]);
    expect((await failureOf(client.call("unencodable"))).message).not.toBe("");
  });

  test("are bounded in number and size, and the connection lives on", async () => {
    const gate = new Gate();
    await using bench = await ControlBench.open(
      { wait: () => gate.passed, big: () => Promise.resolve("x".repeat(20_000)), echo },
      { callsMax: 2, frameSizeMax: 10_000 },
    );
    const client = await bench.connect();
    const waiting = [client.call("wait"), client.call("wait")];
    expect((await failureOf(client.call("wait"))).code).toBe("too_many_calls");
    gate.open();
    await Promise.all(waiting);
    expect((await failureOf(client.call("big"))).code).toBe("too_large");
    expect(await client.call("echo", 1)).toBe(1);
    // A frame of the client's that is too large is the end of the connection.
    expect((await failureOf(client.call("echo", "x".repeat(20_000)))).code).toBe("disconnected");
  });

  test("end by time on both sides, and by the caller", async () => {
    const signals: AbortSignal[] = [];
    const started = new Gate();
    await using bench = await ControlBench.open({
      hang: async (_params, { signal }) => {
        signals.push(signal);
        started.open();
        await untilAborted(signal);
      },
    });
    const client = await bench.connect();
    const late = await failureOf(client.call("hang", undefined, { timeoutMs: 30 }));
    expect(late.code).toBe("timeout");
    const abort = new AbortController();
    const cancelled = failureOf(client.call("hang", undefined, { signal: abort.signal }));
    await started.passed;
    while (signals.length < 2) await new Promise((resolve) => setImmediate(resolve));
    abort.abort();
    expect((await cancelled).code).toBe("cancelled");
    for (const signal of signals) await untilAborted(signal);
    const before = failureOf(client.call("hang", undefined, { signal: AbortSignal.abort() }));
    expect((await before).code).toBe("cancelled");
  });

  test("are aborted at the server when the caller is gone", async () => {
    const signals: AbortSignal[] = [];
    await using bench = await ControlBench.open({
      hang: async (_params, { signal }) => {
        signals.push(signal);
        await untilAborted(signal);
      },
    });
    const client = await bench.connect();
    const call = failureOf(client.call("hang"));
    while (signals.length === 0) await new Promise((resolve) => setImmediate(resolve));
    client.close();
    expect((await call).code).toBe("disconnected");
    expect(client.isClosed).toBe(true);
    const [signal] = signals;
    if (signal !== undefined) await untilAborted(signal);
    expect((await failureOf(client.call("hang"))).code).toBe("disconnected");
  });

  test("are answered by a server that ends at once after that", async () => {
    const text = "x".repeat(2_000_000);
    await using bench = await ControlBench.open({
      stop: () => {
        queueMicrotask(() => setImmediate(() => bench.server.close()));
        return Promise.resolve(text);
      },
    });
    expect(await (await bench.connect()).call("stop")).toBe(text);
  });

  test("are rejected when the server is gone, and the client says so", async () => {
    await using bench = await ControlBench.open({ hang: () => new Promise(() => {}) });
    const client = await bench.connect();
    const closed = new Gate();
    client.onClosed(closed.open);
    const call = failureOf(client.call("hang"));
    await new Promise((resolve) => setImmediate(resolve));
    bench.server.close();
    expect(await call).toMatchObject({ code: "disconnected" });
    await closed.passed;
    const again = new Gate();
    client.onClosed(again.open);
    await again.passed;
  });
});

describe("streams", () => {
  async function* numbers(count: number): AsyncGenerator<unknown> {
    for (let row = 0; row < count; row++) yield [row, `queue-${row}`];
  }

  test("give all rows in order, in frames of limited size", async () => {
    await using bench = await ControlBench.open({ list: () => numbers(10_000) });
    const client = await bench.connect();
    let count = 0;
    for await (const row of client.stream("list")) {
      expect(row).toEqual([count, `queue-${count}`]);
      count++;
    }
    expect(count).toBe(10_000);
    expect(await client.call("list")).toHaveLength(10_000);
    const socket = await bench.connectRaw();
    const frames: number[] = [];
    let rest = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE()) {
        frames.push(rest.readUInt32BE());
        rest = rest.subarray(4 + rest.readUInt32BE());
        socket.write(encodeFrame({ kind: "more", id: 1, chunks: 1 }));
      }
    });
    socket.write(encodeFrame({ kind: "call", id: 1, method: "list", params: null, timeoutMs: 0 }));
    while (frames.at(-1) !== 3) await once(socket, "data"); // The end: [6, 1].
    expect(frames.length).toBeGreaterThan(5);
    expect(Math.max(...frames)).toBeLessThan(2 * STREAM_CHUNK_SIZE);
  });

  test("give each row at once when they come slowly", async () => {
    const gates = [new Gate(), new Gate()];
    await using bench = await ControlBench.open({
      async *slow() {
        yield "first";
        await gates[0]?.passed;
        yield "second";
        await gates[1]?.passed;
      },
    });
    const rows = (await bench.connect()).stream("slow");
    expect((await rows.next()).value).toBe("first");
    gates[0]?.open();
    expect((await rows.next()).value).toBe("second");
    gates[1]?.open();
    expect((await rows.next()).done).toBe(true);
  });

  test("wait for a slow reader, while other calls go on", async () => {
    let made = 0;
    const row = "x".repeat(STREAM_CHUNK_SIZE);
    await using bench = await ControlBench.open({
      async *list() {
        for (; made < 100; made++) yield row;
      },
      made: () => Promise.resolve(made),
    });
    const client = await bench.connect();
    const rows = client.stream("list");
    await rows.next();
    for (let round = 0; round < 20; round++) await client.call("made");
    expect(made).toBeLessThanOrEqual(STREAM_WINDOW + 1);
    let count = 1;
    for await (const _ of rows) count++;
    expect(count).toBe(100);
  });

  test("end at the server when the reader leaves, or its connection", async () => {
    const ended = [new Gate(), new Gate()];
    let streams = 0;
    await using bench = await ControlBench.open({
      async *endless() {
        const gate = ended[streams++];
        try {
          for (;;) yield "x".repeat(1000);
        } finally {
          gate?.open();
        }
      },
    });
    const client = await bench.connect();
    for await (const _ of client.stream("endless")) break;
    await ended[0]?.passed;
    const rows = client.stream("endless");
    await rows.next();
    client.close();
    await ended[1]?.passed;
    await expect(
      (async () => {
        for await (const _ of rows);
      })(),
    ).rejects.toMatchObject({ code: "disconnected" });
  });

  test("tell of an error after the rows before it", async () => {
    await using bench = await ControlBench.open({
      async *broken() {
        yield 1;
        yield 2;
        throw new ControlError("no_such_vhost", "there is no vhost v");
      },
    });
    const client = await bench.connect();
    const rows: unknown[] = [];
    const read = async (): Promise<void> => {
      for await (const row of client.stream("broken")) rows.push(row);
    };
    await expect(read()).rejects.toMatchObject({ code: "no_such_vhost" });
    expect((await failureOf(client.call("broken"))).code).toBe("no_such_vhost");
  });

  test("of a method with one value give that value; of none, the error", async () => {
    await using bench = await ControlBench.open({ one: () => Promise.resolve("only") });
    const client = await bench.connect();
    const rows = [];
    for await (const row of client.stream("one")) rows.push(row);
    expect(rows).toEqual(["only"]);
    await expect(client.stream("none").next()).rejects.toMatchObject({ code: "unknown_method" });
  });

  test("end by time", async () => {
    await using bench = await ControlBench.open({
      async *hang(_params, { signal }) {
        yield 1;
        await untilAborted(signal);
      },
    });
    const rows = (await bench.connect()).stream("hang", undefined, { timeoutMs: 50 });
    await rows.next();
    await expect(rows.next()).rejects.toMatchObject({ code: "timeout" });
  });
});

describe("bytes that are no calls", () => {
  test.each([
    ["not msgpack", Buffer.from([0, 0, 0, 2, 0xc1, 0xc1])],
    ["no list", Buffer.from([0, 0, 0, 1, 0x07])],
    ["a list without a call", Buffer.from([0, 0, 0, 1, 0x90])],
    ["a frame of a server", encodeFrame({ kind: "end", id: 1 })],
    ["a frame that never ends", Buffer.from([0xff, 0xff, 0xff, 0xff])],
    ["the start of a web request", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
  ])("close the connection: %s", async (_what, bytes) => {
    await using bench = await ControlBench.open({});
    const socket = await bench.connectRaw();
    socket.write(bytes);
    await once(socket, "close");
    await bench.connect();
  });

  test("more and cancel of calls that are over do nothing", async () => {
    await using bench = await ControlBench.open({ one: () => Promise.resolve(1) });
    const socket = await bench.connectRaw();
    socket.write(encodeFrame({ kind: "more", id: 9, chunks: 1 }));
    socket.write(encodeFrame({ kind: "cancel", id: 9 }));
    socket.write(encodeFrame({ kind: "call", id: 1, method: "one", params: null, timeoutMs: 0 }));
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer).toEqual(encodeFrame({ kind: "result", id: 1, value: 1 }));
  });
});
