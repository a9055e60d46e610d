import { readFileSync } from "node:fs";
import {
  ClusterPort,
  type ControlMethod,
  ControlServer,
  findOrMakeCookie,
  type PortTls,
} from "@leveret/control";
import type { ClusterConfig, Config, ListenAddress } from "../config/config.ts";
import { ConfigError } from "../config/config-error.ts";
import { ListenError } from "../connection/listen-error.ts";
import type { Logger } from "../logger.ts";
import { formatHostPort } from "../runtime/net-address.ts";
import { type ClusterNetwork, clusterNetwork } from "./cluster-network.ts";
import type { SelfDescription } from "./node-identity.ts";
import { PeerCalls } from "./peer-calls.ts";

/** What of the network tests put something between. */
export interface NetworkFaults {
  wrap(network: ClusterNetwork): ClusterNetwork;
  /** Nothing goes to the address. */
  isCut(address: string): boolean;
}

/** A node's end of the cluster: its port, which lives as long as the process, and its ways to others. */
export class ClusterSide {
  readonly port: ClusterPort;
  readonly network: ClusterNetwork;
  readonly calls: PeerCalls;
  /** As others know this node. */
  readonly self: SelfDescription;
  readonly #server: ControlServer;

  private constructor(parts: {
    readonly port: ClusterPort;
    readonly network: ClusterNetwork;
    readonly calls: PeerCalls;
    readonly self: SelfDescription;
    readonly server: ControlServer;
  }) {
    this.port = parts.port;
    this.network = parts.network;
    this.calls = parts.calls;
    this.self = parts.self;
    this.#server = parts.server;
  }

  /** undefined: the node has no cluster port. @throws ListenError, ConfigError, CookieFileError */
  static async open(
    config: Config,
    methods: ReadonlyMap<string, ControlMethod>,
    parts: { readonly log: Logger; readonly faults?: NetworkFaults | undefined },
  ): Promise<ClusterSide | undefined> {
    const { cluster, node } = config;
    if (cluster.listener === undefined) return undefined;
    const { log, faults } = parts;
    const common = { nodeName: node.name, cookie: cookieOf(cluster), tls: tlsOf(cluster) };
    const port = await listen(cluster.listener, common, log);
    const network = clusterNetwork({ port, ...common, log });
    const server = new ControlServer({
      methods,
      onInternalError: (method, error) => {
        log.error({ err: error, method }, "internal error at a call of a tool or another node");
      },
    });
    port.handle("control", server.accept);
    return new ClusterSide({
      port,
      network: faults?.wrap(network) ?? network,
      calls: new PeerCalls({
        ...common,
        ...(faults === undefined ? {} : { isCut: (address: string) => faults.isCut(address) }),
      }),
      self: { name: node.name, address: ownAddress(config, port.port) },
      server,
    });
  }

  async close(): Promise<void> {
    this.#server.close();
    await this.port.close();
  }
}

/** @throws CookieFileError */
function cookieOf({ cookie, cookieFile }: ClusterConfig): string {
  return findOrMakeCookie({ value: cookie, file: cookieFile ?? "" });
}

/** @throws ConfigError */
function tlsOf({ tls }: ClusterConfig): PortTls | undefined {
  if (tls === undefined) return undefined;
  return {
    cert: readPem("certfile", tls.certFile),
    key: readPem("keyfile", tls.keyFile),
    ca: readPem("cacertfile", tls.caCertFile),
  };
}

/** @throws ConfigError */
function readPem(key: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw unreadable(key, error);
  }
}

function unreadable(key: string, cause: unknown): ConfigError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ConfigError([`cluster.tls.${key}: ${why}`]);
}

/** @throws ListenError */
async function listen(
  { address, port }: NonNullable<ClusterConfig["listener"]>,
  common: { readonly nodeName: string; readonly cookie: string; readonly tls: PortTls | undefined },
  log: Logger,
): Promise<ClusterPort> {
  try {
    return await ClusterPort.listen({
      host: address,
      port,
      ...common,
      onRefused: ({ from, nodeName, error }) => {
        // A node that starts is looked for before it is there.
        const level = error.code === "unavailable" ? "debug" : "warn";
        log[level]({ from, nodeName, code: error.code }, `cluster port: ${error.message}`);
      },
    });
  } catch (error) {
    throw error instanceof Error ? listenProblem({ address, port }, error) : error;
  }
}

function listenProblem(at: ListenAddress, cause: Error): ListenError {
  return new ListenError(at, cause);
}

/**
 * Where others reach this node: as it is named among the peers, or where it listens, or on the host of its name.
 */
function ownAddress({ cluster, node }: Config, port: number): string {
  const named = [...cluster.peers, ...cluster.formation.nodes].find(
    ({ name }) => name === node.name,
  );
  if (named !== undefined) return formatHostPort(named.host, named.port ?? port);
  const { address } = cluster.listener ?? {};
  const host = address === undefined || ANY.has(address) ? hostOf(node.name) : address;
  return formatHostPort(host, port);
}

/** All interfaces. */
const ANY: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

export function hostOf(nodeName: string): string {
  return nodeName.slice(nodeName.indexOf("@") + 1);
}
