import type { Operation, SequentialModel } from "../../src/history/index.ts";

/** Linearizability by its definition: tries every order that real time permits. For a handful of operations. */
export function isLinearizableByBruteForce<S>(
  history: readonly Operation[],
  model: SequentialModel<S>,
): boolean {
  const relevant = history.filter((each) => each.outcome !== "fail");
  return canFinish(relevant, model, model.initial);
}

function canFinish<S>(rest: readonly Operation[], model: SequentialModel<S>, state: S): boolean {
  const answered = rest.filter((each) => each.outcome === "ok");
  if (answered.length === 0) return true;
  const firstAnswer = Math.min(...answered.map((each) => each.completedAt));
  return rest.some((each) => {
    if (each.invokedAt > firstAnswer) return false;
    const after = model.step(state, each);
    if (after === undefined) return false;
    return canFinish(
      rest.filter((other) => other !== each),
      model,
      after,
    );
  });
}
