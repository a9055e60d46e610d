import * as v from "valibot";
import { loginFailed } from "../http-error.ts";
import { CHALLENGE, type Login, managementUser, shownCredentials } from "../server/login.ts";
import { parseBody } from "../server/request-body.ts";
import { json, objectAnswer } from "./answers.ts";
import { TEXT } from "./body-schemas.ts";
import { type RawBody, type Route, route } from "./route.ts";

export const LOGIN_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/whoami",
    may: "user",
    summary: "Name and tags of the user who asks.",
    handle: (request) => {
      const { name, tags } = request.user;
      return objectAnswer(request, { name, tags });
    },
  }),
  route({
    method: "GET",
    path: "/auth",
    may: "anyone",
    summary: "How the console logs users in.",
    handle: () =>
      json({ oauth_enabled: false, enable_uaa: false, uaa_client_id: "", uaa_location: "" }),
  }),
  route({
    method: "POST",
    path: "/login",
    may: "anyone",
    summary:
      "Checks a name and a password: in the Authorization header, or as the fields username and password of a form or of JSON.",
    body: "raw",
    handle: async ({ node, headers, body, remoteAddress }) => {
      const header = headers.get("authorization") ?? undefined;
      const shown = header === undefined ? fieldsOf(body) : shownCredentials(header);
      const user = await managementUser(node.access, shown, remoteAddress);
      if (user === undefined) throw loginFailed(CHALLENGE);
      return json({ name: user.name, tags: user.tags });
    },
  }),
  route({
    method: "GET",
    path: "/auth/hash_password/{password}",
    may: "administrator",
    summary: "The password as it would be stored.",
    handle: async ({ node, params }) => {
      const { passwordHash } = await node.metadata.hashPassword(params.password);
      return json({ ok: passwordHash });
    },
  }),
];

const FIELDS = v.object({ username: TEXT, password: TEXT });

/** undefined: they are not there. @throws HttpError */
function fieldsOf({ bytes, contentType }: RawBody): Login | undefined {
  if (bytes.length === 0) return undefined;
  if (!/^application\/x-www-form-urlencoded\b/i.test(contentType)) return parseBody(FIELDS, bytes);
  const form = new URLSearchParams(bytes.toString("utf8"));
  const username = form.get("username");
  const password = form.get("password");
  return username === null || password === null ? undefined : { username, password };
}
