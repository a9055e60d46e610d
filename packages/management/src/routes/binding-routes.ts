import * as v from "valibot";
import { notFound } from "../http-error.ts";
import { objectsAnswer } from "../lists/list-answer.ts";
import { LIST_QUERY } from "../lists/list-query.ts";
import type { JsonObject } from "../model/json.ts";
import type { BindingEnds } from "../model/runtime-objects.ts";
import { byAmqp } from "./amqp-answers.ts";
import { ARGUMENTS } from "./amqp-bodies.ts";
import { noContent, objectAnswer } from "./answers.ts";
import { TEXT } from "./body-schemas.ts";
import { exchangeName } from "./exchange-routes.ts";
import { type ApiRequest, type Route, route } from "./route.ts";
import { inOwnVhosts, requireVhost, requireVhostForChange } from "./vhost-scope.ts";

const BINDING = v.object({
  routing_key: v.optional(TEXT, ""),
  arguments: v.optional(ARGUMENTS, {}),
});

/** Both ends, as a URL names them. */
interface Ends {
  readonly vhost: string;
  readonly source: string;
  /** `q` or `e` */
  readonly dtype: string;
  readonly destination: string;
}

export const BINDING_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/bindings",
    may: "user",
    summary: "The bindings of all virtual hosts that the user may enter.",
    query: LIST_QUERY,
    handle: async (request) => {
      const { metadata, objects } = request.node;
      const vhosts = metadata.vhosts().map(({ name }) => ({ vhost: name }));
      const own = inOwnVhosts(request, vhosts);
      const found = await Promise.all(own.map((scope) => objects.bindings(scope)));
      return objectsAnswer(request, found.flat());
    },
  }),
  route({
    method: "GET",
    path: "/bindings/{vhost}",
    may: "vhost",
    summary: "The bindings of a virtual host.",
    query: LIST_QUERY,
    handle: async (request) => {
      const { name: vhost } = requireVhost(request, request.params.vhost);
      return objectsAnswer(request, await request.node.objects.bindings({ vhost }));
    },
  }),
  route({
    method: "GET",
    path: "/bindings/{vhost}/e/{source}/{dtype}/{destination}",
    may: "vhost",
    summary: "The bindings from an exchange to a queue (q) or another exchange (e).",
    query: LIST_QUERY,
    handle: async (request) => {
      requireVhost(request, request.params.vhost);
      const between = betweenOf(request.params);
      return objectsAnswer(request, await request.node.objects.bindings(between));
    },
  }),
  route({
    method: "POST",
    path: "/bindings/{vhost}/e/{source}/{dtype}/{destination}",
    may: "vhost",
    summary:
      "Binds a queue (q) or an exchange (e) to an exchange. The answer's Location names the binding.",
    body: BINDING,
    handle: bind,
  }),
  route({
    method: "GET",
    path: "/bindings/{vhost}/e/{source}/{dtype}/{destination}/{props}",
    may: "vhost",
    summary: "One binding, by its properties_key.",
    handle: async (request) => objectAnswer(request, await requireBinding(request)),
  }),
  route({
    method: "DELETE",
    path: "/bindings/{vhost}/e/{source}/{dtype}/{destination}/{props}",
    may: "vhost",
    summary: "Deletes a binding, by its properties_key.",
    handle: async (request) => {
      const { node, user, params } = request;
      const actions = node.objects.actionsOf(user);
      const isThere = await byAmqp(actions.unbind(betweenOf(params), params.props));
      if (!isThere) throw notFound();
      return noContent();
    },
  }),
];

/** @throws HttpError 404 for a type that does not exist */
function betweenOf({ vhost, source, dtype, destination }: Ends): BindingEnds {
  if (dtype !== "q" && dtype !== "e") throw notFound();
  return {
    vhost,
    source: exchangeName(source),
    destinationType: dtype === "q" ? "queue" : "exchange",
    destination: dtype === "q" ? destination : exchangeName(destination),
  };
}

async function requireBinding({
  node,
  params,
}: ApiRequest<Ends & { readonly props: string }>): Promise<JsonObject> {
  const bindings = await node.objects.bindings(betweenOf(params));
  const binding = bindings.find(({ properties_key: key }) => key === params.props);
  if (binding === undefined) throw notFound();
  return binding;
}

async function bind({
  node,
  user,
  params,
  body,
}: ApiRequest<Ends, v.InferOutput<typeof BINDING>>): Promise<Response> {
  requireVhostForChange({ node }, params.vhost);
  const { routing_key: routingKey, arguments: args } = body;
  const binding = { ...betweenOf(params), routingKey, arguments: args };
  const key = await byAmqp(node.objects.actionsOf(user).bind(binding));
  // Relative, as RabbitMQ's: the name of the destination and the key, which is encoded once more.
  const location = `${encodeURIComponent(params.destination)}/${encodeURIComponent(key)}`;
  return new Response(null, { status: 201, headers: { location } });
}
