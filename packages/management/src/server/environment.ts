import type { IncomingMessage, ServerResponse } from "node:http";

/** What Hono's contexts know of the connection: the bindings of @hono/node-server. */
export interface Environment {
  readonly Bindings: Bindings;
}

export interface Bindings {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

/** The path as it was sent, still encoded: `%2F` in a name is no slash. Without query, without the prefix that the node is served under. */
export function rawPath({ incoming }: Bindings): string {
  const url = incoming.url ?? "/";
  const end = url.search(/[?#]/);
  const path = end === -1 ? url : url.slice(0, end);
  return path.startsWith("/") ? path : pathOfAbsoluteUrl(path);
}

/** Proxies may send `GET http://host/path`. */
function pathOfAbsoluteUrl(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  return start === -1 ? "/" : url.slice(start);
}
