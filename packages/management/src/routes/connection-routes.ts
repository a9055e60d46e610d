import { notFound } from "../http-error.ts";
import { LIST_QUERY } from "../lists/list-query.ts";
import { objectListAnswer, ownOrWatched } from "../lists/object-list.ts";
import type { JsonObject } from "../model/json.ts";
import type { ObjectList, ObjectRef } from "../model/runtime-objects.ts";
import { requireOwner } from "../server/authorise.ts";
import { noContent, objectAnswer } from "./answers.ts";
import { type ApiRequest, type Route, route } from "./route.ts";
import { sampleWindows } from "./sample-windows.ts";
import { requireVhost } from "./vhost-scope.ts";

/** What the client is told if the request has no `X-Reason` (RabbitMQ's words). */
const DEFAULT_REASON = "Closed via management plugin";
/** Characters of a reason: an AMQP reply text has at most 255 bytes. */
const REASON_LENGTH_MAX = 255;

/** What a list of a user's connections shows. */
const BASICS = [["name"], ["vhost"], ["user"], ["node"]] as const;

export const CONNECTION_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/connections",
    may: "user",
    summary: "Open AMQP connections: one's own; all for those who may watch.",
    query: LIST_QUERY,
    handle: async (request) => {
      const { connections } = request.node.objects;
      const refs = ownOrWatched(request.user, await connections.refs({}));
      return objectListAnswer(request, connections, refs);
    },
  }),
  route({
    method: "GET",
    path: "/vhosts/{vhost}/connections",
    may: "vhost",
    summary: "Open AMQP connections of a virtual host.",
    query: LIST_QUERY,
    handle: async (request) => {
      const { name: vhost } = requireVhost(request, request.params.vhost);
      const { connections } = request.node.objects;
      const refs = ownOrWatched(request.user, await connections.refs({ vhost }));
      return objectListAnswer(request, connections, refs);
    },
  }),
  route({
    method: "GET",
    path: "/connections/{name}",
    may: "user",
    summary: "One connection.",
    handle: async (request) => {
      const ref = await requireConnection(request);
      return objectAnswer(request, await oneObject(request, request.node.objects.connections, ref));
    },
  }),
  route({
    method: "DELETE",
    path: "/connections/{name}",
    may: "user",
    summary: "Closes a connection; the client is told 320 with the text of the header X-Reason.",
    audit: { action: "close_connection" },
    handle: async (request) => {
      const ref = await requireConnection(request);
      await request.node.objects.closeConnection(ref, reasonOf(request));
      return noContent();
    },
  }),
  route({
    method: "GET",
    path: "/connections/{name}/channels",
    may: "user",
    summary: "The channels of a connection.",
    query: LIST_QUERY,
    handle: async (request) => {
      const { name, vhost } = await requireConnection(request);
      const { channels } = request.node.objects;
      const all = await channels.refs({ vhost });
      const own = all.filter((channel) => channel.name.startsWith(`${name} (`));
      return objectListAnswer(request, channels, own);
    },
  }),
  route({
    method: "GET",
    path: "/connections/username/{username}",
    may: "user",
    summary: "Names of the connections of a user.",
    query: LIST_QUERY,
    handle: async (request) => {
      const { connections } = request.node.objects;
      return objectListAnswer(request, connections, await refsOfUser(request), BASICS);
    },
  }),
  route({
    method: "DELETE",
    path: "/connections/username/{username}",
    may: "user",
    summary: "Closes all connections of a user.",
    audit: { action: "close_all_connections" },
    handle: async (request) => {
      const reason = reasonOf(request);
      for (const ref of await refsOfUser(request)) {
        await request.node.objects.closeConnection(ref, reason);
      }
      return noContent();
    },
  }),
];

/** @throws HttpError 404, 401 */
async function requireConnection(
  request: ApiRequest<{ readonly name: string }>,
): Promise<ObjectRef> {
  const [ref] = await request.node.objects.connections.refs({ name: request.params.name });
  if (ref === undefined) throw notFound();
  requireOwner(request.user, ref.user ?? "");
  return ref;
}

/** @throws HttpError 401 */
async function refsOfUser({
  node,
  user,
  params,
}: ApiRequest<{ readonly username: string }>): Promise<readonly ObjectRef[]> {
  requireOwner(user, params.username);
  const refs = await node.objects.connections.refs({});
  return refs.filter((ref) => ref.user === params.username);
}

/** The object of a ref, with details. @throws HttpError 404 if it is gone */
export async function oneObject(
  { query }: Pick<ApiRequest, "query">,
  list: ObjectList,
  ref: ObjectRef,
): Promise<JsonObject> {
  const windows = sampleWindows(query);
  const [object] = await list.objects([ref], { isDetailed: true, windows });
  if (object === undefined) throw notFound();
  return object;
}

function reasonOf({ headers }: Pick<ApiRequest, "headers">): string {
  return (headers.get("x-reason") ?? DEFAULT_REASON).slice(0, REASON_LENGTH_MAX);
}
