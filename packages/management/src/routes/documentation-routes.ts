import { jsonResponse } from "../json-response.ts";
import { type Route, type RouteTopics, route } from "./route.ts";

/** The table of routes as the API itself shows it. `topics`: all, these included. What makes the documents is loaded when they are asked for. */
export function documentationRoutes(topics: () => RouteTopics): readonly Route[] {
  return [
    route({
      method: "GET",
      path: "/",
      may: "anyone",
      summary: "This list.",
      handle: async ({ node }) => {
        const { apiPage } = await import("../openapi/api-page.ts");
        const page = apiPage(topics(), node.facts.product.productVersion);
        return new Response(page, { headers: { "content-type": "text/html; charset=utf-8" } });
      },
    }),
    route({
      method: "GET",
      path: "/openapi.json",
      may: "anyone",
      summary: "This list as an OpenAPI document.",
      handle: async ({ node }) => {
        const { openApiDocument } = await import("../openapi/openapi-document.ts");
        const { productVersion } = node.facts.product;
        return jsonResponse(JSON.stringify(openApiDocument(topics(), productVersion)));
      },
    }),
  ];
}
