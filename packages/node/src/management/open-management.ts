import { type HttpListener, ManagementServer, ROUTES, readConsoleFiles } from "@leveret/management";
import type { Config, ManagementListenerConfig, TlsConfig } from "../config/config.ts";
import { ListenError } from "../connection/listen-error.ts";
import { TlsOptionsError, tlsServerOptions } from "../connection/tls-options.ts";
import type { ControlledNode } from "../control/controlled-node.ts";
import type { Logging } from "../logger.ts";
import { managedNode } from "./managed-node.ts";

/** A port of the management API. */
export interface ManagementListener {
  readonly protocol: "http" | "https";
  readonly address: string;
  readonly port: number;
}

/** The HTTP API of a node while it is open. */
export interface NodeManagement {
  readonly listeners: readonly ManagementListener[];
  close(): Promise<void>;
}

/**
 * Opens the management API's ports. It lives as long as the process: while the app of the node is stopped it says so. @throws ListenError,
 * TlsOptionsError
 */
export async function openManagement(
  node: ControlledNode,
  { management }: Config,
  { root: log }: Logging,
): Promise<NodeManagement> {
  const server = new ManagementServer({
    node: managedNode(node),
    routes: ROUTES,
    options: management.http,
    consoleFiles: await readConsoleFiles(),
    onUnexpected: (error, path) => log.error({ err: error }, `internal error at HTTP ${path}`),
  });
  try {
    for (const options of management.listeners) await listen(server, options, log);
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
  server: ManagementServer,
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
    log.warn(`no management API: ${refusal.message}; --management-port sets another port, or off`);
  }
}

/** The texts name the keys of the management API. */
function secureOptions(tls: TlsConfig): ReturnType<typeof tlsServerOptions> {
  try {
    return tlsServerOptions(tls);
  } catch (error) {
    if (!(error instanceof TlsOptionsError)) throw error;
    const message = error.message.replaceAll("ssl_options", "management.ssl");
    throw new TlsOptionsError(message, { cause: error });
  }
}

function listenerFacts({ isTls, address }: HttpListener): ManagementListener {
  return { protocol: isTls ? "https" : "http", address: address.address, port: address.port };
}
