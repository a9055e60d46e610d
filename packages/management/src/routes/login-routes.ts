import { json } from "./answers.ts";
import { type Route, route } from "./route.ts";

export const LOGIN_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/whoami",
    may: "user",
    summary: "Name and tags of the user who asks.",
    handle: ({ user: { name, tags } }) => json({ name, tags }),
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
