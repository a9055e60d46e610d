import * as v from "valibot";
import { queuesInCondition } from "../console/in-condition.ts";
import { badRequest } from "../http-error.ts";
import { objectsAnswer } from "../lists/list-answer.ts";
import { LIST_QUERY } from "../lists/list-query.ts";
import { objectListAnswer } from "../lists/object-list.ts";
import type { ObjectRef } from "../model/runtime-objects.ts";
import { byAmqp, found } from "./amqp-answers.ts";
import { ARGUMENTS } from "./amqp-bodies.ts";
import { noContent, objectAnswer, put } from "./answers.ts";
import { FLAG, TEXT } from "./body-schemas.ts";
import { oneObject } from "./connection-routes.ts";
import { type ApiRequest, type Route, route } from "./route.ts";
import { inOwnVhosts, requireVhost, requireVhostForChange } from "./vhost-scope.ts";

const QUEUE = v.object({
  durable: v.optional(FLAG, false),
  auto_delete: v.optional(FLAG, false),
  arguments: v.optional(ARGUMENTS, {}),
});

const ACTION = v.object({ action: TEXT });

/** What a queue shows with `disable_stats=true`; the last three only with `enable_queue_totals=true`, too (RabbitMQ). */
const PLAIN_COLUMNS: readonly (readonly string[])[] = [
  ["arguments"],
  ["auto_delete"],
  ["durable"],
  ["exclusive"],
  ["leader"],
  ["members"],
  ["name"],
  ["node"],
  ["online"],
  ["policy"],
  ["state"],
  ["type"],
  ["vhost"],
];
const TOTALS: readonly (readonly string[])[] = [
  ["messages"],
  ["messages_ready"],
  ["messages_unacknowledged"],
];

const QUEUE_LIST_QUERY: readonly string[] = [...LIST_QUERY, "disable_stats", "enable_queue_totals"];

export type QueueParams = { readonly vhost: string; readonly name: string };

export const QUEUE_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/queues",
    may: "user",
    summary: "The queues of all virtual hosts that the user may enter.",
    query: QUEUE_LIST_QUERY,
    handle: allQueues,
  }),
  route({
    method: "GET",
    path: "/queues/detailed",
    may: "user",
    summary: "The same: here every list of queues is a detailed one.",
    query: QUEUE_LIST_QUERY,
    handle: allQueues,
  }),
  route({
    method: "GET",
    path: "/queues/{vhost}",
    may: "vhost",
    summary: "The queues of a virtual host.",
    query: QUEUE_LIST_QUERY,
    handle: async (request) => {
      const { name: vhost } = requireVhost(request, request.params.vhost);
      return queueList(request, await request.node.objects.queues.refs({ vhost }));
    },
  }),
  route({
    method: "GET",
    path: "/queues/{vhost}/{name}",
    may: "vhost",
    summary: "One queue, with its consumers.",
    handle: async (request) => {
      const ref = await requireQueue(request);
      return objectAnswer(request, await oneObject(request, request.node.objects.queues, ref));
    },
  }),
  route({
    method: "PUT",
    path: "/queues/{vhost}/{name}",
    may: "vhost",
    summary: "Declares a queue.",
    body: QUEUE,
    handle: putQueue,
  }),
  route({
    method: "DELETE",
    path: "/queues/{vhost}/{name}",
    may: "vhost",
    summary: "Deletes a queue; with if-empty=true or if-unused=true only if it is.",
    query: ["if-empty", "if-unused"],
    handle: async (request) => {
      const { vhost, name } = await requireQueue(request);
      const ifEmpty = request.query.get("if-empty") === "true";
      const ifUnused = request.query.get("if-unused") === "true";
      const actions = request.node.objects.actionsOf(request.user);
      await byAmqp(actions.deleteQueue(vhost, name, { ifEmpty, ifUnused }));
      return noContent();
    },
  }),
  route({
    method: "GET",
    path: "/queues/{vhost}/{name}/bindings",
    may: "vhost",
    summary: "The bindings to a queue.",
    query: LIST_QUERY,
    handle: async (request) => {
      const { vhost, name: destination } = await requireQueue(request);
      const scope = { vhost, destinationType: "queue", destination } as const;
      return objectsAnswer(request, await request.node.objects.bindings(scope));
    },
  }),
  route({
    method: "DELETE",
    path: "/queues/{vhost}/{name}/contents",
    may: "vhost",
    summary: "Deletes the ready messages of a queue.",
    audit: { action: "purge_queue" },
    handle: async (request) => {
      const { vhost, name } = await requireQueue(request);
      await byAmqp(request.node.objects.actionsOf(request.user).purgeQueue(vhost, name));
      return noContent();
    },
  }),
  route({
    method: "POST",
    path: "/queues/{vhost}/{name}/actions",
    may: "administrator",
    summary: "Synchronises the mirrors of a queue (sync), or stops to (cancel_sync).",
    audit: { action: "sync_queue", shows: ["action"] },
    body: ACTION,
    handle: act,
  }),
];

/** @throws HttpError 404 */
export async function requireQueue({
  node,
  params,
}: Pick<ApiRequest<QueueParams>, "node" | "params">): Promise<ObjectRef> {
  const { vhost, name } = params;
  return found(await node.objects.queues.refs({ vhost, name }));
}

async function allQueues(request: ApiRequest): Promise<Response> {
  return queueList(request, inOwnVhosts(request, await request.node.objects.queues.refs({})));
}

async function queueList(request: ApiRequest, all: readonly ObjectRef[]): Promise<Response> {
  const { queues } = request.node.objects;
  const refs = await queuesInCondition(request.node.objects, all, request.query);
  if (request.query.get("disable_stats") !== "true") return objectListAnswer(request, queues, refs);
  const hasTotals = request.query.get("enable_queue_totals") === "true";
  const columns = hasTotals ? [...PLAIN_COLUMNS, ...TOTALS] : PLAIN_COLUMNS;
  return objectListAnswer(request, queues, refs, columns);
}

async function putQueue({
  node,
  user,
  params,
  body,
}: ApiRequest<QueueParams, v.InferOutput<typeof QUEUE>>): Promise<Response> {
  const { name: vhost } = requireVhostForChange({ node }, params.vhost);
  const { name } = params;
  const { durable, auto_delete: autoDelete, arguments: args } = body;
  const existing = await node.objects.queues.refs({ vhost, name });
  const queue = { vhost, name, durable, autoDelete, arguments: args };
  await byAmqp(node.objects.actionsOf(user).declareQueue(queue));
  return put(existing.length > 0);
}

async function act({
  node,
  params,
  body: { action },
}: ApiRequest<QueueParams, v.InferOutput<typeof ACTION>>): Promise<Response> {
  const { vhost, name } = await requireQueue({ node, params });
  const { replicas } = node.objects;
  if (action === "sync") await replicas.sync(vhost, name);
  else if (action === "cancel_sync") await replicas.cancelSync(vhost, name);
  else throw badRequest(["unknown", action]);
  return noContent();
}
