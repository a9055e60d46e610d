import * as v from "valibot";
import { notFound } from "../http-error.ts";
import { objectsAnswer } from "../lists/list-answer.ts";
import { LIST_QUERY } from "../lists/list-query.ts";
import { json, noContent, objectAnswer } from "./answers.ts";
import { ANY_BODY, TEXT } from "./body-schemas.ts";
import { overviewObject } from "./overview-object.ts";
import { type Route, route } from "./route.ts";
import { SAMPLE_QUERY, sampleWindows } from "./sample-windows.ts";

export const CLUSTER_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/overview",
    may: "user",
    summary: "Versions, totals, rates and listeners of the cluster.",
    query: ["columns", ...SAMPLE_QUERY],
    handle: async (request) => objectAnswer(request, await overviewObject(request)),
  }),
  route({
    method: "GET",
    path: "/version",
    may: "user",
    summary: "The release of RabbitMQ whose behaviour the node follows.",
    handle: ({ node }) => json(node.facts.product.rabbitmqVersion),
  }),
  route({
    method: "GET",
    path: "/cluster-name",
    may: "user",
    summary: "The cluster's name.",
    handle: ({ node }) => json({ name: node.metadata.clusterName }),
  }),
  route({
    method: "PUT",
    path: "/cluster-name",
    may: "administrator",
    summary: "Names the cluster.",
    body: v.object({ name: TEXT }),
    handle: async ({ node, user, body }) => {
      const change = {
        type: "setGlobalParameter",
        name: "cluster_name",
        value: body.name,
      } as const;
      await node.metadata.change(change, user);
      return noContent();
    },
  }),
  route({
    method: "GET",
    path: "/nodes",
    may: "monitoring",
    summary: "The nodes of the cluster.",
    query: [...LIST_QUERY, ...SAMPLE_QUERY],
    handle: async (request) => {
      const windows = sampleWindows(request.query);
      return objectsAnswer(request, await request.node.facts.nodes({ windows }));
    },
  }),
  route({
    method: "GET",
    path: "/nodes/{node}",
    may: "monitoring",
    summary: "One node.",
    query: ["columns", ...SAMPLE_QUERY],
    handle: async (request) => {
      const windows = sampleWindows(request.query);
      const [found] = await request.node.facts.nodes({ only: request.params.node, windows });
      if (found === undefined) throw notFound();
      return objectAnswer(request, found);
    },
  }),
  route({
    method: "GET",
    path: "/config/effective",
    may: "administrator",
    summary: "The configuration of this node in force, without secrets.",
    query: ["columns"],
    handle: (request) => objectAnswer(request, request.node.facts.effectiveConfiguration()),
  }),
  route({
    method: "POST",
    path: "/rebalance/queues",
    may: "administrator",
    summary: "Moves leaderships of queues so that each node has its share.",
    audit: { action: "rebalance" },
    body: ANY_BODY,
    handle: async ({ node, user }) => {
      await node.facts.rebalanceQueues(user);
      return noContent();
    },
  }),
];
