import type { Context } from "hono";
import type { SessionTable } from "../console/session-table.ts";
import { badRequest } from "../http-error.ts";
import { NAME_SIZE_MAX, STRANGER_BODY_SIZE_MAX } from "../limits.ts";
import type { ManagedNode } from "../managed-node.ts";
import type { AuditedAction } from "../model/audit.ts";
import { NOBODY } from "../model/identity.ts";
import type { AuditEntry, Route } from "../routes/route.ts";
import { paramNames } from "../routes/route-order.ts";
import { authorise } from "./authorise.ts";
import { type Environment, rawPath } from "./environment.ts";
import { logIn } from "./login.ts";
import { parseBody, readBody } from "./request-body.ts";

/** What handlers of routes need of the server. */
export interface HandlerParts {
  readonly node: ManagedNode;
  readonly bodySizeMax: number;
  /** Of the console. */
  readonly sessions: SessionTable;
}

/** Parameters that are no names of objects, and may be longer. */
const LONG_PARAMS: ReadonlySet<string> = new Set(["props", "password", "pattern"]);

/** Serves one route: path, login, right, body, handler, in this order, as RabbitMQ does. */
export function routeHandler(
  entry: Route,
  { node, bodySizeMax, sessions }: HandlerParts,
): (context: Context<Environment>) => Promise<Response> {
  const names = paramNames(entry.path);
  const sizeMax =
    entry.may === "anyone" ? Math.min(bodySizeMax, STRANGER_BODY_SIZE_MAX) : bodySizeMax;
  return async (context) => {
    const { incoming, outgoing } = context.env;
    const params = readParams(context, names);
    const user = entry.may === "anyone" ? NOBODY : await logIn(node.access, incoming, sessions);
    authorise(node, user, { may: entry.may, vhost: params["vhost"] });
    const body = await readRouteBody(entry.body, context, sizeMax);
    const gone = new AbortController();
    outgoing.once("close", () => gone.abort());
    const { headers } = context.req.raw;
    const { url = "", socket } = incoming;
    const { remoteAddress = "" } = socket;
    const query = queryOf(url);
    const { signal } = gone;
    if (entry.audit !== undefined) {
      const { action } = entry.audit;
      const subject = auditSubject(entry.audit, params, body);
      node.audit.note({ user: user.name, from: remoteAddress, action, subject });
    }
    return entry.handle({ node, user, params, query, headers, remoteAddress, body, signal });
  };
}

/** @throws HttpError */
function readParams(
  context: Context<Environment>,
  names: readonly string[],
): Readonly<Record<string, string>> {
  requireDecodable(rawPath(context.env));
  const params: Record<string, string> = {};
  for (const name of names) {
    const value = context.req.param(name) ?? "";
    if (!LONG_PARAMS.has(name) && Buffer.byteLength(value) > NAME_SIZE_MAX) {
      throw badRequest(`${name} is longer than ${NAME_SIZE_MAX} bytes`);
    }
    params[name] = value;
  }
  return params;
}

/** Each `%` begins the code of a byte, and the bytes are UTF-8. @throws HttpError */
function requireDecodable(path: string): void {
  try {
    decodeURIComponent(path);
  } catch (error) {
    throw badRequest("the path is not percent-encoded UTF-8", { cause: error });
  }
}

function auditSubject(
  { shows = [] }: AuditEntry,
  params: Readonly<Record<string, string>>,
  body: unknown,
): AuditedAction["subject"] {
  const subject: Record<string, string | number | boolean> = { ...params };
  if (typeof body !== "object" || body === null) return subject;
  for (const key of shows) {
    const value: unknown = Reflect.get(body, key);
    // A body may be large; what is longer than a name can be is no name.
    if (typeof value === "string") subject[key] = value.slice(0, NAME_SIZE_MAX);
    else if (typeof value === "number" || typeof value === "boolean") subject[key] = value;
  }
  return subject;
}

async function readRouteBody(
  wanted: Route["body"],
  { env, req }: Context<Environment>,
  sizeMax: number,
): Promise<unknown> {
  if (wanted === undefined) return undefined;
  const bytes = await readBody(env.incoming, sizeMax);
  if (wanted === "raw") return { bytes, contentType: req.header("content-type") ?? "" };
  return parseBody(wanted, bytes);
}

function queryOf(url: string): URLSearchParams {
  const start = url.indexOf("?");
  return new URLSearchParams(start === -1 ? "" : url.slice(start + 1));
}
