import { canonicalJson, isSameJson, type Json, type Operation } from "../format/operation.ts";
import type { SequentialModel } from "../linearizability/sequential-model.ts";
import { casLeaves, casNeeds, outputKey, stepCas } from "./register-model.ts";
import { unknownKind } from "./unknown-kind.ts";

/**
 * A map, one value per key, null where there is none. Kinds: `get` (output: value or null), `put` (input: value),
 * `insert` (input: value; output: true if there was none before, false if there was one and it stays), `delete`
 * (output: whether there was one, or null if the answer does not tell), `cas` as the register's.
 */
export const mapModel: SequentialModel<Json> = {
  name: "map",
  initial: null,
  step: stepMap,
  stateKey: canonicalJson,
  isReadOnly: isMapRead,
  isBlind: ({ kind, outcome, output }) =>
    kind === "put" || (kind === "delete" && (outcome === "unknown" || output === null)),
  needs: mapNeeds,
  leaves: mapLeaves,
  isAboutProcess: false,
};

const ABSENT = canonicalJson(null);

function mapNeeds(operation: Operation): string | undefined {
  if (operation.kind === "get") return outputKey(operation);
  const isInserted =
    operation.kind === "insert" && operation.outcome === "ok" && operation.output === true;
  return isInserted ? ABSENT : casNeeds(operation);
}

function mapLeaves({ kind, input }: Operation): string | undefined {
  if (kind === "put" || kind === "insert") return canonicalJson(input);
  return kind === "delete" ? ABSENT : casLeaves(kind, input);
}

function isMapRead({ kind, outcome, output }: Operation): boolean {
  if (kind === "get") return true;
  return outcome === "ok" && output === false && kind !== "put";
}

function stepMap(value: Json, operation: Operation): Json | undefined {
  const { kind, input, output } = operation;
  const isKnown = operation.outcome === "ok";
  switch (kind) {
    case "get":
      return !isKnown || isSameJson(output, value) ? value : undefined;
    case "put":
      return input;
    case "insert":
      if (isKnown && output !== (value === null)) return undefined;
      return value === null ? input : value;
    case "delete":
      return isKnown && output !== null && output !== (value !== null) ? undefined : null;
    case "cas":
      return stepCas(value, operation);
    default:
      throw unknownKind("map", operation);
  }
}
