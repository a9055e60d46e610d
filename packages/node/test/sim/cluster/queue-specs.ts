import { type FieldValue, longstr } from "@leveret/amqp";
import type { PolicyDefinition, QueueRecord } from "../../../src/metadata/records.ts";
import { VHOST } from "./broker-life.ts";

/** A queue of the simulated cluster, which is there from the beginning to the end. */
export interface QueueSpec {
  readonly name: string;
  readonly type: "classic" | "quorum";
  readonly durable: boolean;
  readonly isSingleActive: boolean;
}

export const QUEUES: readonly QueueSpec[] = [
  { name: "all", type: "classic", durable: true, isSingleActive: false },
  { name: "two", type: "classic", durable: true, isSingleActive: false },
  { name: "nodes", type: "classic", durable: true, isSingleActive: false },
  { name: "quorum", type: "quorum", durable: true, isSingleActive: false },
  { name: "alone", type: "classic", durable: true, isSingleActive: false },
  { name: "single", type: "classic", durable: true, isSingleActive: true },
  { name: "single-quorum", type: "quorum", durable: true, isSingleActive: true },
  { name: "memory", type: "classic", durable: false, isSingleActive: false },
];

export function recordOf(
  { name, type, durable, isSingleActive }: QueueSpec,
  home: number,
): QueueRecord {
  const table = new Map<string, FieldValue>();
  if (type === "quorum") table.set("x-queue-type", longstr("quorum"));
  if (isSingleActive) table.set("x-single-active-consumer", { type: "bool", value: true });
  return {
    vhost: VHOST,
    name,
    type,
    durable,
    autoDelete: false,
    exclusiveOwner: undefined,
    arguments: table,
    home,
  };
}

/** ha-mode and so on; undefined: not mirrored. */
export function mirrorPolicy(
  mode: "all" | "exactly" | "nodes" | "none",
  nodes: readonly string[],
): PolicyDefinition | undefined {
  const sync = ["ha-sync-mode", "automatic"] as const;
  if (mode === "none") return undefined;
  if (mode === "all") return new Map([["ha-mode", "all"], sync]);
  if (mode === "exactly")
    return new Map<string, string | number>([["ha-mode", "exactly"], ["ha-params", 2], sync]);
  return new Map<string, string | readonly string[]>([
    ["ha-mode", "nodes"],
    ["ha-params", nodes],
    sync,
  ]);
}
