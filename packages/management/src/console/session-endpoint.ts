import type { Context, Hono } from "hono";
import * as v from "valibot";
import { loginFailed, methodNotAllowed, notAuthorised } from "../http-error.ts";
import type { ManagedNode } from "../managed-node.ts";
import type { Identity } from "../model/identity.ts";
import { json } from "../routes/answers.ts";
import type { Environment } from "../server/environment.ts";
import { errorResponse } from "../server/error-answers.ts";
import { parseBody, readBody } from "../server/request-body.ts";
import { forgottenCookie, isFromConsole, sessionCookie, sessionIdOf } from "./session-cookie.ts";
import { sessionUser, tagged } from "./session-login.ts";
import type { SessionTable } from "./session-table.ts";

const LOGIN = v.object({ username: v.string(), password: v.string() });
/** Longer than any name and password. */
const LOGIN_SIZE_MAX = 10_000;

interface SessionParts {
  readonly node: Pick<ManagedNode, "access" | "control">;
  readonly sessions: SessionTable;
  /** "": none. */
  readonly pathPrefix: string;
}

/**
 * `/api/leveret/session`: GET says who is logged in by the browser's cookie (`{"user":null}`: nobody) and how far the node is, as nobody can log
 * in before it runs; POST logs in, DELETE logs out. None of them ever answers with a challenge, which would make the browser itself ask for a password.
 */
export function addSessionEndpoint(app: Hono<Environment>, parts: SessionParts): void {
  const path = "/api/leveret/session";
  app.get(path, async ({ env }) => {
    const user = await sessionUser(parts.node.access, parts.sessions, env.incoming);
    const { state, awaited } = parts.node.control.progress;
    return json({ user: user === undefined ? null : userObject(user), state, awaited });
  });
  app.post(path, (context) => logIn(context, parts));
  app.delete(path, ({ env }) => logOut(env, parts));
  app.all(path, () => errorResponse(methodNotAllowed("HEAD, GET, POST, DELETE")));
}

/** A session is only opened for pages of this origin, so that nobody is logged in as somebody else unawares. */
async function logIn(
  { env: { incoming } }: Context<Environment>,
  { node, sessions, pathPrefix }: SessionParts,
): Promise<Response> {
  if (!isFromConsole(incoming)) throw notAuthorised("x-requested-with: XMLHttpRequest is missing");
  const login = parseBody(LOGIN, await readBody(incoming, LOGIN_SIZE_MAX));
  const user = await tagged(node.access, login, incoming);
  if (user === undefined) throw loginFailed({});
  const former = sessionIdOf(incoming);
  if (former !== undefined) sessions.end(former);
  const id = sessions.open(login);
  const answer = json({ user: userObject(user) });
  answer.headers.set("set-cookie", sessionCookie(incoming, id, pathPrefix));
  return answer;
}

function logOut(
  { incoming }: Environment["Bindings"],
  { sessions, pathPrefix }: SessionParts,
): Response {
  const id = sessionIdOf(incoming);
  if (id !== undefined && isFromConsole(incoming)) sessions.end(id);
  return new Response(null, {
    status: 204,
    headers: { "set-cookie": forgottenCookie(incoming, pathPrefix) },
  });
}

function userObject({ name, tags }: Identity): { name: string; tags: string[] } {
  return { name, tags: [...tags] };
}
