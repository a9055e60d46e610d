import type { MethodAddress } from "./errors.ts";
import type { FieldTable } from "./field-value.ts";
import { METHOD_TABLE } from "./method-table.ts";

/** What each wire type is in memory. */
interface ArgTypes {
  bit: boolean;
  octet: number;
  short: number;
  long: number;
  /** Not exact above 2^53. */
  longlong: number;
  shortstr: string;
  longstr: Buffer;
  table: FieldTable;
}

/** A wire type of an argument. */
export type ArgType = keyof ArgTypes;

/** The table with its literal types. */
type MethodTable = typeof METHOD_TABLE;

/** Name of a method in the spec's spelling, `queue.declare-ok`. */
export type MethodName = keyof MethodTable;

/** The arguments of a method, without reserved ones. */
export type MethodArgs<N extends MethodName> = {
  -readonly [A in keyof MethodTable[N]["args"] as A extends `reserved${string}`
    ? never
    : A]: MethodTable[N]["args"][A] extends ArgType ? ArgTypes[MethodTable[N]["args"][A]] : never;
};

/** One method by its name: ids and arguments. */
export type MethodOf<N extends MethodName> = {
  [M in N]: {
    name: M;
    classId: MethodTable[M]["classId"];
    methodId: MethodTable[M]["methodId"];
  } & MethodArgs<M>;
}[N];

/** Any method, told apart by `name`. */
export type Method = MethodOf<MethodName>;

/** The wire layout of one method, as the codec walks it. */
export interface MethodLayout {
  readonly name: MethodName;
  readonly address: MethodAddress;
  readonly args: readonly ArgLayout[];
}

/** The name of an argument and its wire type. */
interface ArgLayout {
  readonly name: string;
  readonly type: ArgType;
  readonly isReserved: boolean;
}

/** Class id and method id as one number, `classId << 16 | methodId`: the first u32 of the payload. */
export const METHOD_IDS: Readonly<Record<MethodName, number>> = Object.fromEntries(
  Object.entries(METHOD_TABLE).map(([name, { classId, methodId }]) => [
    name,
    (classId << 16) | methodId,
  ]),
) as Record<MethodName, number>;

/** The names of all methods, in the order of the table. */
export const METHOD_NAMES: readonly MethodName[] = Object.keys(METHOD_TABLE) as MethodName[];

/** Every layout by METHOD_IDS. */
export const LAYOUT_BY_ID: ReadonlyMap<number, MethodLayout> = new Map(
  METHOD_NAMES.map((name) => [METHOD_IDS[name], layoutOf(name)]),
);

function layoutOf(name: MethodName): MethodLayout {
  const { classId, methodId, args } = METHOD_TABLE[name];
  const argLayouts = Object.entries<ArgType>(args).map(([argName, type]) => ({
    name: argName,
    type,
    isReserved: argName.startsWith("reserved"),
  }));
  return { name, address: { classId, methodId }, args: argLayouts };
}
