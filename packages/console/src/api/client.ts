import { signal } from "@preact/signals";

/** A request that the broker refused, or that did not reach it (status 0). `reason` is the broker's own text. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly reason: string;

  constructor(reason: string, options: ErrorOptions & { readonly status: number }) {
    super(reason, options);
    this.status = options.status;
    this.reason = reason;
  }
}

/** Raised when a request is answered by 401 while somebody is logged in: the session has ended. */
export const sessionEnded = signal(0);

/** What each request of the console carries. Other sites cannot add it, so it proves that a request comes from a page of the broker. */
const HEADERS = { "x-requested-with": "XMLHttpRequest" } as const;

type Method = "GET" | "POST" | "PUT" | "DELETE";

/** The path below `api/` of segments that may hold any character. */
export function apiPath(...segments: readonly string[]): string {
  return segments.map(encodeURIComponent).join("/");
}

/** The answer to GET `path`, which is relative to `api/`. */
export function get<T>(path: string, abort?: AbortSignal): Promise<T> {
  return request<T>("GET", path, undefined, abort);
}

/** Sends `body` as JSON; the answer's body, if it has one. */
export function post<T = unknown>(path: string, body: unknown): Promise<T> {
  return request<T>("POST", path, body);
}

export function put(path: string, body: unknown): Promise<unknown> {
  return request("PUT", path, body);
}

export function remove(
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
): Promise<unknown> {
  return request("DELETE", path, body, undefined, headers);
}

/** A stream of `path` for server-sent events. */
export async function openStream(path: string, abort: AbortSignal): Promise<Response> {
  const response = await fetch(`api/${path}`, {
    headers: { ...HEADERS, accept: "text/event-stream" },
    signal: abort,
  });
  if (!response.ok) {
    throw new ApiError(response.statusText, { status: response.status });
  }
  return response;
}

async function request<T>(
  method: Method,
  path: string,
  body?: unknown,
  abort?: AbortSignal,
  headers?: Record<string, string>,
): Promise<T> {
  const response = await send(method, path, body, abort, headers);
  const text = await response.text();
  if (response.ok) {
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }
  if (response.status === 401 && isAboutLogin(text)) {
    sessionEnded.value += 1;
  }
  throw new ApiError(reasonIn(text) ?? response.statusText, { status: response.status });
}

async function send(
  method: Method,
  path: string,
  body: unknown,
  abort: AbortSignal | undefined,
  headers: Record<string, string> | undefined,
): Promise<Response> {
  try {
    return await fetch(`api/${path}`, {
      method,
      headers: {
        ...HEADERS,
        ...headers,
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(abort && { signal: abort }),
    });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") {
      throw cause;
    }
    throw new ApiError("", { status: 0, cause });
  }
}

/** RabbitMQ answers 401 for a missing right, too; only the other spelling is about the login. */
function isAboutLogin(text: string): boolean {
  return text.includes('"not_authorized"');
}

function reasonIn(text: string): string | undefined {
  try {
    const { reason, error } = JSON.parse(text) as { reason?: unknown; error?: unknown };
    const said = reason ?? error;
    return said === undefined ? undefined : typeof said === "string" ? said : JSON.stringify(said);
  } catch {
    return text === "" ? undefined : text.slice(0, 500);
  }
}
