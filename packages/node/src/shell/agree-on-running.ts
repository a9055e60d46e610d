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
 * that does not answer is not waited for; nor is any for long, as what is cut off stays so.
 */
export async function agreeOnRunning(dependencies: AgreementDependencies): Promise<void> {
  const deadlineMs = performance.now() + AGREE_MAX_MS;
  while (!dependencies.isOver() && performance.now() < deadlineMs) {
    if (await isAgreed(dependencies)) return;
    await new Promise((resolve) => setTimeout(resolve, AGREE_LOOK_MS));
  }
}

async function isAgreed(dependencies: AgreementDependencies): Promise<boolean> {
  const { book, greet, isRunning } = dependencies;
  const { clusterId } = book.record;
  const others = book.others.filter(({ nodeId }) => isRunning(nodeId));
  const agreed = await Promise.all(
    others.map(async ({ nodeId, name }) => {
      const greeting = await greet({ name, address: book.addressOf(nodeId) ?? "" });
      const runs = greeting?.state === "running" && greeting.clusterId === clusterId;
      if (!runs) return true;
      return greeting.running.includes(book.nodeId) && book.record.running.includes(nodeId);
    }),
  );
  return !agreed.includes(false);
}
