import { hasTag } from "../model/identity.ts";
import type { JsonObject } from "../model/json.ts";
import { json } from "../routes/answers.ts";
import { type ApiRequest, type Route, route } from "../routes/route.ts";
import { inOwnVhosts } from "../routes/vhost-scope.ts";
import { conditionGroups, spreadOf } from "./cluster-health.ts";
import { surveyQueues } from "./queue-survey.ts";

/** What the console asks beyond RabbitMQ's API. */
export const CONSOLE_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/leveret/health",
    may: "user",
    summary:
      "What is wrong or may become so: nodes down, alarms, queues that grow, have no consumer, make no progress, hold dead letters or have no leader.",
    handle: async (request) => {
      const queues = inOwnVhosts(request, await surveyQueues(request.node.objects));
      const nodes = hasTag(request.user, "monitoring") ? await nodeProblems(request) : {};
      return json({ ...nodes, ...conditionGroups(queues) });
    },
  }),
  route({
    method: "GET",
    path: "/leveret/spread",
    may: "monitoring",
    summary: "How many queues each node leads and has, and which would be lost if it stopped now.",
    handle: async ({ node }) =>
      json(spreadOf(node.facts.memberNames(), await surveyQueues(node.objects))),
  }),
];

async function nodeProblems({ node }: Pick<ApiRequest, "node">): Promise<JsonObject> {
  const [nodes, alarms] = await Promise.all([
    node.facts.nodes({ windows: {} }),
    node.health.alarms(),
  ]);
  const alarmed = (wanted: "memory" | "disk"): string[] =>
    alarms.filter(({ resource }) => resource === wanted).map((alarm) => alarm.node);
  return {
    nodes_down: nodes.filter((one) => one["running"] !== true).map((one) => String(one["name"])),
    memory_alarms: alarmed("memory"),
    disk_alarms: alarmed("disk"),
  };
}
