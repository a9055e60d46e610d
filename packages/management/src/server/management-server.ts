import type { RequestListener } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { type AppParts, createApp } from "./app.ts";
import { HttpListener, type HttpListenerOptions } from "./http-listener.ts";

/** The management API of a node, on as many ports as it has. */
export class ManagementServer {
  readonly #listeners: HttpListener[] = [];
  readonly #onRequest: RequestListener;

  constructor(parts: AppParts) {
    const app = createApp(parts);
    const handle = getRequestListener(app.fetch, {
      // An embedded broker must not change the globals of its program.
      overrideGlobalObjects: false,
      // Of requests that name no host: load balancers check health with HTTP/1.0.
      hostname: "localhost",
    });
    this.#onRequest = (incoming, outgoing) => void handle(incoming, outgoing);
  }

  get listeners(): readonly HttpListener[] {
    return this.#listeners;
  }

  /** Rejects with what node:net says if the port cannot be had. */
  async listen(options: HttpListenerOptions): Promise<HttpListener> {
    const listener = await HttpListener.open(this.#onRequest, options);
    this.#listeners.push(listener);
    return listener;
  }

  async close(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }
}
