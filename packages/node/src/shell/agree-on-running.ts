import type { MemberBook } from "../cluster/members/member-book.ts";
import type { PeerPlace } from "./peer-calls.ts";
import type { PeerGreeting } from "./peer-protocol.ts";
import { AGREE_LOOK_MS, AGREE_MAX_MS } from "./shell-limits.ts";

export interface AgreementDependencies {
  readonly book: MemberBook;
  /** Whether the metadata say so. */
  isRunning(nodeId: number): boolean;
  /** undefined: it does not answer. */
  greet(place: PeerPlace): Promise<PeerGreeting | undefined>;
  /** The node is to stop. */
  isOver(): boolean;
}

/**
 * Waits until this node and all others that run see each other: they learn of each other by links, each of which opens by itself. A node
 * that does not answer is not waited for; nor is any for long, as what is cut off stays so. Resolves with the names of those with which
 * it is not so.
 */
export async function agreeOnRunning(
  dependencies: AgreementDependencies,
): Promise<readonly string[]> {
  const deadlineMs = performance.now() + AGREE_MAX_MS;
  for (;;) {
    const left = await notAgreed(dependencies);
    if (left.length === 0 || dependencies.isOver() || performance.now() > deadlineMs) return left;
    await new Promise((resolve) => setTimeout(resolve, AGREE_LOOK_MS));
  }
}

async function notAgreed(dependencies: AgreementDependencies): Promise<string[]> {
  const { book, greet, isRunning } = dependencies;
  const { clusterId } = book.record;
  const others = book.others.filter(({ nodeId }) => isRunning(nodeId));
  const left = await Promise.all(
    others.map(async ({ nodeId, name }) => {
      const greeting = await greet({ name, address: book.addressOf(nodeId) ?? "" });
      const runs = greeting?.state === "running" && greeting.clusterId === clusterId;
      if (!runs) return [];
      const isSeen = greeting.running.includes(book.nodeId);
      return isSeen && book.record.running.includes(nodeId) ? [] : [name];
    }),
  );
  return left.flat();
}
