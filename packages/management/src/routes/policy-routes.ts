import * as v from "valibot";
import { notFound } from "../http-error.ts";
import { objectsAnswer } from "../lists/list-answer.ts";
import { LIST_QUERY } from "../lists/list-query.ts";
import type { JsonObject, JsonValue } from "../model/json.ts";
import type { PolicyEntry, PolicyKind } from "../model/metadata.ts";
import { noContent, objectAnswer, put } from "./answers.ts";
import { DICTIONARY, INTEGER, TEXT } from "./body-schemas.ts";
import { type ApiRequest, type Route, route, type WhoMay } from "./route.ts";
import { inOwnVhosts, requireVhost, requireVhostForChange } from "./vhost-scope.ts";

interface PolicyName {
  readonly vhost: string;
  readonly name: string;
}

const POLICY = v.object({
  pattern: TEXT,
  definition: DICTIONARY,
  priority: v.optional(INTEGER, 0),
  "apply-to": v.optional(TEXT, "all"),
});

export const POLICY_ROUTES: readonly Route[] = routesOf("policy", {
  path: "/policies",
  mayChange: "vhost policymaker",
});

export const OPERATOR_POLICY_ROUTES: readonly Route[] = routesOf("operator policy", {
  path: "/operator-policies",
  mayChange: "administrator",
});

function routesOf(
  kind: PolicyKind,
  { path, mayChange }: { readonly path: string; readonly mayChange: WhoMay },
): readonly Route[] {
  const plural = kind === "policy" ? "policies" : "operator policies";
  const ofVhost: `${string}{vhost}` = `${path}/{vhost}`;
  const one: `${string}{vhost}/{name}` = `${path}/{vhost}/{name}`;
  return [
    route({
      method: "GET",
      path,
      may: "user",
      summary: `The ${plural} of all virtual hosts that the user may enter.`,
      query: LIST_QUERY,
      handle: (request) => {
        const all = request.node.metadata.policies(kind);
        return objectsAnswer(request, inOwnVhosts(request, all).map(policyObject));
      },
    }),
    route({
      method: "GET",
      path: ofVhost,
      may: "vhost",
      summary: `The ${plural} of a virtual host.`,
      query: LIST_QUERY,
      handle: (request) => {
        const { name } = requireVhost(request, request.params.vhost);
        const all = request.node.metadata.policies(kind);
        return objectsAnswer(request, all.filter(({ vhost }) => vhost === name).map(policyObject));
      },
    }),
    route({
      method: "GET",
      path: one,
      may: mayChange,
      summary: `One ${kind}.`,
      handle: (request) => objectAnswer(request, policyObject(requirePolicy(kind, request))),
    }),
    route({
      method: "PUT",
      path: one,
      may: mayChange,
      summary: `Sets a ${kind}: keys for all queues and exchanges whose name matches the pattern.`,
      body: POLICY,
      handle: (request) => putPolicy(kind, request),
    }),
    route({
      method: "DELETE",
      path: one,
      may: mayChange,
      summary: `Deletes a ${kind}.`,
      handle: async (request) => {
        const { vhost, name } = requirePolicy(kind, request);
        const type = kind === "policy" ? "clearPolicy" : "clearOperatorPolicy";
        await request.node.metadata.change({ type, vhost, name }, request.user);
        return noContent();
      },
    }),
  ];
}

/** A policy as the value of a parameter. */
export function policyValue(policy: PolicyEntry): { readonly [key: string]: JsonValue } {
  const { pattern, definition, priority, applyTo } = policy;
  return {
    pattern,
    definition: Object.fromEntries(definition),
    priority,
    "apply-to": applyTo,
  };
}

function policyObject(policy: PolicyEntry): JsonObject {
  const { vhost, name, pattern, applyTo, definition, priority } = policy;
  return {
    vhost,
    name,
    pattern,
    "apply-to": applyTo,
    definition: Object.fromEntries(definition),
    priority,
  };
}

type Named = Pick<ApiRequest<PolicyName>, "node" | "params">;

function find(kind: PolicyKind, { node, params }: Named): PolicyEntry | undefined {
  return node.metadata
    .policies(kind)
    .find(({ vhost, name }) => vhost === params.vhost && name === params.name);
}

/** @throws HttpError 404 */
function requirePolicy(kind: PolicyKind, request: Named): PolicyEntry {
  const policy = find(kind, request);
  if (policy === undefined) throw notFound();
  return policy;
}

async function putPolicy(
  kind: PolicyKind,
  request: ApiRequest<PolicyName, v.InferOutput<typeof POLICY>>,
): Promise<Response> {
  const { node, user, params, body } = request;
  requireVhostForChange(request, params.vhost);
  const existed = find(kind, request) !== undefined;
  const { pattern, definition, priority, "apply-to": applyTo } = body;
  const type = kind === "policy" ? "setPolicy" : "setOperatorPolicy";
  const policy = { type, ...params, pattern, applyTo, priority, definition } as const;
  await node.metadata.change(policy, user);
  return put(existed);
}
