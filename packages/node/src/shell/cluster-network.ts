import type { ClusterPort, PortTls } from "@leveret/control";
import type { Connection, ConnectionHandler, Net } from "@leveret/raft";
import { ClusterNet } from "../cluster/net/cluster-net.ts";
import type { Logger } from "../logger.ts";

/** The ways between nodes while the broker runs. */
export interface ClusterNetwork {
  readonly raft: Net;
  readonly link: Net;
}

export interface ClusterNetworkOptions {
  readonly port: ClusterPort;
  readonly nodeName: string;
  readonly cookie: string;
  readonly tls?: PortTls | undefined;
  readonly log: Logger;
}

/** Over this node's cluster port. */
export function clusterNetwork({ log, ...options }: ClusterNetworkOptions): ClusterNetwork {
  const told = new Map<string, string>();
  const onDialFailed = (
    address: string,
    error: Error & { readonly isTransient: boolean },
  ): void => {
    // What passes by itself is no news; the rest is told once.
    if (error.isTransient || told.get(address) === error.message) return;
    told.set(address, error.message);
    log.error({ address }, `another node of the cluster cannot be reached: ${error.message}`);
  };
  return {
    raft: new ClusterNet({ ...options, purpose: "raft", onDialFailed }),
    link: new ClusterNet({ ...options, purpose: "link", onDialFailed }),
  };
}

/** For tests and faults: connections that may be cut. */
export class CutNet implements Net {
  readonly #net: Net;
  readonly #isCut: (address: string) => boolean;
  readonly #dialled = new Map<Connection, string>();

  constructor(net: Net, isCut: (address: string) => boolean) {
    this.#net = net;
    this.#isCut = isCut;
  }

  listen(...parameters: Parameters<Net["listen"]>): void {
    this.#net.listen(...parameters);
  }

  connect(address: string, handler: ConnectionHandler): Connection {
    if (this.#isCut(address)) return refusedConnection(handler);
    const connection = this.#net.connect(address, {
      onOpen: () => handler.onOpen(),
      onData: (chunk) => handler.onData(chunk),
      onDrain: () => handler.onDrain(),
      onClose: (reason) => {
        this.#dialled.delete(connection);
        handler.onClose(reason);
      },
    });
    this.#dialled.set(connection, address);
    return connection;
  }

  /** Ends the connections that are cut now. */
  enforce(): void {
    for (const [connection, address] of [...this.#dialled]) {
      if (this.#isCut(address)) connection.destroy("the network is cut");
    }
  }
}

function refusedConnection(handler: ConnectionHandler): Connection {
  let isClosed = false;
  const close = (reason: string): void => {
    if (isClosed) return;
    isClosed = true;
    handler.onClose(reason);
  };
  setImmediate(() => close("the network is cut"));
  return {
    bufferedBytes: 0,
    write: () => true,
    pause: () => undefined,
    resume: () => undefined,
    destroy: (reason) => void setImmediate(() => close(reason)),
  };
}
