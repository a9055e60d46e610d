import { type FieldTable, type FieldValue, longstr } from "@leveret/amqp";
import { describe, expect, test } from "vitest";
import {
  alternateExchangeOf,
  createRouter,
  EXCHANGE_TYPES,
  isKnownExchangeType,
  requireExchangeType,
  validateBinding,
  validateExchangeArguments,
} from "../../src/exchange/exchange-types.ts";
import { binding, message, routed, table } from "./routing.ts";

const RESOURCE = "exchange 'x' in vhost '/'";

function precondition(text: string): unknown {
  return expect.objectContaining({
    name: "ChannelError",
    message: `PRECONDITION_FAILED - ${text}`,
  });
}

describe("exchange types", () => {
  test("are known by name, in exact spelling", () => {
    for (const type of EXCHANGE_TYPES) expect(isKnownExchangeType(type)).toBe(true);
    for (const type of ["Direct", "", "stream", "x-jms-topic"]) {
      expect(isKnownExchangeType(type)).toBe(false);
    }
  });

  test.each([
    ["zzz", "unknown exchange type 'zzz'"],
    ["", "invalid exchange type ''"],
  ])("end the connection with 503 when the type is %j", (type, text) => {
    expect(() => requireExchangeType(type)).toThrow(
      expect.objectContaining({ name: "ChannelError", message: `PRECONDITION_FAILED - ${text}` }),
    );
  });

  test.each(EXCHANGE_TYPES)(
    "%s makes a router that routes once bound and no more once unbound",
    (type) => {
      const args = table({ "x-delayed-type": "direct" });
      const router = createRouter<string>(type, args, () => 0);
      router.bind(binding("q", "1"));
      expect(routed(router, message("1"))).toEqual(["q"]);
      router.unbind(binding("q", "1"));
      expect(routed(router, message("1"))).toEqual([]);
    },
  );
});

describe("arguments of an exchange", () => {
  test.each<[string, FieldTable]>([
    ["direct", table({ "alternate-exchange": "ae", "anything-else": "1" })],
    ["x-consistent-hash", table({})],
    ["x-consistent-hash", table({ "hash-header": "" })],
    ["x-consistent-hash", table({ "hash-property": "timestamp" })],
    ["x-recent-history", table({ "x-recent-history-length": { type: "long", value: 5 } })],
    ["x-delayed-message", table({ "x-delayed-type": "topic" })],
    ["x-delayed-message", table({ "x-delayed-type": "x-consistent-hash", "hash-header": "h" })],
  ])("are accepted for %s: %o", (type, args) => {
    expect(() => validateExchangeArguments(type, args, RESOURCE)).not.toThrow();
  });

  // Texts recorded from RabbitMQ 3.10.8; those of x-delayed-message are the plugin's.
  test.each<[string, Record<string, FieldValue | string>, string]>([
    [
      "direct",
      { "alternate-exchange": { type: "byte", value: 5 } },
      `invalid type 'byte' for arg 'alternate-exchange' in ${RESOURCE}`,
    ],
    [
      "x-consistent-hash",
      { "hash-header": "a", "hash-property": "message_id" },
      "hash-header and hash-property are mutually exclusive",
    ],
    ["x-consistent-hash", { "hash-property": "reply_to" }, "Unsupported property: reply_to"],
    [
      "x-consistent-hash",
      { "hash-header": { type: "byte", value: 5 } },
      `invalid type 'byte' for arg 'hash-header' in ${RESOURCE}`,
    ],
    [
      "x-recent-history",
      { "x-recent-history-length": { type: "byte", value: 0 } },
      "Invalid argument 0, 'x-recent-history-length' must be a positive integer",
    ],
    [
      "x-recent-history",
      { "x-recent-history-length": "5" },
      "Invalid argument <<\"5\">>, 'x-recent-history-length' must be a positive integer",
    ],
    [
      "x-recent-history",
      { "x-recent-history-length": { type: "void", value: null } },
      "Invalid argument undefined, 'x-recent-history-length' must be a positive integer",
    ],
    [
      "x-delayed-message",
      {},
      "Invalid argument, 'x-delayed-type' must be an existing exchange type",
    ],
    [
      "x-delayed-message",
      { "x-delayed-type": "x-delayed-message" },
      "Invalid argument, 'x-delayed-message' can't be used for 'x-delayed-type'",
    ],
    [
      "x-delayed-message",
      { "x-delayed-type": "x-consistent-hash", "hash-property": "foo" },
      "Unsupported property: foo",
    ],
  ])("are refused for %s: %o", (type, args, text) => {
    expect(() => validateExchangeArguments(type, table(args), RESOURCE)).toThrow(
      precondition(text),
    );
  });

  test("end the connection when x-delayed-type names no type", () => {
    const args = table({ "x-delayed-type": "zzz" });
    expect(() => validateExchangeArguments("x-delayed-message", args, RESOURCE)).toThrow(
      expect.objectContaining({ message: "PRECONDITION_FAILED - unknown exchange type 'zzz'" }),
    );
  });

  test("name the alternate exchange, if any", () => {
    expect(alternateExchangeOf(table({ "alternate-exchange": "ae" }), RESOURCE)).toBe("ae");
    expect(alternateExchangeOf(table({}), RESOURCE)).toBeUndefined();
  });
});

describe("a binding", () => {
  const hash = { type: "x-consistent-hash", arguments: table({}) };
  const headers = { type: "headers", arguments: table({}) };

  test.each(["1", "01", "+3", "1000", "9".repeat(200)])("may have the weight %j", (key) => {
    expect(() => validateBinding(hash, key, table({}))).not.toThrow();
  });

  test.each([
    ["0", "The binding key must be greater than 0"],
    ["-1", "The binding key must be greater than 0"],
    ["", "The binding key must be an integer: <<>>"],
    ["abc", 'The binding key must be an integer: <<"abc">>'],
    [" 1", 'The binding key must be an integer: <<" 1">>'],
    ["1.5", 'The binding key must be an integer: <<"1.5">>'],
  ])("may not have the weight %j", (key, text) => {
    expect(() => validateBinding(hash, key, table({}))).toThrow(precondition(text));
  });

  test.each(["all", "any", "all-with-x", "any-with-x"])("may have the x-match %s", (mode) => {
    expect(() => validateBinding(headers, "", table({ "x-match": mode }))).not.toThrow();
  });

  test.each<[FieldValue, string]>([
    [
      longstr("foo"),
      'Invalid x-match field value <<"foo">>; expected all, any, all-with-x, or any-with-x',
    ],
    [
      longstr("ANY"),
      'Invalid x-match field value <<"ANY">>; expected all, any, all-with-x, or any-with-x',
    ],
    [
      longstr("é"),
      'Invalid x-match field value <<"é">>; expected all, any, all-with-x, or any-with-x',
    ],
    [longstr(""), "Invalid x-match field value <<>>; expected all, any, all-with-x, or any-with-x"],
    [{ type: "byte", value: 5 }, "Invalid x-match field type byte (value 5); expected longstr"],
    [
      { type: "binary", value: Buffer.from("any") },
      'Invalid x-match field type binary (value <<"any">>); expected longstr',
    ],
    [
      { type: "double", value: 1.5 },
      "Invalid x-match field type double (value 1.5); expected longstr",
    ],
    [
      { type: "void", value: null },
      "Invalid x-match field type void (value undefined); expected longstr",
    ],
  ])("may not have the x-match %o", (value, text) => {
    expect(() => validateBinding(headers, "", new Map([["x-match", value]]))).toThrow(
      precondition(text),
    );
  });

  test("of a delayed exchange obeys the rules of the inner type", () => {
    const source = {
      type: "x-delayed-message",
      arguments: table({ "x-delayed-type": "x-consistent-hash" }),
    };
    expect(() => validateBinding(source, "2", table({}))).not.toThrow();
    expect(() => validateBinding(source, "abc", table({}))).toThrow(
      precondition('The binding key must be an integer: <<"abc">>'),
    );
  });
});
