import { type ConversionConfig, toJsonSchema } from "@valibot/to-json-schema";
import type { JsonObject } from "../model/json.ts";
import type { BodySchema, Route, RouteTopics, WhoMay } from "../routes/route.ts";
import { paramNames } from "../routes/route-order.ts";

/** What the table does not say of a body is said by the handler's errors: lenient kinds are described by what they are meant to be. */
const CONVERSION: ConversionConfig = { errorMode: "ignore", typeMode: "input" };

/** Who may use a route, in a sentence. */
const WHO: Readonly<Record<WhoMay, string>> = {
  anyone: "Needs no login.",
  user: "For users with any of the tags management, policymaker, monitoring, administrator.",
  monitoring: "For users with the tag monitoring or administrator.",
  policymaker: "For users with the tag policymaker or administrator.",
  administrator: "For users with the tag administrator.",
  vhost: "For users with permissions in the virtual host.",
  "visible vhost": "For users with permissions in the virtual host, or the tag monitoring.",
  "vhost policymaker": "For users with the tag policymaker and permissions in the virtual host.",
};

/** The OpenAPI description (3.1) of a table of routes. */
export function openApiDocument(topics: RouteTopics, version: string): JsonObject {
  const paths: Record<string, Record<string, JsonObject>> = {};
  for (const [topic, routes] of Object.entries(topics)) {
    for (const route of routes) {
      const methods = paths[route.path] ?? {};
      paths[route.path] = methods;
      methods[route.method.toLowerCase()] = operation(route, topic);
    }
  }
  return {
    openapi: "3.1.0",
    info: { title: "Leveret management API", version },
    servers: [{ url: "/api" }],
    tags: Object.keys(topics).map((name) => ({ name })),
    components: { securitySchemes: { basic: { type: "http", scheme: "basic" } } },
    paths,
  };
}

function operation(route: Route, topic: string): JsonObject {
  const { method, may, summary, body, path } = route;
  return {
    operationId: `${method.toLowerCase()} ${path}`,
    tags: [topic],
    summary,
    description: WHO[may],
    "x-who-may": may,
    security: may === "anyone" ? [] : [{ basic: [] }],
    parameters: parametersOf(route),
    ...(body !== undefined && { requestBody: { content: contentOf(body) } }),
    responses: { default: { description: "See the description of RabbitMQ's HTTP API." } },
  };
}

function parametersOf({ path, query = [] }: Route): JsonObject[] {
  const schema = { type: "string" };
  return [
    ...paramNames(path).map((name) => ({ name, in: "path", required: true, schema })),
    ...query.map((name) => ({ name, in: "query", required: false, schema })),
  ];
}

function contentOf(body: BodySchema<unknown> | "raw"): JsonObject {
  if (body === "raw") return { "*/*": {} };
  const { $schema: _dialect, ...schema } = toJsonSchema(body, CONVERSION);
  // What JSON.stringify makes of it is JSON.
  return { "application/json": { schema: schema as JsonObject } };
}
