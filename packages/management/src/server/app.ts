import { Hono, type MiddlewareHandler } from "hono";
import { compress } from "hono/compress";
import { TrieRouter } from "hono/router/trie-router";
import { addConsole } from "../console/add-console.ts";
import type { ConsoleFiles } from "../console/console-files.ts";
import { SessionTable } from "../console/session-table.ts";
import { methodNotAllowed, notFound } from "../http-error.ts";
import { COMPRESS_SIZE_MIN } from "../limits.ts";
import type { ManagedNode } from "../managed-node.ts";
import type { Route } from "../routes/route.ts";
import { compareRoutes } from "../routes/route-order.ts";
import { allowOtherOrigins } from "./allow-other-origins.ts";
import { type Environment, rawPath } from "./environment.ts";
import { bugAnswer, errorAnswer, errorResponse } from "./error-answers.ts";
import type { HttpOptions } from "./options.ts";
import { routeHandler } from "./route-handler.ts";

/** What the API is made of. */
export interface AppParts {
  readonly node: ManagedNode;
  readonly routes: readonly Route[];
  readonly options: HttpOptions;
  /** The management console; without them there is the API alone. */
  readonly consoleFiles?: ConsoleFiles;
  /** A bug: the client is told no more than that. */
  onUnexpected(error: unknown, path: string): void;
}

/** A path that is below no prefix: there is nothing. */
const OUTSIDE = "/.outside";

/** The Hono application that serves `/api` from a table of routes. */
export function createApp(parts: AppParts): Hono<Environment> {
  const { options, onUnexpected } = parts;
  const app = new Hono<Environment>({
    // The other routers that Hono tries first take 100 ms to find out that they cannot have these paths.
    router: new TrieRouter(),
    getPath: (_request, context) =>
      context?.env === undefined ? OUTSIDE : pathOf(rawPath(context.env), options.pathPrefix),
  });
  app.use(withHeaders(options.headers));
  app.use(allowOtherOrigins(options.cors));
  if (options.isCompressed) app.use(compress({ threshold: COMPRESS_SIZE_MIN }));
  const sessions = new SessionTable();
  for (const [path, routes] of byPath(parts.routes)) {
    addPath(app, path, { ...parts, routes, sessions });
  }
  addConsole(app, { consoleFiles: new Map(), ...parts, sessions });
  app.notFound(() => errorResponse(notFound()));
  app.onError((error, context) => {
    const answer = errorAnswer(error);
    if (answer !== undefined) return answer;
    // Whoever has gone away does not read it.
    if (!context.env.outgoing.destroyed) onUnexpected(error, loggedPath(context.req.path));
    return bugAnswer();
  });
  return app;
}

/** Passwords are no part of a log. */
function loggedPath(path: string): string {
  return path.replace(/(\/hash_password\/).*/, "$1...");
}

function withHeaders(headers: HttpOptions["headers"]): MiddlewareHandler<Environment> {
  const entries = Object.entries(headers);
  return async (context, next) => {
    await next();
    for (const [name, value] of entries) context.header(name, value);
  };
}

function addPath(
  app: Hono<Environment>,
  path: string,
  parts: AppParts & { readonly sessions: SessionTable },
): void {
  const below = path === "/" ? "" : path.replaceAll(/\{(\w+)\}/g, ":$1");
  const pattern = `/api${below}`;
  const methods = parts.routes.map(({ method }) => method);
  const allow = [...(methods.includes("GET") ? ["HEAD"] : []), ...methods, "OPTIONS"].join(", ");
  const { node, sessions, options } = parts;
  const handlerParts = { node, sessions, bodySizeMax: options.bodySizeMax };
  for (const entry of parts.routes) {
    app.on(entry.method, pattern, routeHandler(entry, handlerParts));
  }
  app.on("OPTIONS", pattern, () => new Response(null, { headers: { allow } }));
  app.all(pattern, () => errorResponse(methodNotAllowed(allow)));
}

/** In the order in which paths are to be tried. */
function byPath(routes: readonly Route[]): ReadonlyMap<string, readonly Route[]> {
  const grouped = new Map<string, Route[]>();
  for (const entry of routes.toSorted((left, right) => compareRoutes(left.path, right.path))) {
    const same = grouped.get(entry.path) ?? [];
    grouped.set(entry.path, same);
    same.push(entry);
  }
  return grouped;
}

/** Without the prefix, and without a slash at the end. */
function pathOf(path: string, prefix: string): string {
  const inside = path.slice(prefix.length);
  if (!path.startsWith(prefix) || !/^($|\/)/.test(inside)) return OUTSIDE;
  if (inside.length <= 1) return "/";
  return inside.endsWith("/") ? inside.slice(0, -1) : inside;
}
