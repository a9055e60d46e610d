import { HashSet } from "./hash-set.ts";
import { type Action, type GlobalState, Model } from "./model.ts";
import type { ModelScope } from "./model-scope.ts";

/** A history breaks a property. The message tells it step by step; `cause` is the violation. */
export class ModelViolation extends Error {
  override readonly name = "ModelViolation";
}

/** What was seen, to know that exploring meant something. */
export interface ModelReport {
  readonly states: number;
  readonly transitions: number;
  readonly localStates: number;
  readonly messages: number;
  /** Length of the longest history. */
  readonly depth: number;
  /** All histories within the budget were seen. */
  readonly isComplete: boolean;
  /** Most terms led in one history. */
  readonly terms: number;
  /** Highest index committed. */
  readonly committed: number;
}

interface Frame {
  readonly state: GlobalState;
  readonly actions: readonly Action[];
  next: number;
}

/**
 * Depth-first search through all histories of a scope; states that were met before are not entered again.
 * `onProgress` is called every 100,000 states.
 * @throws ModelViolation at the first one that breaks a property
 */
export function explore(scope: ModelScope, onProgress?: (states: number) => void): ModelReport {
  const model = new Model(scope);
  const seen = new HashSet();
  const start = model.start();
  seen.add(model.key(start));
  const stack: Frame[] = [{ state: start, actions: model.actions(start), next: 0 }];
  let transitions = 0;
  let depth = 0;
  let terms = 0;
  let committed = 0;
  while (stack.length > 0 && seen.size < scope.statesMax) {
    const frame = stack[stack.length - 1];
    const action = frame?.actions[frame.next];
    if (frame === undefined || action === undefined) {
      stack.pop();
      continue;
    }
    frame.next++;
    transitions++;
    const state = stepOrTell(model, stack, action);
    if (!seen.add(model.key(state))) continue;
    if (seen.size % 100_000 === 0) onProgress?.(seen.size);
    stack.push({ state, actions: model.actions(state), next: 0 });
    depth = Math.max(depth, stack.length - 1);
    terms = Math.max(terms, state.history.leaders.length);
    committed = Math.max(committed, state.history.committed.at(-1)?.index ?? 0);
  }
  return {
    states: seen.size,
    transitions,
    localStates: model.localStateCount,
    messages: model.messageCount,
    depth,
    isComplete: stack.length === 0,
    terms,
    committed,
  };
}

function stepOrTell(model: Model, stack: readonly Frame[], action: Action): GlobalState {
  const from = stack[stack.length - 1]?.state;
  if (from === undefined) throw new Error("nowhere to step from");
  try {
    return model.next(from, action);
  } catch (error) {
    const steps: string[] = [];
    for (const frame of stack) {
      const taken = frame.actions[frame.next - 1];
      if (taken !== undefined) steps.push(`${steps.length + 1}. ${model.describe(taken)}`);
    }
    const what = error instanceof Error ? error.message : String(error);
    const text = [what, ...steps, "before the last step:", model.describeState(from)].join("\n");
    throw new ModelViolation(text, { cause: error });
  }
}
