import type { IncomingMessage } from "node:http";
import type { Access } from "../model/access.ts";
import { hasTag, type Identity } from "../model/identity.ts";
import { isFromConsole, sessionIdOf } from "./session-cookie.ts";
import type { SessionLogin, SessionTable } from "./session-table.ts";

/** Methods that change nothing. */
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * The user of a request that comes with the console's cookie; undefined: it has none, or its session has ended. Another site may make a
 * browser send a request; so one that may change something must have the console's header, too, which only pages of this origin can add.
 */
export async function sessionUser(
  access: Access,
  sessions: SessionTable,
  incoming: IncomingMessage,
): Promise<Identity | undefined> {
  const id = sessionIdOf(incoming);
  const login = id === undefined ? undefined : sessions.find(id);
  if (id === undefined || login === undefined) return undefined;
  if (!SAFE.has(incoming.method ?? "GET") && !isFromConsole(incoming)) return undefined;
  const user = await tagged(access, login, incoming);
  // Asked again it would count as a failed login each time.
  if (user === undefined) sessions.end(id);
  return user;
}

/** undefined: name or password are wrong, or the user has no tag that opens the API. */
export async function tagged(
  access: Access,
  { username, password }: SessionLogin,
  { socket }: IncomingMessage,
): Promise<Identity | undefined> {
  const remoteAddress = socket.remoteAddress ?? "";
  const user = await access.authenticate({ username, password, remoteAddress });
  return user !== undefined && hasTag(user, "management") ? user : undefined;
}
