import { isUtf8 } from "node:buffer";
import * as v from "valibot";
import { badRequest } from "../http-error.ts";
import type { AccessQuestion, PeekedMessage, SeenMessage, TailEvent } from "../model/inspection.ts";
import type { JsonObject } from "../model/json.ts";
import { ARGUMENTS } from "../routes/amqp-bodies.ts";
import { json } from "../routes/answers.ts";
import { TEXT } from "../routes/body-schemas.ts";
import { type Route, route } from "../routes/route.ts";
import { requireVhost } from "../routes/vhost-scope.ts";
import { eventStream, type ServerEvent } from "../server/event-stream.ts";
import { PEEK_COUNT_MAX } from "./console-limits.ts";

const ROUTE_QUESTION = v.object({
  exchange: v.optional(TEXT, ""),
  routing_key: v.optional(TEXT, ""),
  headers: v.optional(ARGUMENTS, {}),
  user: v.optional(TEXT),
});

/** Questions about access, messages and routes; none of them changes anything. */
export const INSPECTION_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/leveret/users/{user}/access",
    may: "administrator",
    summary:
      "Whether a user may configure, write or read (permission) the queue or exchange of a name in a vhost; with routing_key also by topic permissions.",
    query: ["vhost", "permission", "name", "routing_key"],
    handle: ({ node, params, query }) => {
      const { allowed, reason } = node.inspection.mayAccess({
        user: params.user,
        vhost: query.get("vhost") ?? "/",
        permission: permissionOf(query),
        name: query.get("name") ?? "",
        routingKey: query.get("routing_key") || undefined,
      });
      return json({ allowed, reason });
    },
  }),
  route({
    method: "GET",
    path: "/leveret/queues/{vhost}/{name}/peek",
    may: "vhost",
    summary:
      "Ready messages of a queue in the order of delivery, which stay as they are. offset: how many come before the first one shown.",
    audit: { action: "peek_messages" },
    query: ["count", "offset"],
    handle: async (request) => {
      const { node, user, params, query, signal } = request;
      const { name: vhost } = requireVhost(request, params.vhost);
      const count = wholeNumber(query, "count", 1);
      if (count < 1 || count > PEEK_COUNT_MAX) {
        throw badRequest(`count must be from 1 to ${PEEK_COUNT_MAX}`);
      }
      const question = {
        vhost,
        queue: params.name,
        offset: wholeNumber(query, "offset", 0),
        count,
      };
      const messages = await node.inspection.peek(user, question, signal);
      return json(messages.map(peekedObject));
    },
  }),
  route({
    method: "GET",
    path: "/leveret/queues/{vhost}/{name}/tail",
    may: "vhost",
    summary: "Copies of the messages that come into a queue from now on, as server-sent events.",
    audit: { action: "tail_messages" },
    handle: (request) => {
      const { node, user, params, signal } = request;
      const { name: vhost } = requireVhost(request, params.vhost);
      const rows = node.inspection.tail(user, { vhost, name: params.name }, signal);
      return eventStream(asEvents(rows));
    },
  }),
  route({
    method: "POST",
    path: "/leveret/explain/{vhost}",
    may: "vhost",
    summary:
      "Where a message would go and why: the bindings that fit, the queues, and what would become of it there. Nothing is published.",
    body: ROUTE_QUESTION,
    handle: async (request) => {
      const { node, params, body } = request;
      const { name: vhost } = requireVhost(request, params.vhost);
      const { exchange, routing_key: routingKey, headers, user } = body;
      return json(
        await node.inspection.explainRoute({ vhost, exchange, routingKey, headers, user }),
      );
    },
  }),
];

function permissionOf(query: URLSearchParams): AccessQuestion["permission"] {
  const asked = query.get("permission");
  if (asked === "configure" || asked === "write" || asked === "read") return asked;
  throw badRequest("permission is configure, write or read");
}

function wholeNumber(query: URLSearchParams, key: string, otherwise: number): number {
  const text = query.get(key);
  if (text === null) return otherwise;
  if (!/^-?\d{1,15}$/.test(text)) throw badRequest(`${key} is no whole number`);
  return Number(text);
}

/** As POST /queues/{vhost}/{name}/get shows messages, with the place in the queue. */
function peekedObject(message: PeekedMessage): JsonObject {
  const { position, redelivered, messageCount } = message;
  return { position, redelivered, message_count: messageCount, ...seenObject(message) };
}

function seenObject(message: SeenMessage): JsonObject {
  const { payload } = message;
  const isString = isUtf8(payload);
  return {
    payload_bytes: message.payloadSize,
    exchange: message.exchange,
    routing_key: message.routingKey,
    properties: message.properties,
    payload: payload.toString(isString ? "utf8" : "base64"),
    payload_encoding: isString ? "string" : "base64",
  };
}

/** One event for each message: `message`, or `started`, `dropped` with a count, `interrupted`. */
async function* asEvents(rows: AsyncIterable<TailEvent>): AsyncGenerator<ServerEvent> {
  for await (const row of rows) {
    if (row.kind === "message") yield { event: row.kind, data: seenObject(row.message) };
    else if (row.kind === "dropped") yield { event: row.kind, data: { count: row.count } };
    else yield { event: row.kind, data: {} };
  }
}
