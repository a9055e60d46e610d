import * as v from "valibot";
import { exchangesInCondition } from "../console/in-condition.ts";
import { badRequest } from "../http-error.ts";
import { objectsAnswer } from "../lists/list-answer.ts";
import { LIST_QUERY } from "../lists/list-query.ts";
import { objectListAnswer } from "../lists/object-list.ts";
import type { ObjectRef } from "../model/runtime-objects.ts";
import { byAmqp, found, published } from "./amqp-answers.ts";
import { ARGUMENTS, checkProperties, PROPERTIES } from "./amqp-bodies.ts";
import { json, noContent, objectAnswer, put } from "./answers.ts";
import { FLAG, JSON_VALUE, TEXT } from "./body-schemas.ts";
import { oneObject } from "./connection-routes.ts";
import { type ApiRequest, type Route, route } from "./route.ts";
import { inOwnVhosts, requireVhost, requireVhostForChange } from "./vhost-scope.ts";

/** How URLs name the default exchange. */
const DEFAULT_EXCHANGE = "amq.default";

const EXCHANGE = v.object({
  type: v.optional(TEXT, "direct"),
  durable: v.optional(FLAG, false),
  auto_delete: v.optional(FLAG, false),
  internal: v.optional(FLAG, false),
  arguments: v.optional(ARGUMENTS, {}),
});

const MESSAGE = v.object({
  routing_key: TEXT,
  properties: PROPERTIES,
  payload: JSON_VALUE,
  payload_encoding: TEXT,
});

type ExchangeParams = { readonly vhost: string; readonly name: string };

export const EXCHANGE_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/exchanges",
    may: "user",
    summary: "The exchanges of all virtual hosts that the user may enter.",
    query: LIST_QUERY,
    handle: async (request) => {
      const { exchanges } = request.node.objects;
      const refs = inOwnVhosts(request, await exchanges.refs({}));
      return objectListAnswer(request, exchanges, exchangesInCondition(refs, request.query));
    },
  }),
  route({
    method: "GET",
    path: "/exchanges/{vhost}",
    may: "vhost",
    summary: "The exchanges of a virtual host.",
    query: LIST_QUERY,
    handle: async (request) => {
      const { name: vhost } = requireVhost(request, request.params.vhost);
      const { exchanges } = request.node.objects;
      const refs = exchangesInCondition(await exchanges.refs({ vhost }), request.query);
      return objectListAnswer(request, exchanges, refs);
    },
  }),
  route({
    method: "GET",
    path: "/exchanges/{vhost}/{name}",
    may: "vhost",
    summary: "One exchange. amq.default is the default exchange.",
    handle: async (request) => {
      const ref = await requireExchange(request);
      return objectAnswer(request, await oneObject(request, request.node.objects.exchanges, ref));
    },
  }),
  route({
    method: "PUT",
    path: "/exchanges/{vhost}/{name}",
    may: "vhost",
    summary: "Declares an exchange.",
    body: EXCHANGE,
    handle: putExchange,
  }),
  route({
    method: "DELETE",
    path: "/exchanges/{vhost}/{name}",
    may: "vhost",
    summary: "Deletes an exchange; with if-unused=true only if nothing is bound to it.",
    query: ["if-unused"],
    handle: async (request) => {
      const { vhost, name } = await requireExchange(request);
      const ifUnused = request.query.get("if-unused") === "true";
      const actions = request.node.objects.actionsOf(request.user);
      await byAmqp(actions.deleteExchange(vhost, name, { ifUnused }));
      return noContent();
    },
  }),
  route({
    method: "GET",
    path: "/exchanges/{vhost}/{name}/bindings/source",
    may: "vhost",
    summary: "The bindings from an exchange.",
    query: LIST_QUERY,
    handle: async (request) => {
      const { vhost, name: source } = await requireExchange(request);
      return objectsAnswer(request, await request.node.objects.bindings({ vhost, source }));
    },
  }),
  route({
    method: "GET",
    path: "/exchanges/{vhost}/{name}/bindings/destination",
    may: "vhost",
    summary: "The bindings to an exchange.",
    query: LIST_QUERY,
    handle: async (request) => {
      const { vhost, name: destination } = await requireExchange(request);
      const scope = { vhost, destinationType: "exchange", destination } as const;
      return objectsAnswer(request, await request.node.objects.bindings(scope));
    },
  }),
  route({
    method: "POST",
    path: "/exchanges/{vhost}/{name}/publish",
    may: "vhost",
    summary: "Publishes one message, and tells whether it came to a queue.",
    body: MESSAGE,
    handle: publish,
  }),
];

/** As AMQP names it. */
export function exchangeName(nameInUrl: string): string {
  return nameInUrl === DEFAULT_EXCHANGE ? "" : nameInUrl;
}

/** @throws HttpError 404 */
async function requireExchange({ node, params }: ApiRequest<ExchangeParams>): Promise<ObjectRef> {
  const { vhost } = params;
  return found(await node.objects.exchanges.refs({ vhost, name: exchangeName(params.name) }));
}

async function putExchange({
  node,
  user,
  params,
  body,
}: ApiRequest<ExchangeParams, v.InferOutput<typeof EXCHANGE>>): Promise<Response> {
  const { name: vhost } = requireVhostForChange({ node }, params.vhost);
  const name = exchangeName(params.name);
  const { type, durable, internal, auto_delete: autoDelete, arguments: args } = body;
  const existing = await node.objects.exchanges.refs({ vhost, name });
  const exchange = { vhost, name, type, durable, autoDelete, internal, arguments: args };
  await byAmqp(node.objects.actionsOf(user).declareExchange(exchange));
  return put(existing.length > 0);
}

async function publish({
  node,
  user,
  params,
  body,
}: ApiRequest<ExchangeParams, v.InferOutput<typeof MESSAGE>>): Promise<Response> {
  const { name: vhost } = requireVhost({ node }, params.vhost);
  const payload = payloadOf(body.payload, body.payload_encoding);
  const { routing_key: routingKey, properties } = body;
  checkProperties(properties);
  const exchange = exchangeName(params.name);
  const message = { vhost, exchange, routingKey, payload, properties };
  const isRouted = await published(node.objects.actionsOf(user).publish(message));
  return json({ routed: isRouted });
}

/** @throws HttpError in RabbitMQ's words */
function payloadOf(payload: unknown, encoding: string): Buffer {
  if (typeof payload !== "string") throw badRequest("payload_not_string");
  if (encoding === "string") return Buffer.from(payload);
  if (encoding !== "base64") throw badRequest(["unsupported_encoding", encoding]);
  if (/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(payload)) return Buffer.from(payload, "base64");
  throw badRequest(["not_base64", payload]);
}
