import { jsonResponse } from "../json-response.ts";
import { columnsOf, pick } from "../lists/columns.ts";
import type { JsonObject, JsonValue } from "../model/json.ts";
import type { ApiRequest } from "./route.ts";

/** An answer in JSON, as it is. */
export function json(
  value: JsonValue | JsonObject | readonly JsonObject[],
  status = 200,
): Response {
  return jsonResponse(JSON.stringify(value), status);
}

/** One object, with the columns that the query asks for (all, if it does not). */
export function objectAnswer({ query }: Pick<ApiRequest, "query">, object: JsonObject): Response {
  const columns = columnsOf(query);
  return json(columns === undefined ? object : pick(object, columns));
}

/** Of a PUT: 201 if it made the object, 204 if it was there. */
export function put(existed: boolean): Response {
  return new Response(null, { status: existed ? 204 : 201 });
}

export function noContent(): Response {
  return new Response(null, { status: 204 });
}
