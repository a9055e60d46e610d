import { setTimeout as pause } from "node:timers/promises";
import * as v from "valibot";
import { NO_PARAMS, type NodeMethods, queuesOf, whileRunning } from "./control-method.ts";
import type { ControlledNode } from "./controlled-node.ts";
import type { QueueName } from "./queue-operations.ts";

/** Between two looks whether enough replicas are there. */
const LOOK_MS = 200;
const TIMEOUT = { timeoutMs: v.pipe(v.number(), v.minValue(0)) };

/** What RabbitMQ's rabbitmq-upgrade asks a node for. */
export const MAINTENANCE_METHODS: NodeMethods = {
  drain: whileRunning(NO_PARAMS, ({ node }) => node.drain()),
  revive: whileRunning(NO_PARAMS, ({ node }) => node.revive()),
  suspend_listeners: whileRunning(NO_PARAMS, async ({ broker }) => broker.suspendListeners()),
  resume_listeners: whileRunning(NO_PARAMS, ({ broker }) => broker.resumeListeners()),
  /** False: the time is up, and some quorum queue would have no majority without this node. "single": it is the only member. */
  await_online_quorum_plus_one: whileRunning(
    v.object(TIMEOUT),
    ({ node }, { timeoutMs }, { signal }) =>
      untilNone(node, () => queuesOf(node).quorumCritical(), { timeoutMs, signal }),
  ),
  /** False: the time is up, and some mirrored queue has no mirror that is in step. "single": it is the only member. */
  await_online_synchronized_mirrors: whileRunning(
    v.object(TIMEOUT),
    ({ node }, { timeoutMs }, { signal }) =>
      untilNone(node, () => queuesOf(node).mirrorSyncCritical(), { timeoutMs, signal }),
  ),
};

async function untilNone(
  node: ControlledNode,
  find: () => Promise<readonly QueueName[]>,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<boolean | "single"> {
  const { diskNodes } = await node.clusterStatus();
  if (diskNodes.length < 2) return "single";
  const deadlineMs = performance.now() + timeoutMs;
  while ((await find()).length > 0) {
    if (performance.now() >= deadlineMs || signal.aborted) return false;
    await pause(LOOK_MS);
  }
  return true;
}
