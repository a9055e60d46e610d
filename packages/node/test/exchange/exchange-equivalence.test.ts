import { describe, expect, test } from "vitest";
import {
  assertExchangeEquivalence,
  type ExchangeProperties,
} from "../../src/exchange/exchange-equivalence.ts";
import { table } from "./routing.ts";

const DIRECT: ExchangeProperties = {
  type: "direct",
  durable: true,
  autoDelete: false,
  internal: false,
  arguments: table({ "alternate-exchange": "ae" }),
};

function redeclare(changes: Partial<ExchangeProperties>): () => void {
  return () => assertExchangeEquivalence(DIRECT, { ...DIRECT, ...changes }, "/", "x");
}

describe("declaring an exchange again", () => {
  test("is accepted when all is the same but other arguments", () => {
    expect(redeclare({})).not.toThrow();
    const args = table({ "alternate-exchange": "ae", "hash-header": "h" });
    expect(redeclare({ arguments: args })).not.toThrow();
  });

  // Texts and order recorded from RabbitMQ 3.10.8.
  test.each<[Partial<ExchangeProperties>, string]>([
    [
      { type: "topic", durable: false },
      "inequivalent arg 'type' for exchange 'x' in vhost '/': received 'topic' but current is 'direct'",
    ],
    [
      { durable: false, autoDelete: true },
      "inequivalent arg 'durable' for exchange 'x' in vhost '/': received 'false' but current is 'true'",
    ],
    [
      { autoDelete: true, internal: true },
      "inequivalent arg 'auto_delete' for exchange 'x' in vhost '/': received 'true' but current is 'false'",
    ],
    [
      { internal: true, arguments: table({}) },
      "inequivalent arg 'internal' for exchange 'x' in vhost '/': received 'true' but current is 'false'",
    ],
    [
      { arguments: table({}) },
      "inequivalent arg 'alternate-exchange' for exchange 'x' in vhost '/': " +
        "received none but current is the value 'ae' of type 'longstr'",
    ],
    [
      { arguments: table({ "alternate-exchange": "other" }) },
      "inequivalent arg 'alternate-exchange' for exchange 'x' in vhost '/': " +
        "received 'other' but current is 'ae'",
    ],
  ])("names the first difference of %o", (changes, text) => {
    expect(redeclare(changes)).toThrow(
      expect.objectContaining({
        name: "ChannelError",
        message: `PRECONDITION_FAILED - ${text}`,
      }),
    );
  });
});
