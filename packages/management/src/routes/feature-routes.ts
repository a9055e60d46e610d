import { badRequest } from "../http-error.ts";
import { objectsAnswer } from "../lists/list-answer.ts";
import { LIST_QUERY } from "../lists/list-query.ts";
import { noContent } from "./answers.ts";
import { ANY_BODY } from "./body-schemas.ts";
import { type Route, route } from "./route.ts";

export const FEATURE_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/feature-flags",
    may: "user",
    summary: "RabbitMQ's feature flags, as far as there is such a feature here; all are enabled.",
    query: LIST_QUERY,
    handle: (request) =>
      objectsAnswer(
        request,
        request.node.facts.featureFlags.map(({ name, description, isEnabled }) => ({
          name,
          desc: description,
          doc_url: "",
          state: isEnabled ? "enabled" : "disabled",
          stability: "stable",
          provided_by: "rabbit",
        })),
      ),
  }),
  route({
    method: "PUT",
    path: "/feature-flags/{name}/enable",
    may: "administrator",
    summary: "Enables a feature flag. They all are, so there is nothing to do.",
    body: ANY_BODY,
    handle: ({ node, params }) => {
      if (node.facts.featureFlags.every(({ name }) => name !== params.name)) {
        throw badRequest("unsupported");
      }
      return noContent();
    },
  }),
  ...(["/deprecated-features", "/deprecated-features/used"] as const).map((path) =>
    route({
      method: "GET",
      path,
      may: "user",
      summary: "Features that will go away. There are none.",
      query: LIST_QUERY,
      handle: (request) => objectsAnswer(request, []),
    }),
  ),
  route({
    method: "GET",
    path: "/extensions",
    may: "user",
    summary: "Scripts of the console that plugins bring. There are none.",
    query: LIST_QUERY,
    handle: (request) => objectsAnswer(request, []),
  }),
];
