import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { HttpError, notAuthorised } from "../http-error.ts";
import type { Access } from "../model/access.ts";
import { hasTag } from "../model/identity.ts";
import type { Metrics } from "../model/metrics.ts";
import { RefusedError } from "../model/refused-error.ts";
import { HttpListener, type HttpListenerOptions } from "../server/http-listener.ts";
import { logIn } from "../server/login.ts";
import { metricsRequestOf } from "./metrics-request.ts";
import { METRICS_CONTENT_TYPE, metricsText } from "./metrics-text.ts";

/** Answers that are made at once: each holds the values of all objects. Scrapers come one at a time. */
const SCRAPES_MAX = 8;

export interface PrometheusOptions {
  /** `/metrics`; the other endpoints are below it. */
  readonly path: string;
  /** `/metrics` answers as `/metrics/per-object` does. */
  readonly isPerObject: boolean;
  readonly isCompressed: boolean;
  /** Who may read: users with the tag monitoring. undefined: everybody (RabbitMQ). */
  readonly access: Access | undefined;
}

export interface PrometheusParts {
  readonly metrics: Metrics;
  readonly options: PrometheusOptions;
  /** A bug: the client is told no more than that. */
  onUnexpected(error: unknown): void;
}

/** Serves the metrics of a node as RabbitMQ's Prometheus plugin does: on ports of their own, without a login unless asked for. */
export class PrometheusServer {
  readonly #parts: PrometheusParts;
  readonly #listeners: HttpListener[] = [];
  #underWay = 0;

  constructor(parts: PrometheusParts) {
    this.#parts = parts;
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

  readonly #onRequest: RequestListener = (incoming, outgoing) => {
    this.#answer(incoming, outgoing).catch((error: unknown) => this.#fail(outgoing, error));
  };

  async #answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    incoming.resume();
    const { options, metrics } = this.#parts;
    const request = metricsRequestOf(incoming, options);
    if (options.access !== undefined) {
      const user = await logIn(options.access, incoming);
      if (!hasTag(user, "monitoring")) throw notAuthorised("Not monitor user");
    }
    if (this.#underWay >= SCRAPES_MAX) {
      throw new HttpError(
        { status: 503, error: "service_unavailable" },
        "too many scrapes at once",
      );
    }
    this.#underWay++;
    try {
      await this.#send(incoming, outgoing, metrics.tables(request));
    } finally {
      this.#underWay--;
    }
  }

  async #send(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    tables: ReturnType<Metrics["tables"]>,
  ): Promise<void> {
    const text = metricsText(tables);
    // What fails before anything is sent can still be told.
    const first = await text.next();
    const isCompressed = this.#parts.options.isCompressed && takesGzip(incoming);
    outgoing.writeHead(200, {
      "content-type": METRICS_CONTENT_TYPE,
      "cache-control": "no-cache",
      vary: "accept-encoding",
      ...(isCompressed ? { "content-encoding": "gzip" } : {}),
    });
    if (incoming.method === "HEAD") {
      await text.return(undefined);
      outgoing.end();
      return;
    }
    const pieces = Readable.from(withFirst(first, text));
    if (isCompressed) await pipeline(pieces, createGzip({ level: 1 }), outgoing);
    else await pipeline(pieces, outgoing);
  }

  #fail(outgoing: ServerResponse, error: unknown): void {
    if (outgoing.headersSent || outgoing.destroyed) {
      outgoing.destroy();
      return;
    }
    const told = toldOf(error);
    if (told === undefined) this.#parts.onUnexpected(error);
    const { status, headers, message } = told ?? INTERNAL;
    outgoing.writeHead(status, { "content-type": "text/plain; charset=utf-8", ...headers });
    outgoing.end(`${message}\n`);
  }
}

interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly message: string;
}

const INTERNAL: Told = { status: 500, headers: {}, message: "internal error" };

function toldOf(error: unknown): Told | undefined {
  if (error instanceof HttpError) return error;
  if (error instanceof RefusedError) return { status: 503, headers: {}, message: error.message };
  return undefined;
}

async function* withFirst(
  { value, done }: IteratorResult<string>,
  rest: AsyncGenerator<string>,
): AsyncGenerator<string> {
  if (done === true) return;
  yield value;
  yield* rest;
}

function takesGzip({ headers }: IncomingMessage): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(String(headers["accept-encoding"] ?? ""));
}
