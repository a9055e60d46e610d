import { Agent as HttpAgent, type IncomingMessage, type RequestOptions, request } from "node:http";
import { Agent as HttpsAgent, request as secureRequest } from "node:https";
import type { ConnectionOptions } from "node:tls";

/** Answers are a word or two; of a larger one nothing is understood. */
const ANSWER_SIZE_MAX = 65_536;
/** Connections to the service; further questions wait for one, within their time. */
const SOCKETS_MAX = 32;

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

export interface HttpQuestion {
  readonly url: URL;
  readonly method: "GET" | "POST";
  /** Of a POST, as a form. */
  readonly body?: string;
}

/** Asks services by HTTP or HTTPS over connections that are kept, at most so many, and so much at a time. */
export class HttpClient {
  readonly #timeoutMs: number;
  readonly #http = new HttpAgent({ keepAlive: true, maxSockets: SOCKETS_MAX });
  readonly #https: HttpsAgent;

  constructor(timeoutMs: number, tls: ConnectionOptions) {
    this.#timeoutMs = timeoutMs;
    this.#https = new HttpsAgent({ keepAlive: true, maxSockets: SOCKETS_MAX, ...tls });
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  /** Rejects when there is no whole answer in time. */
  async ask(question: HttpQuestion): Promise<HttpAnswer> {
    const signal = AbortSignal.timeout(this.#timeoutMs);
    try {
      return await this.#ask(question, signal);
    } catch (error) {
      if (!(error instanceof KeptConnectionClosed)) throw error;
      return this.#ask(question, signal);
    }
  }

  #ask({ url, method, body }: HttpQuestion, signal: AbortSignal): Promise<HttpAnswer> {
    const isSecure = url.protocol === "https:";
    const options: RequestOptions = {
      method,
      agent: isSecure ? this.#https : this.#http,
      signal,
      headers: body === undefined ? {} : formHeaders(body),
    };
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        reject(signal.aborted ? new Error(`no answer within ${this.#timeoutMs} ms`) : error);
      };
      const started = (isSecure ? secureRequest : request)(url, options, (answer) => {
        readText(answer).then(
          (text) => resolve({ status: answer.statusCode ?? 0, text }),
          (error: Error) => {
            answer.destroy();
            fail(error);
          },
        );
      });
      started.on("error", (error) => {
        if (started.reusedSocket && !signal.aborted) reject(new KeptConnectionClosed());
        else fail(error);
      });
      started.end(body);
    });
  }
}

/** The service has closed a connection just when it was used once more: that says nothing of the question. */
class KeptConnectionClosed extends Error {
  override readonly name = "KeptConnectionClosed";

  constructor() {
    super("the service has closed the connection");
  }
}

function formHeaders(body: string): Record<string, string | number> {
  return {
    "content-type": "application/x-www-form-urlencoded",
    "content-length": Buffer.byteLength(body),
  };
}

async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > ANSWER_SIZE_MAX) throw new Error(`an answer of more than ${ANSWER_SIZE_MAX} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}
