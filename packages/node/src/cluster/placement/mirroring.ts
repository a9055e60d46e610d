import { integerOf } from "@leveret/amqp";
import { DEFAULT_QUORUM_GROUP_SIZE } from "../../limits.ts";
import type { JsonValue } from "../../metadata/json-value.ts";
import type { PolicyRecord, QueueRecord } from "../../metadata/records.ts";

/**
 * On which nodes a queue is to have replicas.
 * none: on one. all: on each member. exactly: on `count`, on all if there are fewer. nodes: on those named.
 * quorum: on `count` when it is declared; later operators decide (grow, shrink, add_member, delete_member).
 */
export type Mirroring =
  | { readonly mode: "none" }
  | { readonly mode: "all"; readonly sync: SyncMode }
  | { readonly mode: "exactly"; readonly count: number; readonly sync: SyncMode }
  | { readonly mode: "nodes"; readonly nodes: readonly string[]; readonly sync: SyncMode }
  | { readonly mode: "quorum"; readonly count: number };

/** manual: a mirror that is added later to a queue waits for `sync_queue` (RabbitMQ's default). */
type SyncMode = "automatic" | "manual";

const NONE: Mirroring = Object.freeze({ mode: "none" });

/** What of a queue decides whether it can be mirrored. */
export type MirroredQueue = Pick<QueueRecord, "type" | "durable" | "exclusiveOwner" | "arguments">;

/**
 * How a queue is to be mirrored. Exclusive queues never are, as in RabbitMQ. Of transient queues RabbitMQ mirrors those that are
 * not exclusive; ours live in the memory of one node and have no log that others could follow, so they are not mirrored either.
 * Where policy and operator policy both set a key, they are merged as by rabbit_mirror_queue_misc: `all` wins over `exactly`,
 * and that over `nodes`; of two numbers the larger, of two lists the longer; the operator's sync mode.
 */
export function mirroringOf(
  queue: MirroredQueue,
  policy: PolicyRecord | undefined,
  operatorPolicy: PolicyRecord | undefined,
): Mirroring {
  if (queue.type === "quorum") return { mode: "quorum", count: quorumSize(queue) };
  if (!queue.durable || queue.exclusiveOwner !== undefined) return NONE;
  const value = (key: string, merge: Merge): JsonValue | undefined =>
    merged(policy?.definition.get(key), operatorPolicy?.definition.get(key), merge);
  const sync: SyncMode =
    value("ha-sync-mode", (_own, operators) => operators) === "automatic" ? "automatic" : "manual";
  const params = value("ha-params", mergeParams);
  const mode = value("ha-mode", mergeMode);
  if (mode === "all") return { mode, sync };
  if (mode === "exactly" && typeof params === "number") return { mode, count: params, sync };
  if (mode === "nodes" && Array.isArray(params))
    return { mode, nodes: params.filter(isText), sync };
  return NONE;
}

function quorumSize(queue: MirroredQueue): number {
  const asked = integerOf(queue.arguments.get("x-quorum-initial-group-size"));
  return asked === undefined || asked < 1 ? DEFAULT_QUORUM_GROUP_SIZE : Number(asked);
}

type Merge = (own: JsonValue, operators: JsonValue) => JsonValue;

function merged(
  own: JsonValue | undefined,
  operators: JsonValue | undefined,
  merge: Merge,
): JsonValue | undefined {
  if (own === undefined) return operators;
  return operators === undefined ? own : merge(own, operators);
}

function mergeMode(own: JsonValue, operators: JsonValue): JsonValue {
  for (const mode of ["all", "exactly"]) if (own === mode || operators === mode) return mode;
  return own;
}

function mergeParams(own: JsonValue, operators: JsonValue): JsonValue {
  if (typeof own === "number") {
    return typeof operators === "number" ? Math.max(own, operators) : own;
  }
  if (typeof operators === "number" || !Array.isArray(own)) return operators;
  return Array.isArray(operators) && operators.length > own.length ? operators : own;
}

function isText(value: JsonValue): value is string {
  return typeof value === "string";
}
