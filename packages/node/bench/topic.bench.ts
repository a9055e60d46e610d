import { EMPTY_TABLE } from "@leveret/amqp";
import { bench, describe } from "vitest";
import type { RoutingMessage } from "../src/exchange/router.ts";
import { TopicRouter } from "../src/exchange/topic-router.ts";

/** Messages per measured call, so that the call itself does not count. */
const BATCH = 1000;

function routerOf(count: number, keyOf: (index: number) => string): TopicRouter<number> {
  const router = new TopicRouter<number>();
  for (let index = 0; index < count; index++) {
    router.bind({ destination: index, routingKey: keyOf(index), arguments: EMPTY_TABLE });
  }
  return router;
}

function messagesOf(keyOf: (index: number) => string): RoutingMessage[] {
  return Array.from({ length: BATCH }, (_, index) => ({
    routingKey: keyOf(index),
    headers: undefined,
    property: () => undefined,
  }));
}

function routeAll(router: TopicRouter<number>, messages: readonly RoutingMessage[]): void {
  const into = new Set<number>();
  for (const message of messages) {
    into.clear();
    router.route(message, into);
  }
}

describe(`routing ${BATCH} messages through a topic exchange`, () => {
  const ten = routerOf(10, (index) => `sensor.${index}.*`);
  const tenMessages = messagesOf((index) => `sensor.${index % 10}.temperature`);
  bench("10 bindings with *, one matches", () => routeAll(ten, tenMessages));

  const many = routerOf(10_000, (index) => `*.item.${index}.#`);
  const manyMessages = messagesOf((index) => `shop.item.${index * 7}.sold`);
  bench("10,000 bindings with * and #, one matches", () => routeAll(many, manyMessages));

  const inner = routerOf(10_000, (index) => `#.item.${index}.#.end`);
  const innerMessages = messagesOf((index) => `a.b.item.${index * 7}.c.d.end`);
  bench("10,000 bindings with two inner #, one matches", () => routeAll(inner, innerMessages));

  const hostile = routerOf(100, (index) => `${"#.a.".repeat(60)}${index}`);
  const hostileMessages = messagesOf(() => `${"a.".repeat(126)}1`).slice(0, 10);
  bench("10 messages of 127 words, 100 bindings with 60 # each", () =>
    routeAll(hostile, hostileMessages),
  );
});
