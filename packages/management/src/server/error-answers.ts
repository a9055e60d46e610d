import { HttpError, notAuthorised } from "../http-error.ts";
import { RefusedError, type RefusedReason } from "../model/refused-error.ts";

/** The answer to a request that ended with an error. undefined: a bug, nobody knows what it means. */
export function errorAnswer(error: unknown): Response | undefined {
  const known = error instanceof RefusedError ? refusal(error) : error;
  return known instanceof HttpError ? errorResponse(known) : undefined;
}

export function errorResponse({ status, error, reason, headers }: HttpError): Response {
  return new Response(JSON.stringify({ error, reason }), {
    status,
    headers: { "content-type": "application/json", ...headers },
  });
}

/** What the client is told of a bug; the rest is in the log. */
export function bugAnswer(): Response {
  const kind = { status: 500, error: "internal_server_error" };
  return errorResponse(new HttpError(kind, "Internal Server Error"));
}

/** Status and word for each reason but "access_refused". */
const KINDS: Readonly<Record<Exclude<RefusedReason, "access_refused">, readonly [number, string]>> =
  {
    no_such_vhost: [404, "not_found"],
    no_such_user: [404, "not_found"],
    no_such_object: [404, "not_found"],
    bad_request: [400, "bad_request"],
    conflict: [400, "bad_request"],
    protected: [412, "precondition_failed"],
    limit_reached: [400, "bad_request"],
    not_supported: [400, "bad_request"],
    store_unavailable: [503, "service_unavailable"],
    not_running: [503, "service_unavailable"],
  };

function refusal({ reason, message }: RefusedError): HttpError {
  if (reason === "access_refused") return notAuthorised(message);
  const [status, error] = KINDS[reason];
  return new HttpError({ status, error }, message);
}
