import * as v from "valibot";
import { badRequest } from "../http-error.ts";
import { objectsAnswer } from "../lists/list-answer.ts";
import { LIST_QUERY } from "../lists/list-query.ts";
import type { JsonObject } from "../model/json.ts";
import type { VhostEntry } from "../model/metadata.ts";
import { json, noContent, objectAnswer, put } from "./answers.ts";
import { FLAG, TAGS, TEXT } from "./body-schemas.ts";
import { permissionObject, topicPermissionObject } from "./permission-routes.ts";
import { type ApiRequest, type Route, route } from "./route.ts";
import { SAMPLE_QUERY, sampleWindows } from "./sample-windows.ts";
import { requireVhost, visibleVhosts } from "./vhost-scope.ts";

const QUEUE_TYPE = v.picklist(
  ["classic", "quorum", "undefined"],
  "default_queue_type must be classic or quorum",
);
const VHOST = v.object({
  description: v.optional(TEXT),
  tags: v.optional(TAGS),
  tracing: v.optional(FLAG),
  protected_from_deletion: v.optional(FLAG),
  default_queue_type: v.optional(QUEUE_TYPE),
  /** The name of the same in earlier releases. */
  defaultqueuetype: v.optional(QUEUE_TYPE),
});

const PROTECTION_SUMMARIES = {
  GET: "Whether a virtual host is protected from deletion.",
  POST: "Protects a virtual host from deletion.",
  DELETE: "Ends the protection of a virtual host from deletion.",
} as const;

export const VHOST_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/vhosts",
    may: "user",
    summary: "The virtual hosts that the user may enter; all for those who may watch.",
    query: [...LIST_QUERY, ...SAMPLE_QUERY],
    handle: async (request) => {
      const states = clusterState(request);
      const vhosts = visibleVhosts(request);
      const figures = await figuresOf(request, vhosts);
      return objectsAnswer(
        request,
        vhosts.map((vhost) => ({ ...vhostObject(vhost, states), ...figures.get(vhost.name) })),
      );
    },
  }),
  route({
    method: "GET",
    path: "/vhosts/{vhost}",
    may: "visible vhost",
    summary: "One virtual host.",
    query: SAMPLE_QUERY,
    handle: async (request) => {
      const vhost = requireVhost(request, request.params.vhost);
      const figures = await figuresOf(request, [vhost]);
      const object = vhostObject(vhost, clusterState(request));
      return objectAnswer(request, { ...object, ...figures.get(vhost.name) });
    },
  }),
  route({
    method: "PUT",
    path: "/vhosts/{vhost}",
    may: "administrator",
    summary: "Makes a virtual host, in which its maker may do everything, or changes one.",
    body: VHOST,
    handle: putVhost,
  }),
  route({
    method: "DELETE",
    path: "/vhosts/{vhost}",
    may: "administrator",
    summary: "Deletes a virtual host with all that is in it.",
    handle: async (request) => {
      const { name } = requireVhost(request, request.params.vhost);
      await request.node.metadata.change({ type: "deleteVhost", name }, request.user);
      return noContent();
    },
  }),
  ...(["GET", "POST", "DELETE"] as const).map(protectionRoute),
  route({
    method: "POST",
    path: "/vhosts/{vhost}/start/{node}",
    may: "administrator",
    summary:
      "Starts a virtual host that has failed on a node. They do not fail here, so there is nothing to do.",
    handle: (request) => {
      const { vhost, node } = request.params;
      requireVhost(request, vhost);
      if (request.node.facts.runningNames().includes(node)) return noContent();
      throw badRequest(`Request to node ${node} failed with nodedown`);
    },
  }),
  route({
    method: "GET",
    path: "/vhosts/{vhost}/permissions",
    may: "administrator",
    summary: "The permissions of all users in a virtual host.",
    query: LIST_QUERY,
    handle: (request) => {
      const { name } = requireVhost(request, request.params.vhost);
      const permissions = request.node.metadata.permissions().filter(({ vhost }) => vhost === name);
      return objectsAnswer(request, permissions.map(permissionObject));
    },
  }),
  route({
    method: "GET",
    path: "/vhosts/{vhost}/topic-permissions",
    may: "administrator",
    summary: "The topic permissions of all users in a virtual host.",
    query: LIST_QUERY,
    handle: (request) => {
      const { name } = requireVhost(request, request.params.vhost);
      const all = request.node.metadata.topicPermissions();
      const own = all.filter(({ vhost }) => vhost === name);
      return objectsAnswer(request, own.map(topicPermissionObject));
    },
  }),
];

function protectionRoute(method: keyof typeof PROTECTION_SUMMARIES): Route {
  return route({
    method,
    path: "/vhosts/{vhost}/deletion/protection",
    may: "administrator",
    summary: PROTECTION_SUMMARIES[method],
    handle: async (request) => {
      const { name, isProtected = false } = requireVhost(request, request.params.vhost);
      if (method === "GET") return json({ protected_from_deletion: isProtected });
      const change = { type: "addVhost", name, isProtected: method === "POST" } as const;
      await request.node.metadata.change(change, request.user);
      return noContent();
    },
  });
}

type ClusterState = Readonly<Record<string, string>>;

function clusterState({ node }: Pick<ApiRequest, "node">): ClusterState {
  return Object.fromEntries(node.facts.runningNames().map((name) => [name, "running"]));
}

/** Messages, rates and octets of each. */
function figuresOf(
  { node, query }: Pick<ApiRequest, "node" | "query">,
  vhosts: readonly VhostEntry[],
): Promise<ReadonlyMap<string, JsonObject>> {
  const windows = sampleWindows(query);
  return node.statistics.vhosts({ vhosts: vhosts.map(({ name }) => name), windows });
}

function vhostObject(vhost: VhostEntry, states: ClusterState): JsonObject {
  const { name, description, tags, tracing, defaultQueueType, isProtected = false } = vhost;
  return {
    name,
    description,
    tags,
    default_queue_type: defaultQueueType ?? "undefined",
    metadata: {
      description,
      tags,
      ...(defaultQueueType !== undefined && { default_queue_type: defaultQueueType }),
      ...(isProtected && { protected_from_deletion: true }),
    },
    tracing,
    protected_from_deletion: isProtected,
    cluster_state: states,
  };
}

async function putVhost({
  node,
  user,
  params,
  body,
}: ApiRequest<{ readonly vhost: string }, v.InferOutput<typeof VHOST>>): Promise<Response> {
  const name = params.vhost;
  const { description, tags, tracing, protected_from_deletion: isProtected } = body;
  const { default_queue_type: queueType = body.defaultqueuetype } = body;
  const defaultQueueType = queueType === "undefined" ? undefined : queueType;
  const { metadata } = node;
  const existed = metadata.vhost(name) !== undefined;
  await metadata.change(
    { type: "addVhost", name, description, tags, tracing, defaultQueueType, isProtected },
    user,
  );
  // Who comes from another backend has no record to hang them on.
  if (!existed && metadata.user(user.name) !== undefined) {
    const all = { configure: ".*", write: ".*", read: ".*" };
    await metadata.change({ type: "setPermissions", user: user.name, vhost: name, ...all }, user);
  }
  return put(existed);
}
