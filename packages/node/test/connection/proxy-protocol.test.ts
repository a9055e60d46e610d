import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ProxyHeaderError,
  ProxyHeaderReader,
  type ProxyHeaderResult,
} from "../../src/connection/proxy-protocol.ts";

const AMQP = Buffer.from("AMQP\0\0\x09\x01", "latin1");
const SIGNATURE = Buffer.from("0d0a0d0a000d0a515549540a", "hex");

/** A version 2 header; `address` is all after the length. */
function v2(command: number, family: number, address: Buffer): Buffer {
  const size = Buffer.alloc(2);
  size.writeUInt16BE(address.length);
  return Buffer.concat([SIGNATURE, Buffer.from([0x20 | command, family]), size, address]);
}

function v1(line: string): Buffer {
  return Buffer.from(`${line}\r\n`, "latin1");
}

const IPV4 = Buffer.from("c0a80001" + "c0a8000b" + "dc04" + "1628", "hex");
const IPV6 = Buffer.from(`20010db8${"0".repeat(23)}1${"0".repeat(31)}1dc041628`, "hex");
const TLVS = Buffer.from("0300041234567804000100", "hex");

function readAll(chunks: readonly Buffer[]): ProxyHeaderResult {
  const reader = new ProxyHeaderReader();
  for (const [index, chunk] of chunks.entries()) {
    const result = reader.push(chunk);
    if (result.done) {
      return { ...result, rest: Buffer.concat([result.rest, ...chunks.slice(index + 1)]) };
    }
  }
  return { done: false };
}

const ENDS = {
  source: { address: "192.168.0.1", port: 56324 },
  destination: { address: "192.168.0.11", port: 5672 },
};
const ENDS6 = {
  source: { address: "2001:db8::1", port: 56324 },
  destination: { address: "::1", port: 5672 },
};

const HEADERS: readonly (readonly [string, Buffer, object])[] = [
  ["v1 TCP4", v1("PROXY TCP4 192.168.0.1 192.168.0.11 56324 5672"), ENDS],
  ["v1 TCP6", v1("PROXY TCP6 2001:db8::1 ::1 56324 5672"), ENDS6],
  ["v1 UNKNOWN", v1("PROXY UNKNOWN"), {}],
  ["v1 UNKNOWN with anything behind it", v1("PROXY UNKNOWN ffff:: ffff:: 1 2"), {}],
  ["v2 TCP over IPv4", v2(1, 0x11, IPV4), ENDS],
  ["v2 TCP over IPv4 with TLVs", v2(1, 0x11, Buffer.concat([IPV4, TLVS])), ENDS],
  ["v2 TCP over IPv6", v2(1, 0x21, IPV6), ENDS6],
  ["v2 over a UNIX socket", v2(1, 0x31, Buffer.alloc(216)), {}],
  ["v2 of no family", v2(1, 0x00, Buffer.alloc(0)), {}],
  ["v2 LOCAL", v2(0, 0x00, Buffer.alloc(0)), {}],
  ["v2 LOCAL with addresses, which do not count", v2(0, 0x11, IPV4), {}],
  ["v2 of 536 bytes", v2(1, 0x11, Buffer.concat([IPV4, Buffer.alloc(508)])), ENDS],
];

describe("ProxyHeaderReader", () => {
  test.each(HEADERS)("reads %s, wherever the stream is cut", (_name, header, ends) => {
    const stream = Buffer.concat([header, AMQP]);
    const expected = { done: true, ...ends, rest: AMQP };
    expect(readAll([stream])).toEqual(expected);
    for (let cut = 0; cut <= stream.length; cut++) {
      expect(readAll([stream.subarray(0, cut), stream.subarray(cut)]), `cut at ${cut}`).toEqual(
        expected,
      );
    }
    expect(readAll([...stream].map((byte) => Buffer.of(byte)))).toEqual(expected);
  });

  test.each<[string, Buffer]>([
    ["an AMQP header", AMQP],
    ["one wrong first byte", Buffer.from("G")],
    ["a wrong byte in the v1 signature", Buffer.from("PROXZ")],
    ["a wrong byte in the v2 signature", Buffer.from("0d0a0d0a0001", "hex")],
    ["a v1 line without an end in 107 bytes", Buffer.from(`PROXY UNKNOWN ${"x".repeat(93)}`)],
    ["v1 of an unknown protocol", v1("PROXY UDP4 1.2.3.4 1.2.3.4 1 2")],
    ["v1 with too few words", v1("PROXY TCP4 1.2.3.4 1.2.3.4 1")],
    ["v1 with too many words", v1("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3")],
    ["v1 with two blanks", v1("PROXY TCP4 1.2.3.4  1.2.3.4 1 2")],
    ["v1 with an address of the other family", v1("PROXY TCP4 ::1 ::1 1 2")],
    ["v1 with no address", v1("PROXY TCP4 localhost 1.2.3.4 1 2")],
    ["v1 with a port above 65535", v1("PROXY TCP4 1.2.3.4 1.2.3.4 65536 2")],
    ["v1 with a port of zeros", v1("PROXY TCP4 1.2.3.4 1.2.3.4 0001 2")],
    ["v1 with a negative port", v1("PROXY TCP4 1.2.3.4 1.2.3.4 -1 2")],
    [
      "v2 longer than 536 bytes, before they arrive",
      v2(1, 0x11, Buffer.alloc(521)).subarray(0, 16),
    ],
    ["v2 of another version", Buffer.concat([SIGNATURE, Buffer.from("31110000", "hex")])],
    ["v2 with an unknown command", v2(2, 0x11, IPV4)],
    ["v2 too short for IPv4", v2(1, 0x11, IPV4.subarray(1))],
    ["v2 too short for IPv6", v2(1, 0x21, IPV4)],
  ])("refuses %s", (_name, bytes) => {
    expect(() => readAll([bytes])).toThrow(ProxyHeaderError);
  });

  test("takes the longest v1 line", () => {
    const header = v1(`PROXY UNKNOWN ${"x".repeat(91)}`);
    expect(header).toHaveLength(107);
    expect(readAll([header])).toEqual({ done: true, rest: Buffer.alloc(0) });
  });

  test("answers any bytes, cut anywhere, with a header, its own error, or waits within its bound", () => {
    const start = fc.constantFrom(Buffer.alloc(0), ...HEADERS.map(([, header]) => header));
    const noise = fc.array(fc.tuple(fc.nat(600), fc.nat(255)), { maxLength: 3 });
    const tail = fc.uint8Array({ maxLength: 40 });
    fc.assert(
      fc.property(start, noise, tail, fc.nat(600), (header, changes, after, cut) => {
        const bytes = Buffer.concat([header, after]);
        for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
        try {
          const result = readAll([bytes.subarray(0, cut), bytes.subarray(cut)]);
          if (!result.done) expect(bytes.length).toBeLessThan(536);
        } catch (error) {
          expect(error).toBeInstanceOf(ProxyHeaderError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
