import type { IncomingMessage } from "node:http";
import { HttpError, methodNotAllowed, notFound } from "../http-error.ts";
import type { MetricsEndpoint, MetricsRequest } from "../model/metrics.ts";

/** Names in one query: there are some thirty families, and a scraper that wants many vhosts wants all. */
const NAMES_MAX = 200;

const BASE = "http://localhost";

/** What below the configured path stands for which endpoint. */
const ENDPOINTS: ReadonlyMap<string, MetricsEndpoint> = new Map([
  ["/per-object", "per-object"],
  ["/detailed", "detailed"],
  ["/memory-breakdown", "memory-breakdown"],
]);

/** Reads a request for metrics. @throws HttpError 404, 405, 406, 400 */
export function metricsRequestOf(
  { url = "/", method, headers }: IncomingMessage,
  { path, isPerObject }: { readonly path: string; readonly isPerObject: boolean },
): MetricsRequest {
  const { pathname, searchParams } = parse(url);
  const asked = pathname.length > 1 && pathname.endsWith("/") ? pathname.slice(0, -1) : pathname;
  const endpoint =
    asked === path
      ? isPerObject
        ? "per-object"
        : "aggregated"
      : asked.startsWith(path)
        ? ENDPOINTS.get(asked.slice(path.length))
        : undefined;
  if (endpoint === undefined) throw notFound();
  if (method !== "GET" && method !== "HEAD") throw methodNotAllowed("GET, HEAD");
  requireText(headers.accept);
  const vhosts = namesOf(searchParams, "vhost");
  return {
    endpoint,
    families: namesOf(searchParams, "family"),
    vhosts: vhosts.length === 0 ? undefined : vhosts,
  };
}

function parse(url: string): URL {
  if (!URL.canParse(url, BASE)) throw notFound();
  return new URL(url, BASE);
}

function namesOf(query: URLSearchParams, key: string): readonly string[] {
  const names = query.getAll(key);
  if (names.length <= NAMES_MAX) return names;
  throw new HttpError({ status: 400, error: "bad_request" }, `more than ${NAMES_MAX} of ${key}`);
}

/** There is text/plain only (RabbitMQ: 406 for OpenMetrics alone). Scrapers that would like something else say that text will do, too. */
function requireText(accept: string | undefined): void {
  if (accept === undefined || accept === "" || /text\/(plain|\*)|\*\/\*/.test(accept)) return;
  throw new HttpError({ status: 406, error: "not_acceptable" }, "text/plain only");
}
