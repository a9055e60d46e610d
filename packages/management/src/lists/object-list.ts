import { hasTag, type Identity } from "../model/identity.ts";
import type { JsonObject } from "../model/json.ts";
import type { ObjectList, ObjectRef } from "../model/runtime-objects.ts";
import type { ApiRequest } from "../routes/route.ts";
import { sampleWindows } from "../routes/sample-windows.ts";
import { listAnswer } from "./list-answer.ts";

export interface ObjectListOptions {
  /** How an object is shown in this list; undefined: as it is. */
  readonly show?: (object: JsonObject) => JsonObject;
}

/**
 * The answer of a list of what runs: sorted by vhost and name unless the client wants another order. Only the objects of the page that it wants
 * are made. @throws HttpError
 */
export function objectListAnswer(
  request: Pick<ApiRequest, "query" | "signal">,
  list: ObjectList,
  refs: readonly ObjectRef[],
  { show = (object) => object }: ObjectListOptions = {},
): Promise<Response> {
  const windows = sampleWindows(request.query);
  return listAnswer(request, {
    rows: refs.toSorted(compareRefs),
    nameOf: ({ name }) => name,
    valuesOf: (rows, column) => list.values(rows, column),
    objectsOf: async (rows) => {
      const objects = await list.objects(rows, { windows });
      return objects.map((object) => object && show(object));
    },
  });
}

function compareRefs(left: ObjectRef, right: ObjectRef): number {
  return compareText(left.vhost, right.vhost) || compareText(left.name, right.name);
}

function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** What belongs to the user, and all if he may watch (RabbitMQ: connections, channels, consumers). */
export function ownOrWatched(user: Identity, refs: readonly ObjectRef[]): readonly ObjectRef[] {
  if (hasTag(user, "monitoring")) return refs;
  return refs.filter((ref) => ref.user === user.name);
}
