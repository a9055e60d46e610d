import { describe, expect, test } from "vitest";
import { type ProtocolHeader, ProtocolHeaderReader } from "../../src/connection/protocol-header.ts";

const ANSWER = Buffer.from("AMQP\0\0\x09\x01", "latin1");
const VERSION = { major: 0, minor: 9 };

function readInPieces(bytes: Buffer, size: number): ProtocolHeader | undefined {
  const reader = new ProtocolHeaderReader();
  for (let at = 0; at < bytes.length; at += size) {
    const piece = Buffer.from(bytes.subarray(at, at + size));
    const result = reader.push(piece);
    if (result !== undefined) return result;
    piece.fill(0xdd); // The reader may not rely on the chunk any more.
  }
  return undefined;
}

describe("ProtocolHeaderReader", () => {
  test.each([
    ["0-9-1", ANSWER],
    ["0-9 in its older form", Buffer.from("AMQP\x01\x01\0\x09", "latin1")],
  ])("takes %s in whatever pieces it comes", (_name, header) => {
    for (let size = 1; size <= 8; size++) {
      expect(readInPieces(header, size)).toEqual({ version: VERSION, rest: Buffer.alloc(0) });
    }
  });

  test("hands on what the client said behind it", () => {
    const result = new ProtocolHeaderReader().push(Buffer.concat([ANSWER, Buffer.from("more")]));
    expect(result?.version).toEqual(VERSION);
    expect(result?.version === undefined ? "" : result.rest.toString()).toBe("more");
  });

  test.each([
    ["0-8", "AMQP\x01\x01\x08\0"],
    ["0-10", "AMQP\x01\x01\0\x0a"],
    ["1.0", "AMQP\0\x01\0\0"],
    ["1.0 with SASL", "AMQP\x03\x01\0\0"],
  ])("answers what it speaks to a client of %s", (_name, header) => {
    for (let size = 1; size <= 8; size++) {
      const result = readInPieces(Buffer.from(header, "latin1"), size);
      expect(result).toEqual({ version: undefined, answer: ANSWER });
    }
  });

  test.each([
    ["HTTP", "G"],
    ["TLS", "\x16"],
    ["a name that begins alike", "AMX"],
  ])("refuses %s at its first wrong octet, without waiting for eight", (_name, bytes) => {
    const result = readInPieces(Buffer.from(bytes, "latin1"), 1);
    expect(result).toEqual({ version: undefined, answer: ANSWER });
  });
});
