import type { IncomingMessage } from "node:http";
import { sessionUser } from "../console/session-login.ts";
import type { SessionTable } from "../console/session-table.ts";
import { loginFailed } from "../http-error.ts";
import type { Access } from "../model/access.ts";
import { hasTag, type Identity } from "../model/identity.ts";

/** RabbitMQ's realm: scripts look at it. */
export const CHALLENGE = { "www-authenticate": 'Basic realm="RabbitMQ Management"' };

/** A name and a password, as somebody shows them. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

/**
 * The user of a request, from its credentials, or without them from its session of the console, if `sessions` are given. The user
 * needs a tag that opens the API; who has none is told the same as who is not known. @throws HttpError 401
 */
export async function logIn(
  access: Access,
  incoming: IncomingMessage,
  sessions?: SessionTable,
): Promise<Identity> {
  if (incoming.headers.authorization === undefined && sessions !== undefined) {
    const known = await sessionUser(access, sessions, incoming);
    if (known !== undefined) return known;
  }
  const shown = shownCredentials(incoming.headers.authorization);
  const user = await managementUser(access, shown, incoming.socket.remoteAddress ?? "");
  if (user !== undefined) return user;
  throw loginFailed(isScriptOfBrowser(incoming) ? {} : CHALLENGE);
}

/** The user, if the login is right and he has a tag that opens the API. */
export async function managementUser(
  access: Access,
  shown: Login | undefined,
  remoteAddress: string,
): Promise<Identity | undefined> {
  const user = shown && (await access.authenticate({ ...shown, remoteAddress }));
  return user !== undefined && hasTag(user, "management") ? user : undefined;
}

/** Of the header Authorization: Basic (RFC 7617), or a token (RFC 6750), which names its owner. undefined: none, or not to be understood. */
export function shownCredentials(header: string | undefined): Login | undefined {
  const [, token] = /^bearer +([A-Za-z0-9._~+/=-]+)$/i.exec(header ?? "") ?? [];
  if (token !== undefined) return { username: "", password: token };
  const [, encoded] = /^basic +([A-Za-z0-9+/_=-]+)$/i.exec(header ?? "") ?? [];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon === -1) return undefined;
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** A challenge would make the browser ask for a password itself, over the page that has asked. */
function isScriptOfBrowser({ headers }: IncomingMessage): boolean {
  if (headers["x-requested-with"] === "XMLHttpRequest") return true;
  const mode = headers["sec-fetch-mode"];
  return mode !== undefined && mode !== "navigate";
}
