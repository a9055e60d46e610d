import type { HttpAuthConfig } from "../config/config.ts";
import { ConfigError } from "../config/config-error.ts";
import {
  type AuthBackend,
  type BackendAnswer,
  BackendError,
  type Credentials,
  type Grant,
  refusedBy,
} from "./auth-backend.ts";
import { clientTlsOptions } from "./client-tls.ts";
import { HttpClient } from "./http-question.ts";

const NAME = "rabbit_auth_backend_http";
const SUCCESSFUL: readonly number[] = [200, 201];

type Parameters = [name: string, value: string][];

/**
 * Asks a service of the operator's own (RabbitMQ: rabbit_auth_backend_http): it answers `allow`, with tags at login, or `deny`. Names
 * of parameters are RabbitMQ's.
 */
export class HttpBackend implements AuthBackend {
  readonly name: string = NAME;
  readonly #config: HttpAuthConfig;
  readonly #client: HttpClient;
  readonly #paths: Readonly<Record<"user" | "vhost" | "resource" | "topic", URL>>;

  /** @throws ConfigError */
  constructor(config: HttpAuthConfig) {
    this.#config = config;
    const tls = clientTlsOptions(config.tls, "auth_http.ssl_options");
    this.#client = new HttpClient(config.requestTimeoutMs, tls);
    this.#paths = {
      user: urlOf("user_path", config.userPath),
      vhost: urlOf("vhost_path", config.vhostPath),
      resource: urlOf("resource_path", config.resourcePath),
      topic: urlOf("topic_path", config.topicPath),
    };
  }

  async authenticate(credentials: Credentials): Promise<BackendAnswer> {
    const { username, password } = credentials;
    const parameters: Parameters = [
      ["username", username],
      ...(password === undefined ? [] : ([["password", password]] satisfies Parameters)),
    ];
    const answer = await this.#ask("user", parameters);
    if (isDenial(answer)) return refusedBy(`user '${username}' - denied by the HTTP service`);
    const tags = /^allow(.*)$/is
      .exec(answer)?.[1]
      ?.split(/\s+/)
      .filter((tag) => tag !== "");
    if (tags === undefined)
      throw new BackendError(NAME, "an answer that is neither allow nor deny");
    return { ok: true, username, tags, grant: this.#grant(credentials, tags) };
  }

  /** The service is asked without a password (RabbitMQ). */
  authorize(credentials: Credentials): Promise<BackendAnswer> {
    return this.authenticate({ ...credentials, password: undefined });
  }

  close(): void {
    this.#client.close();
  }

  #grant({ username, remoteAddress }: Credentials, tagList: readonly string[]): Grant {
    const user: [string, string] = ["username", username];
    const tags: [string, string] = ["tags", tagList.join(" ")];
    return {
      backend: NAME,
      expiresAtMs: undefined,
      allowsVhost: (vhost) =>
        this.#allows("vhost", [user, ["vhost", vhost], ["ip", remoteAddress], tags]),
      allowsResource: ({ vhost, kind, name, access }) =>
        this.#allows("resource", [
          user,
          ["vhost", vhost],
          ["resource", kind],
          ["name", name],
          ["permission", access],
          tags,
        ]),
      allowsTopic: ({ vhost, exchange, access, routingKey }) =>
        this.#allows("topic", [
          user,
          ["vhost", vhost],
          ["resource", "topic"],
          ["name", exchange],
          ["permission", access],
          tags,
          ["routing_key", routingKey],
          ["variable_map.username", username],
          ["variable_map.vhost", vhost],
        ]),
    };
  }

  /** @throws BackendError */
  async #allows(what: "vhost" | "resource" | "topic", parameters: Parameters): Promise<boolean> {
    const answer = await this.#ask(what, parameters);
    if (isDenial(answer)) return false;
    if (/^allow$/i.test(answer)) return true;
    throw new BackendError(NAME, "an answer that is neither allow nor deny");
  }

  /** The answer's text. @throws BackendError, which names neither the parameters nor the answer: there may be passwords in them */
  async #ask(
    what: "user" | "vhost" | "resource" | "topic",
    parameters: Parameters,
  ): Promise<string> {
    const path = this.#paths[what];
    const form = new URLSearchParams(parameters).toString();
    const question =
      this.#config.method === "post"
        ? ({ url: path, method: "POST", body: form } as const)
        : ({ url: withQuery(path, form), method: "GET" } as const);
    const answer = await this.#client.ask(question).catch((error: Error) => {
      throw new BackendError(NAME, `${what}_path: ${error.message}`, { cause: error });
    });
    if (!SUCCESSFUL.includes(answer.status)) {
      throw new BackendError(NAME, `${what}_path: status ${answer.status}`);
    }
    return answer.text.trim();
  }
}

/** `deny`, also with a reason behind it. */
function isDenial(answer: string): boolean {
  return /^deny(\s|$)/i.test(answer);
}

function withQuery(path: URL, query: string): URL {
  const url = new URL(path);
  url.search = url.search === "" ? query : `${url.search}&${query}`;
  return url;
}

function urlOf(key: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new ConfigError([`auth_http.${key} must be an http or https URL`]);
}
