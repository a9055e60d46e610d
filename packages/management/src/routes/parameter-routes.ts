import * as v from "valibot";
import { badRequest, notFound } from "../http-error.ts";
import { objectsAnswer } from "../lists/list-answer.ts";
import { LIST_QUERY } from "../lists/list-query.ts";
import type { JsonObject, JsonValue } from "../model/json.ts";
import type { GlobalParameterEntry, ParameterEntry } from "../model/metadata.ts";
import type { MetadataChange } from "../model/metadata-change.ts";
import { noContent, objectAnswer, put } from "./answers.ts";
import { JSON_VALUE } from "./body-schemas.ts";
import { policyValue } from "./policy-routes.ts";
import { type ApiRequest, type Route, route } from "./route.ts";
import { inOwnVhosts, requireVhost, requireVhostForChange } from "./vhost-scope.ts";

interface ParameterName {
  readonly component: string;
  readonly vhost: string;
  readonly name: string;
}

const LIMITS = { component: "vhost-limits", name: "limits" };
const OPERATOR_POLICY = "operator_policy";

const VALUE = v.object({ value: JSON_VALUE });

export const PARAMETER_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/parameters",
    may: "policymaker",
    summary: "Runtime parameters of virtual hosts; operator policies and limits are among them.",
    query: LIST_QUERY,
    handle: (request) => objectsAnswer(request, own(request).map(parameterObject)),
  }),
  route({
    method: "GET",
    path: "/parameters/{component}",
    may: "policymaker",
    summary: "The parameters of a component.",
    query: LIST_QUERY,
    handle: (request) => {
      const found = own(request).filter(({ component }) => component === request.params.component);
      return objectsAnswer(request, found.map(parameterObject));
    },
  }),
  route({
    method: "GET",
    path: "/parameters/{component}/{vhost}",
    may: "vhost policymaker",
    summary: "The parameters of a component in a virtual host.",
    query: LIST_QUERY,
    handle: (request) => {
      const vhost = requireVhost(request, request.params.vhost);
      const found = listed(request, vhost.name).filter(
        ({ component }) => component === request.params.component,
      );
      return objectsAnswer(request, found.map(parameterObject));
    },
  }),
  route({
    method: "GET",
    path: "/parameters/{component}/{vhost}/{name}",
    may: "vhost policymaker",
    summary: "One parameter.",
    handle: (request) => objectAnswer(request, parameterObject(requireParameter(request))),
  }),
  route({
    method: "PUT",
    path: "/parameters/{component}/{vhost}/{name}",
    may: "vhost policymaker",
    summary: "Sets a parameter.",
    body: VALUE,
    handle: async ({ node, user, params, body }) => {
      requireVhostForChange({ node }, params.vhost);
      const existed = find({ node, params }) !== undefined;
      await node.metadata.change(setting(params, body.value), user);
      return put(existed);
    },
  }),
  route({
    method: "DELETE",
    path: "/parameters/{component}/{vhost}/{name}",
    may: "vhost policymaker",
    summary: "Deletes a parameter.",
    handle: async (request) => {
      requireParameter(request);
      await request.node.metadata.change(clearing(request.params), request.user);
      return noContent();
    },
  }),
];

export const GLOBAL_PARAMETER_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/global-parameters",
    may: "policymaker",
    summary: "Parameters that belong to no virtual host.",
    query: LIST_QUERY,
    handle: (request) =>
      objectsAnswer(request, request.node.metadata.globalParameters().map(globalObject)),
  }),
  route({
    method: "GET",
    path: "/global-parameters/{name}",
    may: "policymaker",
    summary: "One global parameter.",
    handle: (request) => objectAnswer(request, globalObject(requireGlobal(request))),
  }),
  route({
    method: "PUT",
    path: "/global-parameters/{name}",
    may: "policymaker",
    summary: "Sets a global parameter.",
    body: VALUE,
    handle: async ({ node, user, params, body }) => {
      const existed = findGlobal({ node, params }) !== undefined;
      const { name } = params;
      await node.metadata.change({ type: "setGlobalParameter", name, value: body.value }, user);
      return put(existed);
    },
  }),
  route({
    method: "DELETE",
    path: "/global-parameters/{name}",
    may: "policymaker",
    summary: "Deletes a global parameter.",
    handle: async (request) => {
      const { name } = requireGlobal(request);
      await request.node.metadata.change({ type: "clearGlobalParameter", name }, request.user);
      return noContent();
    },
  }),
];

/** Limits and operator policies are kept by themselves. */
function setting(parameter: ParameterName, value: JsonValue): MetadataChange {
  const { component, vhost } = parameter;
  if (component !== LIMITS.component) return { type: "setParameter", ...parameter, value };
  if (!isObject(value)) throw badRequest("the value must be an object");
  const limits = new Map(Object.entries(value));
  return { type: "setVhostLimits", vhost, limits, merge: false };
}

function clearing(parameter: ParameterName): MetadataChange {
  const { component, vhost, name } = parameter;
  if (component === LIMITS.component) return { type: "clearVhostLimits", vhost };
  if (component === OPERATOR_POLICY) return { type: "clearOperatorPolicy", vhost, name };
  return { type: "clearParameter", ...parameter };
}

function isObject(value: JsonValue): value is { readonly [key: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parameterObject({ value, vhost, component, name }: ParameterEntry): JsonObject {
  return { value, vhost, component, name };
}

function globalObject({ name, value }: GlobalParameterEntry): JsonObject {
  return { name, value };
}

/** As RabbitMQ keeps them: operator policies and limits of vhosts are parameters, too. `vhost` undefined: of all. */
function listed({ node }: Pick<ApiRequest, "node">, vhost?: string): ParameterEntry[] {
  const { metadata } = node;
  const isWanted = (entry: { readonly vhost: string }): boolean =>
    vhost === undefined || entry.vhost === vhost;
  const policies = metadata.policies("operator policy").filter(isWanted);
  const limits = metadata.vhosts().flatMap((entry) => {
    if (Object.keys(entry.limits).length === 0) return [];
    const { name, limits: value } = entry;
    return [{ value, vhost: name, ...LIMITS }];
  });
  return [
    ...policies.map((policy) => ({
      value: policyValue(policy),
      vhost: policy.vhost,
      component: OPERATOR_POLICY,
      name: policy.name,
    })),
    ...metadata.parameters(vhost),
    ...limits.filter(isWanted),
  ];
}

function own(request: Pick<ApiRequest, "node" | "user">): ParameterEntry[] {
  return inOwnVhosts(request, listed(request));
}

function find({
  node,
  params,
}: Pick<ApiRequest<ParameterName>, "node" | "params">): ParameterEntry | undefined {
  return listed({ node }, params.vhost).find(
    ({ component, name }) => component === params.component && name === params.name,
  );
}

/** @throws HttpError 404 */
function requireParameter(request: ApiRequest<ParameterName>): ParameterEntry {
  const parameter = find(request);
  if (parameter === undefined) throw notFound();
  return parameter;
}

type Named = Pick<ApiRequest<{ readonly name: string }>, "node" | "params">;

function findGlobal({ node, params }: Named): GlobalParameterEntry | undefined {
  return node.metadata.globalParameters().find(({ name }) => name === params.name);
}

/** @throws HttpError 404 */
function requireGlobal(request: Named): GlobalParameterEntry {
  const parameter = findGlobal(request);
  if (parameter === undefined) throw notFound();
  return parameter;
}
