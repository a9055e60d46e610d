import type { ControlledNode, OtherNode } from "../../control/controlled-node.ts";
import { isAway } from "../../control/whole-cluster.ts";

/** Asks all other running nodes at once, and takes the rows as they come. Who does not answer is left out, as one that has just stopped is. */
export async function rowsOfOthers<Row>(
  { others }: ControlledNode,
  method: string,
  params: object,
  take: (row: Row, nodeName: string) => void,
): Promise<void> {
  await Promise.all(
    others.map((other) => rowsOf<Row>(other, method, params, (row) => take(row, other.name))),
  );
}

/** The same of one node. */
export async function rowsOf<Row>(
  other: OtherNode,
  method: string,
  params: object,
  take: (row: Row) => void,
): Promise<void> {
  try {
    // The other node's handler of the same method makes them.
    for await (const row of other.stream(method, params)) take(row as Row);
  } catch (error) {
    if (!isAway(error)) throw error;
  }
}
