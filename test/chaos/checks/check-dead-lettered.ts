import { member, type Operation } from "./operation-parts.ts";

/**
 * Every message that was confirmed, and that whoever gets it rejects, has to come out of the dead-letter queue: AMQP does not
 * confirm rejections, so the general checker takes each of them for one that may be lost. Returns those that are missing.
 */
export function findMissingDeadLetters(
  operations: readonly Operation[],
  queues: { readonly source: string; readonly target: string },
  isRejected: (message: string) => boolean,
): string[] {
  const confirmed = new Set<string>();
  const arrived = new Set<string>();
  for (const operation of operations) {
    if (operation.outcome !== "ok") continue;
    if (operation.kind === "enqueue" && operation.key === queues.source) {
      confirmed.add(member(operation.input, "message"));
    } else if (operation.kind === "dequeue" && operation.key === queues.target) {
      arrived.add(member(operation.output, "message"));
    }
  }
  return [...confirmed].filter((message) => isRejected(message) && !arrived.has(message));
}
