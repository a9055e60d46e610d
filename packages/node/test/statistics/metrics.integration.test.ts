import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DASHBOARD_METRICS } from "./dashboard-metrics.ts";
import type { Scrape } from "./metrics-text.ts";
import { ObservedBroker } from "./observed-broker.ts";

const DASHBOARDS = new URL("../../../../deploy/grafana/", import.meta.url);

let observed: ObservedBroker;

beforeAll(async () => {
  observed = await ObservedBroker.start();
  await observed.node.figures.process.look();
});

afterAll(() => observed[Symbol.asyncDispose]());

function sumOf({ samples }: Scrape, name: string): number {
  return (samples.get(name) ?? []).reduce((sum, { value }) => sum + value, 0);
}

describe("metrics", () => {
  test("have what RabbitMQ's dashboards ask for, with its labels", async () => {
    const { samples } = await observed.scrape();
    expect(Object.keys(DASHBOARD_METRICS)).toHaveLength(65);
    for (const [name, labels] of Object.entries(DASHBOARD_METRICS)) {
      const found = samples.get(name) ?? [];
      expect(found.length, name).toBeGreaterThan(0);
      for (const sample of found)
        expect(Object.keys(sample.labels), name).toEqual(expect.arrayContaining([...labels]));
    }
  });

  test("have a type that fits their name", async () => {
    for (const path of ["/metrics", "/metrics/per-object"]) {
      const { types } = await observed.scrape(path);
      for (const [name, type] of types) {
        expect(type === "counter", `${name} ${type}`).toBe(name.endsWith("_total"));
      }
    }
  });

  test("have all that our dashboards show", async () => {
    const { samples } = await observed.scrape();
    // Without other nodes there are no links.
    const known = new Set([...samples.keys(), ...linkMetrics()]);
    const files = readdirSync(DASHBOARDS).filter((name) => name.endsWith(".json"));
    expect(files.length).toBeGreaterThanOrEqual(2);
    for (const file of files) {
      const { panels } = JSON.parse(readFileSync(new URL(file, DASHBOARDS), "utf8"));
      const expressions: string[] = panels.flatMap((panel: { targets?: { expr: string }[] }) =>
        (panel.targets ?? []).map(({ expr }) => expr),
      );
      expect(expressions.length, file).toBeGreaterThan(10);
      const names = expressions.flatMap((text) => text.match(/\b(rabbitmq|leveret)_\w+/g) ?? []);
      expect(
        names.filter((name) => !known.has(name)),
        file,
      ).toEqual([]);
    }
  });

  test("say whose they are, and by which way they were asked for", async () => {
    for (const [path, endpoint] of [
      ["/metrics", "aggregated"],
      ["/metrics/per-object", "per-object"],
      ["/metrics/detailed", "detailed"],
      ["/metrics/memory-breakdown", "memory-breakdown"],
    ] as const) {
      const { samples } = await observed.scrape(path);
      expect(samples.get("rabbitmq_identity_info"), path).toMatchObject([
        { labels: { rabbitmq_node: "rabbit@localhost", rabbitmq_endpoint: endpoint }, value: 1 },
      ]);
    }
  });

  test("never fall, whatever is closed and deleted", async () => {
    const client = await observed.connect();
    const channel = await client.createConfirmChannel();
    await channel.assertExchange("gone", "fanout");
    for (const name of ["gone-1", "gone-2"]) {
      await channel.assertQueue(name, { durable: name === "gone-1" });
      await channel.bindQueue(name, "gone", "");
    }
    for (let count = 0; count < 10; count++) channel.publish("gone", "", Buffer.alloc(500));
    await channel.waitForConfirms();
    await channel.get("gone-1", { noAck: true });
    const steps = [
      () => channel.deleteQueue("gone-1"),
      () => channel.deleteExchange("gone"),
      () => channel.close(),
      () => client.close(),
    ];
    let before = await observed.scrape();
    expect(sumOf(before, "rabbitmq_global_messages_routed_total")).toBeGreaterThanOrEqual(20);
    for (const step of steps) {
      await step();
      const after = await observed.scrape();
      for (const [name, type] of after.types) {
        if (type !== "counter") continue;
        expect(sumOf(after, name), name).toBeGreaterThanOrEqual(sumOf(before, name));
      }
      before = after;
    }
    expect(sumOf(before, "rabbitmq_queue_messages_published_total")).toBeGreaterThanOrEqual(20);
    expect(sumOf(before, "rabbitmq_connection_incoming_bytes_total")).toBeGreaterThan(5000);
  });

  test("show objects one by one with names of whatever characters", async () => {
    const client = await observed.connect();
    const channel = await client.createConfirmChannel();
    const queue = 'a "quoted" \\ name é';
    await channel.assertQueue(queue, { durable: false, autoDelete: true });
    await channel.consume(queue, () => undefined, { noAck: true });
    channel.sendToQueue(queue, Buffer.from("x"));
    await channel.waitForConfirms();
    const { samples } = await observed.scrape("/metrics/per-object");
    const ready = samples.get("rabbitmq_queue_messages_ready") ?? [];
    expect(ready.find(({ labels }) => labels["queue"] === queue)).toEqual({
      labels: { vhost: "/", queue },
      value: 0,
    });
    const published = samples.get("rabbitmq_channel_messages_published_total") ?? [];
    expect(published.at(-1)).toMatchObject({ labels: { vhost: "/", exchange: "" }, value: 1 });
    expect(published.at(-1)?.labels["connection"]).toMatch(/^127\.0\.0\.1:\d+ -> /);
    const delivered = samples.get("rabbitmq_channel_messages_delivered_total") ?? [];
    expect(delivered.at(-1)).toMatchObject({ labels: { queue }, value: 1 });
    await client.close();
  });

  test("give chosen families of chosen vhosts, each metric once", async () => {
    const client = await observed.connect();
    const channel = await client.createChannel();
    await channel.assertQueue("detailed", { durable: false });
    const families = ["queue_coarse_metrics", "queue_metrics", "queue_consumer_count", "nonsense"];
    const query = families.map((name) => `family=${name}`).join("&");
    const all = await observed.scrape(`/metrics/detailed?${query}&vhost=%2F`);
    const queues = (all.samples.get("rabbitmq_detailed_queue_consumers") ?? []).map(
      ({ labels }) => labels["queue"],
    );
    expect(queues.filter((name) => name === "detailed")).toHaveLength(1);
    expect([...all.types.keys()].filter((name) => !/_info$|_detailed_queue_/.test(name))).toEqual(
      [],
    );
    const other = await observed.scrape(`/metrics/detailed?${query}&vhost=other`);
    expect(other.samples.get("rabbitmq_detailed_queue_messages") ?? []).toEqual([]);
    await channel.deleteQueue("detailed");
    await client.close();
  });

  test("add up to the resident memory", async () => {
    const { samples } = await observed.scrape("/metrics/memory-breakdown");
    const parts = [...samples].filter(([name]) => name.startsWith("rabbitmq_memory_"));
    const sum = parts.reduce((total, [, [sample]]) => total + (sample?.value ?? 0), 0);
    expect(parts.length).toBeGreaterThan(5);
    // The process goes on between the two looks.
    expect(Math.abs(sum / process.memoryUsage.rss() - 1)).toBeLessThan(0.2);
  });
});

test("count logins by protocol", async () => {
  const count = async (name: string, protocol: string): Promise<number> => {
    const { samples } = await observed.scrape();
    const found = samples.get(`rabbitmq_auth_attempts_${name}`) ?? [];
    return found.find(({ labels }) => labels["protocol"] === protocol)?.value ?? 0;
  };
  const [amqp, failed] = [
    await count("succeeded_total", "amqp091"),
    await count("failed_total", "http"),
  ];
  const client = await observed.connect();
  await client.close();
  await observed.managed.get("/whoami", { auth: "guest:wrong" });
  expect(await count("succeeded_total", "amqp091")).toBe(amqp + 1);
  expect(await count("failed_total", "http")).toBe(failed + 1);
});

describe("the port of the metrics", () => {
  test("compresses for those who take it", async () => {
    const { headers, bytes } = await observed.ask("/metrics", {
      headers: { "accept-encoding": "gzip" },
    });
    expect(headers["content-encoding"]).toBe("gzip");
    expect(gunzipSync(bytes).toString("utf8")).toContain("rabbitmq_identity_info");
  });

  test.each([
    ["GET", "/", {}, 404],
    ["GET", "/metrics/nothing", {}, 404],
    ["GET", "/metricsx", {}, 404],
    ["POST", "/metrics", {}, 405],
    ["GET", "/metrics", { accept: "application/openmetrics-text" }, 406],
    ["GET", "/metrics", { accept: "application/openmetrics-text;q=0.9,text/plain;q=0.5" }, 200],
    ["GET", "/metrics/", {}, 200],
    ["HEAD", "/metrics", {}, 200],
    ["GET", `/metrics/detailed?${"family=x&".repeat(300)}`, {}, 400],
    ["GET", "/metrics?%", {}, 200],
  ] as const)("answers %s %s %o with %i", async (method, path, headers, status) => {
    const answer = await observed.ask(path, { headers }, method);
    expect(answer.status).toBe(status);
    if (method === "HEAD") expect(answer.bytes).toHaveLength(0);
  });

  test("tells that the app does not run", async () => {
    await using stopped = await ObservedBroker.start();
    await stopped.managed.shell.stopApp();
    const answer = await stopped.ask("/metrics");
    expect(answer.status).toBe(503);
    expect(answer.body).toContain("does not run");
  });

  test("asks for a user who may watch, if told to", async () => {
    await using closed = await ObservedBroker.start((config) => ({
      ...config,
      prometheus: { ...config.prometheus, isAuthenticated: true, path: "/rabbit/metrics" },
    }));
    expect((await closed.ask("/rabbit/metrics")).status).toBe(401);
    expect((await closed.ask("/rabbit/metrics", { auth: "guest:wrong" })).status).toBe(401);
    expect((await closed.ask("/rabbit/metrics", { auth: "guest:guest" })).status).toBe(200);
    expect((await closed.ask("/metrics", { auth: "guest:guest" })).status).toBe(404);
  });
});

function linkMetrics(): string[] {
  return ["sent_bytes_total", "received_bytes_total", "downs_total", "round_trip_seconds"].map(
    (name) => `leveret_raft_link_${name}`,
  );
}
