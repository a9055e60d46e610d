import { hasTag } from "../model/identity.ts";
import type { JsonObject } from "../model/json.ts";
import type { ListenerFacts, NamedFeature } from "../model/node-facts.ts";
import type { ApiRequest } from "./route.ts";
import { sampleWindows } from "./sample-windows.ts";
import { visibleVhosts } from "./vhost-scope.ts";

/** Seconds that samples of each kind are kept (RabbitMQ: sample_retention_policies). */
const RETENTION = { global: [600, 3600, 28800, 86400], basic: [600, 3600], detailed: [600] };

/** GET /overview. Who may not watch sees no listeners, and totals of his own virtual hosts only. */
export async function overviewObject(
  request: Pick<ApiRequest, "node" | "user" | "query">,
): Promise<JsonObject> {
  const { node, user, query } = request;
  const { product, nodeName } = node.facts;
  const vhosts = hasTag(user, "monitoring")
    ? undefined
    : visibleVhosts(request).map(({ name }) => name);
  const figures = await node.statistics.overview({ vhosts, windows: sampleWindows(query) });
  const listeners = hasTag(user, "monitoring") ? await node.facts.listeners() : undefined;
  return {
    management_version: product.rabbitmqVersion,
    rates_mode: "basic",
    sample_retention_policies: RETENTION,
    exchange_types: product.exchangeTypes.map(enabledFeature),
    product_version: product.productVersion,
    product_name: product.productName,
    rabbitmq_version: product.rabbitmqVersion,
    cluster_name: node.metadata.clusterName,
    // Tools show them; there is no Erlang here.
    erlang_version: product.platform,
    erlang_full_version: product.platform,
    release_series_support_status: "supported",
    disable_stats: false,
    enable_queue_totals: false,
    ...figures,
    statistics_db_event_queue: 0,
    ...(listeners !== undefined && {
      node: nodeName,
      listeners: listeners.map(listenerObject),
      contexts: listeners.filter(isHttp).map(contextObject),
    }),
  };
}

/** A feature as overview and nodes list it. */
function enabledFeature({ name, description }: NamedFeature): JsonObject {
  return { name, description, enabled: true };
}

function listenerObject({ node, protocol, address, port }: ListenerFacts): JsonObject {
  return { node, protocol, ip_address: address, port, socket_opts: {} };
}

function isHttp({ protocol }: ListenerFacts): boolean {
  return protocol === "http" || protocol === "https";
}

function contextObject({ node, address, port, protocol }: ListenerFacts): JsonObject {
  return {
    ssl_opts: [],
    node,
    description: "Leveret Management",
    path: "/",
    cowboy_opts: "[]",
    ip: address,
    port: String(port),
    protocol,
  };
}
