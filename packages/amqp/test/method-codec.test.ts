import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { METHOD_IDS, METHOD_NAMES, type MethodArgs, type MethodName } from "../src/method.ts";
import { decodeMethod, encodeMethodFrame, methodIdAt } from "../src/method-codec.ts";
import { methodArgs } from "./arbitraries.ts";

/** Payload of a method frame from ids and the octets of its arguments. */
function payload(classId: number, methodId: number, ...args: number[]): Buffer {
  return Buffer.from([classId >> 8, classId, methodId >> 8, methodId, ...args]);
}

function decode(bytes: Buffer): unknown {
  return decodeMethod(bytes, 0, bytes.length);
}

function encode(name: MethodName, args: unknown, channel = 1): Buffer {
  return encodeMethodFrame(channel, name, args as MethodArgs<MethodName>);
}

describe("every method", () => {
  test.each(METHOD_NAMES.map((name) => [name]))("%s survives a round trip", (name) => {
    fc.assert(
      fc.property(methodArgs(name), fc.nat(65_535), (args, channel) => {
        const frame = encode(name, args, channel);
        expect(frame.readUInt8(0)).toBe(1);
        expect(frame.readUInt16BE(1)).toBe(channel);
        expect(frame.readUInt32BE(3)).toBe(frame.length - 8);
        expect(frame.at(-1)).toBe(0xce);
        expect(methodIdAt(frame, 7)).toBe(METHOD_IDS[name]);
        const [classId, methodId] = [frame.readUInt16BE(7), frame.readUInt16BE(9)];
        expect(decodeMethod(frame, 7, frame.length - 1)).toEqual({
          name,
          classId,
          methodId,
          ...args,
        });
      }),
      { seed: 6, numRuns: 25 },
    );
  });

  test.each(METHOD_NAMES.map((name) => [name]))("%s is refused when cut or too long", (name) => {
    const [args] = fc.sample(methodArgs(name), { seed: 7, numRuns: 1 });
    const frame = encode(name, args);
    const whole = frame.subarray(7, -1);
    const [classId, methodId] = [whole.readUInt16BE(0), whole.readUInt16BE(2)];
    const error = { name: "ConnectionError", replyCode: 501, failed: { classId, methodId } };
    for (let size = 4; size < whole.length; size++) {
      expect(() => decode(whole.subarray(0, size))).toThrow(expect.objectContaining(error));
    }
    const long = Buffer.concat([whole, Buffer.from([0])]);
    expect(() => decode(long)).toThrow(expect.objectContaining(error));
  });

  test("has ids of its own", () => {
    expect(new Set(Object.values(METHOD_IDS)).size).toBe(METHOD_NAMES.length);
    expect(METHOD_IDS["basic.publish"]).toBe((60 << 16) | 40);
  });
});

describe("the wire layout", () => {
  test("of queue.declare is the spec's, bits from the lowest", () => {
    const args = {
      queue: "q",
      passive: false,
      durable: true,
      exclusive: false,
      autoDelete: true,
      noWait: false,
      arguments: new Map(),
    };
    const frame = encodeMethodFrame(2, "queue.declare", args);
    const expected = [1, 0, 2, 0, 0, 0, 13, 0, 50, 0, 10, 0, 0, 1, 0x71, 0b01010, 0, 0, 0, 0, 0xce];
    expect([...frame]).toEqual(expected);
  });

  test("of basic.deliver keeps the bit between tag and names", () => {
    const frame = encodeMethodFrame(1, "basic.deliver", {
      consumerTag: "c",
      deliveryTag: 258,
      redelivered: true,
      exchange: "",
      routingKey: "k",
    });
    const args = [1, 0x63, 0, 0, 0, 0, 0, 0, 1, 2, 1, 0, 1, 0x6b];
    expect([...frame.subarray(11, -1)]).toEqual(args);
  });
});

describe("decodeMethod", () => {
  test("ignores bits without meaning", () => {
    expect(decode(payload(60, 120, 0, 0, 0, 0, 0, 0, 0, 9, 0b1111_1110))).toMatchObject({
      deliveryTag: 9,
      multiple: false,
      requeue: true,
    });
  });

  test.each([
    [60, 10, [0, 0, 0, 0, 0, 1, 0, 9], "FRAME_ERROR - cannot decode <<0,0,0,0,0,1,0,9>>"],
    [60, 10, [0, 0, 0], "FRAME_ERROR - cannot decode <<0,0,0>>"],
    [
      50,
      10,
      [0, 0, 1, 113, 2, 0, 0, 0, 1, 1, 120, 116, 1],
      "FRAME_ERROR - cannot decode <<0,0,1,113,2,0,0,0,1,1,120,116,1>>",
    ],
  ])(
    "answers malformed arguments of %i.%i as RabbitMQ does",
    (classId, methodId, args, message) => {
      expect(() => decode(payload(classId, methodId, ...args))).toThrow(
        expect.objectContaining({ replyCode: 501, message, failed: { classId, methodId } }),
      );
    },
  );

  test("answers a name that is not UTF-8 without a method, as RabbitMQ does", () => {
    const message = "FRAME_ERROR - Malformed UTF-8 in shortstr";
    expect(() => decode(payload(50, 10, 0, 0, 1, 255, 2, 0, 0, 0, 0))).toThrow(
      expect.objectContaining({ replyCode: 501, message, failed: { classId: 0, methodId: 0 } }),
    );
  });

  test("takes U+FFFD where it was sent", () => {
    expect(decode(payload(60, 31, 3, 0xef, 0xbf, 0xbd))).toMatchObject({ consumerTag: "\ufffd" });
  });

  test.each([
    [60, 250],
    [99, 10],
  ])("answers 503 to the method %i.%i that does not exist", (classId, methodId) => {
    const failed = { classId, methodId };
    expect(() => decode(payload(classId, methodId))).toThrow(
      expect.objectContaining({ name: "ConnectionError", replyCode: 503, failed }),
    );
  });
});

describe("encodeMethodFrame", () => {
  test("refuses a short string over 255 bytes", () => {
    const consumerTag = "é".repeat(128);
    expect(() => encodeMethodFrame(1, "basic.cancel-ok", { consumerTag })).toThrow(/255 bytes/);
    expect(encodeMethodFrame(1, "basic.cancel-ok", { consumerTag: "x".repeat(255) })).toHaveLength(
      268,
    );
  });
});
