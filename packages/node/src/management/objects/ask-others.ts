import type { ControlledNode, OtherNode } from "../../control/controlled-node.ts";
import { isAway } from "../../control/whole-cluster.ts";

/** Rows of this node and of all others; `own` are those of this one. */
export async function rowsOfCluster<Row>(
  node: ControlledNode,
  question: { readonly method: string; readonly params: object; readonly own: AsyncIterable<Row> },
  take: (row: Row, nodeName: string) => void,
): Promise<void> {
  const { method, params, own } = question;
  await Promise.all([
    rowsOfOthers(node, { method, params }, take),
    takeAll(own, (row) => take(row, node.nodeName)),
  ]);
}

async function takeAll<Row>(rows: AsyncIterable<Row>, take: (row: Row) => void): Promise<void> {
  for await (const row of rows) take(row);
}

/** Asks all other running nodes at once, and takes the rows as they come. Who does not answer is left out, as one that has just stopped is. */
export async function rowsOfOthers<Row>(
  { others }: ControlledNode,
  { method, params }: { readonly method: string; readonly params: object },
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
