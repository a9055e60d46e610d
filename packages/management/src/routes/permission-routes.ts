import * as v from "valibot";
import { badRequest, notFound } from "../http-error.ts";
import { objectsAnswer } from "../lists/list-answer.ts";
import { LIST_QUERY } from "../lists/list-query.ts";
import type { JsonObject } from "../model/json.ts";
import type { PermissionEntry, TopicPermissionEntry } from "../model/metadata.ts";
import { noContent, objectAnswer, put } from "./answers.ts";
import { TEXT } from "./body-schemas.ts";
import { type ApiRequest, type Route, route } from "./route.ts";

interface VhostAndUser {
  readonly vhost: string;
  readonly user: string;
}
interface TopicPlace extends VhostAndUser {
  readonly exchange: string;
}

const may = "administrator";
const PERMISSION = v.object({ configure: TEXT, write: TEXT, read: TEXT });
const TOPIC_PERMISSION = v.object({ exchange: TEXT, write: TEXT, read: TEXT });

export const PERMISSION_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/permissions",
    may,
    summary: "The permissions of all users in all virtual hosts.",
    query: LIST_QUERY,
    handle: (request) =>
      objectsAnswer(request, request.node.metadata.permissions().map(permissionObject)),
  }),
  route({
    method: "GET",
    path: "/permissions/{vhost}/{user}",
    may,
    summary: "The permissions of a user in a virtual host.",
    handle: (request) => objectAnswer(request, permissionObject(requirePermission(request))),
  }),
  route({
    method: "PUT",
    path: "/permissions/{vhost}/{user}",
    may,
    summary: "Sets the permissions of a user in a virtual host: three regular expressions.",
    body: PERMISSION,
    handle: async ({ node, user: by, params: { vhost, user }, body }) => {
      requireBoth({ node, params: { vhost, user } });
      const existed = node.metadata.permission(user, vhost) !== undefined;
      await node.metadata.change({ type: "setPermissions", vhost, user, ...body }, by);
      return put(existed);
    },
  }),
  route({
    method: "DELETE",
    path: "/permissions/{vhost}/{user}",
    may,
    summary: "Takes away the permissions of a user in a virtual host.",
    handle: async (request) => {
      const { vhost, user } = requirePermission(request);
      await request.node.metadata.change({ type: "clearPermissions", vhost, user }, request.user);
      return noContent();
    },
  }),
];

export const TOPIC_PERMISSION_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/topic-permissions",
    may,
    summary: "The topic permissions of all users in all virtual hosts.",
    query: LIST_QUERY,
    handle: (request) =>
      objectsAnswer(request, request.node.metadata.topicPermissions().map(topicPermissionObject)),
  }),
  route({
    method: "GET",
    path: "/topic-permissions/{vhost}/{user}",
    may,
    summary:
      "The topic permissions of a user in a virtual host: a list, as there is one for each exchange.",
    query: LIST_QUERY,
    handle: (request) => {
      const found = requireTopicPermissions(request, undefined);
      return objectsAnswer(request, found.map(topicPermissionObject));
    },
  }),
  route({
    method: "PUT",
    path: "/topic-permissions/{vhost}/{user}",
    may,
    summary: "Restricts the routing keys that a user may use on a topic exchange.",
    body: TOPIC_PERMISSION,
    handle: async ({ node, user: by, params: { vhost, user }, body }) => {
      requireBoth({ node, params: { vhost, user } });
      const before = topicPermissionsOf({ node, params: { vhost, user } }, body.exchange);
      await node.metadata.change({ type: "setTopicPermissions", vhost, user, ...body }, by);
      return put(before.length > 0);
    },
  }),
  route({
    method: "DELETE",
    path: "/topic-permissions/{vhost}/{user}",
    may,
    summary: "Takes away the topic permissions of a user in a virtual host.",
    handle: async (request) => {
      requireTopicPermissions(request, undefined);
      const change = { type: "clearTopicPermissions", ...request.params } as const;
      await request.node.metadata.change(change, request.user);
      return noContent();
    },
  }),
  route({
    method: "GET",
    path: "/topic-permissions/{vhost}/{user}/{exchange}",
    may,
    summary: "The topic permissions of a user on an exchange.",
    query: LIST_QUERY,
    handle: (request) => {
      const found = requireTopicPermissions(request, request.params.exchange);
      return objectsAnswer(request, found.map(topicPermissionObject));
    },
  }),
  route({
    method: "DELETE",
    path: "/topic-permissions/{vhost}/{user}/{exchange}",
    may,
    summary: "Takes away the topic permissions of a user on an exchange.",
    handle: async (request: ApiRequest<TopicPlace>) => {
      requireTopicPermissions(request, request.params.exchange);
      const change = { type: "clearTopicPermissions", ...request.params } as const;
      await request.node.metadata.change(change, request.user);
      return noContent();
    },
  }),
];

/** As it is shown. */
export function permissionObject({
  user,
  vhost,
  configure,
  write,
  read,
}: PermissionEntry): JsonObject {
  return { user, vhost, configure, write, read };
}

export function topicPermissionObject({
  user,
  vhost,
  exchange,
  write,
  read,
}: TopicPermissionEntry): JsonObject {
  return { user, vhost, exchange, write, read };
}

type Place = Pick<ApiRequest<VhostAndUser>, "node" | "params">;

/** @throws HttpError 400, as RabbitMQ answers a PUT */
function requireBoth({ node, params: { vhost, user } }: Place): void {
  const { metadata } = node;
  if (metadata.vhost(vhost) !== undefined && metadata.user(user) !== undefined) return;
  throw badRequest("vhost_or_user_not_found");
}

/** @throws HttpError 404 */
function requirePermission({ node, params: { vhost, user } }: Place): PermissionEntry {
  const permission = node.metadata.permission(user, vhost);
  if (permission === undefined) throw notFound();
  return permission;
}

function topicPermissionsOf(
  { node, params }: Place,
  exchange: string | undefined,
): TopicPermissionEntry[] {
  const all = node.metadata.topicPermissions();
  return all.filter(
    (entry) =>
      entry.vhost === params.vhost &&
      entry.user === params.user &&
      (exchange === undefined || entry.exchange === exchange),
  );
}

/** @throws HttpError 404 if there are none */
function requireTopicPermissions(
  place: Place,
  exchange: string | undefined,
): TopicPermissionEntry[] {
  const found = topicPermissionsOf(place, exchange);
  if (found.length === 0) throw notFound();
  return found;
}
