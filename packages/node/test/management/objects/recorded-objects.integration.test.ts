import { readFileSync } from "node:fs";
import { type ChannelModel, connect } from "amqplib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ManagedBroker } from "../managed-broker.ts";
import { shapeDifferences } from "../shape.ts";
import { differencesOf } from "./object-differences.ts";

/** An answer of RabbitMQ 3.10.8 about what ran, as it was recorded; of lists, each kind of element once. */
interface RecordedAnswer {
  readonly name: string;
  readonly method: string;
  /** Below /api. */
  readonly path: string;
  readonly request?: unknown;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly answer: unknown;
}

const ANSWERS = readJson("../recorded/object-answers.json") as readonly RecordedAnswer[];
/** Writes, in a vhost of their own, in the order of the recording. */
const WRITES = readJson("../recorded/object-writes.json") as readonly RecordedAnswer[];

let broker: ManagedBroker;
let client: ChannelModel;
let worker: string;
let publisher: string;

beforeAll(async () => {
  broker = await ManagedBroker.start();
  await makeTopology(broker);
  const url = `amqp://guest:guest@127.0.0.1:${broker.amqpPort}/shop`;
  client = await connect(url, named("orders worker 1"));
  await startClient(client);
  const { body } = await broker.get("/connections");
  worker = body[0].name;
  publisher = worker;
});

afterAll(async () => {
  await client.close();
  await broker[Symbol.asyncDispose]();
});

describe("what runs is shown as RabbitMQ shows it", () => {
  test.each(ANSWERS.map((recorded) => [recorded.name, recorded] as const))(
    "%s",
    async (_name, recorded) => judge(recorded),
  );
});

describe("writes are answered as RabbitMQ answers them", () => {
  test.each(WRITES.map((recorded) => [recorded.name, recorded] as const))(
    "%s",
    async (_name, recorded) => judge(recorded),
  );
});

test("there was no fault of the broker itself", () => {
  expect(broker.internalErrors).toEqual([]);
});

async function judge(recorded: RecordedAnswer): Promise<void> {
  const known = differencesOf(recorded.name);
  const { status, headers, body } = await broker.ask(recorded.method, pathOf(recorded.path), {
    body: recorded.request,
  });
  expect(status).toBe(known.status ?? recorded.status);
  if (recorded.headers["location"] !== undefined) {
    expect(headers.location).toBe(recorded.headers["location"]);
  }
  if (known.status !== undefined) return;
  expect(shapeDifferences(recorded.answer, body).toSorted()).toEqual(known.shape.toSorted());
  if (status >= 400) expect(body).toEqual(known.body ?? recorded.answer);
}

/** Names of the recorded connections, as they are here. */
function pathOf(path: string): string {
  return path
    .replace("127.0.0.1%3A46506%20-%3E%20127.0.0.1%3A5672", encodeURIComponent(worker))
    .replace("127.0.0.1%3A46470%20-%3E%20127.0.0.1%3A5672", encodeURIComponent(publisher));
}

/** What the recorded broker had: its definitions, with a queue instead of the stream. */
async function makeTopology(on: ManagedBroker): Promise<void> {
  const answers = readJson("../recorded/answers.json") as readonly RecordedAnswer[];
  const recorded = answers.find(({ name }) => name === "definitions")?.answer as Definitions;
  const queues = recorded.queues.map((queue) =>
    queue.name === "audit.log" ? { ...queue, arguments: {} } : queue,
  );
  const permissions = [{ user: "guest", vhost: "shop", configure: ".*", write: ".*", read: ".*" }];
  // Its users have other passwords.
  const body = { ...recorded, users: [], topic_permissions: [], permissions, queues };
  expect((await on.ask("POST", "/definitions", { body })).body).toBe("");
  expect((await on.ask("PUT", "/vhosts/uxrec")).status).toBe(201);
}

interface Definitions {
  readonly queues: readonly { readonly name: string; readonly arguments: object }[];
}

/** The recorded clients: workers, single active consumers, a publisher with confirms, a message with a timestamp. */
async function startClient(model: ChannelModel): Promise<void> {
  const channel = await model.createConfirmChannel();
  await channel.prefetch(20);
  channel.publish("", "emails", Buffer.from("x"), { timestamp: 1_795_392_654, persistent: true });
  channel.publish("orders", "order.created.x", Buffer.from("x"), { persistent: true });
  channel.publish("", "lazy.backlog", Buffer.from("x"));
  await channel.waitForConfirms();
  const ignore = (): void => undefined;
  for (const queue of ["orders.created", "sac.q", "shard.0"]) {
    await channel.consume(queue, ignore, { consumerTag: `worker-${queue}` });
  }
  const second = await model.createChannel();
  await second.consume("sac.q", ignore, { consumerTag: "worker-2" });
}

function named(name: string): { clientProperties: Record<string, unknown> } {
  return { clientProperties: { connection_name: name } };
}

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8"));
}
