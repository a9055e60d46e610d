import {
  canonicalJson,
  HistoryError,
  isList,
  isSameJson,
  type Json,
  type Operation,
} from "../format/operation.ts";
import type { SequentialModel } from "../linearizability/sequential-model.ts";
import { unknownKind } from "./unknown-kind.ts";

/**
 * One value per key, null at first. Kinds: `read` (output: the value), `write` (input: the value), `cas` (input:
 * `[expected, next]`; output: whether it was done; a cas that was refused is ok with output false, not a fail).
 */
export const registerModel: SequentialModel<Json> = {
  name: "register",
  initial: null,
  step: stepRegister,
  stateKey: canonicalJson,
  isReadOnly: ({ kind, outcome, output }) =>
    kind === "read" || (kind === "cas" && outcome === "ok" && output === false),
  isBlind: ({ kind }) => kind === "write",
  needs: (operation) => (operation.kind === "read" ? outputKey(operation) : casNeeds(operation)),
  leaves: ({ kind, input }) => (kind === "write" ? canonicalJson(input) : casLeaves(kind, input)),
  isAboutProcess: false,
};

/** The key of the state that an answered read saw. */
export function outputKey({ outcome, output }: Operation): string | undefined {
  return outcome === "ok" ? canonicalJson(output) : undefined;
}

/** The key of the state in which a successful compare-and-set was made; undefined for everything else. */
export function casNeeds({ kind, input, outcome, output }: Operation): string | undefined {
  if (kind !== "cas" || outcome !== "ok" || output !== true) return undefined;
  return canonicalJson(casValues(input).expected);
}

/** The key of the state that a compare-and-set leaves behind; undefined for everything else. */
export function casLeaves(kind: string, input: Json): string | undefined {
  return kind === "cas" ? canonicalJson(casValues(input).next) : undefined;
}

function stepRegister(value: Json, operation: Operation): Json | undefined {
  const { kind, input, output, outcome } = operation;
  switch (kind) {
    case "read":
      return outcome === "unknown" || isSameJson(output, value) ? value : undefined;
    case "write":
      return input;
    case "cas":
      return stepCas(value, operation);
    default:
      throw unknownKind("register", operation);
  }
}

/** Compare-and-set of any model with a Json state: input `[expected, next]`, output whether it was done. */
export function stepCas(value: Json, operation: Operation): Json | undefined {
  const { input, output, outcome } = operation;
  const { expected, next } = casValues(input);
  const isDone = isSameJson(value, expected);
  if (outcome === "ok" && output !== isDone) return undefined;
  return isDone ? next : value;
}

function casValues(input: Json): { readonly expected: Json; readonly next: Json } {
  if (!isList(input) || input.length !== 2) throw new HistoryError("cas needs [expected, next]");
  const [expected = null, next = null] = input;
  return { expected, next };
}
