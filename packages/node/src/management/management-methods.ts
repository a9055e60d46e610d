import type { AuthAttempts } from "@leveret/management";
import * as v from "valibot";
import type { BrokerNode } from "../broker/broker-node.ts";
import { NO_PARAMS, type NodeMethods, whileRunning } from "../control/control-method.ts";
import { nodeObject } from "./node-object.ts";
import { STATISTICS_METHODS, WINDOWS } from "./statistics-methods.ts";

/** What nodes ask each other for the management API. Each answers for itself. */
export const MANAGEMENT_METHODS: NodeMethods = {
  ...STATISTICS_METHODS,
  management_node: whileRunning(v.object({ windows: WINDOWS }), async (running, { windows }) =>
    nodeObject(running, windows),
  ),
  auth_attempts: whileRunning(v.object({ bySource: v.boolean() }), async ({ broker }, which) =>
    attemptsAt(broker, which),
  ),
  reset_auth_attempts: whileRunning(NO_PARAMS, async ({ broker }) => {
    broker.broker.authAttempts.reset();
  }),
};

/** Logins at this node. */
export function attemptsAt(
  { broker: { authAttempts } }: BrokerNode,
  { bySource }: { readonly bySource: boolean },
): readonly AuthAttempts[] {
  return bySource ? authAttempts.bySource() : authAttempts.byProtocol();
}
