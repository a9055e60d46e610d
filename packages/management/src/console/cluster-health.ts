import type { JsonObject } from "../model/json.ts";
import { SURVEY_NAMES_MAX } from "./console-limits.ts";
import { QUEUE_CONDITIONS, type SurveyedQueue } from "./queue-survey.ts";

/** How many queues, and the names of the first. */
function queueGroup(queues: readonly SurveyedQueue[]): JsonObject {
  const first = queues.slice(0, SURVEY_NAMES_MAX).map(({ vhost, name }) => ({ vhost, name }));
  return { count: queues.length, first };
}

/** The queues with each condition. */
export function conditionGroups(queues: readonly SurveyedQueue[]): JsonObject {
  const groups = QUEUE_CONDITIONS.map((condition) => {
    return [condition, queueGroup(queues.filter(({ conditions }) => conditions.has(condition)))];
  });
  return Object.fromEntries(groups) as JsonObject;
}

/** What each node has of the queues, and which of them nobody could use any more if it stopped now. */
export function spreadOf(nodes: readonly string[], queues: readonly SurveyedQueue[]): JsonObject {
  return {
    nodes: nodes.map((node) => ({
      node,
      leads: queues.filter(({ leader }) => leader === node).length,
      replicas: queues.filter(({ members }) => members.includes(node)).length,
      lost_if_stopped: queueGroup(queues.filter((queue) => isLostWith(queue, node))),
    })),
  };
}

function isLostWith(queue: SurveyedQueue, node: string): boolean {
  const { members, available, needsMajority, leader } = queue;
  if (leader === undefined || !members.includes(node)) return false;
  const left = available.filter((member) => member !== node).length;
  return needsMajority ? left <= members.length / 2 : left === 0;
}
