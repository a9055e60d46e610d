import { type HttpListener, PrometheusServer } from "@leveret/management";
import type { Config, ManagementListenerConfig, TlsConfig } from "../config/config.ts";
import { ListenError } from "../connection/listen-error.ts";
import { TlsOptionsError, tlsServerOptions } from "../connection/tls-options.ts";
import type { ControlledNode } from "../control/controlled-node.ts";
import type { Logging } from "../logger.ts";
import { NodeMetrics } from "../statistics/metrics/node-metrics.ts";
import { LoginAccess } from "./login-access.ts";
import { runningBroker } from "./running-broker.ts";

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
    for (const options of prometheus.listeners) await listen(server, options, log);
  } catch (error) {
    await server.close();
    throw error;
  }
  return {
    listeners: server.listeners.map(listenerFacts),
    close: () => server.close(),
  };
}

async function listen(
  server: PrometheusServer,
  options: ManagementListenerConfig,
  log: Logging["root"],
): Promise<void> {
  const { tls, isOptional } = options;
  const tlsOptions = tls === undefined ? undefined : secureOptions(tls);
  try {
    await server.listen({ ...options, tls: tlsOptions });
  } catch (error) {
    // What node:net says if it cannot listen.
    const refusal = new ListenError(options, error as NodeJS.ErrnoException);
    if (!isOptional) throw refusal;
    log.warn(`no metrics: ${refusal.message}; --prometheus-port sets another port, or off`);
  }
}

/** The texts name the keys of the metrics. */
function secureOptions(tls: TlsConfig): ReturnType<typeof tlsServerOptions> {
  try {
    return tlsServerOptions(tls);
  } catch (error) {
    if (!(error instanceof TlsOptionsError)) throw error;
    const message = error.message.replaceAll("ssl_options", "prometheus.ssl");
    throw new TlsOptionsError(message, { cause: error });
  }
}

function listenerFacts({ isTls, address }: HttpListener): PrometheusListener {
  const protocol = isTls ? "https/prometheus" : "http/prometheus";
  return { protocol, address: address.address, port: address.port };
}
