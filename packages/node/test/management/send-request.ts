import { type IncomingHttpHeaders, request } from "node:http";

export interface HttpQuestion {
  /** `user:password`; undefined: none. */
  readonly auth?: string | undefined;
  /** Sent as JSON, a text or bytes as they are. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  /** Of a JSON answer, parsed; else the text. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of all shapes
  readonly body: any;
}

/** One request on a connection of its own, with the path exactly as given. Of a stream of events the answer is its beginning. */
export function sendRequest(
  port: number,
  method: string,
  path: string,
  { auth, body, headers = {} }: HttpQuestion = {},
): Promise<HttpAnswer> {
  const content = contentOf(body);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: "127.0.0.1",
        port,
        method,
        path,
        agent: false,
        ...(auth === undefined ? {} : { auth }),
        headers: {
          ...(content === undefined ? {} : { "content-length": String(content.length) }),
          ...headers,
        },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        const { statusCode: status = 0, headers: received } = incoming;
        const finish = (): void => {
          const bytes = Buffer.concat(chunks);
          resolve({ status, headers: received, bytes, body: bodyOf(received, bytes) });
        };
        const isEndless = received["content-type"]?.startsWith("text/event-stream") === true;
        incoming.on("data", (chunk: Buffer) => {
          chunks.push(chunk);
          if (!isEndless) return;
          finish();
          outgoing.destroy();
        });
        incoming.on("error", reject);
        incoming.on("end", finish);
      },
    );
    outgoing.on("error", reject);
    outgoing.end(content);
  });
}

function contentOf(body: unknown): Buffer | undefined {
  if (body === undefined) return undefined;
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
}

function bodyOf(headers: IncomingHttpHeaders, bytes: Buffer): unknown {
  const isJson = headers["content-type"]?.startsWith("application/json") === true;
  const text = bytes.toString("utf8");
  return isJson && headers["content-encoding"] === undefined && text !== ""
    ? JSON.parse(text)
    : text;
}
