import { canonicalJson, type Json, type Operation } from "../format/operation.ts";
import type { SequentialModel } from "../linearizability/sequential-model.ts";
import { unknownKind } from "./unknown-kind.ts";

/**
 * A lock that one owner holds at a time, not reentrant. Kinds: `acquire` (output: true, or false if it was taken; anyone
 * may have it, also the caller), `release` (output: true or null if the caller held it, false if it did not). The owner
 * is the input, or the process if that is null.
 */
export const lockModel: SequentialModel<Json> = {
  name: "lock",
  initial: null,
  step: stepLock,
  stateKey: lockKey,
  isReadOnly: ({ outcome, output }) => outcome === "ok" && output === false,
  isBlind: () => false,
  needs: lockNeeds,
  leaves: (operation) => (operation.kind === "acquire" ? lockKey(ownerOf(operation)) : FREE),
  isAboutProcess: true,
};

const FREE = "free";

function lockKey(holder: Json): string {
  return holder === null ? FREE : `held by ${canonicalJson(holder)}`;
}

function ownerOf(operation: Operation): Json {
  return operation.input ?? operation.process;
}

function lockNeeds(operation: Operation): string | undefined {
  if (operation.outcome !== "ok" || operation.output === false) return undefined;
  return operation.kind === "acquire" ? FREE : lockKey(ownerOf(operation));
}

function stepLock(holder: Json, operation: Operation): Json | undefined {
  const isRefused = operation.output === false;
  const isKnown = operation.outcome === "ok";
  const owner = ownerOf(operation);
  switch (operation.kind) {
    case "acquire":
      if (isKnown && isRefused !== (holder !== null)) return undefined;
      return holder ?? owner;
    case "release": {
      const isOwn = holder !== null && canonicalJson(holder) === canonicalJson(owner);
      if (isKnown && isRefused === isOwn) return undefined;
      return isOwn ? null : holder;
    }
    default:
      throw unknownKind("lock", operation);
  }
}
