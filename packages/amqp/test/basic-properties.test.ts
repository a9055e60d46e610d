import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type BasicProperties,
  decodeBasicProperties,
  encodeBasicProperties,
  PropertyFlag,
} from "../src/basic-properties.ts";
import { encodeFieldTable } from "../src/field-table.ts";
import { PropertyScan } from "../src/property-scan.ts";
import { basicProperties } from "./arbitraries.ts";

const FRAME_ERROR = { name: "ConnectionError", replyCode: 501 };

function decode(bytes: Buffer): BasicProperties {
  return decodeBasicProperties(bytes, 0, bytes.length);
}

describe("basic properties", () => {
  test("survive a round trip", () => {
    fc.assert(
      fc.property(basicProperties, (properties) => {
        expect(decode(encodeBasicProperties(properties))).toEqual(properties);
      }),
      { seed: 8 },
    );
  });

  test("stand on the wire in the spec's order", () => {
    const bytes = encodeBasicProperties({ clusterId: "c", deliveryMode: 2, contentType: "t" });
    expect([...bytes]).toEqual([0x90, 0x04, 1, 0x74, 2, 1, 0x63]);
  });

  test("treat a property that is undefined as absent", () => {
    expect([...encodeBasicProperties({ replyTo: undefined })]).toEqual([0, 0]);
  });

  test("ignore the two lowest flags, as RabbitMQ does", () => {
    expect(decode(Buffer.from([0x10, 3, 2]))).toEqual({ deliveryMode: 2 });
  });
});

const TEXTS = [
  "contentType",
  "contentEncoding",
  "correlationId",
  "replyTo",
  "expiration",
  "messageId",
  "type",
  "userId",
  "appId",
  "clusterId",
] as const satisfies readonly (keyof BasicProperties)[];

/** Compares what the scan found with the properties that were encoded. */
function expectScan(scan: PropertyScan, bytes: Buffer, properties: BasicProperties): void {
  expect(scan.deliveryMode).toBe(properties.deliveryMode ?? 1);
  expect(scan.priority).toBe(properties.priority ?? 0);
  for (const name of TEXTS) {
    const start = scan[`${name}Start`];
    const found = start === -1 ? undefined : bytes.toString("utf8", start, scan[`${name}End`]);
    expect(found, name).toBe(properties[name]);
    expect((scan.flags & PropertyFlag[name]) !== 0).toBe(start !== -1);
    if (start === -1) expect(scan[`${name}End`]).toBe(-1);
  }
  const { headersStart, headersEnd, timestampStart, timestampEnd } = scan;
  const headers = headersStart === -1 ? undefined : bytes.subarray(headersStart, headersEnd);
  expect(headers).toEqual(properties.headers && encodeFieldTable(properties.headers));
  const hasTimestamp = properties.timestamp !== undefined;
  expect(timestampEnd - timestampStart).toBe(hasTimestamp ? 8 : 0);
  if (hasTimestamp) {
    expect(bytes.readBigUInt64BE(timestampStart)).toBe(BigInt(properties.timestamp ?? -1));
  }
}

describe("PropertyScan", () => {
  test("finds what was encoded, one object for all scans", () => {
    const scan = new PropertyScan();
    fc.assert(
      fc.property(basicProperties, fc.nat(5), (properties, offset) => {
        const bytes = Buffer.concat([Buffer.alloc(offset), encodeBasicProperties(properties)]);
        scan.scan(bytes, offset, bytes.length);
        expectScan(scan, bytes, properties);
      }),
      { seed: 9, numRuns: 300 },
    );
  });

  test.each<[string, BasicProperties]>([
    ["none", {}],
    ["a delivery mode", { deliveryMode: 2 }],
    ["a content type", { contentType: "text/plain" }],
    ["both", { contentType: "", deliveryMode: 2 }],
  ])("finds %s after a scan that found everything", (_name, properties) => {
    const scan = new PropertyScan();
    const all = encodeBasicProperties({
      contentType: "a",
      headers: new Map(),
      priority: 9,
      timestamp: 1,
      expiration: "1",
      clusterId: "c",
    });
    scan.scan(all, 0, all.length);
    const bytes = encodeBasicProperties(properties);
    scan.scan(bytes, 0, bytes.length);
    expectScan(scan, bytes, properties);
  });

  test("accepts and refuses the same bytes as decodeBasicProperties, headers aside", () => {
    const scan = new PropertyScan();
    fc.assert(
      fc.property(basicProperties, fc.nat(), fc.boolean(), (properties, cut, isLong) => {
        const whole = encodeBasicProperties(properties);
        const bytes = isLong
          ? Buffer.concat([whole, whole])
          : whole.subarray(0, cut % whole.length);
        expect(() => scan.scan(bytes, 0, bytes.length)).toThrow(
          expect.objectContaining(FRAME_ERROR),
        );
        expect(() => decode(bytes)).toThrow(expect.objectContaining(FRAME_ERROR));
      }),
      { seed: 10 },
    );
  });

  test("reads nothing beyond its end", () => {
    const bytes = Buffer.from([0x80, 0, 5, 1, 1, 1, 1, 1]);
    expect(() => new PropertyScan().scan(bytes, 0, 4)).toThrow(/cannot decode <<128,0,5,1>>/);
    expect(() => new PropertyScan().scan(bytes, 0, 99)).toThrow(
      expect.objectContaining(FRAME_ERROR),
    );
  });
});
