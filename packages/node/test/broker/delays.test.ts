import {
  decodeBasicProperties,
  EMPTY_TABLE,
  encodeBasicProperties,
  type FieldTable,
  type FieldValue,
  integerOf,
  longstr,
} from "@leveret/amqp";
import { beforeEach, describe, expect, test } from "vitest";
import { noteHeld } from "../../src/broker/hold.ts";
import { PublishedMessage } from "../../src/broker/published-message.ts";
import { DELAYED_BATCH_COUNT } from "../../src/limits.ts";
import { messageRouting } from "../../src/queue/message.ts";
import type { VirtualClock } from "../../src/runtime/virtual-clock.ts";
import { storedMessage } from "../queue/stored-message.ts";
import { BrokerRig } from "./broker-rig.ts";

const HOUR_MS = 3_600_000;

let rig: BrokerRig;
let clock: VirtualClock;

beforeEach(() => {
  rig = new BrokerRig();
  clock = rig.broker.clock as VirtualClock; // The rig gave it one.
  rig.declareQueue("q");
});

function declareDelayed(name: string, inner: string): void {
  rig.apply({
    type: "declareExchange",
    exchange: {
      vhost: "/",
      name,
      type: "x-delayed-message",
      durable: false,
      autoDelete: false,
      internal: false,
      arguments: new Map([["x-delayed-type", longstr(inner)]]),
    },
  });
}

/** Publishes as a channel does. true: it was held or routed. */
function publish(exchange: string, key: string, body: string, delay?: FieldValue): boolean {
  const { broker, vhost } = rig;
  const headers: FieldTable = delay === undefined ? EMPTY_TABLE : new Map([["x-delay", delay]]);
  const message = storedMessage(
    broker.slabs,
    encodeBasicProperties({ headers }),
    Buffer.from(body),
  );
  message.routing = messageRouting(exchange, key);
  const found = rig.route(exchange, [key], {
    message: new PublishedMessage(message, key),
    onVisit: (visited, keys) => noteHeld(broker, vhost, visited, message, keys),
  });
  for (const sink of found.sinks) sink.publish(clock.now(), message);
  message.release();
  return found.held || found.sinks.length > 0;
}

function ms(value: number): FieldValue {
  return { type: "signedint", value };
}

function bodies(queue = "q"): string[] {
  const found: string[] = [];
  rig.vhost.queues.get(queue)?.peek(10_000, (message) => found.push(message.copyBody().toString()));
  return found;
}

describe("an x-delayed-message exchange", () => {
  test("holds a message for its delay, then routes it by its inner type", () => {
    declareDelayed("later", "topic");
    rig.bind("later", "q", "order.*");
    expect(publish("later", "order.new", "match", ms(1000))).toBe(true);
    expect(publish("later", "invoice", "no match", ms(1000))).toBe(true);
    clock.advance(999);
    expect(bodies()).toEqual([]);
    clock.advance(1);
    expect(bodies()).toEqual(["match"]);
  });

  test("sends on in the order of due times, and of arrival among equals", () => {
    declareDelayed("later", "fanout");
    rig.bind("later", "q");
    for (const [body, delay] of [
      ["c", 30],
      ["a1", 10],
      ["b", 20],
      ["a2", 10],
    ] as const) {
      publish("later", "", body, ms(delay));
    }
    clock.advance(HOUR_MS);
    expect(bodies()).toEqual(["a1", "a2", "b", "c"]);
  });

  test("lets a message without a delay through at once", () => {
    declareDelayed("later", "fanout");
    rig.bind("later", "q");
    publish("later", "", "now");
    expect(bodies()).toEqual(["now"]);
  });

  test("negates the header, so that a second such exchange does not hold it again", () => {
    declareDelayed("later", "fanout");
    rig.bind("later", "q");
    publish("later", "", "x", ms(5000));
    clock.advance(5000);
    const delays: unknown[] = [];
    rig.vhost.queues.get("q")?.peek(1, ({ bytes, propertiesStart, propertiesEnd }) => {
      const { headers } = decodeBasicProperties(bytes, propertiesStart, propertiesEnd);
      delays.push(integerOf(headers?.get("x-delay")));
    });
    expect(delays.map(Number)).toEqual([-5000]);
  });

  test("follows the bindings there are when a message is due", () => {
    declareDelayed("later", "fanout");
    rig.declareQueue("other");
    publish("later", "", "x", ms(1000));
    rig.bind("later", "other");
    clock.advance(1000);
    expect(bodies("other")).toEqual(["x"]);
  });

  test("sends on more than one turn takes, all at their time", () => {
    declareDelayed("later", "fanout");
    rig.bind("later", "q");
    const count = 2.5 * DELAYED_BATCH_COUNT;
    for (let index = 0; index < count; index++) publish("later", "", String(index), ms(1000));
    clock.advance(1000);
    expect(bodies()).toEqual(Array.from({ length: count }, (_, index) => String(index)));
  });

  test("takes an earlier message that comes after a later one", () => {
    declareDelayed("later", "fanout");
    rig.bind("later", "q");
    publish("later", "", "late", ms(HOUR_MS));
    clock.advance(1000);
    publish("later", "", "early", ms(10));
    clock.advance(10);
    expect(bodies()).toEqual(["early"]);
  });

  test("loses what it holds when it is deleted, and gives the memory back", () => {
    declareDelayed("later", "fanout");
    rig.bind("later", "q");
    for (let index = 0; index < 5000; index++) {
      publish("later", "", "x".repeat(1000), ms(1000));
    }
    expect(rig.broker.slabs.slabCount).toBeGreaterThan(4);
    rig.apply({ type: "deleteExchange", vhost: "/", name: "later" });
    expect(rig.broker.slabs.slabCount).toBeLessThanOrEqual(1);
    clock.advance(HOUR_MS);
    expect(bodies()).toEqual([]);
  });

  test("holds messages that come through another exchange", () => {
    declareDelayed("later", "fanout");
    rig.bind("later", "q");
    rig.declareExchange("in", "fanout");
    rig.bind("in", "exchange:later");
    publish("in", "", "x", ms(100));
    expect(bodies()).toEqual([]);
    clock.advance(100);
    expect(bodies()).toEqual(["x"]);
  });
});
