import type { ConfChange, ConfChangeStep } from "../../core/conf-state.ts";
import type { ReplicaId } from "../../core/ids.ts";

/** A change of members from text such as "v4 l5 r1": node 4 becomes voter, 5 learner, 1 is removed. */
export function parseChange(
  steps: string,
  transition: ConfChange["transition"],
  idOf: (node: number) => ReplicaId,
): ConfChange {
  const words = steps.split(" ").filter((word) => word !== "");
  const parsed = words.map((word): ConfChangeStep => {
    const replica = idOf(Number(word.slice(1)));
    if (word.startsWith("v")) return { kind: "add-voter", replica };
    if (word.startsWith("l")) return { kind: "add-learner", replica };
    if (word.startsWith("r")) return { kind: "remove", replica };
    throw new Error(`no step of a change: ${word}`);
  });
  return { transition, steps: parsed, context: new Uint8Array(0) };
}
