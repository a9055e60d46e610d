import * as v from "valibot";
import { expect, test } from "vitest";
import { openApiDocument } from "../src/openapi/openapi-document.ts";
import { route } from "../src/routes/route.ts";

test("each route is an operation, with its parameters, its body and who may use it", () => {
  const thing = route({
    method: "PUT",
    path: "/things/{vhost}/{name}",
    may: "vhost policymaker",
    summary: "Makes a thing.",
    query: ["columns"],
    body: v.object({ size: v.number(), colour: v.optional(v.picklist(["red", "blue"])) }),
    handle: () => new Response(),
  });
  expect(openApiDocument({ Things: [thing] }, "1.2.3")).toMatchObject({
    openapi: "3.1.0",
    info: { version: "1.2.3" },
    paths: {
      "/things/{vhost}/{name}": {
        put: {
          tags: ["Things"],
          "x-who-may": "vhost policymaker",
          parameters: [
            { name: "vhost", in: "path", required: true },
            { name: "name", in: "path", required: true },
            { name: "columns", in: "query", required: false },
          ],
          requestBody: {
            content: {
              "application/json": {
                schema: {
                  required: ["size"],
                  properties: { size: { type: "number" }, colour: { enum: ["red", "blue"] } },
                },
              },
            },
          },
        },
      },
    },
  });
});
