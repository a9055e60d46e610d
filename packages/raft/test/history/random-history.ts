import type { Json, Operation, SequentialModel } from "../../src/history/index.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** A call that a generator wants to make; what is answered, the object decides. */
export interface Call {
  readonly kind: string;
  readonly input: Json;
}

/** How to use and ask a model: its calls, and the answer that a call gets in a state. */
export interface ObjectUnderTest<S> {
  readonly model: SequentialModel<S>;
  /** `nth` is different for each call, for values that are written once only. */
  call(random: SeededRandom, nth: number): Call;
  answer(state: S, call: Call, process: number): Json;
}

export interface RandomHistoryOptions {
  readonly processes: number;
  readonly operations: number;
  readonly unknownPercent: number;
  readonly failPercent: number;
}

/**
 * A history that is linearizable by construction: each operation takes effect at one moment of its own, on a real
 * object, and is invoked some time before it and answered some time after it. One with unknown outcome took effect or did
 * not; its process is replaced by a new one, as a client that lost its session is.
 */
export function randomHistory<S>(
  object: ObjectUnderTest<S>,
  random: SeededRandom,
  options: RandomHistoryOptions,
): Operation[] {
  const freeAt = new Map<number, number>();
  const ids = Array.from({ length: options.processes }, (_unused, index) => index);
  let nextProcess = options.processes;
  let { initial: state } = object.model;
  const history: Operation[] = [];
  for (let nth = 0; nth < options.operations; nth++) {
    // The moments of effect are 10 apart; a process is busy with one operation at a time.
    const effectAt = nth * 10;
    const free = ids.flatMap((id, slot) => ((freeAt.get(id) ?? -1) < effectAt ? [slot] : []));
    if (free.length === 0) continue;
    const slot = random.pick(free);
    const process = ids[slot] ?? 0;
    const earliest = Math.max(freeAt.get(process) ?? 0, effectAt - 10 * options.processes);
    const invokedAt = earliest + random.below(Math.max(1, effectAt - earliest)) + 0.5;
    const call = object.call(random, nth);
    const fate = random.below(100);
    const isUnknown = fate < options.unknownPercent;
    const isFail = !isUnknown && fate < options.unknownPercent + options.failPercent;
    const started = { process, ...call, key: "x", invokedAt: Math.min(invokedAt, effectAt) };
    const output = object.answer(state, call, process);
    const completedAt = effectAt + random.below(10 * options.processes) + 0.25;
    if (isUnknown) {
      history.push({ ...started, outcome: "unknown", output: null, completedAt: Infinity });
      ids[slot] = nextProcess++;
    } else if (isFail) {
      history.push({ ...started, outcome: "fail", output: null, completedAt });
    } else {
      history.push({ ...started, outcome: "ok", output, completedAt });
    }
    freeAt.set(process, completedAt);
    const hasEffect = isUnknown ? random.chance(50) : !isFail;
    if (hasEffect) state = effect(object.model, state, { ...started, output, completedAt });
  }
  return history;
}

function effect<S>(model: SequentialModel<S>, state: S, operation: Omit<Operation, "outcome">): S {
  const after = model.step(state, { ...operation, outcome: "ok" });
  if (after === undefined) throw new Error(`the object does not follow ${model.name}`);
  return after;
}
