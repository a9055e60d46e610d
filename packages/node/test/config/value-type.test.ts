import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  describeType,
  parseListener,
  parseValue,
  type ValueType,
} from "../../src/config/value-type.ts";

const PORT: ValueType = { kind: "integer", min: 0, max: 65535, also: "off" };
const TYPES: readonly ValueType[] = [
  { kind: "boolean" },
  PORT,
  { kind: "integer", min: 1 },
  { kind: "float", min: 0, max: 1 },
  { kind: "memory" },
  { kind: "bytesize" },
  { kind: "duration" },
  { kind: "one of", words: ["a", "b"] },
  { kind: "listener" },
  { kind: "list" },
  { kind: "string" },
];

describe("values of keys", () => {
  test.each<[ValueType["kind"], ValueType, string, unknown]>([
    ["boolean", { kind: "boolean" }, "true", true],
    ["integer", PORT, "65535", 65535],
    ["integer", PORT, "off", "off"],
    ["float", { kind: "float", min: 0, max: 1 }, "0.4", 0.4],
    ["memory", { kind: "memory" }, "1K", 1024],
    ["memory", { kind: "memory" }, "1KB", 1000],
    ["memory", { kind: "memory" }, "1kib", 1024],
    ["memory", { kind: "memory" }, "500MB", 500_000_000],
    ["memory", { kind: "memory" }, "512MiB", 536_870_912],
    ["memory", { kind: "memory" }, "2G", 2_147_483_648],
    ["memory", { kind: "memory" }, "2GB", 2_000_000_000],
    ["memory", { kind: "memory" }, "1TB", 1e12],
    ["bytesize", { kind: "bytesize" }, "131072", 131072],
    ["bytesize", { kind: "bytesize" }, "128KB", 131072],
    ["bytesize", { kind: "bytesize" }, "1GB", 1_073_741_824],
    ["duration", { kind: "duration" }, "10ms", 10],
    ["duration", { kind: "duration" }, "1h30m", 5_400_000],
    ["duration", { kind: "duration" }, "1.5s", 1500],
    ["duration", { kind: "duration" }, "1f", 1_209_600_000],
    ["list", { kind: "list" }, "[a, b]", ["a", "b"]],
    ["list", { kind: "list" }, "a,b,", ["a", "b"]],
  ])("%s: %o reads %s (as RabbitMQ's own functions do)", (_kind, type, text, value) => {
    expect(parseValue(text, type)).toEqual({ ok: true, value });
  });

  test.each<[ValueType["kind"], ValueType, string]>([
    ["boolean", { kind: "boolean" }, "yes"],
    ["integer", PORT, "65536"],
    ["integer", PORT, "1.5"],
    ["integer", PORT, "-1"],
    ["integer", PORT, "0x10"],
    ["integer", PORT, ""],
    ["float", { kind: "float", min: 0, max: 1 }, "1.1"],
    ["memory", { kind: "memory" }, "1.5GB"],
    ["memory", { kind: "memory" }, "1XB"],
    ["memory", { kind: "memory" }, "1constructor"],
    ["memory", { kind: "memory" }, "999999999999999TB"],
    ["duration", { kind: "duration" }, "1"],
    ["duration", { kind: "duration" }, "1 s"],
    ["one of", { kind: "one of", words: ["a", "b"] }, "c"],
    ["listener", { kind: "listener" }, "127.0.0.1:99999"],
    ["listener", { kind: "listener" }, "127.0.0.1"],
    ["listener", { kind: "listener" }, ":5672"],
  ])("%s: %o refuses `%s` and says what it expects", (_kind, type, text) => {
    expect(parseValue(text, type)).toEqual({ ok: false, expected: describeType(type) });
  });

  test.each([
    ["5672", { address: undefined, port: 5672 }],
    ["127.0.0.1:5672", { address: "127.0.0.1", port: 5672 }],
    [":::5672", { address: "::", port: 5672 }],
    ["::1:5672", { address: "::1", port: 5672 }],
    ["[::1]:5672", { address: "::1", port: 5672 }],
    ["fe80::1%lo:5672", { address: "fe80::1%lo", port: 5672 }],
    ["localhost:0", { address: "localhost", port: 0 }],
    ["none", "none"],
  ])("a listener may be %s", (text, expected) => {
    expect(parseListener(text)).toEqual(expected);
  });

  test("any text of any type is a value or refused, at once", () => {
    const types = fc.constantFrom(...TYPES);
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), types, (text, type) => {
        const parsed = parseValue(text, type);
        if (parsed.ok && typeof parsed.value === "number")
          expect(parsed.value).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
