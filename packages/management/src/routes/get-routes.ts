import { isUtf8 } from "node:buffer";
import * as v from "valibot";
import { badRequest } from "../http-error.ts";
import { GET_COUNT_MAX, GET_SIZE_MAX } from "../limits.ts";
import { Slices } from "../lists/slices.ts";
import { jsonText } from "../lists/text-stream.ts";
import type { JsonObject } from "../model/json.ts";
import type { GetRequest, GotMessage } from "../model/runtime-objects.ts";
import { got } from "./amqp-answers.ts";
import { INTEGER, TEXT } from "./body-schemas.ts";
import type { QueueParams } from "./queue-routes.ts";
import { type ApiRequest, type Route, route } from "./route.ts";

/** In the order in which RabbitMQ names what is missing. */
const GET = v.object({
  ackmode: TEXT,
  count: INTEGER,
  encoding: TEXT,
  truncate: v.optional(INTEGER),
});

/** A message of so many bytes takes as long as many small ones. */
const LARGE_SIZE = 16_384;
const LARGE_STEPS = 16;

const ACK_MODES: ReadonlyMap<string, GetRequest["settle"]> = new Map([
  ["ack_requeue_false", "ack"],
  ["ack_requeue_true", "requeue"],
  ["reject_requeue_false", "reject"],
  ["reject_requeue_true", "requeue"],
]);

export const GET_ROUTES: readonly Route[] = [
  route({
    method: "POST",
    path: "/queues/{vhost}/{name}/get",
    may: "vhost",
    summary:
      "Takes messages from a queue, and may put them back. The next consumer sees that they were redelivered.",
    audit: { action: "get_messages", shows: ["ackmode", "count"] },
    body: GET,
    handle: get,
  }),
];

async function get({
  node,
  user,
  params,
  body,
}: ApiRequest<QueueParams, v.InferOutput<typeof GET>>): Promise<Response> {
  const { vhost, name: queue } = params;
  const settle = ACK_MODES.get(body.ackmode);
  if (settle === undefined) throw badRequest(`unknown ackmode ${body.ackmode}`);
  if (body.encoding !== "auto" && body.encoding !== "base64") {
    throw badRequest("Unsupported encoding. Please use auto or base64.");
  }
  if (body.count < 0 || body.count > GET_COUNT_MAX) {
    throw badRequest(`count must be from 0 to ${GET_COUNT_MAX}`);
  }
  const request = { vhost, queue, count: body.count, settle, sizeMax: GET_SIZE_MAX };
  const messages = await got(node.objects.actionsOf(user).get(request));
  const isText = body.encoding === "auto";
  const show = (message: GotMessage): JsonObject => messageObject(message, isText, body.truncate);
  return jsonText(messagesText(messages, show));
}

/** A list of large messages is made while it is sent. */
async function* messagesText(
  messages: readonly GotMessage[],
  show: (message: GotMessage) => JsonObject,
): AsyncGenerator<string> {
  const slices = new Slices();
  let separator = "[";
  for (const message of messages) {
    yield separator + JSON.stringify(show(message));
    separator = ",";
    if (slices.isDue(message.payload.length > LARGE_SIZE ? LARGE_STEPS : 1)) await slices.pause();
  }
  yield messages.length === 0 ? "[]" : "]";
}

function messageObject(message: GotMessage, isText: boolean, truncate?: number): JsonObject {
  const { payload, properties } = message;
  const shown = truncate === undefined ? payload : payload.subarray(0, Math.max(0, truncate));
  const isString = isText && isUtf8(shown);
  return {
    payload_bytes: payload.length,
    redelivered: message.redelivered,
    exchange: message.exchange,
    routing_key: message.routingKey,
    message_count: message.messageCount,
    // How RabbitMQ writes an empty object.
    properties: Object.keys(properties).length === 0 ? [] : properties,
    payload: shown.toString(isString ? "utf8" : "base64"),
    payload_encoding: isString ? "string" : "base64",
  };
}
