import { type FieldTable, type FieldValue, integerOf, longstr, textOf } from "@leveret/amqp";

/** Deaths that a message carries; RabbitMQ has one entry for each queue and reason, so real chains stay far below. */
const DEATH_COUNT_MAX = 100;

/** One death of a message, to be noted in its x-death header. */
export interface NewDeath {
  readonly queue: string;
  readonly reason: string;
  /** ms since the epoch; written in seconds. */
  readonly now: number;
  /** Exchange and keys the message was published with before it came to the queue. */
  readonly exchange: string;
  readonly keys: readonly string[];
  /** The expiration property that is taken off. */
  readonly expiration: string | undefined;
}

/**
 * The x-death header with one more death: an array of tables, newest first, one for each (queue, reason). A pair
 * that is there moves to the front with its count raised, its other fields as they were (RabbitMQ).
 */
export function withDeath(header: FieldValue | undefined, death: NewDeath): FieldValue {
  const deaths = deathsOf(header);
  const known = deaths.find((entry) => isSameDeath(entry, death));
  const rest = deaths.filter((entry) => entry !== known);
  const entry = known === undefined ? newDeath(death) : countedAgain(known);
  const newest = header === undefined ? entry : sortedByKey(entry);
  const all = [newest, ...rest].slice(0, DEATH_COUNT_MAX);
  return { type: "array", value: all.map((value) => ({ type: "table", value })) };
}

/** true: the queue is among the deaths, and no rejection lies between (RabbitMQ: cycle detection). */
export function hasCycle(header: FieldValue | undefined, queue: string): boolean {
  for (const death of deathsOf(header)) {
    if (textOf(death.get("reason")) === "rejected") return false;
    if (textOf(death.get("queue")) === queue) return true;
  }
  return false;
}

function deathsOf(header: FieldValue | undefined): FieldTable[] {
  if (header?.type !== "array") return [];
  const tables: FieldTable[] = [];
  for (const entry of header.value) {
    if (entry.type === "table") tables.push(entry.value);
  }
  return tables;
}

function isSameDeath(entry: FieldTable, death: NewDeath): boolean {
  return textOf(entry.get("queue")) === death.queue && textOf(entry.get("reason")) === death.reason;
}

function countedAgain(entry: FieldTable): FieldTable {
  const count = Number(integerOf(entry.get("count")) ?? 0);
  return new Map<string, FieldValue>(entry).set("count", { type: "long", value: count + 1 });
}

/** RabbitMQ sorts the keys of every entry but that of the very first death. */
export function sortedByKey(table: FieldTable): FieldTable {
  return new Map([...table].sort(([left], [right]) => (left < right ? -1 : 1)));
}

function newDeath(death: NewDeath): FieldTable {
  const entry = new Map<string, FieldValue>();
  entry.set("count", { type: "long", value: 1 });
  entry.set("reason", longstr(death.reason));
  entry.set("queue", longstr(death.queue));
  entry.set("time", { type: "timestamp", value: Math.floor(death.now / 1000) });
  entry.set("exchange", longstr(death.exchange));
  entry.set("routing-keys", { type: "array", value: death.keys.map((key) => longstr(key)) });
  if (death.expiration !== undefined) entry.set("original-expiration", longstr(death.expiration));
  return entry;
}
