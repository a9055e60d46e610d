import type { Operation } from "../format/operation.ts";
import type { SequentialModel } from "../linearizability/sequential-model.ts";
import { unknownKind } from "./unknown-kind.ts";

/**
 * A set; the key of an operation is the element, so that each is checked alone. Made for the existence of queues: a
 * declare that was answered means that it exists, an answered delete that it is gone. Kinds: `add` and `remove` (output:
 * whether the set changed, or null if the answer does not tell), `contains` (output: boolean).
 */
export const setModel: SequentialModel<boolean> = {
  name: "set",
  initial: false,
  step: stepSet,
  stateKey: setKey,
  isReadOnly: ({ kind, outcome, output }) =>
    kind === "contains" || (outcome === "ok" && output === false),
  isBlind: ({ kind, outcome, output }) =>
    kind !== "contains" && (outcome === "unknown" || output === null),
  needs: setNeeds,
  leaves: ({ kind }) => setKey(kind === "add"),
  isAboutProcess: false,
};

function setKey(isThere: boolean): string {
  return isThere ? "present" : "absent";
}

function setNeeds({ kind, outcome, output }: Operation): string | undefined {
  if (outcome !== "ok" || output === null) return undefined;
  // What an add or a remove changed was the other way before.
  return setKey(kind === "add" ? output === false : output === true);
}

function stepSet(isThere: boolean, operation: Operation): boolean | undefined {
  const { kind, output } = operation;
  const isTold = operation.outcome === "ok" && output !== null;
  switch (kind) {
    case "contains":
      return isTold && output !== isThere ? undefined : isThere;
    case "add":
      return isTold && output === isThere ? undefined : true;
    case "remove":
      return isTold && output !== isThere ? undefined : false;
    default:
      throw unknownKind("set", operation);
  }
}
