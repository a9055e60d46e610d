import { beforeEach, describe, expect, test } from "vitest";
import type { MessageSink } from "../../src/broker/message-sink.ts";
import { BrokerRig, namesOf } from "./broker-rig.ts";

describe("route", () => {
  let rig: BrokerRig;

  beforeEach(() => {
    rig = new BrokerRig();
    for (const queue of ["a", "b", "c"]) rig.declareQueue(queue);
  });

  function routed(exchange: string, ...keys: string[]): string[] {
    return namesOf(rig.route(exchange, keys).sinks);
  }

  test("names a queue once, however many bindings and keys lead to it", () => {
    rig.declareExchange("x", "topic");
    for (const key of ["#", "*.b", "a.*"]) rig.bind("x", "a", key);
    expect(routed("x", "a.b", "a.c", "a.b")).toEqual(["a"]);
  });

  test("follows each key of CC and BCC", () => {
    rig.declareExchange("x", "direct");
    for (const queue of ["a", "b", "c"]) rig.bind("x", queue, queue);
    expect(routed("x", "a", "c")).toEqual(["a", "c"]);
    expect(routed("", "a", "b", "nobody")).toEqual(["a", "b"]);
  });

  test("gives the message its first key back", () => {
    rig.declareExchange("x", "direct");
    const message = { routingKey: "a", headers: undefined, property: () => undefined };
    rig.route("x", ["a", "b"], { message });
    expect(message.routingKey).toBe("a");
  });

  test("goes through exchange-to-exchange bindings", () => {
    rig.declareExchange("in", "topic");
    rig.declareExchange("middle", "fanout");
    rig.declareExchange("out", "direct");
    rig.bind("in", "exchange:middle", "order.*");
    rig.bind("middle", "exchange:out");
    rig.bind("out", "a", "order.new");
    rig.bind("middle", "b");
    expect(routed("in", "order.new")).toEqual(["a", "b"]);
    expect(routed("in", "order.old")).toEqual(["b"]);
    expect(routed("in", "invoice")).toEqual([]);
  });

  test("ends where exchanges are bound in a circle, or to themselves", () => {
    for (const name of ["x", "y", "z"]) rig.declareExchange(name, "fanout");
    rig.bind("x", "exchange:y");
    rig.bind("y", "exchange:z");
    rig.bind("z", "exchange:x");
    rig.bind("z", "exchange:z");
    rig.bind("z", "a");
    for (const name of ["x", "y", "z"]) expect(routed(name, "k")).toEqual(["a"]);
  });

  test("ends in a chain of ten thousand exchanges", () => {
    for (let index = 0; index < 10_000; index++) rig.declareExchange(`x${index}`, "fanout");
    for (let index = 1; index < 10_000; index++) rig.bind(`x${index - 1}`, `exchange:x${index}`);
    rig.bind("x9999", "a");
    expect(routed("x0", "k")).toEqual(["a"]);
  });

  test("takes the alternate exchange only where nothing matches, and its alternate then", () => {
    rig.declareExchange("x", "direct", "second");
    rig.declareExchange("second", "direct", "third");
    rig.declareExchange("third", "fanout");
    rig.bind("x", "a", "a");
    rig.bind("second", "b", "b");
    rig.bind("third", "c");
    expect(routed("x", "a")).toEqual(["a"]);
    expect(routed("x", "b")).toEqual(["b"]);
    expect(routed("x", "other")).toEqual(["c"]);
    expect(routed("x", "a", "b")).toEqual(["a"]);
  });

  test("takes the alternate of an exchange behind another one that did match", () => {
    rig.declareExchange("in", "fanout");
    rig.declareExchange("picky", "direct", "rest");
    rig.declareExchange("rest", "fanout");
    rig.bind("in", "exchange:picky");
    rig.bind("in", "a");
    rig.bind("rest", "b");
    expect(routed("in", "unknown")).toEqual(["a", "b"]);
  });

  test("ends where alternates form a circle", () => {
    rig.declareExchange("x", "direct", "y");
    rig.declareExchange("y", "direct", "x");
    expect(routed("x", "k")).toEqual([]);
  });

  test("tells of an alternate exchange that does not exist", () => {
    rig.declareExchange("x", "direct", "nowhere");
    const missing: string[] = [];
    rig.route("x", ["k"], {
      onMissingAlternate: (exchange, name) => missing.push(exchange.name, name),
    });
    expect(missing).toEqual(["x", "nowhere"]);
  });

  test("finds direct reply addresses behind the default exchange, and does not remember them", () => {
    const reply: MessageSink = { publish: () => true };
    const findReply = (key: string): MessageSink | undefined =>
      key === "reply" ? reply : undefined;
    const found = rig.route("", ["reply", "a"], { findReply });
    expect(found.sinks).toContain(reply);
    expect(found.cacheable).toBe(false);
    expect(rig.route("", ["a"], { findReply }).cacheable).toBe(true);
  });

  test("can be remembered for exchanges that look at the key alone", () => {
    rig.declareExchange("x", "topic");
    rig.declareExchange("headers", "headers");
    rig.bind("x", "a", "#");
    expect(rig.route("x", ["k"]).cacheable).toBe(true);
    expect(rig.route("headers", ["k"]).cacheable).toBe(false);
    rig.bind("x", "exchange:headers", "#");
    expect(rig.route("x", ["k"]).cacheable).toBe(false);
  });

  test("stops at an exchange that holds the message, which counts as routed", () => {
    rig.declareExchange("in", "fanout");
    rig.declareExchange("later", "fanout");
    rig.bind("in", "exchange:later");
    rig.bind("in", "a");
    rig.bind("later", "b");
    const found = rig.route("in", ["k"], { onVisit: (exchange) => exchange.name === "later" });
    expect(namesOf(found.sinks)).toEqual(["a"]);
    expect(found.held).toBe(true);
  });
});
