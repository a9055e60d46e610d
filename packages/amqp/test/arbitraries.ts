import fc from "fast-check";
import type { BasicProperties } from "../src/basic-properties.ts";
import type { FieldTable, FieldValue } from "../src/field-value.ts";
import type { ArgType, MethodName } from "../src/method.ts";
import { METHOD_TABLE } from "../src/method-table.ts";

/** Text of at most 255 bytes of UTF-8, as a short string may hold. */
const shortstr: fc.Arbitrary<string> = fc.string({ unit: "binary", maxLength: 60 });

const octets: fc.Arbitrary<Buffer> = fc
  .uint8Array({ maxLength: 40 })
  .map((bytes) => Buffer.from(bytes));

/** An integer of `bits` bits; a bigint only where a number is not exact. */
function wide(min: bigint, max: bigint): fc.Arbitrary<number | bigint> {
  return fc
    .bigInt({ min, max })
    .map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value));
}

function field<T extends FieldValue["type"], V>(type: T, value: fc.Arbitrary<V>) {
  return value.map((inner) => ({ type, value: inner }));
}

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const u64 = wide(0n, 2n ** 64n - 1n);

const scalar: fc.Arbitrary<FieldValue> = fc.oneof(
  field("longstr", octets),
  field("binary", octets),
  field("signedint", fc.integer()),
  field("decimal", fc.record({ scale: u8, value: u32 })),
  field("timestamp", u64),
  field("byte", fc.integer({ min: -128, max: 127 })),
  field("double", fc.double()),
  field("float", fc.float()),
  field("long", wide(-(2n ** 63n), 2n ** 63n - 1n)),
  field("short", fc.integer({ min: -32_768, max: 32_767 })),
  field("bool", fc.boolean()),
  field("void", fc.constant(null)),
  field("unsignedbyte", u8),
  field("unsignedshort", u16),
  field("unsignedint", u32),
);

function tableOf(value: fc.Arbitrary<FieldValue>): fc.Arbitrary<FieldTable> {
  return fc.array(fc.tuple(shortstr, value), { maxLength: 5 }).map((entries) => new Map(entries));
}

const { value } = fc.letrec<{ value: FieldValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalar,
    field("table", tableOf(tie("value"))),
    field("array", fc.array(tie("value"), { maxLength: 5 })),
  ),
}));

/** Any value of a field table, nested ones too. */
export const fieldValue: fc.Arbitrary<FieldValue> = value;

/** Any field table. */
export const fieldTable: fc.Arbitrary<FieldTable> = tableOf(value);

/** Any set of basic properties; absent ones are no keys. */
export const basicProperties: fc.Arbitrary<BasicProperties> = fc.record(
  {
    contentType: shortstr,
    contentEncoding: shortstr,
    headers: fieldTable,
    deliveryMode: u8,
    priority: u8,
    correlationId: shortstr,
    replyTo: shortstr,
    expiration: shortstr,
    messageId: shortstr,
    timestamp: u64,
    type: shortstr,
    userId: shortstr,
    appId: shortstr,
    clusterId: shortstr,
  },
  { requiredKeys: [] },
);

const ARGS: Record<ArgType, fc.Arbitrary<unknown>> = {
  bit: fc.boolean(),
  octet: u8,
  short: u16,
  long: u32,
  longlong: fc.maxSafeNat(),
  shortstr,
  longstr: octets,
  table: fieldTable,
};

/** Arguments for the method, without reserved ones. */
export function methodArgs(name: MethodName): fc.Arbitrary<Record<string, unknown>> {
  const layout: Record<string, ArgType> = METHOD_TABLE[name].args;
  const named = Object.entries(layout).filter(([arg]) => !arg.startsWith("reserved"));
  return fc.record(Object.fromEntries(named.map(([arg, type]) => [arg, ARGS[type]])));
}
