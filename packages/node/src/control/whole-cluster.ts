import type { ControlledNode, OtherNode } from "./controlled-node.ts";
import { OperationError } from "./operation-error.ts";

/** Of a method that asks all nodes: `local`, as nodes ask each other, only of this one. */
export interface Scope {
  readonly local: boolean;
}

/** Rows of this node, then those of the other running members. Who does not answer is left out, as one that has just stopped is. */
export async function* rowsOfAll<Row>(
  node: ControlledNode,
  own: AsyncIterable<Row>,
  { method, params, local }: Scope & { readonly method: string; readonly params: object },
): AsyncIterable<Row> {
  yield* own;
  if (local) return;
  for (const other of node.others) {
    try {
      // The other node's handler of the same method makes them.
      yield* other.stream(method, { ...params, local: true }) as AsyncIterable<Row>;
    } catch (error) {
      if (!isAway(error)) throw error;
    }
  }
}

/** The answer of another node; undefined: it does not answer. */
export async function askIfThere(
  other: OtherNode,
  method: string,
  params: object,
  timeoutMs?: number,
): Promise<unknown> {
  try {
    return await other.call(method, params, timeoutMs);
  } catch (error) {
    if (isAway(error)) return undefined;
    throw error;
  }
}

const AWAY = new Set(["unreachable", "timeout", "app_not_running"]);

/** Why a node does not answer that is not there: others are to do without it. */
export function isAway(error: unknown): boolean {
  return error instanceof OperationError && AWAY.has(error.problem);
}
