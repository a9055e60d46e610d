import * as v from "valibot";
import { notFound } from "../http-error.ts";
import { objectsAnswer } from "../lists/list-answer.ts";
import { LIST_QUERY } from "../lists/list-query.ts";
import { hasTag } from "../model/identity.ts";
import type { JsonObject } from "../model/json.ts";
import type { UserEntry, VhostEntry } from "../model/metadata.ts";
import { requireOwner } from "../server/authorise.ts";
import { noContent } from "./answers.ts";
import { INTEGER } from "./body-schemas.ts";
import { type ApiRequest, type Route, route } from "./route.ts";
import { requireVhost, requireVhostForChange, visibleVhosts } from "./vhost-scope.ts";

const LIMIT = v.object({ value: INTEGER });

export const VHOST_LIMIT_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/vhost-limits",
    may: "user",
    summary: "Virtual hosts that have limits, with these.",
    query: LIST_QUERY,
    handle: (request) => objectsAnswer(request, visibleVhosts(request).flatMap(vhostLimits)),
  }),
  route({
    method: "GET",
    path: "/vhost-limits/{vhost}",
    may: "visible vhost",
    summary: "The limits of a virtual host: a list of one entry, or of none.",
    query: LIST_QUERY,
    handle: (request) =>
      objectsAnswer(request, vhostLimits(requireVhost(request, request.params.vhost))),
  }),
  route({
    method: "PUT",
    path: "/vhost-limits/{vhost}/{name}",
    may: "administrator",
    summary:
      "Sets a limit of a virtual host: max-connections or max-queues. A negative number: no limit.",
    body: LIMIT,
    handle: async ({ node, user, params, body }) => {
      const { name: vhost } = requireVhostForChange({ node }, params.vhost);
      const limits = new Map([[params.name, body.value]]);
      await node.metadata.change({ type: "setVhostLimits", vhost, limits, merge: true }, user);
      return noContent();
    },
  }),
  route({
    method: "DELETE",
    path: "/vhost-limits/{vhost}/{name}",
    may: "administrator",
    summary: "Clears a limit of a virtual host.",
    handle: async ({ node, user, params }) => {
      const { name: vhost } = requireVhost({ node }, params.vhost);
      await node.metadata.change({ type: "clearVhostLimits", vhost, limit: params.name }, user);
      return noContent();
    },
  }),
];

export const USER_LIMIT_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/user-limits",
    may: "user",
    summary:
      "Users that have limits, with these; only the user himself for who is no administrator.",
    query: LIST_QUERY,
    handle: (request) => {
      const { node, user } = request;
      const isAdministrator = hasTag(user, "administrator");
      const users = node.metadata.users();
      const shown = users.filter(({ name }) => isAdministrator || name === user.name);
      return objectsAnswer(request, shown.flatMap(userLimits));
    },
  }),
  route({
    method: "GET",
    path: "/user-limits/{user}",
    may: "user",
    summary: "The limits of a user: a list of one entry, or of none.",
    query: LIST_QUERY,
    handle: (request) => {
      const user = requireUser(request);
      requireOwner(request.user, user.name);
      return objectsAnswer(request, userLimits(user));
    },
  }),
  route({
    method: "PUT",
    path: "/user-limits/{user}/{name}",
    may: "administrator",
    summary:
      "Sets a limit of a user: max-connections or max-channels. A negative number: no limit.",
    body: LIMIT,
    handle: async ({ node, user: by, params, body }) => {
      const { name } = requireUser({ node, params });
      const limits = new Map([[params.name, body.value]]);
      await node.metadata.change({ type: "setUserLimits", name, limits }, by);
      return noContent();
    },
  }),
  route({
    method: "DELETE",
    path: "/user-limits/{user}/{name}",
    may: "administrator",
    summary: "Clears a limit of a user.",
    handle: async ({ node, user: by, params }) => {
      const { name } = requireUser({ node, params });
      await node.metadata.change({ type: "clearUserLimits", name, limit: params.name }, by);
      return noContent();
    },
  }),
];

function vhostLimits({ name, limits }: VhostEntry): JsonObject[] {
  return Object.keys(limits).length === 0 ? [] : [{ vhost: name, value: limits }];
}

function userLimits({ name, limits }: UserEntry): JsonObject[] {
  return Object.keys(limits).length === 0 ? [] : [{ user: name, value: limits }];
}

/** @throws HttpError 404 */
function requireUser({
  node,
  params,
}: Pick<ApiRequest<{ readonly user: string }>, "node" | "params">): UserEntry {
  const user = node.metadata.user(params.user);
  if (user === undefined) throw notFound();
  return user;
}
