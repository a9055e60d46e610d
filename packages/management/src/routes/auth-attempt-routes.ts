import { notFound } from "../http-error.ts";
import type { JsonObject } from "../model/json.ts";
import type { AuthAttempts } from "../model/node-facts.ts";
import { json, noContent } from "./answers.ts";
import { type Route, route } from "./route.ts";

export const AUTH_ATTEMPT_ROUTES: readonly Route[] = ["", "/source"].flatMap((suffix): Route[] => {
  const path: `${string}{node}` | `${string}{node}/source` =
    suffix === "" ? "/auth/attempts/{node}" : "/auth/attempts/{node}/source";
  const bySource = suffix !== "";
  return [
    route({
      method: "GET",
      path,
      may: "monitoring",
      summary: bySource
        ? "Logins at a node since it started or since they were reset, by protocol, address and user."
        : "Logins at a node since it started or since they were reset, by protocol.",
      handle: async ({ node, params }) => {
        const attempts = await node.facts.authAttempts(params.node, bySource);
        if (attempts === undefined) throw notFound();
        return json(attempts.map(attemptsObject));
      },
    }),
    route({
      method: "DELETE",
      path,
      may: "monitoring",
      summary: "Counts logins at a node from zero.",
      audit: { action: "reset_auth_attempts" },
      handle: async ({ node, params }) => {
        if (!(await node.facts.resetAuthAttempts(params.node))) throw notFound();
        return noContent();
      },
    }),
  ];
});

function attemptsObject(attempts: AuthAttempts): JsonObject {
  const { protocol, remoteAddress, username, failed, succeeded } = attempts;
  return {
    ...(remoteAddress !== undefined && { remote_address: remoteAddress }),
    ...(username !== undefined && { username }),
    protocol,
    auth_attempts: failed + succeeded,
    auth_attempts_failed: failed,
    auth_attempts_succeeded: succeeded,
  };
}
