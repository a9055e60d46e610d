import { type HttpListener, ManagementServer, ROUTES, readConsoleFiles } from "@leveret/management";
import type { Config } from "../config/config.ts";
import type { ControlledNode } from "../control/controlled-node.ts";
import type { Logging } from "../logger.ts";
import { type HttpWords, listenHttp } from "./listen-http.ts";
import { managedNode } from "./managed-node.ts";

const WORDS: HttpWords = {
  tlsKeys: "management.ssl",
  what: "management API",
  flag: "--management-port",
};

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
  logging: Logging,
): Promise<NodeManagement> {
  const { root: log } = logging;
  const server = new ManagementServer({
    node: managedNode(node, logging.category("audit")),
    routes: ROUTES,
    options: management.http,
    consoleFiles: await readConsoleFiles(),
    onUnexpected: (error, path) => log.error({ err: error }, `internal error at HTTP ${path}`),
  });
  try {
    for (const options of management.listeners)
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

function listenerFacts({ isTls, address }: HttpListener): ManagementListener {
  return { protocol: isTls ? "https" : "http", address: address.address, port: address.port };
}
