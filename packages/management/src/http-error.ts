import type { JsonValue } from "./model/json.ts";

/** Ends a request with an error answer: `{ "error": error, "reason": reason }`, in RabbitMQ's words. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;
  readonly error: string;
  readonly reason: JsonValue;
  readonly headers: Readonly<Record<string, string>>;

  constructor({ status, error, headers = {} }: Kind, reason: JsonValue, options?: ErrorOptions) {
    super(typeof reason === "string" ? reason : JSON.stringify(reason), options);
    this.status = status;
    this.error = error;
    this.reason = reason;
    this.headers = headers;
  }
}

interface Kind {
  readonly status: number;
  readonly error: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** 400: something is wrong with the request. */
export function badRequest(reason: JsonValue, options?: ErrorOptions): HttpError {
  return new HttpError({ status: 400, error: "bad_request" }, reason, options);
}

/** 404: the object that the path names is not there. */
export function notFound(): HttpError {
  return new HttpError({ status: 404, error: "Object Not Found" }, "Not Found");
}

/** 404 of a write into a vhost that is not there. */
export function vhostNotFound(): HttpError {
  return new HttpError({ status: 404, error: "not_found" }, "vhost_not_found");
}

/** 401 without a challenge: logged in, and not allowed (RabbitMQ: not 403; rabbitmqadmin relies on it). */
export function notAuthorised(reason: string): HttpError {
  return new HttpError({ status: 401, error: "not_authorised" }, reason);
}

/** 401: no login, or a wrong one, or a user without a tag that opens the API. */
export function loginFailed(headers: Readonly<Record<string, string>>): HttpError {
  return new HttpError({ status: 401, error: "not_authorized", headers }, "Login failed");
}

export function methodNotAllowed(allow: string): HttpError {
  const headers = { allow };
  return new HttpError({ status: 405, error: "Method Not Allowed", headers }, "Method Not Allowed");
}
