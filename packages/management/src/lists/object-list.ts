import { hasTag, type Identity } from "../model/identity.ts";
import type { JsonObject } from "../model/json.ts";
import type { ObjectList, ObjectRef } from "../model/runtime-objects.ts";
import type { ApiRequest } from "../routes/route.ts";
import { sampleWindows } from "../routes/sample-windows.ts";
import { type ColumnPath, pick } from "./columns.ts";
import { listAnswer } from "./list-answer.ts";

/**
 * The answer of a list of what runs: sorted by vhost and name unless the client wants another order. Only the objects of the page that it wants
 * are made. `shown`: all that objects have in this list; undefined: all that they have. @throws HttpError
 */
export function objectListAnswer(
  request: Pick<ApiRequest, "query" | "signal">,
  list: ObjectList,
  refs: readonly ObjectRef[],
  shown?: readonly ColumnPath[],
): Promise<Response> {
  const windows = sampleWindows(request.query);
  return listAnswer(request, {
    rows: refs,
    nameOf: ({ name }) => name,
    valuesOf: (rows, column) => list.values(rows, column),
    objectsOf: async (rows, columns) => {
      const keys = (columns ?? shown)?.flatMap(([key]) => key ?? []);
      const objects = await list.objects(rows, { keys, windows });
      if (shown === undefined) return objects;
      return objects.map((object): JsonObject | undefined => object && pick(object, shown));
    },
  });
}

/** What belongs to the user, and all if he may watch (RabbitMQ: connections, channels, consumers). */
export function ownOrWatched(user: Identity, refs: readonly ObjectRef[]): readonly ObjectRef[] {
  if (hasTag(user, "monitoring")) return refs;
  return refs.filter((ref) => ref.user === user.name);
}
