import { connect } from "amqplib";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { controlMethods } from "../../src/control/control-methods.ts";
import { ControlledBroker } from "./controlled-broker.ts";

let node: ControlledBroker;

beforeAll(async () => {
  node = await ControlledBroker.start();
});

afterAll(async () => {
  await node[Symbol.asyncDispose]();
});

async function ask(method: string, params: object = {}): Promise<unknown> {
  const context = {
    nodeName: "tool@localhost",
    signal: new AbortController().signal,
    timeoutMs: undefined,
  };
  const answer = controlMethods(node).get(method)?.(params, context);
  if (answer === undefined || !(Symbol.asyncIterator in answer)) return answer;
  const rows: unknown[] = [];
  for await (const row of answer) rows.push(row);
  return rows;
}

test("a status has memory whose parts add up, and descriptors in use", async () => {
  const { memory, file_descriptors: files } = (await ask("status")) as {
    readonly memory: Readonly<Record<string, unknown>> & {
      readonly total: { readonly rss: number };
    };
    readonly file_descriptors: { readonly total_used: number; readonly total_limit: number };
  };
  const parts = Object.values(memory).filter((part) => typeof part === "number");
  expect(parts.reduce((sum, part) => sum + part, 0)).toBe(memory.total.rss);
  expect(files.total_used).toBeGreaterThan(0);
  expect(files.total_limit).toBeGreaterThanOrEqual(files.total_used);
});

test("columns of connections, channels and queues tell what clients did", async () => {
  const client = await connect(`amqp://guest:guest@127.0.0.1:${node.amqpPort}`);
  const channel = await client.createConfirmChannel();
  await channel.assertQueue("q");
  for (const body of ["one", "two", "three"]) channel.sendToQueue("q", Buffer.from(body));
  await channel.waitForConfirms();
  await channel.get("q", { noAck: true });
  const [connection] = (await ask("list_connections", {
    columns: ["auth_mechanism", "recv_oct", "send_oct", "recv_cnt", "ssl_protocol"],
  })) as [readonly [string, number, number, number, null]];
  const [mechanism, received, sent, packets, tls] = connection;
  expect([mechanism, tls]).toEqual(["PLAIN", null]);
  expect(received).toBeGreaterThan(300);
  expect(sent).toBeGreaterThan(300);
  expect(packets).toBeGreaterThan(0);
  const columns = ["messages_uncommitted", "acks_uncommitted"];
  expect(await ask("list_channels", { columns })).toEqual([[0, 0]]);
  const [queue] = (await ask("list_queues", {
    vhost: "/",
    columns: ["messages", "memory", "consumer_capacity", "effective_policy_definition", "tags"],
  })) as [readonly unknown[]];
  expect(queue).toEqual([2, expect.any(Number), 0, "{}", null]);
  expect(await ask("queue_traffic")).toEqual([["/", "q", 3, 1]]);
  await client.close();
});

test("sizes of messages are counted, and samples forgotten on demand", async () => {
  const client = await connect(`amqp://guest:guest@127.0.0.1:${node.amqpPort}`);
  const channel = await client.createConfirmChannel();
  const [before] = (await ask("message_sizes")) as [readonly number[]];
  channel.publish("amq.fanout", "", Buffer.alloc(100));
  channel.publish("amq.fanout", "", Buffer.alloc(101));
  await channel.waitForConfirms();
  const [after] = (await ask("message_sizes")) as [readonly number[]];
  const published = after.map((count, at) => count - (before[at] ?? 0));
  expect(published).toEqual([1, 1, 0, 0, 0, 0, 0, 0, 0]);
  await ask("reset_statistics", { all: true });
  expect(await ask("message_sizes")).toEqual([after]);
  await client.close();
});

test("the metadata have a log, and members that are down have no row of their own", async () => {
  const [row] = (await ask("metadata_store_status")) as [readonly unknown[]];
  const [last, written, applied, committed, snapshot, term] = row.slice(3, 9).map(Number);
  expect(row.slice(0, 3)).toEqual(["rabbit@localhost", "leader", "voter"]);
  expect([last, written, applied]).toEqual([committed, committed, committed]);
  expect(committed).toBeGreaterThan(0);
  expect(snapshot).toBeLessThanOrEqual(committed ?? 0);
  expect(term).toBeGreaterThan(0);
  node.otherMembers = ["rabbit@gone"];
  const rows = (await ask("metadata_store_status")) as readonly (readonly unknown[])[];
  node.otherMembers = [];
  expect(rows.map((each) => each.slice(0, 2))).toEqual([
    ["rabbit@localhost", "leader"],
    ["rabbit@gone", "nodedown"],
  ]);
});

test("who follows events sees what happens, until it ends", async () => {
  const ended = new AbortController();
  const context = { nodeName: "tool", signal: ended.signal, timeoutMs: undefined };
  const answer = controlMethods(node).get("event_stream")?.({}, context);
  const rows = (answer as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  const first = rows.next();
  await ask("add_vhost", { name: "watched" });
  await ask("set_global_parameter", { name: "n", value: { on: true } });
  const seen: unknown[] = [(await first).value];
  while ((seen.at(-1) as { event: string }).event !== "parameter.set") {
    seen.push((await rows.next()).value);
  }
  expect(seen).toContainEqual(
    expect.objectContaining({
      event: "vhost.created",
      name: "watched",
      user_who_performed_action: expect.any(String),
      timestamp_in_ms: expect.any(Number),
    }),
  );
  expect(seen.at(-1)).toMatchObject({ event: "parameter.set", value: { on: true } });
  const none = rows.next();
  ended.abort();
  expect((await none).done).toBe(true);
  expect(node.broker?.broker.events.hasListeners).toBe(false);
});

test("the log is shown, and its level set", async () => {
  await ask("set_log_level", { level: "debug" });
  const [line] = (await ask("log_tail", { count: 1 })) as [string];
  expect(JSON.parse(line)).toMatchObject({
    level: "info",
    logLevel: "debug",
    msg: "the log level was changed",
  });
  await ask("set_log_level", { level: "none" });
  await expect(ask("log_tail", { count: 1001 })).rejects.toMatchObject({ code: "bad_request" });
  await expect(ask("set_log_level", { level: "loud" })).rejects.toMatchObject({
    code: "bad_request",
  });
});

test("attempts to log in are counted, by source if that is switched on, and forgotten on demand", async () => {
  await ask("set_auth_attempt_source_tracking", { isOn: true });
  await ask("reset_auth_attempts");
  const url = (password: string): string => `amqp://guest:${password}@127.0.0.1:${node.amqpPort}`;
  await (await connect(url("guest"))).close();
  await expect(connect(url("wrong"))).rejects.toThrow("ACCESS_REFUSED");
  expect(await ask("list_auth_attempts")).toEqual([["amqp091", 2, 1, 1]]);
  expect(await ask("list_auth_attempts", { bySource: true })).toEqual([
    ["amqp091", "127.0.0.1", "guest", 2, 1, 1],
  ]);
  await ask("reset_auth_attempts");
  expect(await ask("list_auth_attempts")).toEqual([]);
  await ask("clear_auth_backend_cache");
});

test("policies that match a name are listed, the one in force first", async () => {
  const policy = { vhost: "/", pattern: "^orders\\.", definition: { expires: 1000 } };
  await ask("set_policy", { ...policy, name: "low", priority: 1, applyTo: "queues" });
  await ask("set_policy", { ...policy, name: "high", priority: 5, applyTo: "all" });
  await ask("set_policy", { ...policy, name: "other", pattern: "^x", priority: 9, applyTo: "all" });
  const match = (name: string, kind: string): Promise<unknown> =>
    ask("list_policies_that_match", { vhost: "/", name, kind, columns: ["name"] });
  expect(await match("orders.new", "queue")).toEqual([["high"], ["low"]]);
  expect(await match("orders.new", "exchange")).toEqual([["high"]]);
  expect(await match("nothing", "queue")).toEqual([]);
});

test("what a vhost says of itself can be changed, and only of one that is there", async () => {
  await ask("add_vhost", { name: "shop", description: "old" });
  await ask("update_vhost", { name: "shop", description: "new", tags: ["eu"] });
  const columns = ["name", "description", "tags"];
  expect(await ask("list_vhosts", { columns })).toContainEqual(["shop", "new", ["eu"]]);
  await expect(ask("update_vhost", { name: "none", description: "x" })).rejects.toMatchObject({
    code: "no_such_vhost",
  });
});

test("the machine answers what the tool asks of it; secrets of the environment are not shown", async () => {
  vi.stubEnv("LEVERET_TEST_PASSWORD", "secret");
  vi.stubEnv("LEVERET_TEST_PLACE", "here");
  const variables = (await ask("os_env")) as [string, string][];
  vi.unstubAllEnvs();
  expect(variables).toContainEqual(["LEVERET_TEST_PASSWORD", "[redacted]"]);
  expect(variables).toContainEqual(["LEVERET_TEST_PLACE", "here"]);
  expect(await ask("resolve_hostname", { hostname: "localhost", family: 4 })).toEqual([
    "127.0.0.1",
  ]);
  expect(await ask("resolve_hostname", { hostname: "nonsuch.invalid", family: 4 })).toEqual([]);
  expect(await ask("tls_info")).toMatchObject({ versions: ["tlsv1.3", "tlsv1.2"] });
  expect(await ask("certificates")).toEqual([]);
  expect(await ask("discover_peers")).toEqual([]);
});

test("what cannot be watched cannot be switched on", async () => {
  await expect(ask("set_disk_monitoring", { isOn: true })).rejects.toMatchObject({
    code: "not_supported",
  });
});
