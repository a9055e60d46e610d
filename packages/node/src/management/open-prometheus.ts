import { type HttpListener, PrometheusServer } from "@leveret/management";
import type { Config } from "../config/config.ts";
import type { ControlledNode } from "../control/controlled-node.ts";
import type { Logging } from "../logger.ts";
import { NodeMetrics } from "../statistics/metrics/node-metrics.ts";
import { type HttpWords, listenHttp } from "./listen-http.ts";
import { LoginAccess } from "./login-access.ts";
import { runningBroker } from "./running-broker.ts";

const WORDS: HttpWords = { tlsKeys: "prometheus.ssl", what: "metrics", flag: "--prometheus-port" };

/** A port of the metrics; the protocol is RabbitMQ's word for it. */
export interface PrometheusListener {
  readonly protocol: "http/prometheus" | "https/prometheus";
  readonly address: string;
  readonly port: number;
}

/** The metrics of a node while they are open. */
export interface NodePrometheus {
  readonly listeners: readonly PrometheusListener[];
  close(): Promise<void>;
}

/**
 * Opens the ports of the metrics. They live as long as the process: while the app of the node is stopped they say so. @throws ListenError,
 * TlsOptionsError
 */
export async function openPrometheus(
  node: ControlledNode,
  { prometheus }: Config,
  { root: log }: Logging,
): Promise<NodePrometheus> {
  const { path, isPerObject, isCompressed, isAuthenticated } = prometheus;
  const access = isAuthenticated ? new LoginAccess(node) : undefined;
  const server = new PrometheusServer({
    metrics: new NodeMetrics(() => runningBroker(node)),
    options: { path, isPerObject, isCompressed, access },
    onUnexpected: (error) => log.error({ err: error }, "internal error in metrics"),
  });
  try {
    for (const options of prometheus.listeners)
      await listenHttp(server, options, { words: WORDS, log });
  } catch (error) {
    await server.close();
    throw error;
  }
  return {
    listeners: server.listeners.map(listenerFacts),
    close: () => server.close(),
  };
}

function listenerFacts({ isTls, address }: HttpListener): PrometheusListener {
  const protocol = isTls ? "https/prometheus" : "http/prometheus";
  return { protocol, address: address.address, port: address.port };
}
