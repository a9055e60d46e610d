import { connect } from "amqplib";
import { expect, test } from "vitest";
import { startBroker } from "../../src/index.ts";
import { REMEMBERED_ROUTE_MAX } from "../../src/limits.ts";

test("a route to more queues than are remembered reaches each of them, message after message", async () => {
  const broker = await startBroker();
  const connection = await connect(broker.url);
  const channel = await connection.createConfirmChannel();
  await channel.assertExchange("wide", "fanout");
  const names = Array.from({ length: REMEMBERED_ROUTE_MAX + 1 }, (_, index) => `wide-${index}`);
  await Promise.all(names.map((name) => channel.assertQueue(name)));
  await Promise.all(names.map((name) => channel.bindQueue(name, "wide", "")));
  for (const body of ["1", "2", "3"]) channel.publish("wide", "key", Buffer.from(body));
  await channel.waitForConfirms();
  const bodies = names.map((name) => broker.messages(name).map((message) => String(message.body)));
  expect(new Set(bodies.map((found) => found.join()))).toEqual(new Set(["1,2,3"]));
  await connection.close();
  await broker.stop();
});
