import { jsonTerm } from "./json-term.ts";
import type { JsonValue } from "./json-value.ts";
import type { PolicyDefinition } from "./records.ts";

/** The keys of classic queue mirroring (RabbitMQ 3.x: rabbit_mirror_queue_misc). */
export const MIRRORING_KEYS: ReadonlySet<string> = new Set([
  "ha-mode",
  "ha-params",
  "ha-sync-mode",
  "ha-sync-batch-size",
  "ha-promote-on-shutdown",
  "ha-promote-on-failure",
]);

/** What is wrong with the mirroring part of a policy, in RabbitMQ's words; undefined: nothing. */
export function validateMirroring(definition: PolicyDefinition): string | undefined {
  const mode = definition.get("ha-mode");
  if (mode === undefined) {
    for (const key of definition.keys()) {
      if (!MIRRORING_KEYS.has(key)) continue;
      return "ha-mode must be specified to specify ha-params, ha-sync-mode or ha-promote-on-shutdown";
    }
    return undefined;
  }
  return (
    validateMode(mode, definition.get("ha-params")) ??
    validateChoice(definition, "ha-sync-mode", ["manual", "automatic"]) ??
    validateBatchSize(definition.get("ha-sync-batch-size")) ??
    validateChoice(definition, "ha-promote-on-shutdown", ["always", "when-synced"]) ??
    validateChoice(definition, "ha-promote-on-failure", ["always", "when-synced"])
  );
}

function validateMode(mode: JsonValue, params: JsonValue | undefined): string | undefined {
  if (mode === "all") {
    return params === undefined ? undefined : 'ha-mode="all" does not take parameters';
  }
  if (mode === "nodes") return validateNodes(params);
  if (mode !== "exactly") return `${jsonTerm(mode)} is not a valid ha-mode value`;
  if (Number.isInteger(params) && Number(params) > 0) return undefined;
  return `ha-mode="exactly" takes an integer, ${given(params)} given`;
}

function validateNodes(params: JsonValue | undefined): string | undefined {
  if (!Array.isArray(params)) return `ha-mode="nodes" takes a list, ${given(params)} given`;
  if (params.length === 0) return 'ha-mode="nodes" list must be non-empty';
  const others = params.filter((node: JsonValue) => typeof node !== "string");
  if (others.length === 0) return undefined;
  return `ha-mode="nodes" takes a list of strings, ${jsonTerm(others)} was not a string`;
}

function given(params: JsonValue | undefined): string {
  return params === undefined ? "none" : jsonTerm(params);
}

function validateBatchSize(size: JsonValue | undefined): string | undefined {
  if (size === undefined || (Number.isInteger(size) && Number(size) > 0)) return undefined;
  return `ha-sync-batch-size takes an integer greater than 0, ${jsonTerm(size)} given`;
}

function validateChoice(
  definition: PolicyDefinition,
  key: string,
  choices: readonly [string, string],
): string | undefined {
  const value = definition.get(key);
  if (value === undefined || value === choices[0] || value === choices[1]) return undefined;
  return `${key} must be "${choices[0]}" or "${choices[1]}", got ${jsonTerm(value)}`;
}
