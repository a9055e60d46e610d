import { expect, test } from "vitest";
import {
  ConnectionError,
  checkHeaders,
  decodeBasicProperties,
  encodeBasicProperties,
  longstr,
  patchProperties,
} from "../src/index.ts";

const ALL = {
  contentType: "text/plain",
  contentEncoding: "gzip",
  headers: new Map([["a", longstr("1")]]),
  deliveryMode: 2,
  priority: 3,
  correlationId: "c",
  replyTo: "r",
  expiration: "60000",
  messageId: "m",
  timestamp: 1,
  type: "t",
  userId: "u",
  appId: "i",
  clusterId: "k",
};
const HEADERS = new Map([["b", longstr("2")]]);

test.each([
  ["everything", ALL],
  ["nothing", {}],
  ["what stands before the headers", { contentType: "x", contentEncoding: "y" }],
  ["what stands behind the headers", { deliveryMode: 1, clusterId: "k" }],
])("changes what it is told to and nothing else, with %s there", (_what, properties) => {
  const bytes = Buffer.concat([Buffer.from("xx"), encodeBasicProperties(properties)]);
  const patched = patchProperties(bytes, 2, bytes.length, {
    headers: HEADERS,
    replyTo: "elsewhere",
    withoutExpiration: true,
  });
  const { expiration: _, ...rest } = properties as typeof ALL;
  const replyTo = "replyTo" in properties ? { replyTo: "elsewhere" } : {};
  const expected = { ...rest, headers: HEADERS, ...replyTo };
  expect(patched.equals(encodeBasicProperties(expected))).toBe(true);
});

const nested = (depth: number): Buffer => {
  let table = Buffer.from([0, 0, 0, 0]);
  for (let level = 0; level < depth; level++) {
    const size = Buffer.alloc(4);
    size.writeUInt32BE(table.length + 3);
    table = Buffer.concat([size, Buffer.from([1, 0x61, 0x46]), table]);
  }
  return Buffer.concat([Buffer.from([0x20, 0]), table]);
};

test("headers pass the check exactly if they can be decoded", () => {
  const check = (bytes: Buffer) => () => checkHeaders(bytes, 0, bytes.length, 2);
  const good = encodeBasicProperties({ headers: ALL.headers });
  expect(check(good)).not.toThrow();
  for (let at = 2; at < good.length; at++) {
    for (let octet = 0; octet < 256; octet++) {
      const bytes = Buffer.from(good);
      bytes[at] = octet;
      let isGood = true;
      try {
        decodeBasicProperties(bytes, 0, bytes.length);
      } catch {
        isGood = false; // Properties end where the table does, but for the size of the table.
      }
      const size = bytes.readUInt32BE(2);
      if (size !== bytes.length - 6) continue;
      if (isGood) expect(check(bytes)).not.toThrow();
      else expect(check(bytes)).toThrow(ConnectionError);
    }
  }
  expect(check(nested(100))).not.toThrow();
  expect(check(nested(1000))).toThrow(ConnectionError);
});
