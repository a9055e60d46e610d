import {
  isSameJson,
  type Json,
  lockModel,
  mapModel,
  registerModel,
  setModel,
} from "../../src/history/index.ts";
import type { Call, ObjectUnderTest } from "./random-history.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** A register whose values come from a few, so that the same one is written again and again. */
export const registerOfFew: ObjectUnderTest<Json> = registerUnderTest((random) => random.below(3));
/** A register in which each write has a value of its own. */
export const registerOfUnique: ObjectUnderTest<Json> = registerUnderTest((_random, nth) => nth);

function registerUnderTest(
  value: (random: SeededRandom, nth: number) => Json,
): ObjectUnderTest<Json> {
  return {
    model: registerModel,
    call(random, nth) {
      const kind = random.pick(["read", "read", "write", "cas"]);
      if (kind === "read") return { kind, input: null };
      const next = value(random, nth);
      // Values close to the latest, so that some of the compares succeed.
      const expected = random.chance(50)
        ? value(random, Math.max(0, nth - 1 - random.below(4)))
        : 0;
      return { kind, input: kind === "write" ? next : [expected, next] };
    },
    answer(state, call) {
      if (call.kind === "read") return state;
      return call.kind === "write" ? null : wasDone(state, call.input);
    },
  };
}

export const mapUnderTest: ObjectUnderTest<Json> = {
  model: mapModel,
  call(random) {
    const kind = random.pick(["get", "get", "put", "insert", "delete", "cas"]);
    const value = random.below(3);
    if (kind === "get" || kind === "delete") return { kind, input: null };
    return { kind, input: kind === "cas" ? [random.below(3), value] : value };
  },
  answer(state, { kind, input }, process) {
    switch (kind) {
      case "get":
        return state;
      case "insert":
        return state === null;
      case "delete":
        return process % 2 === 0 ? null : state !== null;
      case "cas":
        return wasDone(state, input);
      default:
        return null;
    }
  },
};

export const lockUnderTest: ObjectUnderTest<Json> = {
  model: lockModel,
  call: (random): Call => ({ kind: random.pick(["acquire", "release"]), input: null }),
  answer: (holder, { kind }, process) =>
    kind === "acquire" ? holder === null : isSameJson(holder, process),
};

export const setUnderTest: ObjectUnderTest<boolean> = {
  model: setModel,
  call: (random): Call => ({ kind: random.pick(["add", "remove", "contains"]), input: null }),
  answer(isThere, { kind }, process) {
    if (kind === "contains") return isThere;
    if (process % 2 === 0) return null;
    return kind === "add" ? !isThere : isThere;
  },
};

function wasDone(state: Json, input: Json): boolean {
  const [expected = null] = Array.isArray(input) ? (input as readonly Json[]) : [];
  return isSameJson(state, expected);
}
