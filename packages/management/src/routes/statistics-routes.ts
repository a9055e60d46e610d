import { notFound } from "../http-error.ts";
import { hasTag } from "../model/identity.ts";
import type { JsonObject } from "../model/json.ts";
import { json, noContent } from "./answers.ts";
import { liveEvents } from "./live-events.ts";
import { type ApiRequest, type Route, route } from "./route.ts";
import { visibleVhosts } from "./vhost-scope.ts";

export const STATISTICS_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/nodes/{node}/memory",
    may: "monitoring",
    summary:
      "What the memory of a node is used for, in bytes; the parts add up to the resident memory.",
    handle: async (request) => json({ memory: await memoryOf(request) }),
  }),
  route({
    method: "GET",
    path: "/nodes/{node}/memory/relative",
    may: "monitoring",
    summary: "The same in percent.",
    handle: async (request) => json({ memory: relative(await memoryOf(request)) }),
  }),
  route({
    method: "DELETE",
    path: "/reset",
    may: "administrator",
    summary: "Forgets the samples of all nodes. Counts go on.",
    audit: { action: "reset_statistics" },
    handle: async ({ node }) => {
      await node.statistics.reset(undefined);
      return noContent();
    },
  }),
  route({
    method: "DELETE",
    path: "/reset/{node}",
    may: "administrator",
    summary: "Forgets the samples of one node.",
    audit: { action: "reset_statistics" },
    handle: async ({ node, params }) => {
      if (!(await node.statistics.reset(params.node))) throw notFound();
      return noContent();
    },
  }),
  route({
    method: "GET",
    path: "/leveret/events",
    may: "user",
    summary: "Figures of the cluster as they change, each second, as server-sent events.",
    handle: (request) => {
      const { node, user, signal } = request;
      const vhosts = hasTag(user, "monitoring")
        ? undefined
        : visibleVhosts(request).map(({ name }) => name);
      return liveEvents(node.statistics.live({ vhosts }, signal));
    },
  }),
];

async function memoryOf({
  node,
  params,
}: Pick<ApiRequest<{ readonly node: string }>, "node" | "params">): Promise<JsonObject> {
  const memory = await node.statistics.nodeMemory(params.node);
  if (memory === undefined) throw notFound();
  return memory;
}

/** Each part in percent of the whole, and the whole as 100 (RabbitMQ). */
function relative(memory: JsonObject): JsonObject {
  const parts = Object.entries(memory).filter(
    (entry): entry is [string, number] => typeof entry[1] === "number",
  );
  const sum = parts.reduce((total, [, bytes]) => total + bytes, 0);
  const percent = parts.map(([name, bytes]) => [name, Math.round((bytes / sum) * 100)] as const);
  return { ...Object.fromEntries(percent), total: 100 };
}
