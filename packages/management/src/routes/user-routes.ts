import * as v from "valibot";
import { badRequest, notFound } from "../http-error.ts";
import { objectsAnswer } from "../lists/list-answer.ts";
import { LIST_QUERY } from "../lists/list-query.ts";
import type { JsonObject } from "../model/json.ts";
import type { PasswordHash, UserEntry } from "../model/metadata.ts";
import { noContent, objectAnswer, put } from "./answers.ts";
import { DICTIONARY, TAGS, TEXT } from "./body-schemas.ts";
import { permissionObject, topicPermissionObject } from "./permission-routes.ts";
import { type ApiRequest, type Route, route } from "./route.ts";

const USER = v.object({
  password: v.optional(TEXT),
  password_hash: v.optional(TEXT),
  hashing_algorithm: v.optional(TEXT),
  tags: v.optional(TAGS),
  limits: v.optional(DICTIONARY),
});
type UserBody = v.InferOutput<typeof USER>;

const may = "administrator";

export const USER_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/users",
    may,
    summary: "All users, with their password hashes.",
    query: LIST_QUERY,
    handle: (request) => objectsAnswer(request, request.node.metadata.users().map(userObject)),
  }),
  route({
    method: "GET",
    path: "/users/without-permissions",
    may,
    summary: "Users that have no permissions in any virtual host.",
    query: LIST_QUERY,
    handle: (request) => {
      const { metadata } = request.node;
      const withPermissions = new Set(metadata.permissions().map(({ user }) => user));
      const users = metadata.users().filter(({ name }) => !withPermissions.has(name));
      return objectsAnswer(request, users.map(userObject));
    },
  }),
  route({
    method: "POST",
    path: "/users/bulk-delete",
    may,
    summary: "Deletes the users that the body names; those that are not there are passed over.",
    body: v.object({ users: v.array(TEXT, "must be a list of names") }),
    handle: async ({ node, user, body }) => {
      for (const name of body.users) {
        if (node.metadata.user(name) === undefined) continue;
        await node.metadata.change({ type: "deleteUser", name }, user);
      }
      return noContent();
    },
  }),
  route({
    method: "GET",
    path: "/users/{user}",
    may,
    summary: "One user.",
    handle: (request) => objectAnswer(request, userObject(requireUser(request))),
  }),
  route({
    method: "PUT",
    path: "/users/{user}",
    may,
    summary:
      "Makes a user, or replaces password and tags of one: without password and password_hash, nobody can log in as that user by password.",
    body: USER,
    handle: putUser,
  }),
  route({
    method: "DELETE",
    path: "/users/{user}",
    may,
    summary: "Deletes a user.",
    handle: async (request) => {
      const { name } = requireUser(request);
      await request.node.metadata.change({ type: "deleteUser", name }, request.user);
      return noContent();
    },
  }),
  route({
    method: "GET",
    path: "/users/{user}/permissions",
    may,
    summary: "The permissions of a user in all virtual hosts.",
    query: LIST_QUERY,
    handle: (request) => {
      const { name } = requireUser(request);
      const permissions = request.node.metadata.permissions().filter(({ user }) => user === name);
      return objectsAnswer(request, permissions.map(permissionObject));
    },
  }),
  route({
    method: "GET",
    path: "/users/{user}/topic-permissions",
    may,
    summary: "The topic permissions of a user in all virtual hosts.",
    query: LIST_QUERY,
    handle: (request) => {
      const { name } = requireUser(request);
      const all = request.node.metadata.topicPermissions();
      const own = all.filter(({ user }) => user === name);
      return objectsAnswer(request, own.map(topicPermissionObject));
    },
  }),
];

function userObject({ name, passwordHash, hashingAlgorithm, tags, limits }: UserEntry): JsonObject {
  return {
    name,
    password_hash: passwordHash,
    hashing_algorithm: hashingAlgorithm,
    tags,
    limits,
  };
}

/** @throws HttpError 404 */
function requireUser({ node, params }: ApiRequest<{ readonly user: string }>): UserEntry {
  const user = node.metadata.user(params.user);
  if (user === undefined) throw notFound();
  return user;
}

async function putUser(
  request: ApiRequest<{ readonly user: string }, UserBody>,
): Promise<Response> {
  const { node, user: by, params, body } = request;
  const { metadata } = node;
  if (body.tags === undefined) throw badRequest("tags_not_present");
  const hash = await hashOf(request);
  const existed = metadata.user(params.user) !== undefined;
  await metadata.change({ type: "putUser", name: params.user, ...hash, tags: body.tags }, by);
  if (body.limits !== undefined) {
    await metadata.change({ type: "setUserLimits", name: params.user, limits: body.limits }, by);
  }
  return put(existed);
}

async function hashOf({ node, body }: ApiRequest<unknown, UserBody>): Promise<PasswordHash> {
  const { password, password_hash: passwordHash } = body;
  const { hashing_algorithm: hashingAlgorithm = "rabbit_password_hashing_sha256" } = body;
  if (password !== undefined && passwordHash !== undefined) {
    throw badRequest("both_password_and_password_hash_are_provided");
  }
  if (password !== undefined) return node.metadata.hashPassword(password);
  if (!node.metadata.isHashingAlgorithm(hashingAlgorithm)) {
    throw badRequest(`unknown hashing algorithm ${hashingAlgorithm}`);
  }
  if (passwordHash === undefined) return { passwordHash: "", hashingAlgorithm };
  if (!isBase64(passwordHash)) throw badRequest(["not_base64", passwordHash]);
  return { passwordHash, hashingAlgorithm };
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}
