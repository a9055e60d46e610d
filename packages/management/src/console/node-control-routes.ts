import * as v from "valibot";
import { noContent } from "../routes/answers.ts";
import { ANY_BODY, TEXT } from "../routes/body-schemas.ts";
import { requireQueue } from "../routes/queue-routes.ts";
import { type Route, route } from "../routes/route.ts";

/** Maintenance of nodes, and leaders of queues. */
export const NODE_CONTROL_ROUTES: readonly Route[] = [
  route({
    method: "POST",
    path: "/leveret/nodes/{node}/drain",
    may: "administrator",
    summary:
      "Puts a node into maintenance: its clients are sent away, other nodes lead what it led.",
    audit: { action: "drain" },
    body: ANY_BODY,
    handle: async ({ node, params }) => {
      await node.control.drain(params.node);
      return noContent();
    },
  }),
  route({
    method: "POST",
    path: "/leveret/nodes/{node}/revive",
    may: "administrator",
    summary: "Ends the maintenance of a node.",
    audit: { action: "revive" },
    body: ANY_BODY,
    handle: async ({ node, params }) => {
      await node.control.revive(params.node);
      return noContent();
    },
  }),
  route({
    method: "POST",
    path: "/leveret/queues/{vhost}/{name}/leader",
    may: "administrator",
    summary: "Makes the replica on a node the leader of a queue.",
    audit: { action: "transfer_leadership", shows: ["node"] },
    body: v.object({ node: TEXT }),
    handle: async (request) => {
      const { vhost, name } = await requireQueue(request);
      await request.node.control.transferLeadership(vhost, name, request.body.node);
      return noContent();
    },
  }),
];
