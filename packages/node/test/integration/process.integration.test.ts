import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ControlClient } from "@leveret/control";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { findFreePort } from "../../src/embed/free-port.ts";
import { RawClient, waitFor } from "./raw-client.ts";

vi.setConfig({ testTimeout: 60_000 });

const MAIN = join(import.meta.dirname, "../../dist/main.js");

/** What tests read of a line of the JSON log. */
interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly pid?: number;
  readonly ports?: Readonly<Record<string, number>>;
}

/** The real process, as `npm start` runs it. */
class BrokerProcess {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  readonly ended: Promise<number | string>;
  #isEnded = false;

  constructor(cwd: string, flags: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, [MAIN, ...flags], {
      cwd,
      // Its default may be another process's here.
      env: { LEVERET_CLUSTER_PORT: "0", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout?.on("data", (chunk: Buffer) => {
      this.stdout += chunk.toString();
    });
    this.child.stderr?.on("data", (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.ended = new Promise((resolve) => {
      this.child.once("close", (code, signal) => {
        this.#isEnded = true;
        resolve(code ?? signal ?? "unknown");
      });
    });
  }

  get lines(): LogLine[] {
    const whole = this.stdout.split("\n").slice(0, -1);
    return whole.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as LogLine);
  }

  /** The port of plain AMQP, once the process says that it is ready. */
  async ready(): Promise<{ host: string; port: number }> {
    const find = (): LogLine | undefined => this.lines.find(({ msg }) => msg === "leveret ready");
    await waitFor(() => this.#isEnded || find() !== undefined, "leveret ready");
    const line = find();
    if (line === undefined) throw new Error(`did not start: ${this.stdout}${this.stderr}`);
    return { host: "127.0.0.1", port: line.ports?.["amqp"] ?? 0 };
  }
}

let cwd = "";
const started: BrokerProcess[] = [];

function start(
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
): BrokerProcess {
  const broker = new BrokerProcess(cwd, flags, env);
  started.push(broker);
  return broker;
}

async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let index = 0; index < count; index++) ports.push(await findFreePort());
  return ports;
}

/** As `leveretctl stop`. */
async function orderStop(port: number): Promise<void> {
  const client = await toolOf(port);
  await client.call("stop", {}, { timeoutMs: 5000 });
  client.close();
}

/** Waits until so many members vote on the metadata: only then one alone has no majority. */
async function waitForVoters(port: number, count: number): Promise<void> {
  const client = await toolOf(port);
  for (let voters = 0; voters < count; ) {
    voters = 0;
    for await (const row of client.stream("metadata_store_status", {}, { timeoutMs: 5000 })) {
      const [, , membership] = row as readonly string[]; // As its handler sends it.
      if (membership === "voter") voters++;
    }
  }
  client.close();
}

function toolOf(port: number): Promise<ControlClient> {
  return ControlClient.connect({
    ...{ host: "127.0.0.1", port, nodeName: "tool@localhost", cookie: "COOKIE" },
    ...{ nodeMeant: undefined, timeoutMs: 5000 },
  });
}

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "leveret-process-"));
});

afterEach(async () => {
  for (const broker of started.splice(0)) {
    broker.child.kill("SIGKILL");
    await broker.ended;
  }
  rmSync(cwd, { recursive: true, force: true });
});

describe("the process", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "tells its clients at %s and exits 0",
    async (signal) => {
      const broker = start(["--amqp-port", "0", "--pid-file", "broker.pid"]);
      const address = await broker.ready();
      await using client = await RawClient.open(address);
      const pidFile = join(cwd, "broker.pid");
      expect(readFileSync(pidFile, "utf8")).toBe(`${broker.child.pid}\n`);
      broker.child.kill(signal);
      const { method } = await client.next("connection.close");
      expect(method).toMatchObject({
        replyCode: 320,
        replyText: "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'",
      });
      client.send(0, "connection.close-ok");
      await client.closed;
      expect(await broker.ended).toBe(0);
      expect(broker.lines.at(-1)?.msg).toBe("stopped");
      expect(existsSync(pidFile)).toBe(false);
      expect(broker.stderr).toBe("");
    },
  );

  test("does not wait for ever for a client that does not answer", async () => {
    const broker = start(["--amqp-port", "0"]);
    await using silent = await RawClient.open(await broker.ready());
    broker.child.kill("SIGTERM");
    await silent.closed;
    expect(await broker.ended).toBe(0);
  });

  test("ends at once at a second signal", async () => {
    const broker = start(["--amqp-port", "0"]);
    await using silent = await RawClient.open(await broker.ready());
    broker.child.kill("SIGTERM");
    await silent.next("connection.close");
    broker.child.kill("SIGTERM");
    expect(await broker.ended).toBe(1);
  });

  test("ends at a signal while it starts, and with 0", async () => {
    // Definitions that nobody ever writes.
    execFileSync("mkfifo", [join(cwd, "pipe")]);
    const broker = start(["--amqp-port", "0", "--definitions", "pipe"]);
    const has = (text: string): boolean => broker.lines.some(({ msg }) => msg.includes(text));
    await waitFor(() => has("have definitions to load"), "a start that waits");
    broker.child.kill("SIGTERM");
    await waitFor(() => has("received SIGTERM"), "the signal");
    // Node ends when no call to the system is under way any more.
    closeSync(openSync(join(cwd, "pipe"), "w"));
    expect(await broker.ended).toBe(0);
    expect(has("received SIGTERM before the start was complete, shutting down")).toBe(true);
    expect(broker.lines.map(({ msg }) => msg)).not.toContain("leveret ready");
    await start(["--amqp-port", "0"]).ready();
  });

  test.each(["SIGTERM", "stop"])(
    "closes its storage in order at %s while it waits for other nodes",
    async (how) => {
      const ports = await freePorts(2);
      const peers = ports.flatMap((port, index) => ["--peer", `rabbit${index}@localhost:${port}`]);
      const flags = (index: number): string[] => [
        ...["--amqp-port", "0", "--data-dir", `data${index}`, "--cookie", "COOKIE", ...peers],
        ...["--cluster-port", `${ports[index]}`, "--node-name", `rabbit${index}@localhost`],
      ];
      const members = [start(flags(0)), start(flags(1))];
      for (const member of members) await member.ready();
      await waitForVoters(ports[0] ?? 0, members.length);
      for (const member of members) member.child.kill("SIGKILL");
      for (const member of members) await member.ended;
      const waiting = start(flags(0));
      const has = (text: string): boolean => waiting.lines.some(({ msg }) => msg.includes(text));
      await waitFor(() => has("Waiting for cluster peers"), "a start that waits");
      expect(existsSync(join(cwd, "data0/lock"))).toBe(true);
      if (how === "SIGTERM") waiting.child.kill("SIGTERM");
      else await orderStop(ports[0] ?? 0);
      expect(await waiting.ended).toBe(0);
      expect(waiting.stderr).toBe("");
      // Whoever closes the storage gives the directory back as the last thing.
      expect(existsSync(join(cwd, "data0/lock"))).toBe(false);
      expect(waiting.lines.filter(({ level }) => level === "error")).toEqual([]);
      // Both come back as if nothing had been.
      for (const member of [start(flags(0)), start(flags(1))]) await member.ready();
    },
  );

  test.each([
    [["--no-such-flag"], "leveret: unknown option '--no-such-flag'"],
    [["--amqp-port", "high"], "amqp-port"],
    [["--config", "missing.conf"], "missing.conf"],
  ])("exits 64 for %j", async (flags, text) => {
    const broker = start(flags);
    expect(await broker.ended).toBe(64);
    expect(broker.stderr).toContain(text);
    expect(broker.stderr).not.toContain("    at ");
  });

  test("says which port is taken, and exits", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => {
      other.listen(0, "127.0.0.1", resolve);
    });
    const address = other.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const broker = start(["--amqp-port", String(port), "--bind", "127.0.0.1"]);
    expect(await broker.ended).toBe(1);
    expect(broker.lines.at(-1)?.msg).toBe(
      `cannot start: cannot listen on port ${port} of 127.0.0.1: another process listens there (EADDRINUSE)`,
    );
    other.close();
  });

  test.each([
    ["{}}", "d.json: the document is not JSON: "],
    ['{"users": [{"name": 1}]}', "d.json: users[0].name must be a string"],
    [
      '{"vhosts": [{"name": "a"}], "permissions": [{"user": "x", "vhost": "a", "configure": "", "write": "", "read": ""}]}',
      'd.json: permissions[0]: setPermissions refused: User "x" does not exist',
    ],
  ])("exits 64 for the definitions %s, and says where they are wrong", async (json, text) => {
    writeFileSync(join(cwd, "d.json"), json);
    const broker = start(["--amqp-port", "0", "--definitions", "d.json"]);
    expect(await broker.ended).toBe(64);
    const critical = broker.lines.filter(({ level }) => level === "critical");
    expect(critical).toHaveLength(1);
    expect(critical[0]?.msg).toContain(`cannot start: ${join(cwd, text)}`);
    expect(broker.stdout).not.toContain("    at ");
    expect(broker.stderr).toBe("");
  });

  test("exits 64 with one sentence if its definitions do not exist", async () => {
    const broker = start(["--amqp-port", "0", "--definitions", "d.json"]);
    expect(await broker.ended).toBe(64);
    expect(broker.stderr).toContain(`definitions file ${join(cwd, "d.json")} does not exist\n`);
  });

  test.each([
    ["default_queue_type = stream", "leveret.conf:1: default_queue_type must be one of classic, "],
    ["default_user = bob\ndefault_permissions.read = (", "default_permissions.read: regular exp"],
    [
      "default_policies.operator.x.classic_queues.ha_mode = exactly",
      "default_policies.operator.x: ",
    ],
  ])("exits 64 for the configuration %j", async (text, sentence) => {
    writeFileSync(join(cwd, "leveret.conf"), text);
    const broker = start(["--amqp-port", "0"]);
    expect(await broker.ended).toBe(64);
    expect(broker.stderr).toContain(sentence);
    expect(broker.stdout).toBe("");
    expect(broker.stderr).not.toContain("    at ");
  });

  test("exits 64 if default data break the rules that were set", async () => {
    writeFileSync(
      join(cwd, "leveret.conf"),
      "vhost_max = 0\nlog.console = false\nlog.file = own.log\n",
    );
    const broker = start(["--amqp-port", "0"]);
    expect(await broker.ended).toBe(64);
    const sentence = "default_vhost: cannot create vhost '/': vhost limit of 0 is reached";
    expect(broker.stderr).toBe(`leveret: cannot start: ${sentence}\n`);
    expect(readFileSync(join(cwd, "own.log"), "utf8")).toContain(sentence);
  });

  test.each([[[]], [["--detached"]]])(
    "exits 64 with one sentence if the log file cannot be opened %j",
    async (flags) => {
      writeFileSync(join(cwd, "taken"), "");
      writeFileSync(join(cwd, "leveret.conf"), "log.file = taken/broker.log");
      const broker = start(["--amqp-port", "0", ...flags]);
      expect(await broker.ended).toBe(64);
      expect(broker.stderr).toMatch(/^leveret: [^\n]* cannot be opened: [^\n]*taken'\n$/);
      expect(broker.stdout).toBe("");
    },
  );

  test("exits 64 with one sentence if the pid file cannot be written", async () => {
    const broker = start(["--amqp-port", "0", "--pid-file", "no/such/folder"]);
    expect(await broker.ended).toBe(64);
    const critical = broker.lines.filter(({ level }) => level === "critical");
    expect(critical.map(({ msg }) => msg)).toEqual([
      expect.stringContaining("cannot start: the pid file cannot be written: ENOENT"),
    ]);
    expect(broker.stderr).toBe("");
  });

  test("exits 70 with one sentence if another process has the data directory", async () => {
    const first = start(["--amqp-port", "0"]);
    await first.ready();
    const broker = start(["--amqp-port", "0"]);
    expect(await broker.ended).toBe(70);
    const text = `the data directory ${join(cwd, "data")} is in use: process ${first.child.pid} uses`;
    expect(broker.lines.at(-1)).toMatchObject({
      level: "critical",
      msg: expect.stringContaining(`cannot start: ${text}`),
    });
    first.child.kill("SIGKILL");
    await first.ended;
    // What a killed process leaves behind keeps nobody out.
    await start(["--amqp-port", "0"]).ready();
  });

  test("exits 70 and says it on stderr, too, if the data directory cannot be used", async () => {
    writeFileSync(join(cwd, "data"), "");
    const broker = start(["--amqp-port", "0", "--log-level", "none"]);
    expect(await broker.ended).toBe(70);
    expect(broker.stderr).toContain(
      `cannot start: the data directory ${join(cwd, "data")} is not a directory`,
    );
  });

  test("loads definitions, and then has no guest", async () => {
    const definitions = {
      vhosts: [{ name: "shop" }],
      users: [{ name: "clerk", password: "secret", tags: "" }],
      permissions: [{ user: "clerk", vhost: "shop", configure: "", write: ".*", read: ".*" }],
      queues: [{ name: "orders", vhost: "shop", durable: true, auto_delete: false, arguments: {} }],
    };
    writeFileSync(join(cwd, "definitions.json"), JSON.stringify(definitions));
    const broker = start(["--amqp-port", "0", "--definitions", "definitions.json"]);
    const address = await broker.ready();
    const clerk = { user: "clerk", password: "secret", vhost: "shop" };
    await using client = await RawClient.open(address, clerk);
    await client.openChannel();
    const declared = await client.call(1, "queue.declare", { queue: "orders", passive: true });
    expect(declared).toMatchObject({ queue: "orders", messageCount: 0 });
    await expect(
      RawClient.open(address, { capabilities: ["authentication_failure_close"] }),
    ).rejects.toThrow("ACCESS_REFUSED");
  });

  test("exits 64 for definitions that are wrong, with the reason", async () => {
    writeFileSync(join(cwd, "definitions.json"), '{"users": 5}');
    const broker = start(["--amqp-port", "0", "--definitions", "definitions.json"]);
    expect(await broker.ended).toBe(64);
    expect(broker.lines.at(-1)?.msg).toContain("users");
  });

  test("is configured by file and environment, unknown keys are named with their line", async () => {
    writeFileSync(
      join(cwd, "leveret.conf"),
      "# test\nlisteners.tcp.default = 0\nchanel_max = 7\nchannel_max = 3\n",
    );
    const broker = start([], { LEVERET_BIND: "127.0.0.1" });
    await using client = await RawClient.open(await broker.ready());
    for (const number of [1, 2, 3]) await client.openChannel(number);
    await expect(client.openChannel(4)).rejects.toThrow("negotiated channel_max (3)");
    const warning = broker.lines.find(({ msg }) => msg.includes("chanel_max"))?.msg;
    expect(warning).toMatch(/3/);
    expect(warning).toContain("channel_max");
  });

  test("starts detached, and serves when the command returns", async () => {
    const command = start(["--amqp-port", "0", "--detached", "--pid-file", "broker.pid"]);
    expect(await command.ended).toBe(0);
    const said = /^leveret: ready, pid (\d+), log (.*)$/m.exec(command.stdout);
    const pid = Number(said?.[1]);
    const log = said?.[2] ?? "";
    try {
      expect(readFileSync(join(cwd, "broker.pid"), "utf8")).toBe(`${pid}\n`);
      const ready = readFileSync(log, "utf8")
        .split("\n")
        .find((line) => line.includes("leveret ready"));
      const { ports } = JSON.parse(ready ?? "{}") as LogLine;
      await using client = await RawClient.open({ host: "127.0.0.1", port: ports?.["amqp"] ?? 0 });
      await client.openChannel();
    } finally {
      process.kill(pid, "SIGTERM");
    }
    await waitFor(() => !existsSync(join(cwd, "broker.pid")), "the detached process has ended");
  });
});
