import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer, type ServerOptions as TlsOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { CONNECTIONS_MAX, HEADER_SIZE_MAX, STOP_TIMEOUT_MS, TIMEOUT_CHECK_MS } from "../limits.ts";

/** One port of the API. Times are in milliseconds. */
export interface HttpListenerOptions {
  /** undefined: all interfaces. */
  readonly address: string | undefined;
  /** 0: any free one. */
  readonly port: number;
  /** undefined: plain HTTP. */
  readonly tls: TlsOptions | undefined;
  /** Until all of a request is there. */
  readonly requestTimeoutMs: number;
  /** Without anything on the wire. */
  readonly idleTimeoutMs: number;
  /** Requests on one connection. */
  readonly keepAliveRequestsMax: number;
}

/** A listening HTTP or HTTPS port. */
export class HttpListener {
  readonly isTls: boolean;
  readonly #server: Server;

  private constructor(server: Server, isTls: boolean) {
    this.#server = server;
    this.isTls = isTls;
  }

  /** Starts to listen. Rejects with what node:net says if it cannot. */
  static async open(
    onRequest: RequestListener,
    options: HttpListenerOptions,
  ): Promise<HttpListener> {
    const server = makeServer(onRequest, options);
    const { address, port } = options;
    server.listen({ ...(address === undefined ? {} : { host: address }), port });
    await once(server, "listening");
    return new HttpListener(server, options.tls !== undefined);
  }

  /** What was bound; the port is known even if any was asked for. */
  get address(): { readonly address: string; readonly port: number } {
    return this.#server.address() as AddressInfo; // A TCP server that listens has one.
  }

  /** Accepts nobody any more; answers that are under way get a moment, then everything is closed. */
  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => this.#server.closeAllConnections(), STOP_TIMEOUT_MS);
    await closed;
    clearTimeout(timer);
  }
}

function makeServer(onRequest: RequestListener, options: HttpListenerOptions): Server {
  const { tls, requestTimeoutMs, idleTimeoutMs, keepAliveRequestsMax } = options;
  const settings = {
    maxHeaderSize: HEADER_SIZE_MAX,
    headersTimeout: requestTimeoutMs,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: idleTimeoutMs,
    connectionsCheckingInterval: Math.min(requestTimeoutMs, TIMEOUT_CHECK_MS),
    noDelay: true,
  };
  const server =
    tls === undefined
      ? createServer(settings, onRequest)
      : createTlsServer({ ...settings, ...tls }, onRequest);
  server.maxConnections = CONNECTIONS_MAX;
  server.maxRequestsPerSocket = keepAliveRequestsMax;
  // Whoever neither sends nor reads for so long is dropped, in the middle of an answer, too.
  server.setTimeout(idleTimeoutMs);
  return server;
}
