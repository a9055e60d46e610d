import { badRequest } from "../http-error.ts";
import type { ObjectRef, RuntimeObjects } from "../model/runtime-objects.ts";
import { QUEUE_CONDITIONS, surveyQueues } from "./queue-survey.ts";

/** Those queues of `refs` that have the condition which the query asks for; all if it asks for none. @throws HttpError 400 */
export async function queuesInCondition(
  objects: RuntimeObjects,
  refs: readonly ObjectRef[],
  query: URLSearchParams,
): Promise<readonly ObjectRef[]> {
  const asked = query.get("condition");
  if (asked === null) return refs;
  const condition = QUEUE_CONDITIONS.find((known) => known === asked);
  if (condition === undefined)
    throw badRequest(`condition is one of ${QUEUE_CONDITIONS.join(", ")}`);
  const found = new Set<string>();
  for (const { vhost, name, conditions } of await surveyQueues(objects)) {
    if (conditions.has(condition)) found.add(`${vhost}\0${name}`);
  }
  return refs.filter(({ vhost, name }) => found.has(`${vhost}\0${name}`));
}

/** With `condition=own` those exchanges that are not built in. @throws HttpError 400 */
export function exchangesInCondition(
  refs: readonly ObjectRef[],
  query: URLSearchParams,
): readonly ObjectRef[] {
  const asked = query.get("condition");
  if (asked === null) return refs;
  if (asked !== "own") throw badRequest("condition is own");
  return refs.filter(({ name }) => name !== "" && !name.startsWith("amq."));
}
