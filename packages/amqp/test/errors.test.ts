import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AmqpError, ChannelError, ConnectionError, truncateReplyText } from "../src/errors.ts";

describe("AmqpError", () => {
  test("carries the reply code and RabbitMQ's reply text", () => {
    const error = new ChannelError("NOT_FOUND", "no queue 'q' in vhost '/'");
    expect(error).toBeInstanceOf(AmqpError);
    expect(error.replyCode).toBe(404);
    expect(error.message).toBe("NOT_FOUND - no queue 'q' in vhost '/'");
    expect(error.failed).toBeUndefined();
  });

  test("is the bare name without an explanation", () => {
    const cause = new Error("a bug");
    const error = new ConnectionError("INTERNAL_ERROR", "", { cause });
    expect(error.message).toBe("INTERNAL_ERROR");
    expect(error.cause).toBe(cause);
  });
});

describe("truncateReplyText", () => {
  test("keeps 255 bytes as they are", () => {
    const text = "x".repeat(255);
    expect(truncateReplyText(text)).toBe(text);
    expect(truncateReplyText("é".repeat(127))).toBe("é".repeat(127));
  });

  test("cuts a longer text to 252 bytes and three dots, as RabbitMQ does (3.1)", () => {
    expect(truncateReplyText("x".repeat(256))).toBe(`${"x".repeat(252)}...`);
  });

  test("cuts where RabbitMQ 3.10.8 cut the reply to 200 octets of 200 as arguments", () => {
    const text = `FRAME_ERROR - cannot decode <<${Array(200).fill(200).join(",")}>>`;
    const seen = `FRAME_ERROR - cannot decode <<${"200,".repeat(55)}20...`;
    expect(truncateReplyText(text)).toBe(seen);
    expect(seen).toHaveLength(255);
  });

  test("never splits a character", () => {
    expect(truncateReplyText(`${"x".repeat(250)}€€`)).toBe(`${"x".repeat(250)}...`);
    expect(truncateReplyText(`${"x".repeat(251)}😀z`)).toBe(`${"x".repeat(251)}...`);
  });

  test("gives at most 255 bytes for any text", () => {
    const longText = fc.string({ unit: "grapheme", minLength: 100, maxLength: 400 });
    fc.assert(
      fc.property(longText, (text) => {
        const cut = truncateReplyText(text);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(255);
        expect(text.startsWith(cut.replace(/\.\.\.$/, ""))).toBe(true);
      }),
      { seed: 1 },
    );
  });
});
