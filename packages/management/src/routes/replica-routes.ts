import * as v from "valibot";
import type { JsonObject } from "../model/json.ts";
import type { ReplicaChange, ReplicaFacts } from "../model/runtime-objects.ts";
import { json, noContent } from "./answers.ts";
import { TEXT } from "./body-schemas.ts";
import { requireQueue } from "./queue-routes.ts";
import { type Route, route } from "./route.ts";

const MEMBER = v.object({ node: TEXT });
const GROWTH = v.object({
  strategy: v.picklist(["all", "even"], "strategy must be all or even"),
  vhost_pattern: v.optional(TEXT, ".*"),
  queue_pattern: v.optional(TEXT, ".*"),
});

/** RabbitMQ 4's operations on replicas of quorum queues. */
export const REPLICA_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/queues/quorum/{vhost}/{name}/status",
    may: "vhost",
    summary: "The state of each replica of a queue with a log.",
    handle: async (request) => {
      const { vhost, name } = await requireQueue(request);
      const replicas = await request.node.objects.replicas.status(vhost, name);
      return json(replicas.map(statusObject));
    },
  }),
  route({
    method: "POST",
    path: "/queues/quorum/{vhost}/{name}/replicas/add",
    may: "administrator",
    summary: "Adds a replica of a queue on a node.",
    audit: { action: "add_member", shows: ["node"] },
    body: MEMBER,
    handle: async (request) => {
      const { vhost, name } = await requireQueue(request);
      await request.node.objects.replicas.add(vhost, name, request.body.node);
      return noContent();
    },
  }),
  route({
    method: "DELETE",
    path: "/queues/quorum/{vhost}/{name}/replicas/delete",
    may: "administrator",
    summary: "Removes the replica of a queue from a node.",
    audit: { action: "delete_member", shows: ["node"] },
    body: MEMBER,
    handle: async (request) => {
      const { vhost, name } = await requireQueue(request);
      await request.node.objects.replicas.delete(vhost, name, request.body.node);
      return noContent();
    },
  }),
  route({
    method: "POST",
    path: "/queues/quorum/replicas/on/{node}/grow",
    may: "administrator",
    summary: "Adds a replica on a node to the quorum queues whose names match.",
    audit: { action: "grow", shows: ["strategy", "vhost_pattern", "queue_pattern"] },
    body: GROWTH,
    handle: async ({ node, params, body }) => {
      const { strategy, vhost_pattern: vhostPattern, queue_pattern: queuePattern } = body;
      const options = { strategy, vhostPattern, queuePattern };
      const changes = await node.objects.replicas.grow(params.node, options);
      return json(changes.map(changeObject));
    },
  }),
  route({
    method: "DELETE",
    path: "/queues/quorum/replicas/on/{node}/shrink",
    may: "administrator",
    summary: "Removes the replicas of all quorum queues from a node.",
    audit: { action: "shrink" },
    handle: async ({ node, params }) => {
      const changes = await node.objects.replicas.shrink(params.node);
      return json(changes.map(changeObject));
    },
  }),
];

/** Keys as the CLI's table has them (RabbitMQ). */
function statusObject(replica: ReplicaFacts): JsonObject {
  const { node, raftState, logIndex, commitIndex, snapshotIndex, term } = replica;
  return {
    "Node Name": node,
    "Raft State": raftState,
    "Log Index": logIndex ?? null,
    "Commit Index": commitIndex ?? null,
    "Snapshot Index": snapshotIndex ?? null,
    Term: term ?? null,
  };
}

function changeObject({ vhost, name, size, error }: ReplicaChange): JsonObject {
  return { vhost, name, size, result: error === undefined ? "ok" : "error", reason: error };
}
