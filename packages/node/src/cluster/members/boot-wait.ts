import type { Logger } from "../../logger.ts";
import type { MemberAddress } from "./cluster-record.ts";

/** What another member said of itself while this node waits. */
interface PeerReport {
  readonly nodeId: number;
  readonly state: string;
  /** Nodes that it saw running when it last was; undefined: it did not say. */
  readonly running: readonly number[] | undefined;
}

export interface WaitFacts {
  readonly nodeId: number;
  readonly members: readonly MemberAddress[];
  /** Who was up when this node was up last, itself included. */
  readonly running: readonly number[];
  /** Who answers now. */
  readonly reports: readonly PeerReport[];
}

/** Whom a node waits for. Names, sorted. */
export interface Awaited {
  /** Members that do not answer; of those that were up when this node stopped, if it knows of any. */
  readonly awaited: readonly string[];
  /** Who stopped last, as far as anybody that answers knows; empty: nobody can tell. */
  readonly stoppedLast: readonly string[];
}

/** Who is missing, and whose return would be enough. */
export function whoIsAwaited({ nodeId, members, running, reports }: WaitFacts): Awaited {
  const nameOf = (id: number): string =>
    members.find((member) => member.nodeId === id)?.name ?? `node ${id}`;
  const answering = new Set(reports.map((report) => report.nodeId)).add(nodeId);
  const others = members.map((member) => member.nodeId).filter((id) => !answering.has(id));
  const outlived = others.filter((id) => running.includes(id));
  const missing = outlived.length > 0 ? outlived : others;
  return {
    awaited: missing.map(nameOf).toSorted(),
    stoppedLast: lastStopped({ nodeId, members, running, reports }).map(nameOf).toSorted(),
  };
}

/**
 * A node that saw others running when it stopped did not stop last. What is left of all members after everybody who answers has ruled
 * out such nodes: those that may have stopped last.
 */
function lastStopped({ nodeId, members, running, reports }: WaitFacts): number[] {
  const said = [{ nodeId, running }, ...reports];
  const ruledOut = new Set<number>();
  for (const { nodeId: speaker, running: seen } of said) {
    if (seen === undefined) continue;
    if (seen.some((id) => id !== speaker)) ruledOut.add(speaker);
    // Whom it did not see running had stopped before.
    for (const { nodeId: id } of members) if (!seen.includes(id)) ruledOut.add(id);
  }
  return members.map((member) => member.nodeId).filter((id) => !ruledOut.has(id));
}

/** The lines of a waiting node (RabbitMQ: "Waiting for Mnesia tables for 30000 ms, 9 retries left"). */
export function logWaiting(
  log: Logger,
  timing: { readonly timeoutMs: number; readonly retriesLeft: number },
  { awaited, stoppedLast }: Awaited,
): void {
  const { timeoutMs, retriesLeft } = timing;
  const who = awaited.length === 0 ? "" : `: ${awaited.join(", ")}`;
  const last = stoppedLast.length === 0 ? "" : `; stopped last: ${stoppedLast.join(" or ")}`;
  log.info(
    { awaited, stoppedLast },
    `Waiting for cluster peers for ${timeoutMs} ms, ${retriesLeft} retries left${who}${last}`,
  );
}
