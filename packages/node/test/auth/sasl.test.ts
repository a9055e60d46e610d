import { encodeFieldTable, type FieldValue, longstr } from "@leveret/amqp";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseAmqplainResponse, parsePlainResponse } from "../../src/auth/sasl.ts";

function amqplain(entries: readonly (readonly [string, FieldValue])[]): Buffer {
  return encodeFieldTable(new Map(entries)).subarray(4);
}

describe("SASL PLAIN", () => {
  test.each([
    ["\0guest\0secret", { username: "guest", password: "secret" }],
    ["\0ünï\0", { username: "ünï", password: "" }],
    ["\0\0", { username: "", password: "" }],
  ])("%j is understood", (response, credentials) => {
    expect(parsePlainResponse(Buffer.from(response))).toEqual(credentials);
  });

  test.each([
    "somebody\0guest\0secret", // An authorisation identity: RabbitMQ 3.10.8 drops the connection.
    "",
    "guest",
    "\0guest",
    "guest\0secret",
    "\0guest\0secret\0more",
    `\0u\0${"x".repeat(66_000)}`,
  ])("a malformed response is refused (%#)", (response) => {
    expect(parsePlainResponse(Buffer.from(response))).toBeUndefined();
  });
});

describe("SASL AMQPLAIN", () => {
  const response = amqplain([
    ["LOGIN", longstr("guest")],
    ["PASSWORD", longstr("secret")],
  ]);

  test("a table with LOGIN and PASSWORD is understood", () => {
    expect(parseAmqplainResponse(response)).toEqual({ username: "guest", password: "secret" });
  });

  test("a response cut at any byte is refused", () => {
    for (let end = 0; end < response.length; end++) {
      expect(parseAmqplainResponse(response.subarray(0, end)), `cut at ${end}`).toBeUndefined();
    }
  });

  test("wrong types and missing entries are refused", () => {
    const number = { type: "long", value: 5 } as const;
    expect(parseAmqplainResponse(amqplain([["LOGIN", longstr("u")]]))).toBeUndefined();
    expect(
      parseAmqplainResponse(
        amqplain([
          ["LOGIN", number],
          ["PASSWORD", longstr("p")],
        ]),
      ),
    ).toBeUndefined();
  });

  test("arbitrary bytes never do more than being refused", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        parsePlainResponse(Buffer.from(bytes));
        const credentials = parseAmqplainResponse(Buffer.from(bytes));
        return credentials === undefined || typeof credentials.username === "string";
      }),
    );
  });
});
