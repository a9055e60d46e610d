import { describe, expect, it } from "vitest";
import { asCurl } from "../src/pages/messages/copy-texts.ts";
import {
  bytesOf,
  headersOf,
  hexOf,
  jsonOf,
  originOf,
  textOf,
} from "../src/pages/messages/message-content.ts";

describe("the content of a message", () => {
  it("is text only if it is UTF-8", () => {
    const umlaut = { payload: btoa("\u00c3\u00bc"), payload_encoding: "base64" };
    expect(textOf(umlaut)).toBe("ü");
    expect(textOf({ payload: btoa("\u00ff"), payload_encoding: "base64" })).toBeUndefined();
  });

  it("is JSON only if it is valid", () => {
    expect(jsonOf({ payload: ' {"a":[1]}' })).toEqual({ a: [1] });
    expect([
      jsonOf({ payload: "{a" }),
      jsonOf({ payload: "hello" }),
      jsonOf({ payload: "" }),
    ]).toEqual([undefined, undefined, undefined]);
  });

  it("is shown in hexadecimal with its offsets", () => {
    expect(hexOf(bytesOf({ payload: "AB\n" }))).toMatch(/^000000 {2}41 42 0a +AB\.$/);
    expect(hexOf(new Uint8Array(17)).split("\n")[1]).toMatch(/^000010 {2}00/);
  });

  it("tells from where a dead letter came", () => {
    const headers = {
      "x-death": [{ queue: "orders", reason: "expired", count: 2 }, { queue: "older" }],
    };
    expect(originOf({ payload: "", properties: { headers } })).toEqual({
      queue: "orders",
      reason: "expired",
    });
    expect(originOf({ payload: "", properties: [] })).toBeUndefined();
    expect(headersOf({ payload: "" })).toEqual({});
  });

  it("copied as a command is one word for the shell", () => {
    const command = asCurl(
      { payload: "it's" },
      { vhost: "/", exchange: "", routingKey: "q" },
      "http://host/",
    );
    expect(command).toContain("http://host/api/exchanges/%2F/amq.default/publish");
    expect(command).toContain("it'\\''s");
  });
});
