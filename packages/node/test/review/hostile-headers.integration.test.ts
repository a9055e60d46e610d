import {
  encodeContentHeaderFrame,
  encodeFieldTable,
  longstr,
  type MethodArgs,
} from "@leveret/amqp";
import { expect, test } from "vitest";
import { frame, RawClient, waitFor } from "../integration/raw-client.ts";
import { TestNode } from "../integration/start-node.ts";

/** Flags say headers; the table's size is right, its only field has a type that does not exist. */
const MALFORMED = Buffer.from([0x20, 0x00, 0, 0, 0, 4, 1, 0x61, 0x3f, 0x00]);
/** 200 octets that are no UTF-8: as text they would be 600. */
const BINARY_ID = Buffer.alloc(200, 0xfe);

function publishOf(args: Partial<MethodArgs<"basic.publish">>, properties: Buffer): Buffer {
  return Buffer.concat([
    frame(1, "basic.publish", args),
    encodeContentHeaderFrame(1, 0, properties),
  ]);
}

function withBinaryId(headers: Parameters<typeof encodeFieldTable>[0]): Buffer {
  const table = encodeFieldTable(headers);
  return Buffer.concat([Buffer.from([0x24, 0x00]), table, Buffer.from([200]), BINARY_ID]);
}

async function openOne(node: TestNode): Promise<RawClient> {
  const client = await RawClient.open(node);
  await client.openChannel();
  return client;
}

test("headers that cannot be decoded end the publisher's connection and reach no queue", async () => {
  await using node = await TestNode.start();
  await using consumer = await openOne(node);
  await consumer.call(1, "queue.declare", {
    queue: "q",
    durable: true,
    arguments: new Map([["x-queue-type", longstr("quorum")]]),
  });
  await consumer.call(1, "basic.consume", { queue: "q" });
  await using publisher = await openOne(node);
  publisher.write(publishOf({ routingKey: "q" }, MALFORMED));
  const { method } = await publisher.next("connection.close");
  expect(method).toMatchObject({ replyCode: 501 });
  await consumer.call(1, "basic.qos", { prefetchCount: 1 }); // Unharmed.
  expect(node.broker.queue("q").messagesReady).toBe(0);
  expect(node.internalErrors).toEqual([]);
});

test("a quorum queue counts deliveries of a message whose correlation-id is not text", async () => {
  await using node = await TestNode.start();
  await using client = await openOne(node);
  await client.call(1, "queue.declare", {
    queue: "q",
    durable: true,
    arguments: new Map([["x-queue-type", longstr("quorum")]]),
  });
  await client.call(1, "basic.consume", { queue: "q" });
  client.write(publishOf({ routingKey: "q" }, withBinaryId(new Map())));
  const first = await client.next("basic.deliver");
  client.send(1, "basic.nack", { deliveryTag: first.method.deliveryTag, requeue: true });
  const again = await client.next("basic.deliver");
  expect(again.properties.includes("x-delivery-count")).toBe(true);
  expect(again.properties.subarray(-200).equals(BINARY_ID)).toBe(true);
});

test("a dead letter keeps a correlation-id that is not text", async () => {
  await using node = await TestNode.start();
  await using client = await openOne(node);
  await client.call(1, "queue.declare", { queue: "dead" });
  await client.call(1, "queue.declare", {
    queue: "q",
    arguments: new Map([
      ["x-dead-letter-exchange", longstr("")],
      ["x-dead-letter-routing-key", longstr("dead")],
    ]),
  });
  await client.call(1, "basic.consume", { queue: "q" });
  client.write(publishOf({ routingKey: "q" }, withBinaryId(new Map())));
  const { method } = await client.next("basic.deliver");
  client.send(1, "basic.reject", { deliveryTag: method.deliveryTag, requeue: false });
  const dead = await client.get(1, "dead");
  expect(dead?.properties.includes("x-first-death-reason")).toBe(true);
  expect(dead?.properties.subarray(-200).equals(BINARY_ID)).toBe(true);
});

test("a delayed message keeps a correlation-id that is not text", async () => {
  await using node = await TestNode.start();
  await using client = await openOne(node);
  await client.call(1, "exchange.declare", {
    exchange: "later",
    type: "x-delayed-message",
    arguments: new Map([["x-delayed-type", longstr("fanout")]]),
  });
  await client.call(1, "queue.declare", { queue: "q" });
  await client.call(1, "queue.bind", { queue: "q", exchange: "later" });
  const headers = new Map([["x-delay", { type: "signedint", value: 1 } as const]]);
  client.write(publishOf({ exchange: "later" }, withBinaryId(headers)));
  await waitFor(() => node.broker.queue("q").messagesReady === 1, "the message is due");
  const delayed = await client.get(1, "q");
  expect(delayed?.properties.subarray(-200).equals(BINARY_ID)).toBe(true);
});
