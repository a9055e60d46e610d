import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";

/**
 * Browsers keep cookies by host and path, not by port: the port in the name lets nodes of one machine have a session each.
 */
function cookieName({ socket }: IncomingMessage): string {
  return `leveret_session_${socket.localPort ?? 0}`;
}

/** The id in the session's cookie; undefined: the request has none. */
export function sessionIdOf(incoming: IncomingMessage): string | undefined {
  const wanted = cookieName(incoming);
  for (const pair of (incoming.headers.cookie ?? "").split(";")) {
    const [name, value] = pair.trim().split("=", 2);
    if (name === wanted && value !== undefined && value !== "") return value;
  }
  return undefined;
}

/** For the header Set-Cookie. Scripts cannot read it, and requests that other sites cause do not carry it. */
export function sessionCookie(incoming: IncomingMessage, id: string, path: string): string {
  return `${cookieName(incoming)}=${id}; ${attributes(incoming, path)}`;
}

/** Makes the browser forget the session. */
export function forgottenCookie(incoming: IncomingMessage, path: string): string {
  return `${cookieName(incoming)}=; Max-Age=0; ${attributes(incoming, path)}`;
}

function attributes({ socket }: IncomingMessage, path: string): string {
  const secure = socket instanceof TLSSocket ? "; Secure" : "";
  return `Path=${path === "" ? "/" : path}; HttpOnly; SameSite=Strict${secure}`;
}

/** Header that pages of other sites cannot add without being asked for by CORS; the console's requests all have it. */
export function isFromConsole({ headers }: IncomingMessage): boolean {
  return headers["x-requested-with"] === "XMLHttpRequest";
}
