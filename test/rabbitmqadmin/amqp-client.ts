import { setTimeout as delay } from "node:timers/promises";
import { connect } from "amqplib";
import type { Target } from "./target.ts";

const VHOST = "shop";
const QUEUE = "mails";
const LISTED_MAX_MS = 20_000;
const POLL_MS = 50;

/** A client with a connection, two channels and a consumer, whom the API lists. */
export interface ListedClient {
  /** `127.0.0.1:51234 -> 127.0.0.1:5672` */
  readonly connection: string;
  close(): Promise<void>;
}

/** Connects, and waits until the API shows all of it. */
export async function connectClient(target: Target): Promise<ListedClient> {
  const url = `amqp://guest:guest@127.0.0.1:${target.amqpPort}/${VHOST}`;
  const model = await connect(url, {
    clientProperties: { connection_name: "shop assistant", product: "rabbitmqadmin test" },
  });
  // The tool closes it.
  model.on("error", () => undefined);
  const first = await model.createChannel();
  await first.prefetch(7);
  await first.consume(QUEUE, () => undefined, { consumerTag: "assistant" });
  await model.createConfirmChannel();
  const connection = await untilListed(target);
  return {
    connection,
    close: async () => {
      await model.close().catch(() => undefined);
    },
  };
}

async function untilListed(target: Target): Promise<string> {
  const deadline = Date.now() + LISTED_MAX_MS;
  for (;;) {
    const [connection, ...others] = await objects(target, "connections");
    const channels = await objects(target, "channels");
    const consumers = await objects(target, "consumers");
    const shown = connection?.["channels"] === 2 && channels.length === 2 && consumers.length === 1;
    const hasPrefetch = consumers[0]?.["prefetch_count"] === 7;
    if (shown && hasPrefetch && others.length === 0) return String(connection["name"]);
    if (Date.now() > deadline) throw new Error("the client is not listed as it should be");
    await delay(POLL_MS);
  }
}

async function objects(
  { port }: Target,
  kind: string,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const authorization = `Basic ${Buffer.from("guest:guest").toString("base64")}`;
  const response = await fetch(`http://127.0.0.1:${port}/api/${kind}`, {
    headers: { authorization },
  });
  if (!response.ok) throw new Error(`GET /api/${kind}: ${response.status}`);
  return (await response.json()) as readonly Readonly<Record<string, unknown>>[];
}
