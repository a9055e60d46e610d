import * as v from "valibot";
import { badRequest } from "../http-error.ts";
import type { MoveRequest } from "../model/runtime-objects.ts";
import { byAmqp } from "../routes/amqp-answers.ts";
import { json } from "../routes/answers.ts";
import { INTEGER, TEXT } from "../routes/body-schemas.ts";
import { requireQueue } from "../routes/queue-routes.ts";
import { type Route, route } from "../routes/route.ts";
import { MOVE_COUNT_MAX } from "./console-limits.ts";

/** One of the two has to be there. */
const MOVE = v.object({
  count: INTEGER,
  to_queue: v.optional(TEXT),
  to_origin: v.optional(v.boolean(), false),
});

/** Messages from one queue to another. */
export const MOVE_ROUTES: readonly Route[] = [
  route({
    method: "POST",
    path: "/leveret/queues/{vhost}/{name}/move",
    may: "vhost",
    summary:
      "Moves messages to the queue to_queue, or with to_origin each dead letter to the queue that it came from. No message is lost; if the node fails meanwhile, one may be in both.",
    audit: { action: "move_messages", shows: ["count", "to_queue", "to_origin"] },
    body: MOVE,
    handle: async (request) => {
      const { node, user, body } = request;
      const { vhost, name: queue } = await requireQueue(request);
      if (body.count < 1 || body.count > MOVE_COUNT_MAX) {
        throw badRequest(`count must be from 1 to ${MOVE_COUNT_MAX}`);
      }
      const asked = {
        vhost,
        queue,
        count: body.count,
        to: targetOf(body.to_queue, body.to_origin),
      };
      const { moved, left, isRefused } = await byAmqp(node.objects.actionsOf(user).move(asked));
      return json({ moved, left, refused: isRefused });
    },
  }),
];

function targetOf(queue: string | undefined, isOrigin: boolean): MoveRequest["to"] {
  if (isOrigin) return "origin";
  if (queue === undefined || queue === "") throw badRequest("to_queue or to_origin is missing");
  return { queue };
}
