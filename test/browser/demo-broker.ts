import amqp from "amqplib";

/** A broker under test: where its HTTP API and AMQP are. */
export interface DemoAddress {
  /** `http://localhost:15672/` */
  readonly http: string;
  /** `amqp://localhost:5672` */
  readonly amqp: string;
}

/** What the console is shown with, until it is stopped. */
export interface Demo {
  stop(): Promise<void>;
}

const AUTH = `Basic ${Buffer.from("guest:guest").toString("base64")}`;
const PUBLISH_EVERY_MS = 50;

/** Calls the HTTP API as guest. Throws if it refuses. */
export async function callApi(
  address: DemoAddress,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const response = await fetch(`${address.http}api/${path}`, {
    method,
    headers: { authorization: AUTH },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === "" ? undefined : JSON.parse(text);
}

/** Users, virtual hosts, policies, queues and bindings of a small shop, with clients that publish and consume. */
export async function startDemo(address: DemoAddress): Promise<Demo> {
  await declareDemo(address);
  return startClients(address);
}

async function declareDemo(address: DemoAddress): Promise<void> {
  const put = (path: string, body: unknown): Promise<unknown> =>
    callApi(address, "PUT", path, body);
  await put("vhosts/shop", { description: "Orders of the shop", tags: "production" });
  await put("users/alice", { password: "alice-secret", tags: "management" });
  await put("users/worker", { password: "worker-secret", tags: "" });
  await put("permissions/shop/alice", { configure: "", write: "^orders", read: ".*" });
  await put("permissions/shop/worker", { configure: "", write: ".*", read: ".*" });
  await put("permissions/shop/guest", { configure: ".*", write: ".*", read: ".*" });
  await put("policies/shop/mirrored", {
    pattern: "^orders\\.",
    "apply-to": "queues",
    definition: { "ha-mode": "all", "ha-sync-mode": "automatic" },
  });
  await put("operator-policies/shop/bounds", {
    pattern: ".*",
    "apply-to": "queues",
    definition: { "max-length": 100_000 },
  });
  await put("vhost-limits/shop/max-queues", { value: 50 });
  await put("exchanges/shop/orders", { type: "topic", durable: true });
  await put("exchanges/shop/orders.dead", { type: "fanout", durable: true });
  await put("exchanges/shop/events", { type: "fanout", durable: true });
  await put("queues/shop/orders.created", {
    durable: true,
    arguments: {
      "x-queue-type": "quorum",
      "x-dead-letter-exchange": "orders.dead",
      "x-delivery-limit": 5,
    },
  });
  await put("queues/shop/orders.paid", { durable: true, arguments: {} });
  await put("queues/shop/orders.unpaid", {
    durable: true,
    arguments: { "x-message-ttl": 1500, "x-dead-letter-exchange": "orders.dead" },
  });
  await put("queues/shop/orders.dead", { durable: true, arguments: {} });
  await put("queues/shop/emails", {
    durable: true,
    arguments: { "x-max-length": 10_000, "x-max-priority": 5 },
  });
  await put("queues/shop/audit", {
    durable: true,
    arguments: { "x-single-active-consumer": true },
  });
  await bind(address, "orders", "orders.created", "order.created.#");
  await bind(address, "orders", "orders.paid", "order.paid");
  await bind(address, "orders", "orders.unpaid", "order.unpaid");
  await bind(address, "orders.dead", "orders.dead", "");
  await bind(address, "events", "emails", "");
  await bind(address, "events", "audit", "");
}

function bind(
  address: DemoAddress,
  exchange: string,
  queue: string,
  key: string,
): Promise<unknown> {
  return callApi(address, "POST", `bindings/shop/e/${exchange}/q/${queue}`, {
    routing_key: key,
    arguments: {},
  });
}

async function startClients(address: DemoAddress): Promise<Demo> {
  const url = `${address.amqp}/shop`;
  const shop = await amqp.connect(url, { clientProperties: { connection_name: "shop frontend" } });
  const worker = await amqp.connect(url, {
    clientProperties: { connection_name: "order worker 1" },
  });
  for (const connection of [shop, worker]) connection.on("error", () => undefined);
  await consume(worker, "orders.created", 20);
  await consume(worker, "orders.paid", 5);
  await consume(worker, "audit", 50);
  const publisher = await shop.createConfirmChannel();
  let order = 0;
  const timer = setInterval(() => {
    order += 1;
    publishOrder(publisher, order);
  }, PUBLISH_EVERY_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      await Promise.allSettled([shop.close(), worker.close()]);
    },
  };
}

async function consume(
  connection: amqp.ChannelModel,
  queue: string,
  prefetch: number,
): Promise<void> {
  const channel = await connection.createChannel();
  await channel.prefetch(prefetch);
  await channel.consume(queue, (message) => message !== null && channel.ack(message), {
    consumerTag: `worker-${queue}`,
  });
}

function publishOrder(channel: amqp.ConfirmChannel, order: number): void {
  const body = Buffer.from(
    JSON.stringify({
      order,
      customer: { id: order % 97, country: "de" },
      items: [{ sku: `A-${order % 13}`, price: 12.5 }],
    }),
  );
  const options = {
    persistent: true,
    contentType: "application/json",
    headers: { tenant: order % 2 === 0 ? "a" : "b" },
  };
  channel.publish("orders", "order.created.web", body, options);
  if (order % 2 === 0) channel.publish("orders", "order.paid", body, options);
  if (order % 5 === 0) channel.publish("orders", "order.unpaid", body, options);
  channel.publish("events", "", body, options);
}
