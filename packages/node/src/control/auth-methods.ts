import * as v from "valibot";
import type { SourceAttempts } from "../auth/auth-attempts.ts";
import { NO_PARAMS, type NodeMethods, rows, whileRunning } from "./control-method.ts";

/** Who has tried to log in to this node. */
export const AUTH_METHODS: NodeMethods = {
  /** Rows: protocol, with `bySource` remote address and user name, then all attempts, failed and succeeded ones. */
  list_auth_attempts: whileRunning(
    v.object({ bySource: v.optional(v.boolean(), false) }),
    ({ broker: { broker } }, { bySource }) => {
      const { authAttempts } = broker;
      if (bySource) return rows(authAttempts.bySource().map(sourceRow));
      return rows(
        authAttempts
          .byProtocol()
          .map(({ protocol, succeeded, failed }) => [
            protocol,
            succeeded + failed,
            failed,
            succeeded,
          ]),
      );
    },
  ),
  clear_auth_backend_cache: whileRunning(NO_PARAMS, async ({ broker: { broker } }) => {
    broker.authenticator.clearCaches();
  }),
  /** Until the node's app is started again. */
  set_auth_attempt_source_tracking: whileRunning(
    v.object({ isOn: v.boolean() }),
    async ({ broker: { broker } }, { isOn }) => {
      broker.authAttempts.isTrackingSources = isOn;
    },
  ),
};

function sourceRow(attempts: SourceAttempts): readonly (string | number)[] {
  const { protocol, remoteAddress, username, succeeded, failed } = attempts;
  return [protocol, remoteAddress, username, succeeded + failed, failed, succeeded];
}
